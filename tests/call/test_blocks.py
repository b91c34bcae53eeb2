"""Derivatives and operators in blocks of rows, against those of all rows at once."""

import re

import numpy as np
import pytest
import tensorflow as tf
from support.closeness import close

import nthgrad as ng
from nthgrad import errors
from nthgrad._call import block_size, row_blocks

BLOCK = 16
RNG = np.random.default_rng(0)
WEIGHTS = [RNG.normal(size=s) / np.sqrt(s[0]) for s in ((3, 6), (6, 3))]


def columns(n, d, dtype="float64"):
    return tf.constant(np.random.default_rng(n).uniform(-1, 1, (n, d)), dtype)


def net(x):
    """Three outputs of three coordinates, or of fewer."""
    w = [tf.constant(v, x.dtype) for v in WEIGHTS]
    return tf.tanh(x @ w[0][: x.shape[1]]) @ w[1]


def of_two(t, x):
    return net(tf.concat([t, x], 1))[:, :1] * tf.exp(-t)


def with_rows(x, weight, scale):
    return scale * weight * tf.sin(x)


def branch_and_trunk(a, x):
    return tf.einsum("bk,nk->bn", tf.tanh(a), net(x))


def rank_one(x):
    return tf.where(x > 0, tf.sin(x), tf.zeros_like(x)) * tf.ones(tf.shape(x), x.dtype)


def named(y):
    return {"real": y[:, :1], "complex": tf.complex(y[:, 1:], y[:, :2])}


def constant(x):
    return 3.0 * x + 1.0


def image(x):
    pixels = tf.reshape(x * tf.ones([1, 9], x.dtype), [-1, 3, 3, 1])
    return tf.reshape(tf.nn.conv2d(tf.sin(pixels), tf.ones([2, 2, 1, 2], x.dtype), 1, "SAME"), [-1, 18])


X1, X2, X3 = (lambda n, d, k=k: (columns(n, k, d),) for k in (1, 2, 3))

CASES = {
    "derivatives of a structure": (lambda **o: ng.derivatives(lambda x: named(net(x)), 2, **o), X1),
    "rank 1": (lambda **o: ng.derivative(rank_one, 2, **o), lambda n, d: (columns(n, 1, d)[:, 0],)),
    "constant derivatives": (lambda **o: ng.derivatives(constant, 2, **o), X1),
    "images": (lambda **o: ng.derivative(image, 2, **o), X1),
    "tapes": (lambda **o: ng.derivative(net, 2, method="tape", **o), X1),
    "other arguments": (
        lambda **o: ng.derivative(with_rows, 2, **o),
        lambda n, d: (columns(n, 1, d), columns(n, 1, d) + 1, tf.constant(2.0, d)),
    ),
    "rows on axis 1": (
        lambda **o: ng.derivatives(branch_and_trunk, 1, argnum=1, axis=1, **o),
        lambda n, d: (columns(2, 3, d), columns(n, 1, d)),
    ),
    "partials": (
        lambda **o: ng.partials(of_two, ["", "t", "tx", "xx"], **o),
        lambda n, d: (columns(n, 1, d), columns(n, 1, d) + 1),
    ),
    "partials by columns": (lambda **o: ng.partials(net, ["x", "yy"], coords="xy", **o), X2),
    "taylor": (lambda **o: ng.taylor(net, 3, **o), lambda n, d: (columns(n, 3, d), columns(n, 3, d) + 1)),
    "gradient": (lambda **o: ng.gradient(lambda x: net(x)[:, 0], **o), X3),
    "hessian": (lambda **o: ng.hessian(net, **o), X2),
    "laplacian": (lambda **o: ng.laplacian(net, **o), X3),
    "divergence": (lambda **o: ng.divergence(net, **o), X3),
    "coordinates": (
        lambda **o: ng.laplacian(of_two, argnum=("t", "x"), **o),
        lambda n, d: (columns(n, 1, d), columns(n, 1, d) + 1),
    ),
}


EAGER = list(CASES)[::2]


