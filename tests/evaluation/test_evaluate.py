"""evaluate: against closed forms, whatever the points come in and go to; test_distribute.py has several devices."""

import collections

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.evaluations import G, T, X, dataset, field, quietly, same_powers

import nthgrad as ng
from nthgrad.evaluation.structure import file_names

S, C = np.sin(X), np.cos(X)


# g, its data, and the leaves of what comes out.

FUNCTIONS = {
    "derivative": (ng.derivative(tf.sin, 2), X, [-S]),
    "derivatives": (ng.derivatives(tf.sin, 2), X, [S, C, -S]),
    "compiled": (ng.derivatives(tf.sin, 2, jit_compile=True), X, [S, C, -S]),
    "partials": (ng.partials(field, ["", "xx", "tx"]), (T, X), [T**2 * S, 2 * T * C, -(T**2) * S]),
    "laplacian": (ng.laplacian(lambda x: tf.reduce_prod(tf.sin(x), 1)), np.hstack([T, X]), [(-2 * np.sin(T) * S)[:, 0]]),
    "a plain function": (lambda x: {"b": [x**2, x[:, 0]], "a": tf.cast(x > 0, tf.int8)}, X, [X > 0, X**2, X[:, 0]]),
    "a tf.function": (tf.function(lambda x: tf.concat([x, x**2], 1)), X, [np.hstack([X, X**2])]),
    "NumPy": (lambda x: np.sin(x), X, [S]),
    "a namedtuple": (lambda x: collections.namedtuple("P", "z a")(x, 2 * x), X, [X, 2 * X]),
}  # fmt: skip


