"""Partials of random fields of two or three coordinates, against nested tapes by one coordinate after another."""

import numpy as np
import tensorflow as tf
from hypothesis import assume, note
from hypothesis import strategies as st

import nthgrad as ng
from fuzz import programs
from fuzz.bounded import cases

LETTERS = st.sampled_from("txyzuvq")
WORDS = st.sampled_from(["t", "x", "tx", "theta", "phi", "x_1", "X", "é", "_"])


@st.composite
def problems(draw):
    """Points, a field, its coordinates, names of partials, the dtype, the options, and whether f takes one tensor."""
    d = draw(st.integers(2, 3))
    x = draw(programs.points(d))
    coordinates = draw(st.lists(draw(st.sampled_from([LETTERS, WORDS])), min_size=d, max_size=d, unique=True))
    columns = draw(st.booleans())
    arguments = "p" if columns else ", ".join(coordinates)
    first = "p" if columns else f"tf.concat([{arguments}], 1)"
    program = draw(programs.programs(x, arguments, first))
    if not columns:  # shaped as the points
        program = programs.Program(
            arguments, (*program.lines[:-1], program.lines[-1].replace(", 1)", ", 1, keepdims=True)"))
        )
    by = draw(st.lists(st.lists(st.integers(0, d - 1), max_size=4), min_size=1, max_size=4))
    names = [spelled(draw, [coordinates[i] for i in one]) for one in by]
    assume(any(by) and len(set(names)) == len(names))
    options = {"jit_compile": draw(st.sampled_from([None, None, program.compiles or None]))}
    if columns:
        letters = all(len(c) == 1 for c in coordinates)
        options["coords"] = "".join(coordinates) if letters and draw(st.booleans()) else coordinates
    return x, program, by, names, draw(st.sampled_from(["float32", "float64"])), options


def spelled(draw, coordinates):
    """The name of a partial: letters, or a tuple."""
    if all(len(c) == 1 for c in coordinates) and draw(st.booleans()):
        return "".join(coordinates)
    return tuple(coordinates)


@cases(4, problems(), st.booleans())
def test_partials(problem, traced):
    x, program, by, names, dtype, options = problem
    note(f"{program}partials {names} of {options}, {dtype}: {x.tolist()}")
    f, columns = program.function, "coords" in options

    def of_columns(*parts):
        return f(tf.concat(parts, 1))[:, None] if columns else f(*parts)

    def tower(xs):
        return [programs.partial(of_columns, xs, tuple(one)).numpy() for one in by]

    parts = [tf.constant(part) for part in np.split(x, x.shape[1], 1)]
    want, own = tower(parts), tower([tf.cast(part, dtype) for part in parts])
    assume(programs.usable(*want))
    g = ng.partials(f, names, **options)
    g = tf.function(g, autograph=False) if traced else g
    got = g(tf.constant(x, dtype)) if columns else g(*(tf.cast(part, dtype) for part in parts))
    assert len(got) == len(names)
    largest = max(1.0, *(np.abs(y).max() for y in want))
    for name, y, near in zip(names, want, own, strict=True):
        lost = 10 * np.abs(near - y).max() / np.sqrt(np.finfo(dtype).eps)
        programs.compare(got[name], y[:, 0] if columns else y, largest + lost, dtype, f"partial {name!r}")