def loops(function):
    """The loops in a graph, and in the functions that it calls."""
    graphs = [function.graph.as_graph_def()]
    nodes = [n for g in graphs for n in [*g.node, *(m for f in g.library.function for m in f.node_def)]]
    return [n for n in nodes if n.op in ("While", "StatelessWhile")]


@pytest.mark.parametrize("name", CASES)
def test_blocks_have_the_values_of_the_whole(name):
    """In a caller's function for any number of rows, which has one loop; every other case eagerly too."""
    make, points = CASES[name]
    g, whole = make(block=BLOCK), make(block=None)
    specs = [
        tf.TensorSpec([None, *t.shape[1:]] if t.shape.rank and t.shape[0] == 40 else t.shape, t.dtype)
        for t in points(40, "float64")
    ]
    h = tf.function(lambda *xs: g(*xs), autograph=False).get_concrete_function(*specs)
    assert len(loops(h)) == 1
    for n in (40, 32, 1):
        wanted = whole(*points(n, "float64"))
        close(h(*points(n, "float64")), wanted)
        if name in EAGER:
            close(g(*points(n, "float64")), wanted)
    if name != "hessian":  # TensorFlow cannot vectorize it for no rows, also without blocks
        assert all(0 in t.shape for t in tf.nest.flatten(h(*points(0, "float64"))))


def test_xla():
    make, points = CASES["coordinates"]
    close(make(block=BLOCK, jit_compile=True)(*points(33, "float64")), make(block=None)(*points(33, "float64")))


@pytest.mark.parametrize(("name", "rows"), [("partials", (33, 1)), ("rows on axis 1", (33,)), ("hessian", (33,))])
def test_xla_in_a_callers_function(name, rows):
    make, points = CASES[name]
    g, whole = make(block=BLOCK, jit_compile=True), make(block=None)
    for n in rows:
        close(g(*points(n, "float32")), whole(*points(n, "float32")))
    h = tf.function(lambda *xs: g(*xs), autograph=False, jit_compile=True)
    close(h(*points(33, "float32")), whole(*points(33, "float32")))


def test_closed_form():
    x = columns(50, 1)
    np.testing.assert_allclose(ng.derivative(tf.sin, 3, block=8)(x), -np.cos(x), rtol=1e-14)


def test_new_numbers_of_rows_trace_nothing():
    traces = []

    def f(x):
        traces.append(x.shape)
        return net(x)

    g = ng.derivative(f, 2, block=BLOCK)
    g(columns(40, 1))
    known = len(traces)
    assert {tuple(s) for s in traces} == {(None, 1), (1009, 1)}  # for any rows, the proof, and the block
    for n in (33, 47, 64, 100):
        g(columns(n, 1))
    assert len(traces) == known


@pytest.fixture
def small_cache(monkeypatch):
    """A machine whose blocks of choice have few rows."""
    monkeypatch.setattr(block_size, "FEWEST", BLOCK)
    monkeypatch.setattr(block_size, "IN_FLIGHT", 0)
    monkeypatch.setattr(block_size, "cores", lambda: 1)


def cuts(g):
    """How calls of g were computed in blocks."""
    return [cut for cut in g._Derived__compiled._blocks._cuts.values() if cut is not None]


@pytest.mark.usefixtures("small_cache")
def test_auto_cuts_large_batches_where_xla_compiles():
    g, whole = ng.derivative(net, 2, jit_compile=True), ng.derivative(net, 2)
    x = columns(40, 1)
    close(g(x[:BLOCK]), whole(x[:BLOCK]))
    assert not cuts(g)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = g(x)
    assert not cuts(g)
    wanted = tf.reduce_sum(ng.derivative(net, 3)(x), 1, keepdims=True)
    close(tape.gradient(y, x), wanted)
    h = tf.function(lambda x: g(x), autograph=False)
    close(h(x), whole(x))
    assert not loops(h.get_concrete_function(x))
    close(g(x), whole(x))
    assert len(cuts(g)) == 1
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = g(x)
    close(tape.gradient(y, x), wanted)