@pytest.mark.parametrize("batch_size", [3, 5, 100], ids="batches of {}".format)
@pytest.mark.parametrize(("g", "data", "want"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_functions(g, data, want, batch_size, tmp_path):
    got = quietly(g, data, batch_size=batch_size)
    structure = g(*data) if isinstance(data, tuple) else g(tf.constant(data))
    tf.nest.assert_same_structure(got, structure)
    for y, w in zip(tf.nest.flatten(got), want, strict=True):
        assert type(y) is np.ndarray
        np.testing.assert_allclose(y, w, rtol=1e-14, atol=1e-15)
    written = quietly(g, data, batch_size=batch_size, out=tmp_path / ("y.npy" if len(want) == 1 else "y"))
    tf.nest.assert_same_structure(written, structure)
    for y, w in zip(tf.nest.flatten(written), tf.nest.flatten(got), strict=True):
        assert isinstance(y, np.memmap)
        assert y.dtype == w.dtype
        np.testing.assert_array_equal(y, w)
    assert not list(tmp_path.glob("*.part"))


def mapped(x):
    np.save("x.npy", x)
    return np.load("x.npy", mmap_mode="r")


def memmap(x):
    there = np.memmap("x.raw", x.dtype, "w+", shape=x.shape)
    there[:] = x
    return there


def private(x):
    there = np.memmap("x.raw", x.dtype, "w+", shape=x.shape)
    there.flush()
    there = np.memmap("x.raw", x.dtype, "c", shape=x.shape)
    there[:] = x  # in no file
    return there


class Sliced:
    """An array in a file of some other library's."""

    def __init__(self, x):
        self.shape, self.dtype, self.taken, self._x = x.shape, x.dtype, [], x

    def __array__(self, dtype=None, copy=None):
        raise MemoryError("all of it at once")

    def __getitem__(self, rows):
        self.taken.append(rows)
        return self._x[rows]


KINDS = {
    "array": np.array,
    "another order": lambda x: np.asfortranarray(np.hstack([x, x]))[:, 1:],
    "np.load": mapped,
    "np.load reversed": lambda x: mapped(x[::-1])[::-1],
    "memmap": memmap,
    "private memmap": private,
    "tensor": tf.constant,
    "variable": tf.Variable,
    "another library's": Sliced,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
}


@pytest.mark.quick
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_arrays(kind, dtype, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = X.astype(dtype)
    y = quietly(ng.derivative(lambda x: x**3, 2), kind(x), batch_size=4, out="y.npy")
    assert y.dtype == dtype
    np.testing.assert_allclose(y, 6 * x, rtol=1e-6 if dtype == "float32" else 1e-15)


ARGUMENTS = {
    "tuple": lambda: (T, X),
    "list": lambda: [T, X],
    "dict": lambda: {"x": X, "t": T},
    "dataset": lambda: dataset(T, X).batch(4),
    "dataset of dicts": lambda: dataset({"x": X, "t": T}).batch(4),
    "dataset of unknown length": lambda: dataset(T, X).filter(lambda t, x: True).batch(4, drop_remainder=False),
    "dataset of uneven batches": lambda: dataset(T, X).ragged_batch(4).concatenate(dataset(T, X).take(0).batch(1)),
}


@pytest.mark.parametrize("batch_size", [3, 4])
@pytest.mark.parametrize("make", ARGUMENTS.values(), ids=ARGUMENTS)
def test_arguments_and_datasets(make, batch_size):
    data = make()
    want = -(T**2) * np.sin(X)
    np.testing.assert_allclose(quietly(G, data, batch_size=batch_size)["xx"], want, rtol=1e-14)
    if isinstance(data, tf.data.Dataset):
        np.testing.assert_allclose(quietly(G, data)["xx"], want, rtol=1e-14)


def test_nested_arguments():
    data = ({"a": X, "b": [T, X]}, T)
    y = quietly(lambda p, t: p["a"] * p["b"][0] + t, data, batch_size=3)
    np.testing.assert_allclose(y, X * T + T, rtol=1e-14)


def test_a_keras_model():
    model = keras.Sequential([keras.layers.Dense(3, activation="tanh"), keras.layers.Dense(2)])
    x = X.astype("float32")
    np.testing.assert_allclose(quietly(model, x, batch_size=4), model(x), rtol=1e-6)


def test_batches_of_a_dataset_of_any_lengths():
    lengths = [2, 5, 1, 0, 2]
    data = tf.data.Dataset.from_generator(
        lambda: iter(np.split(X, np.cumsum(lengths)[:-1])), output_signature=tf.TensorSpec([None, 1], tf.float64)
    )
    for batch_size in (None, 4):
        np.testing.assert_array_equal(quietly(lambda x: 2 * x, data, batch_size=batch_size), 2 * X)


def test_every_batch_has_the_same_length_and_the_rows_added_are_cut_off():
    seen = []

    def g(x):
        seen.append(x.numpy())
        return x

    np.testing.assert_array_equal(quietly(g, X, batch_size=4), X)
    assert [len(x) for x in seen] == [4, 4, 4]
    np.testing.assert_array_equal(seen[2], X[[8, 9, 9, 9]])


@pytest.mark.parametrize(("total", "batch_size", "length"), [(1, 4, 1), (3, 4, 3), (4, 4, 4), (5, 4, 4), (2, 1, 1)])
def test_a_batch_is_no_longer_than_the_data(total, batch_size, length):
    seen = []
    quietly(lambda x: seen.append(len(x)) or x, X[:total], batch_size=batch_size)
    assert set(seen) == {length}


def test_one_trace():
    traces = []

    @tf.function
    def g(x):
        traces.append(x.shape)
        return x**2

    quietly(g, X, batch_size=4)
    quietly(g, dataset(X).batch(3), batch_size=4)
    assert traces == [(4, 1)]


def test_no_more_than_a_batch_at_a_time():
    x = Sliced(X)
    quietly(lambda x: x, x, batch_size=4)
    assert x.taken == [slice(0, 4), slice(4, 8), slice(8, 12)]


NOTHING = {
    "derivatives": (ng.derivatives(tf.sin, 1), X[:0].astype("float32"), [((0, 1), "float32")] * 2),
    "partials": (G, (T[:0], X[:0]), [((0, 1), "float64")]),
    "a plain function": (lambda x: tf.concat([x, x], 1), X[:0], [((0, 2), "float64")]),
    "dataset": (lambda x: tf.cast(x[:, 0], tf.int32), dataset(X).batch(3).take(0), [((0,), "int32")]),
}


@pytest.mark.quick
@pytest.mark.parametrize(("g", "data", "want"), NOTHING.values(), ids=NOTHING)
def test_no_points(g, data, want, tmp_path):
    for out in (None, tmp_path / ("y.npy" if g is not NOTHING["derivatives"][0] and g is not G else "y")):
        got = tf.nest.flatten(quietly(g, data, batch_size=3, out=out))
        assert [(y.shape, y.dtype.name) for y in got] == want


def test_names_of_files():
    structure = {"": 0, "a/b": [0, {"c": 0}], ("theta", "r"): 0, "é": 0}
    paths = [("",), ("a/b", 0), ("a/b", 1, "c"), (("theta", "r"),), ("é",)]
    assert file_names(paths) == ["value.npy", "a%2Fb.0.npy", "a%2Fb.1.c.npy", "theta_r.npy", "%C3%A9.npy"]
    assert len(structure) == 4


def test_files_of_others_stay(tmp_path):
    out = tmp_path / "y"
    out.mkdir()
    quietly(ng.derivatives(tf.sin, 1), X, batch_size=3, out=out)
    (out / "mine").write_text("")
    (out / "1.npy").write_text("old")
    quietly(ng.derivatives(tf.sin, 1), X, batch_size=3, out=out, overwrite=True)
    assert sorted(p.name for p in out.iterdir()) == ["0.npy", "1.npy", "mine"]
    np.testing.assert_allclose(np.load(out / "1.npy"), C, rtol=1e-14)


@pytest.mark.parametrize(
    "make",
    [lambda: tf.distribute.OneDeviceStrategy("CPU:0"), lambda: tf.distribute.MirroredStrategy(["CPU:0"])],
    ids=["OneDeviceStrategy", "MirroredStrategy"],
)
def test_strategies(make):
    strategy, seen = make(), []

    def g(x):
        seen.append((tf.distribute.get_strategy(), tf.distribute.in_cross_replica_context()))
        if tf.reduce_any(x > 5):  # of a tensor: by AutoGraph
            x = -x
        return {"a": x**2}

    same_powers(quietly(g, X, batch_size=4, strategy=strategy)["a"], X**2)
    with strategy.scope():
        same_powers(quietly(g, X, batch_size=4)["a"], X**2)
    assert seen == [(strategy, False)] * 2  # traced once by each
