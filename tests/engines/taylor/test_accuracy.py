"""The Taylor engine at generic points: against 50-digit mpmath, and no worse than JAX's jet and nested tapes.

An error is relative to the derivative itself, however small that is; where it is exactly zero, as those of a polynomial
past its degree, to the largest derivative of a lower order. `tests/benchmarks/accuracy.py` prints what is found.
"""

import json
import pathlib
import re
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from support import functions
from support.functions import CASES, MORE

import nthgrad as ng
from nthgrad.engines.taylor.rules import RULES
from nthgrad.engines.taylor.series import Series

ORDER = 8
BOUND = 1e-11
VARYING = [case for case in CASES if case.name != "constant"]

# The functions that have fewer digits, by their own making whatever the engine.
CANCELS = {
    # Divides by x, in every order once more: an error of the sine's comes out 1 / x**9 times as large, and that is
    # 1e3 at the nearest point, where f^(8) / 8! is 3e-6. At order 6 the error is 1e-11.
    "sin(x) / x": 1e-8,
}


def batches(cases, most=8):
    """The cases, some that have the same points together: to trace and to compile takes longer than to compute."""
    alike = {}
    for case in cases:
        alike.setdefault(case.points, []).append(case)
    return [group[i : i + most] for group in alike.values() for i in range(0, len(group), most)]


def names(batch):
    return f"{batch[0]} to {batch[-1]}" if batch[1:] else str(batch[0])


def towers(batch, order, points):
    """The derivatives of each case of a batch at the same points: arrays of shape [order + 1, n]."""
    # AutoGraph takes longer to convert a function than the engine to differentiate it.
    everything = tf.autograph.experimental.do_not_convert(lambda x: {case.name: case.f(x) for case in batch})
    got = ng.derivatives(everything, order, method="taylor")(points)
    return [np.array([y[case.name] for y in got]) for case in batch]


def relative_errors(case, got):
    want = functions.tower(case, case.points, ORDER)
    assert got.dtype == np.float64
    lower = np.maximum.accumulate(np.abs(want))
    return np.abs(got - want) / np.where(want == 0, lower + (lower == 0), np.abs(want))


@pytest.mark.parametrize("batch", batches([*VARYING, *MORE]), ids=names)
def test_eleven_digits_to_order_8(batch):
    worse = {}
    for case, got in zip(batch, towers(batch, ORDER, np.array(batch[0].points)), strict=True):
        errors = relative_errors(case, got)
        if not errors.max() <= CANCELS.get(case.name, BOUND):
            worse[case.name] = errors.max(axis=1)
    assert not worse


def test_what_is_said_to_cancel_does():
    for case in CASES:
        if case.name in CANCELS:
            assert relative_errors(case, *towers([case], ORDER, np.array(case.points))).max() > BOUND


def test_there_are_more_than_sixty_functions_and_more_than_one_point_of_each():
    assert len(VARYING) + len(MORE) >= 60
    assert all(len(case.points) >= 3 for case in (*VARYING, *MORE))


@pytest.mark.parametrize("name", ["exp(sin(x))", "bessel_k1", "norm"])
def test_a_rule_that_is_wrong_in_the_tenth_digit_is_noticed(name, monkeypatch):
    (case,) = [c for c in (*CASES, *MORE) if c.name == name]
    kind = {"exp(sin(x))": "Sin", "bessel_k1": "BesselK0", "norm": "Sqrt"}[name]
    right = RULES[kind]

    def wrong(step):
        (y,) = right(step)
        return [Series(y.value, lambda k: y[k] if sum(k) < 3 or y[k] is None else y[k] * (1 + 1e-10))]

    monkeypatch.setitem(RULES, kind, replace(right, apply=wrong))
    with pytest.raises(AssertionError, match=re.escape(name)):
        test_eleven_digits_to_order_8([case])


# float32. The error of an order is the largest over the points (three around each of the case's), in units of 2**-23
# times the largest derivative of that order at them. Each peer's has been recorded with this same measure; it may be
# passed by a factor of 2, or of 4 units, which rounding alone may make.

RECORD = json.loads((pathlib.Path(__file__).parents[2] / "golden" / "jet_errors.json").read_text())
ORDER_32 = 4  # the record goes to 8, and so does float64 above
UNITS = 4.0
# All three have lost 1e3 to 1e8 units of sin(x) / x by then; they differ by how lucky they are. The kernels of TensorFlow
# 2.16 take a unit more of the arctangent.
FACTOR = {"sin(x) / x": 4.0, "atan2(x, 2)": 8.0}


def passed(name, errors):
    """The orders at which the errors are worse than a recorded peer's."""
    for peer, recorded in RECORD["errors"][name].items():
        if not isinstance(recorded, str):  # it says why there is none
            for k, (ours, theirs) in enumerate(zip(errors, recorded, strict=False)):
                if theirs != "nan" and not ours <= max(UNITS, FACTOR.get(name, 2.0) * theirs):
                    yield f"{peer}, order {k}: {ours} and not {theirs}"


@pytest.mark.parametrize("batch", batches(VARYING), ids=names)
def test_no_worse_than_jet_and_nested_tapes_in_float32(batch):
    points, worse = functions.around(batch[0]), []
    for case, got in zip(batch, towers(batch, ORDER_32, np.array(points, np.float32)), strict=True):
        assert got.dtype == np.float32
        errors = functions.float32_errors(got, functions.tower(case, points, ORDER_32))
        assert np.isfinite(errors).all(), case
        worse += [f"{case}: {line}" for line in passed(case.name, errors)]
    assert not worse


def test_the_record_is_of_every_function_and_says_what_made_it():
    assert set(RECORD["errors"]) == {case.name for case in VARYING}
    assert set(RECORD["versions"]) == {"jax", "tensorflow", "python"}
    for peers in RECORD["errors"].values():
        assert set(peers) == {"jet", "tapes"}
        assert all(isinstance(e, str) or len(e) == n for e, n in zip(peers.values(), (ORDER + 1, 5), strict=True))


def test_worse_than_a_peer_is_noticed():
    assert list(passed("tanh", [0.0, 0.0, 0.0, 0.0, 100.0])) == [
        f"jet, order 4: 100.0 and not {RECORD['errors']['tanh']['jet'][4]}",
        f"tapes, order 4: 100.0 and not {RECORD['errors']['tanh']['tapes'][4]}",
    ]
    assert list(passed("tanh", [float("nan")]))
