"""evaluate: what it refuses, word for word."""

import os

import numpy as np
import pytest
import tensorflow as tf
from support.evaluations import G, T, X, dataset, quietly

import nthgrad as ng
from nthgrad import errors

ARRAY = (
    ". Give an array with one row for each point: NumPy's, a memory map, a tensor; or a tf.data.Dataset of batches. Bind "
    "arguments that are the same for all points to g, by functools.partial."
)
ROW = ". Return one row for each point, and compute sums or means over the points from the result of evaluate."
ROWS = ". Give an array with one row for each point."
SIZE = ". Give the number of points in a batch, at least 1."
EITHER = " Give a path that ends with .npy for one file, or a folder."


def growing():
    shapes = iter((1, 2, 3))
    return lambda x: {"a": tf.cast(x, tf.float32), "b": tf.repeat(x, next(shapes), axis=1)}


def frame():
    frame = type("Series", (), {"shape": (3,), "dtype": np.dtype(float), "__array__": None, "iloc": None})
    frame.__getitem__ = None
    return frame()


# g, data, options, the exception and its text; DIR stands for the folder that the test runs in.
REFUSED = {
    "g": (3, X, {}, errors.ArgumentError, "g is 3, a int, which cannot be called. Give a function."),
    **{
        f"batch_size {size!r}": (tf.sin, X, {"batch_size": size}, errors.ArgumentError, f"batch_size is {size!r}{SIZE}")
        for size in (0, -1, 2.0, True, "3")
    },
    "batch_size None": (
        tf.sin,
        X,
        {"batch_size": None},
        errors.ArgumentError,
        "batch_size is None, and arrays have no batches of their own. Give the number of points that fit into memory at "
        "once.",
    ),
    "lengths": (
        G,
        (T[:4], X),
        {},
        errors.InputError,
        "data[0] has 4 rows, but data[1] has 10. Give arrays with one row for each point.",
    ),
    "lengths by name": (
        G,
        {"x": X, "t": T[:4]},
        {},
        errors.InputError,
        "data['t'] has 4 rows, but data['x'] has 10. Give arrays with one row for each point.",
    ),
    "lengths in a dataset": (
        G,
        dataset(T).batch(4).map(lambda t: (t, t[:2])),
        {"batch_size": None},
        errors.InputError,
        "Element 0 of the dataset: an element of data[0] has 4 rows, but an element of data[1] has 2. Give one row for "
        "each point.",
    ),
    "a number": (tf.sin, 3.0, {}, errors.InputError, f"data is a float{ARRAY}"),
    "a number beside": (G, (X, 3.0), {}, errors.InputError, f"data[1] is a float{ARRAY}"),
    "a list of numbers": (tf.sin, [1.0, 2.0], {}, errors.InputError, f"data[0] is a float{ARRAY}"),
    "a generator": (tf.sin, iter([X]), {}, errors.InputError, f"data is a list_iterator{ARRAY}"),
    "None": (tf.sin, None, {}, errors.InputError, f"data is a NoneType{ARRAY}"),
    "pandas": (tf.sin, frame(), {}, errors.InputError, f"data is a Series{ARRAY}"),
    "nothing": (tf.sin, (), {}, errors.InputError, "data is (), which holds no array. Give the arguments of g."),
    "a scalar": (tf.sin, np.float64(3), {}, errors.InputError, f"data has shape (){ROWS}"),
    "objects": (
        tf.sin,
        np.array([None, "a"]),
        {},
        errors.InputError,
        "data is an array of Python objects. Give an array of numbers.",
    ),
    "masked": (
        tf.sin,
        (np.ma.masked_less(X, 0),),
        {},
        errors.InputError,
        "data[0] is a masked array, whose mask would be lost. Give data[0].filled(...).",
    ),
    "infinite": (
        tf.sin,
        dataset(X).batch(2).repeat(),
        {},
        errors.InputError,
        "data is a dataset without an end. Give dataset.take(n).",
    ),
    "not batched": (
        tf.sin,
        dataset(X[:, 0]),
        {},
        errors.InputError,
        "an element of data is a single number, not a batch. Give dataset.batch(n).",
    ),
    "ragged": (
        tf.sin,
        dataset(tf.ragged.constant([[1.0], [2.0, 3.0]])).batch(2),
        {},
        errors.InputError,
        "an element of data is a RaggedTensorSpec. Give a dataset of dense tensors.",
    ),
    "a sum": (tf.reduce_sum, X, {}, errors.OutputError, f"output of g has shape () for a batch{ROW}"),
    "a sum of rows": (
        lambda x: {"a": [x, tf.reduce_sum(x, 0)]},
        X,
        {},
        errors.OutputError,
        f"output['a'][1] of g has shape (1,) for a batch of 4 points{ROW}",
    ),
    "a sum on replicas": (
        tf.reduce_sum,
        X,
        {"strategy": tf.distribute.OneDeviceStrategy("CPU:0")},
        errors.OutputError,
        f"output of g has shape () for a batch{ROW}",
    ),
    "a part of the rows": (
        lambda x: x[1:],
        X,
        {"strategy": tf.distribute.OneDeviceStrategy("CPU:0")},
        errors.OutputError,
        f"output of g has shape (3, 1) for a batch of 4 points{ROW}",
    ),
    "no output": (
        lambda x: None,
        X,
        {},
        errors.OutputError,
        "g returned nothing (None). Return the tensor, or the structure of tensors, to keep.",
    ),
    "None among outputs": (
        lambda x: (x, None),
        X,
        {},
        errors.OutputError,
        "output[1] of g is a NoneType. Return dense tensors only.",
    ),
    "ragged output": (
        lambda x: tf.RaggedTensor.from_tensor(x),
        X,
        {},
        errors.OutputError,
        "output of g is a RaggedTensor. Return dense tensors only.",
    ),
    "shapes that change": (
        growing(),
        X,
        {},
        errors.OutputError,
        "g returned output['a'] float32 of rows (1,), output['b'] float64 of rows (1,) for one batch and output['a'] "
        "float32 of rows (1,), output['b'] float64 of rows (2,) for the next. Return the same structure, dtypes and "
        "shapes of rows for every batch.",
    ),
    "no points, no trace": (
        lambda x: x.numpy(),
        X[:0],
        {},
        errors.OutputError,
        "data has no points, and g cannot be traced to find the shape of its output. Give at least one point.",
    ),
    "no points, no shape": (
        lambda x: tf.repeat(x, tf.shape(x)[0], axis=1),
        X[:0],
        {},
        errors.OutputError,
        "data has no points, and the trace of g does not show the shape of its output. Give at least one point.",
    ),
    "strategy": (
        tf.sin,
        X,
        {"strategy": "mirrored"},
        errors.ArgumentError,
        "strategy is 'mirrored', a str. Give a tf.distribute.Strategy, or None.",
    ),
    "a strategy of another kind": (
        tf.sin,
        X,
        {"strategy": object.__new__(tf.distribute.ParameterServerStrategy)},
        errors.ArgumentError,
        "strategy is a ParameterServerStrategy, whose workers take work from a coordinator only. Give a "
        "MultiWorkerMirroredStrategy, or schedule calls of g yourself.",
    ),
    "a file there": (
        tf.sin,
        X,
        {"out": "there.npy"},
        errors.ArgumentError,
        "there.npy exists already. Give another path, or overwrite=True to overwrite it.",
    ),
    "a folder there": (
        ng.derivatives(tf.sin, 1),
        X,
        {"out": "there"},
        errors.ArgumentError,
        "there exists already. Give another path, or overwrite=True to overwrite it.",
    ),
    "a file for a folder": (
        ng.derivatives(tf.sin, 1),
        X,
        {"out": "file", "overwrite": True},
        errors.ArgumentError,
        f"file exists already, a file.{EITHER}",
    ),
    "a folder for a file": (
        tf.sin,
        X,
        {"out": "folder.npy", "overwrite": True},
        errors.ArgumentError,
        f"folder.npy exists already, a folder.{EITHER}",
    ),
    "a part there": (
        tf.sin,
        X,
        {"out": "begun.npy"},
        errors.ArgumentError,
        "DIR/begun.npy.part exists already: an interrupted run left it. Give resume=True to continue, or overwrite=True to "
        "start from the beginning.",
    ),
    "no folder": (
        tf.sin,
        X,
        {"out": "no/y.npy"},
        errors.ArgumentError,
        "There is no folder no for y.npy. Make it first.",
    ),
    "another kind": (
        tf.sin,
        X,
        {"out": "y.npz"},
        errors.ArgumentError,
        f"out is y.npz, a kind of file that evaluate does not write.{EITHER}",
    ),
    "one file for two": (
        ng.derivatives(tf.sin, 1),
        X,
        {"out": "y.npy"},
        errors.ArgumentError,
        "out is y.npy, one file, but g returns output[0], output[1]. Give a folder.",
    ),
    "a folder for one": (
        tf.sin,
        X,
        {"out": "y"},
        errors.ArgumentError,
        "out is y, but g returns one array. Give a path that ends with .npy.",
    ),
    "two of one name": (
        lambda x: {"x": x, "X": x},
        X,
        {"out": "y"},
        errors.ArgumentError,
        "output['X'] and output['x'] would both be written to x.npy. Give them other names, or leave out=None.",
    ),
    "no NumPy dtype": (
        lambda x: tf.cast(x, tf.bfloat16),
        X,
        {"out": "y.npy"},
        errors.OutputError,
        "An output of g is bfloat16, which .npy files do not hold. Cast it, for example to float32.",
    ),
}


@pytest.mark.parametrize(("g", "data", "options", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(g, data, options, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("there", "folder.npy", "begun.npy.part"):
        os.mkdir(folder)
    for file in ("there.npy", "file", "there/old"):
        with open(file, "w") as there:
            there.write("old")
    with pytest.raises(error) as raised:
        quietly(g, data, **{"batch_size": 4, **options})
    assert str(raised.value) == message.replace("DIR", str(tmp_path))
    for file in ("there.npy", "file", "there/old"):
        with open(file) as there:
            assert there.read() == "old"
