"""The published table of ops: it is up to date, complete, and true of the ops that have no rule of their own."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from support import registry

import nthgrad as ng
from nthgrad.engines.graph import kinds
from nthgrad.engines.taylor.rules import RULES, TABLES, refused
from nthgrad.errors import UnsupportedOpError

POINT = 0.3
R = tf.raw_ops


def test_the_published_table_is_what_is_there():
    table = registry.table()  # in any version of TensorFlow every name must have its place
    if tf.__version__.startswith(f"{registry.VERSION}."):
        assert registry.FILE.read_text(encoding="utf-8") == table, "run python tests/support/registry.py"


def test_no_op_stands_in_two_tables():
    assert sum(map(len, TABLES)) == len(set().union(*TABLES)) <= len(RULES)


def test_no_op_that_varies_counts_as_constant():
    """Of those that TensorFlow registers without a gradient, these alone are constant although floats go in and out."""
    silent = {
        kind
        for kind in registry.names()
        if not registry.has_gradient(kind) and registry.classify(kind).startswith("constant: its derivative")
    }
    assert silent <= {"OnesLike", "ZerosLike"}


CONSTANT = sorted(
    kind
    for kind in {*RULES, *kinds.CONSTANT}
    if kind in registry.names()
    and registry.has_gradient(kind)
    and (kind in kinds.CONSTANT or registry.classify(kind).startswith("constant: its derivative"))
)


def test_there_are_constants_with_a_gradient():
    assert {"Ceil", "Floor", "FloorDiv", "Round", "Sign"} <= set(CONSTANT)
    assert "NextAfter" not in CONSTANT


@pytest.mark.parametrize("kind", CONSTANT)
def test_tensorflows_gradient_of_what_counts_as_constant_is_zero(kind):
    make = getattr(R, kind)
    names = [name for name in inspect.signature(make).parameters if name != "name"]
    xs = [tf.constant([0.3, -1.2, 2.6], tf.float64) + i for i in range(len(names))]
    with tf.GradientTape() as tape:
        tape.watch(xs)
        y = make(**dict(zip(names, xs, strict=True)))
    for slope in tape.gradient(y, xs):
        assert slope is None or not np.any(slope)


def looked_up(x):
    values = tf.lookup.KeyValueTensorInitializer(tf.constant([1], tf.int64), tf.constant([2.0]))
    table = tf.lookup.StaticHashTable(values, 0.0)
    y = R.LookupTableFindV2(table_handle=table.resource_handle, keys=tf.constant(3, tf.int64), default_value=x)
    return tf.ensure_shape(y, [])


REFUSED = {
    "ParameterizedTruncatedNormal": lambda x: R.ParameterizedTruncatedNormal(
        shape=[1, 3], means=[x], stdevs=[1.0], minvals=[-1.0], maxvals=[1.0]
    ),
    "StatelessRandomPoisson": lambda x: R.StatelessRandomPoisson(shape=[3], seed=[1, 2], lam=x + 3, dtype=x.dtype),
    "CTCBeamSearchDecoder": lambda x: R.CTCBeamSearchDecoder(
        inputs=x * np.ones([2, 1, 3], "float32"), sequence_length=[2], beam_width=1, top_paths=1
    )[3],
    "LookupTableFindV2": looked_up,
    "EagerPyFunc": lambda x: tf.ensure_shape(tf.py_function(lambda t: t * t, [x], tf.float32), []),
    # neither a gradient nor a word that there is none
    "AudioSpectrogram": lambda x: R.AudioSpectrogram(input=x * np.ones([8, 1], "float32"), window_size=4, stride=2),
    "SparseReduceMax": lambda x: R.SparseReduceMax(
        input_indices=[[0, 0]], input_values=x[None], input_shape=[2, 2], reduction_axes=[1]
    ),
}


RANGES = [
    lambda kind, x: getattr(R, kind)(input=np.float32(0.5), input_min=-x, input_max=1.0, num_bits=8, range_given=True),
    lambda kind, x: getattr(R, kind)(input=np.float32(0.5), input_min=-1.0, input_max=x, num_bits=8, range_given=True),
]


@pytest.mark.parametrize("kind", ["QuantizeAndDequantizeV2", "QuantizeAndDequantizeV3", "QuantizeAndDequantizeV4"])
@pytest.mark.parametrize("f", RANGES, ids=["input_min", "input_max"])
def test_the_range_of_quantisation_is_refused(kind, f):
    with pytest.raises(UnsupportedOpError, match=f"^{kind} "):
        ng.derivative(lambda x: f(kind, x) * x, method="taylor")(tf.constant(POINT))


@pytest.mark.parametrize("name", REFUSED)
def test_refused_by_name_and_line(name):
    with pytest.raises(UnsupportedOpError) as error:
        ng.derivatives(lambda x: REFUSED[name](x) * x, 1, method="taylor")(tf.constant(POINT))
    assert f"{name} (named '" in str(error.value)
    assert "nthgrad.finite_difference" in str(error.value)


@pytest.mark.parametrize("reason", sorted(set(refused.REASONS.values())))
def test_a_refusal_says_why(reason):
    kind = next(kind for kind, why in refused.REASONS.items() if why == reason)
    op = SimpleNamespace(type=kind, name="y", traceback=[])
    with pytest.raises(
        UnsupportedOpError, match=f"^{kind} \\(named 'y', made at an unknown line\\) cannot be .*: {reason}"
    ):
        RULES[kind](SimpleNamespace(op=op))


def test_no_op_needs_the_gradient_that_tensorflow_registers():
    assert not [kind for kind in registry.names() if registry.classify(kind) == "from its gradient"]
