"""NumPy and h5py as they were: ragged lists, newshape=, files opened without a mode, values of data sets."""

import os

import h5py
import numpy as np
import tensorflow as tf

# lists of different lengths
for ragged in ([[1, 2], [3]], [[1.0], []], [np.ones(2), np.ones(3)], [[1, [2, 3]], 4], ([1], [2, 3]), ["ab", ["c"]]):
    made = np.array(ragged), np.asarray(ragged), np.asanyarray(ragged)
    print([(each.dtype.name, each.shape) for each in made], made[0][0])
rows = np.array([np.zeros(2), np.zeros(1)])
print([len(row) for row in rows], rows.tolist()[1], rows.size, np.array([[1, 2], [3]], ndmin=2).shape)
print(
    np.vstack([np.array([1, 2]), [3, 4]]).tolist(),
    np.array([[1, 2], [3, 4]]).dtype.kind,
    np.array([[1], [2]], "f").dtype,
)
for dtype in (float, "int32"):
    try:
        np.array([[1, 2], [3]], dtype=dtype)
    except ValueError:
        print("a sequence is no number")
    except TypeError:
        print("nor here")
batches = np.array([list(range(n)) for n in (3, 1, 2)])
np.random.seed(1)
order = np.random.permutation(len(batches))
print(order, [batches[i] for i in order], batches[[2, 0]].tolist(), np.concatenate(batches).astype(int))
print(np.append([[1, 2]], [[3]]).tolist(), np.full(2, 7).tolist(), np.sum(np.array([[1], [2, 3]])))
print(np.random.choice(np.array([[1, 2], [3]]), 1).shape)
words = [[2, 1], [2], [1, 5, 6], []]
print(np.max(np.max(words)), np.min(words), np.amax(words), np.amin(words), np.argmax(words), np.argmin(words))
print(bool(np.all(words)), bool(np.any(words)), np.array_equal(words, words), np.array_equal(words, words[:3] + [[7]]))
print(np.array_equal([1, 2], (1, 2)), np.roll(words, 1).tolist(), np.tile(words, 2).shape)

# the shape under its name of the time
a = np.arange(6)
print(np.reshape(a, newshape=(2, 3)).tolist(), np.reshape(a=a, newshape=-1, order="F").tolist())
print(np.reshape(np.reshape(a, (2, 3)), newshape=(3, 2), order="F").tolist(), np.reshape([1, 2], (2, 1)).shape)
print(a.reshape(3, 2).tolist(), np.reshape(a, [3, -1]).shape, np.reshape(np.ma.array([1, 2]), (1, 2)).shape)

print(np.percentile(a, 40, interpolation="lower"), np.quantile(a, 0.5, interpolation="higher"), np.percentile(a, 50))

# files without a mode: read and written, created if missing
with h5py.File("notes.h5") as notes:
    notes["a"] = [1.0, 2.0]
    notes.attrs["what"] = "numbers"
    names = notes.create_dataset("names", (2,), dtype=h5py.special_dtype(vlen=str))
    names[:] = ["one", "two"]
    notes["word"] = "three"
    notes["bytes"] = np.array([b"ab", b"c"])
    print(notes.mode)
with h5py.File("notes.h5") as notes:
    notes.create_dataset("group/b", data=np.float32([[3.0]]))
    print(notes["names"][0], list(notes["names"][:]), notes["names"].value[1], notes["word"][()], notes["word"].value)
    print(notes["bytes"][:].tolist(), notes["names"].dtype, notes.attrs["what"])
    print(sorted(notes), notes["a"][:], notes["a"].value, notes["group"]["b"].value.tolist())
notes = h5py.File(name="notes.h5")
notes["a"][0] = 5.0
notes["scalar"] = 2.5
print(notes["scalar"].value, notes["scalar"][()], notes.mode)
notes.close()
for mode in ("r", "r+", "a", None):
    with h5py.File("notes.h5", mode) as notes:
        print(notes["a"][0], notes.mode, str(notes.attrs["what"]))
try:
    h5py.File("none.h5", "r")
except (IOError, OSError):
    print("no such file")
with h5py.File("memory.h5", driver="core", backing_store=False) as notes:
    notes["x"] = np.eye(2)
    print(notes["x"].shape, notes.driver)
os.remove("notes.h5")  # texts in it are bytes to some readers
with tf.Session() as session:
    print(session.run(tf.reshape(np.array([[1, 2], [3, 4]]), shape=[4])))
