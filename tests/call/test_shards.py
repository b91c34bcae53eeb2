"""Shards of the rows, one a core: against all rows at once, and where there are none."""

import contextlib

import numpy as np
import pytest
import tensorflow as tf
from support.closeness import close

import nthgrad as ng
from nthgrad._call import block_size, shards

BLOCK = 4
RNG = np.random.default_rng(0)
W = RNG.normal(size=(2, 3))


def columns(n, d, dtype="float64"):
    return tf.constant(np.random.default_rng(n).uniform(-1, 1, (n, d)), dtype)


@pytest.fixture
def cores(monkeypatch):
    """Sets the number of cores on which TensorFlow runs functions side by side."""

    def of(n):
        for module in (block_size, shards):
            monkeypatch.setattr(module, "at_once", lambda: n)
        monkeypatch.setattr(block_size, "cores", lambda: n)

    return of


def of_two(t, x):
    return tf.tanh(tf.concat([t, x], 1) @ tf.constant(W, x.dtype))


def branch_and_trunk(a, x):
    return tf.einsum("bk,nk->bn", tf.tanh(a), tf.sin(x * tf.constant(W[:1], x.dtype)))


def with_weights(x, scale):
    return scale * tf.sin(x)


# The points of n rows, and what is computed from them.
FUNCTIONS = {
    "partials": (
        lambda **o: ng.partials(of_two, ["", "t", "tx", "xx"], **o),
        lambda n, d: (columns(n, 1, d), columns(n, 1, d) + 1),
    ),
    "rows on axis 1": (
        lambda **o: ng.derivatives(branch_and_trunk, 1, argnum=1, axis=1, **o),
        lambda n, d: (columns(2, 3, d), columns(n, 1, d)),
    ),
    "the same for any rows": (
        lambda **o: ng.derivatives(lambda x: {"y": 3.0 * x}, 2, **o),
        lambda n, d: (columns(n, 1, d),),
    ),
    "other arguments": (
        lambda **o: ng.derivative(with_weights, 2, **o),
        lambda n, d: (columns(n, 1, d), columns(n, 1, d) + 1),
    ),
}


def compiled_calls(function):
    """The calls of functions that XLA compiles, in a graph and in the functions that it calls uncompiled."""
    definition = function.graph.as_graph_def()
    compiled = {f.signature.name for f in definition.library.function if f.attr["_XlaMustCompile"].b}
    others = [f.node_def for f in definition.library.function if f.signature.name not in compiled]
    nodes = [node for nodes in (definition.node, *others) for node in nodes]
    return [node for node in nodes if node.attr["f"].func.name in compiled]