@pytest.mark.usefixtures("small_cache")
@pytest.mark.parametrize("options", [{}, {"block": None, "jit_compile": True}, {"method": "tape", "jit_compile": True}])
def test_auto_leaves_the_rest_whole(options):
    g, x = ng.derivative(net, 1, **options), columns(40, 1)
    close(g(x), ng.derivative(net, 1)(x))
    assert not cuts(g)


def test_auto_leaves_small_batches_whole(monkeypatch):
    monkeypatch.setattr(row_blocks.RowBlocks, "_proved", None)  # nothing is proved for them
    close(ng.derivative(net, 1, jit_compile=True)(columns(200, 1)), ng.derivative(net, 1)(columns(200, 1)))


@pytest.mark.usefixtures("small_cache")
def test_auto_leaves_a_gpu_whole(monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    g = ng.derivative(net, 1, jit_compile=True)
    g(columns(40, 1))
    assert not cuts(g)


def test_rows_of_a_block(monkeypatch):
    monkeypatch.setattr(block_size, "cache_size", lambda: 2**20)
    monkeypatch.setattr(block_size, "cores", lambda: 2)
    assert block_size.rows_of_block("auto", 2**10) == block_size.IN_FLIGHT * 2**10
    assert block_size.rows_of_block("auto", 2**30) == block_size.FEWEST
    assert block_size.rows_of_block("auto", 0) == block_size.IN_FLIGHT * 2**20
    assert block_size.rows_that_pay("auto", 2**10) == block_size.IN_THREADS // 2**10
    assert block_size.rows_that_pay(7, 2**10) == 0
    assert block_size.rows_of_block(7, 0) == 7
    assert block_size.rows_of_block(None, 0) is None
    monkeypatch.setattr(block_size, "at_once", lambda: 1)
    assert block_size.rows_of_block("auto", 2**10) is None
    monkeypatch.setattr(block_size, "cores", lambda: 1)
    assert block_size.rows_of_block("auto", 2**10) == block_size.IN_FLIGHT * 2**10
    assert block_size.rows_that_pay("auto", 2**10) == 0


def test_bytes_in_flight():
    w = tf.ones([3, 5])
    graph = tf.function(lambda x: tf.sin(x @ w) @ tf.transpose(w)).get_concrete_function(tf.TensorSpec([None, 3])).graph
    assert block_size.live_bytes(graph.outputs) == 4 * (
        5 + 5
    )  # the input of the second product, and what it is made of
    assert block_size.live_bytes([]) == 0


def test_an_outer_tape_differentiates_the_loop():
    w = tf.Variable(WEIGHTS[0][:1])
    x = columns(40, 1)

    def f(x):
        return tf.tanh(x @ w)

    def slope(g):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(g(x) ** 2)
        return tape.gradient(loss, w)

    wanted = slope(ng.derivative(f, 2, block=None))
    g = ng.derivative(f, 2, block=BLOCK)
    for call in (slope, tf.function(slope, autograph=False), tf.function(slope, autograph=False, jit_compile=True)):
        close(call(g), wanted)
    close(slope(ng.derivative(f, 2, block=BLOCK, jit_compile=True)), wanted)  # not in blocks


def test_variables_of_functions_that_f_calls_train():
    w = tf.Variable(WEIGHTS[0][:1])
    layer = tf.function(lambda x: tf.tanh(x @ w))
    g = ng.derivatives(lambda x: 2.0 * layer(x), 1, block=BLOCK)

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum(y) for y in g(x)])
        return tape.gradient(loss, w)

    x = columns(40, 1)
    with tf.GradientTape() as tape:
        t = tf.tanh(x @ w)
        loss = tf.reduce_sum(2.0 * t + 2.0 * (1 - t**2) * w)
    close(slope(x), tape.gradient(loss, w))


def test_saved_model(tmp_path):
    module = tf.Module()
    g = ng.derivative(net, 2, block=BLOCK)
    module.g = tf.function(lambda x: g(x), input_signature=[tf.TensorSpec([None, 1], tf.float64)])
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    for n in (40, 3):
        close(loaded.g(columns(n, 1)), ng.derivative(net, 2)(columns(n, 1)))


