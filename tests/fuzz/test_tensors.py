"""Gradients of random tensors and of these gradients: TensorFlow's own, accelerated ones, and partials."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from hypothesis import assume, note
from hypothesis import strategies as st

import nthgrad as ng
from fuzz import programs
from fuzz.bounded import cases

# Steps on tensors a and b of shape [n, 1]; c is a drawn number. Not all of them keep rows independent.
STEPS = [
    "{a} * {b}",
    "{a} + {b}",
    "{a} - {c} * {b}",
    "{c} * {a} + 1.0",
    "{a} ** 2",
    "tf.square({a})",
    "tf.sin({a})",
    "tf.tanh({a})",
    "tf.exp(-{a} * {a})",
    "tf.nn.silu({a})",
    "tf.nn.softplus({a}) * {b}",
    "tf.nn.relu({a} - {c})",
    "tf.abs({a})",
    "tf.maximum({a}, {b} + 0.5)",
    "tf.where({a} > {b}, {a} * {b}, tf.cos({a}))",
    "tf.math.squared_difference({a}, {b})",
    "tf.stop_gradient({a}) * {b}",
    "tf.floor({a}) + {b}",
    "half({a})",
    "half({a} * {b}) * {a}",
    "traced(lambda z: tf.sin(z) * z)({a})",
    "traced(lambda z, y: half(z) * y)({a}, {b})",
    "tf.cond(tf.reduce_sum({a}) > 0.0, lambda: {a} * {b}, lambda: tf.sin({b}))",
    "tf.while_loop(lambda i, z: i < 2, lambda i, z: (i + 1, tf.sin(z) * {b}), [0, {a}])[1]",
    "tf.map_fn(lambda z: tf.sin(z) * z, {a})",
    "{a} - tf.reduce_mean({a}, 0)",
    "{a} * tf.reduce_sum({b})",
    "{a} * {b}[:1]",
    "tf.nn.softmax({a}, 0)",
    "tf.cumsum({a})",
    "tf.concat([{a}, {b}], 1)[:, 1:] * {a}",
    "tf.nn.softmax(tf.concat([{a}, {b}], 1))[:, :1]",
    "tf.tanh(tf.concat([{a}, {b}, {a} * {b}], 1) @ tf.constant([[0.5], [1.0], [-0.75]], {a}.dtype))",
    "tf.einsum('nk,km->nm', {a}, tf.constant([[0.5]], {a}.dtype)) * {b}",
    "tf.tensordot({a}, tf.constant([1.0, 0.5], {a}.dtype)[None], 1)[:, :1]",
    "tf.reduce_sum(tf.stack([{a}, {b}], 1), 1)",
    "tf.reduce_sum(tf.sin({a} * tf.constant([1.0, 2.0], {a}.dtype)), 1, keepdims=True)",
    "tf.transpose(tf.transpose({a}) * 2.0) * {b}",
    "tf.reshape(tf.reshape({a}, [-1]) ** 2, [-1, 1])",
    "tf.reverse(tf.reverse({a}, [0]) ** 2, [0])",
    "tf.concat([{a}, tf.ones([2, 1], {a}.dtype)], 0)[:-2] * {b}",
    "tf.pad({a}, [[0, 0], [1, 1]])[:, 1:2] * {a}",
    "tf.squeeze({a}, 1)[:, None] * {b}",
    "tf.cast(tf.sin(tf.cast({a}, tf.float64)), {a}.dtype)",
    "tf.math.real(tf.exp(tf.complex({a}, {b}) * 1j))",
    "tf.nn.moments(tf.concat([{a}, {b}], 1), [1], keepdims=True)[1]",
    "tf.linalg.norm(tf.concat([{a}, {b}, tf.ones_like({a})], 1), axis=1, keepdims=True)",
    "tf.unstack(tf.concat([{a}, {b}], 1), axis=1)[1][:, None] * {a}",
    "tf.gather(tf.concat([{a}, {b}], 1), [1], axis=1) * {a}",
]  # fmt: skip
# How a column j of a gradient by d of them is selected.
COLUMNS = [
    "{g}[:, {j}:{k}]",
    "{g}[..., {j}, None]",
    "{g}[:, {j}][:, None]",
    "tf.unstack({g}, axis=1)[{j}][:, None]",
    "tf.split({g}, {d}, 1)[{j}]",
    "tf.gather({g}, [{j}], axis=1)",
    "tf.reduce_sum({g}, 1, keepdims=True)",
]
SEEDS = ["None", "None", "None", "tf.ones_like({a})", "2.0 * tf.ones_like({a})", "tf.sin({b})"]


@tf.custom_gradient
def half(x):
    return tf.sin(x), lambda dy: dy * 0.5 * tf.cos(x)


def traced(f):
    return tf.function(f, autograph=False)


@dataclass(frozen=True)
class Gradients:
    """A function of `G(y, x, seed)`, which returns a gradient, of a weight W, and of x; as code.

    Attributes:
        code: defines f(G, W, *xs), and the fields that it uses.
        chains: for a tensor that is a partial derivative of the first field, its index and the names of the variables.
        last: the code of the first field.
    """

    code: str
    chains: tuple[tuple[int, str], ...]
    columns: bool

    def function(self, name="f"):
        space = {"tf": tf, "half": half, "traced": traced}
        exec(self.code, space)  # code that this module wrote
        return tf.autograph.experimental.do_not_convert(space[name])

    def __repr__(self):
        return f"the following, with half and traced of this module:\nimport tensorflow as tf\n{self.code}"


@st.composite
def problems(draw):
    """Points, a program of gradients, the dtype, whether the batch is open, and how gradients are asked for."""
    d = draw(st.integers(1, 2))
    x = draw(programs.points(d))
    columns = draw(st.booleans())
    names = ["X"] if columns else ["x", "y"][:d]
    fields = [draw(programs.programs(x)) for _ in range(draw(st.integers(1, 2)))]
    code = "".join(f.code.replace("def f(", f"def n{i}(") for i, f in enumerate(fields))
    lines = ["p = X * W" if columns else f"p = tf.concat([{', '.join(names)}], 1) * W"]
    lines += [f"b{i} = n{i}(p)[:, None]" for i in range(len(fields))]
    orders, chains = [0] * len(fields), {0: ""}
    for _ in range(draw(st.integers(2, 7))):
        i = draw(st.sampled_from([len(orders) - 1, len(orders) - 1, *range(len(orders))]))
        j = draw(st.integers(0, len(orders) - 1))
        new, parts = len(orders), {"a": f"b{i}", "b": f"b{j}", "c": draw(programs.EIGHTHS)}
        if draw(st.booleans()) and orders[i] < 3:
            seed = draw(st.sampled_from(SEEDS)).format(**parts)
            column = draw(st.integers(0, d - 1))
            y = f"[b{i}, b{j}]" if (both := draw(st.integers(0, 4)) == 0 and seed == "None") else f"b{i}"
            line = f"G({y}, {names[0 if columns else column]}, {seed})"
            how = ""
            if columns:
                how = draw(st.sampled_from(COLUMNS))
                line = how.format(g=line, j=column, k=column + 1, d=d)
            orders.append(1 + max(orders[i], orders[j] if both else 0))
            if i in chains and seed == "None" and not both and "reduce_sum" not in how:
                chains[new] = chains[i] + "xy"[column]
        else:
            line = draw(st.sampled_from(STEPS)).format(**parts)
            orders.append(max(orders[i], orders[j]))
        lines.append(f"b{new} = {line}")
    end = ", ".join(f"b{i}" for i in range(len(orders)))
    code += f"def f(G, W, {', '.join(names)}):\n" + "".join(f"    {line}\n" for line in [*lines, f"return [{end}]"])
    found = Gradients(code, tuple((i, by) for i, by in chains.items() if by), columns)
    inputs = [x] if columns else np.split(x, d, 1)
    dtype = draw(st.sampled_from(["float32", "float64", "float64"]))
    return inputs, found, dtype, draw(st.booleans()), draw(st.sampled_from(["gradients", "gradients", "tape"]))


def results(f, inputs, dtype, *, is_open, how, fast):
    """The tensors of a program, whether each of its gradients is None, and the gradient of a loss by the weight."""
    weight = tf.Variable(1.25, dtype=dtype)
    absent = []

    def note_absent(g, x):
        absent.append(g is None)
        return tf.zeros_like(x) if g is None else g

    def run(*xs):
        absent.clear()
        if how == "gradients":
            gradients = ng.gradients if fast else tf.gradients

            def gradient(y, x, seed=None):
                return note_absent(gradients(y, x, None if seed is None else [seed])[0], x)

            made = f(gradient, weight, *xs)
            loss = tf.add_n([tf.reduce_mean(b**2) for b in made])
            return made, note_absent(gradients(loss, weight)[0], weight)
        with (ng.GradientTape if fast else tf.GradientTape)(persistent=True) as tape:
            tape.watch(xs)

            def gradient(y, x, seed=None):
                return note_absent(tape.gradient(y, x, None if seed is None else [seed]), x)

            made = f(gradient, weight, *xs)
            loss = tf.add_n([tf.reduce_mean(b**2) for b in made])
        return made, note_absent(tape.gradient(loss, weight), weight)

    signature = [tf.TensorSpec([None if is_open else len(x), x.shape[1]], dtype) for x in inputs]
    g = tf.function(run, autograph=False, input_signature=signature)
    tensors, slope = g(*(tf.constant(x, dtype) for x in inputs))
    return [*(t.numpy() for t in tensors), slope.numpy()], absent


@cases(6, problems())
def test_gradients(problem):
    inputs, program, dtype, is_open, how = problem
    note(f"{program}{dtype}, {how}, open: {is_open}, at {[x.tolist() for x in inputs]}")
    f, options = program.function(), {"is_open": is_open, "how": how}
    try:
        want, absent = results(f, inputs, "float64", fast=False, **options)
        own = want if dtype == "float64" else results(f, inputs, dtype, fast=False, **options)[0]
    except (LookupError, NotImplementedError, TypeError, ValueError, tf.errors.OpError):
        assume(False)  # TensorFlow has no such gradient
    assume(programs.usable(*want))
    found, found_absent = results(f, inputs, dtype, fast=True, **options)
    assert found_absent == absent
    largest = np.maximum.accumulate([max(1.0, np.abs(y).max(initial=0)) for y in want])
    for i, (y, w, near) in enumerate(zip(found, want, own, strict=True)):
        lost = 10 * np.abs(near - w).max(initial=0) / np.sqrt(np.finfo(dtype).eps)
        programs.compare(y, w, largest[i] + lost, dtype, f"b{i}" if i + 1 < len(want) else "the gradient by W")
    if program.chains:
        compare_with_partials(program, inputs, want, largest)


def compare_with_partials(program, inputs, want, largest):
    """The derivatives of the first field, by `ng.partials`."""
    field = program.function("n0")
    parts = np.split(np.concatenate(inputs, 1), np.concatenate(inputs, 1).shape[1], 1)
    letters = "xy"[: len(parts)]

    def u(x, y=None):
        return field(1.25 * tf.concat([x] if y is None else [x, y], 1))[:, None]

    f = u if len(parts) == 2 else lambda x: u(x)
    names = sorted({by for _, by in program.chains})
    found = ng.partials(f, names)(*map(tf.constant, parts))
    assert letters
    for i, by in program.chains:
        programs.compare(found[by], want[i], largest[i], "float64", f"b{i}, by {by}")