@pytest.mark.parametrize(("name", "dtype"), [(name, f"float{(64, 32)[i % 2]}") for i, name in enumerate(FUNCTIONS)])
def test_derivatives(name, dtype, cores):
    cores(3)
    make, points = FUNCTIONS[name]
    g, whole = make(block=BLOCK, jit_compile=True), make()
    for n in (12, 20, 5):  # a block for each core; other blocks and a last one that is short; two blocks
        assert shards.shard_count(-(-n // BLOCK), xla=True) == (1 if n == 5 else 3)
        close(g(*points(n, dtype)), whole(*points(n, dtype)))
    if name not in ("partials", "the same for any rows"):
        return
    given = points(20, dtype)  # in a caller's function, too
    h = tf.function(lambda: g(*given), autograph=False).get_concrete_function()
    assert len(compiled_calls(h)) == 3
    close(h(), whole(*given))
    h = tf.function(lambda: g(*given), autograph=False, jit_compile=True)
    assert len(compiled_calls(h.get_concrete_function())) == 1  # XLA runs one loop after another
    close(h(), whole(*given))


def losses(w):
    """A loss of two sets, of which the second has few rows, and a penalty."""

    def f(inside, edge):
        t, x = inside
        y = tf.sin(w[0] * t + w[1] * x)
        return {"inside": y**2 * x, "edge": tf.cast(tf.cast(w[0], edge.dtype) - edge, y.dtype) ** 2, "all": w[1] ** 2}

    return f


def sets_of(n, m, dtype):
    return (columns(n, 1, dtype), columns(n, 1, dtype) + 1), columns(m, 2, "float64")


@pytest.mark.parametrize(
    ("dtype", "rows"), [("float16", [(20, 1)]), ("float32", [(20, 1)]), ("float64", [(12, 3), (31, 7)])]
)
def test_losses(dtype, rows, cores):
    cores(3)
    w = [tf.Variable(tf.constant(v, dtype)) for v in (0.7, -0.4)]
    g, whole = (ng.loss_and_gradients(losses(w), w, block=b, jit_compile=c) for b, c in ((BLOCK, True), (None, None)))
    h = tf.function(lambda *sets: g(*sets), autograph=False)
    for sets in (sets_of(*each, dtype) for each in rows):
        assert g.in_shards(sets)
        close(g(*sets), whole(*sets))
        if dtype == "float64":
            close(h(*sets), whole(*sets))


def test_shards_of_losses_run_side_by_side(cores):
    cores(3)
    w = [tf.Variable(v, dtype=tf.float64) for v in (0.7, -0.4)]
    g, sets = ng.loss_and_gradients(losses(w), w, block=BLOCK, jit_compile=True), sets_of(31, 7, "float64")
    h = tf.function(lambda *sets: g(*sets), autograph=False).get_concrete_function(*sets)
    calls = compiled_calls(h)
    assert len(calls) == 3
    names = {call.name for call in calls}
    assert not names & {i.strip("^") for call in calls for i in call.input}  # no call waits for another
    h = tf.function(lambda *sets: g(*sets), autograph=False, jit_compile=True)
    close(h(*sets), g(*sets))
    assert len(compiled_calls(h.get_concrete_function(*sets))) == 1


def test_minimize(cores):
    cores(2)
    results = []
    x, y = columns(30, 1), tf.sin(0.5 * columns(30, 1))
    for options in ({"block": BLOCK, "jit_compile": True}, {}):
        w = tf.Variable(0.3, dtype=tf.float64)
        g = ng.loss_and_gradients(lambda x, y, w=w: (tf.sin(w * x) - y) ** 2, w, **options)
        ng.optimize.minimize(g, w, args=(x, y), progress=False)
        results.append(float(w))
    np.testing.assert_allclose(results, 0.5, rtol=1e-4)
    np.testing.assert_allclose(*results, rtol=1e-8)


def test_all_shards_share_their_traces(cores):
    traces = []

    def f(x):
        traces.append(x.shape)
        return tf.sin(x)

    cores(1)
    ng.derivative(f, 1, block=BLOCK, jit_compile=True)(columns(40, 1))
    alone = len(traces)
    cores(4)
    g = ng.derivative(lambda x: f(x), 1, block=BLOCK, jit_compile=True)
    for n in (40, 44, 47):
        g(columns(n, 1))
    assert len(traces) == 2 * alone


def eagerly():
    tf.config.run_functions_eagerly(True)
    return contextlib.closing(type("", (), {"close": staticmethod(lambda: tf.config.run_functions_eagerly(False))}))


ALONE = {
    "a tape": tf.GradientTape,
    "eager functions": eagerly,
    "a strategy": lambda: tf.distribute.OneDeviceStrategy("cpu").scope(),
    "a GPU": lambda: pytest.MonkeyPatch.context(),
}


@pytest.mark.parametrize("where", ALONE)
def test_there_are_no_shards_under(where, cores):
    cores(2)
    assert shards.shard_count(2, xla=True) == 2
    with ALONE[where]() as opened:
        if where == "a GPU":
            opened.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
        assert shards.shard_count(2, xla=True) == 1


def test_there_are_no_shards_without_xla_or_of_few_or_unknown_blocks(cores):
    cores(2)
    assert [shards.shard_count(n, xla=xla) for n, xla in ((1, True), (tf.constant(9), True), (9, None))] == [1, 1, 1]