def test_distribute():
    strategy = tf.distribute.OneDeviceStrategy("/cpu:0")
    g, x = ng.laplacian(net, block=BLOCK), columns(40, 3)
    close(strategy.run(g, [x]), ng.laplacian(net)(x))
    close(tf.function(lambda: strategy.run(g, [x]))(), ng.laplacian(net)(x))


def test_the_option_is_shown():
    assert (
        repr(ng.derivative(net, 2, block=64))
        == "<nthgrad.derivative of 'net' (order 2, method \"auto\", block 64, XLA off)>"
    )


@pytest.mark.parametrize("block", [0, -1, True, 1.5, "all"])
def test_refused_sizes(block):
    with pytest.raises(errors.ArgumentError) as caught:
        ng.derivative(net, 1, block=block)
    assert str(caught.value) == (
        f'block is {block!r}. Give the rows of a block, an integer of 1 or more; "auto"; or None for all rows at once.'
    )


COUNTER = tf.Variable(0.0, dtype=tf.float64)


def counted(x):
    COUNTER.assign_add(1.0)
    return tf.sin(x)


def by_python_length(x):
    return tf.stack([tf.sin(x[i]) for i in range(x.shape[0])])


MIXED = (
    "f mixes the rows of a batch: {} combines them, so that blocks of rows have other results. Take it out of f, or "
    "compute all rows at once: block=None."
)
UNKNOWN = (
    "Nothing shows that {} keeps the rows of a batch independent. Write that part of f with other ops, or compute all "
    "rows at once: block=None."
)
LENGTH = (
    "f needs the number of rows while it is traced, so nothing shows that the rows of a batch are independent. Write f "
    "for any number of rows, or compute all rows at once: block=None."
)
ONES = tf.ones([40, 1], tf.float64)

REFUSED = {
    "a sum of ones": (lambda x: tf.sin(x) * tf.cumsum(tf.ones_like(x)), MIXED, "Cumsum"),
    "the rows' number": (lambda x: tf.sin(x) / tf.cast(tf.shape(x)[0], x.dtype), UNKNOWN, "Cast"),
    "the rows' indices": (lambda x: tf.sin(x) * tf.cast(tf.range(tf.shape(x)[0]), x.dtype)[:, None], UNKNOWN, "Range"),
    "random numbers": (lambda x: tf.sin(x) * tf.random.uniform([], dtype=x.dtype), UNKNOWN, "RandomUniform"),
    "random numbers of a seed": (
        lambda x: tf.sin(x) * tf.random.stateless_uniform(tf.shape(x), [1, 2], dtype=x.dtype),
        UNKNOWN,
        "StatelessRandomUniformV2",
    ),
    "a change": (counted, UNKNOWN, "AssignAddVariableOp"),
    "a loop": (lambda x: tf.map_fn(tf.sin, x), UNKNOWN, "StatelessWhile|While|TensorList.*"),
    "a Python loop": (by_python_length, LENGTH, ""),
    "a constant with a row for each": (lambda x: tf.sin(x) * ONES, LENGTH, ""),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_are_not_proved_independent(name):
    f, message, op = REFUSED[name]
    x = columns(40, 1)
    with pytest.raises(errors.MixingError) as caught:
        ng.derivative(f, 1, block=BLOCK)(x)
    pattern = re.escape(message).replace(r"\{\}", rf"({op}) \(named '.*', made at .*:\d+\)")
    assert re.fullmatch(pattern, str(caught.value)), str(caught.value)
    ng.derivative(f, 1, block=40)(x)  # nothing is cut


@pytest.mark.usefixtures("small_cache")
@pytest.mark.parametrize(
    "name", ["a sum of ones", "the rows' number", "the rows' indices", "a constant with a row for each"]
)
def test_auto_computes_them_all_at_once(name):
    f, *_ = REFUSED[name]
    x = columns(40, 1)
    close(ng.derivative(f, 1, jit_compile=True)(x), ng.derivative(f, 1)(x))
