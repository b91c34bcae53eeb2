"""evaluate: against closed forms, whatever the points come in and go to; interrupted at any moment; and what it refuses."""

import collections
import contextlib
import json
import os
import re
import shutil
import sys
import types
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad import errors
from nthgrad.evaluation import batches, files, npy, progress
from nthgrad.evaluation.structure import files as names_of

X = np.random.default_rng(0).uniform(-1, 1, (10, 1))
T = X[::-1] + 2


def quietly(g, data, **options):
    return ng.evaluate(g, data, progress=False, **options)


def same_powers(got, want):
    """The same but for the last place: TensorFlow's pow and NumPy's round otherwise, each by processor."""
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(np.float64).eps)


def field(t, x):
    return t**2 * tf.sin(x)


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


def dataset(*leaves):
    return tf.data.Dataset.from_tensor_slices(leaves if len(leaves) > 1 else leaves[0])


G = ng.partials(field, ["xx"])
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
    assert names_of(paths) == ["value.npy", "a%2Fb.0.npy", "a%2Fb.1.c.npy", "theta_r.npy", "%C3%A9.npy"]
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


# ---------- interruptions


class Counted:
    """g that raises in the call of a given number, and counts its calls."""

    def __init__(self, at=None, factor=1.0):
        self.calls, self._at, self._factor = 0, at, factor

    def __call__(self, x):
        self.calls += 1
        if self.calls == self._at:
            raise KeyboardInterrupt
        return {"a": self._factor * x**2, "b": [tf.cast(x, tf.float32)]}


def whole(tmp_path):
    quietly(Counted(), X, batch_size=3, out=tmp_path / "whole")
    return contents(tmp_path / "whole")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def interrupted(tmp_path, at=3, data=X, **options):
    with pytest.raises(KeyboardInterrupt):
        quietly(Counted(at), data, batch_size=3, out=tmp_path / "y", **options)
    assert not (tmp_path / "y").exists()
    return tmp_path / "y", tmp_path / "y.part"


@pytest.mark.quick
@pytest.mark.parametrize("data", [X, dataset(X).batch(2)], ids=["array", "dataset"])
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_run_goes_on_where_it_stopped(at, data, tmp_path):
    y, part = interrupted(tmp_path, at, data)
    g = Counted()
    got = quietly(g, data, batch_size=3, out=y, resume=True)
    assert g.calls == 4 - max(at - 2, 0)  # the last batch that was there, once more, and the rest
    same_powers(got["a"], X**2)
    assert contents(y) == whole(tmp_path)
    assert not part.exists()


def test_a_run_that_goes_on_fills_its_batches_up_as_the_first_did(tmp_path):
    lengths = []

    def g(x):
        lengths.append(len(x))
        if len(lengths) == 3:
            raise KeyboardInterrupt
        return x

    data = dataset(X[:4]).batch(4).concatenate(dataset(X[4:]).batch(2))
    with pytest.raises(KeyboardInterrupt):
        quietly(g, data, out=tmp_path / "y.npy")
    quietly(g, data, out=tmp_path / "y.npy", resume=True)
    assert lengths == [4] * 6  # four, and two again


def test_interrupted_twice(tmp_path):
    y, _ = interrupted(tmp_path, 2)
    interrupted(tmp_path, 3, resume=True)
    quietly(Counted(), X, batch_size=3, out=y, resume=True)
    assert contents(y) == whole(tmp_path)


def test_resume_with_nothing_to_go_on_from(tmp_path):
    quietly(Counted(), X, batch_size=3, out=tmp_path / "y", resume=True)
    assert contents(tmp_path / "y") == whole(tmp_path)


def test_starting_again(tmp_path):
    y, _ = interrupted(tmp_path)
    quietly(Counted(factor=2.0), 2 * X, batch_size=4, out=y, overwrite=True)
    same_powers(np.load(y / "a.npy"), 8 * X**2)


def test_the_leave_to_write_over_what_is_there_is_kept(tmp_path):
    """Given to any of the runs that go on from one another, it holds for those that follow."""
    y, part = interrupted(tmp_path, 2)
    with pytest.raises(KeyboardInterrupt):
        quietly(Counted(3), X, batch_size=3, out=y, resume=True, overwrite=True)
    assert json.loads((part / "journal.json").read_text())["overwrite"] is True
    y.mkdir()
    (y / "a.npy").write_text("old")
    quietly(Counted(), X, batch_size=3, out=y, resume=True)
    assert contents(y) == whole(tmp_path)


def test_a_file_in_the_place_of_the_folder_for_what_is_not_finished(tmp_path):
    (tmp_path / "y.npy.part").write_text("")
    with pytest.raises(errors.ArgumentError) as raised:
        quietly(tf.sin, X, batch_size=3, out=tmp_path / "y.npy", overwrite=True)
    assert str(raised.value) == (
        f"{tmp_path / 'y.npy'} cannot be written: File exists. Mend that, and go on with resume=True."
    )


def test_what_the_journal_does_not_vouch_for_is_cut_off(tmp_path):
    y, part = interrupted(tmp_path)
    for name in ("a.npy", "batches"):
        with open(part / name, "ab") as file:
            file.write(b"half a batch" * 99)
    quietly(Counted(), X, batch_size=3, out=y, resume=True)
    assert contents(y) == whole(tmp_path)


def stops_at_once(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("stopped", [1, 2, 3])
def test_stopped_while_the_files_are_put_in_their_place(stopped, tmp_path, monkeypatch):
    replace, calls = os.replace, []

    def stops(source, target):
        if not str(target).endswith(".json"):
            calls.append(target)
            if len(calls) == stopped:
                raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", stops)
    if stopped == 3:  # when they are there
        monkeypatch.setattr(files, "force", stops_at_once)
    with pytest.raises(KeyboardInterrupt):
        quietly(Counted(), X, batch_size=3, out=tmp_path / "y")
    monkeypatch.undo()
    g = Counted()
    quietly(g, X, batch_size=3, out=tmp_path / "y", resume=True)
    assert g.calls == 1
    assert contents(tmp_path / "y") == whole(tmp_path)
    assert not (tmp_path / "y.part").exists()


def test_the_rows_are_on_the_disk_before_the_journal_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "INTERVAL", 0.0)
    fsync, forced, claims, replace = os.fsync, {}, [], os.replace

    def records(handle):
        forced[os.fstat(handle).st_ino] = os.fstat(handle).st_size
        fsync(handle)

    def checks(source, target):
        if str(target).endswith("journal.json"):
            rows = json.loads(Path(source).read_text())["rows"]
            names = ("a.npy", "b.0.npy", "batches", "journal.new")
            a, b, checks, journal = (forced[os.stat(source.with_name(n)).st_ino] for n in names)
            claims.append((rows, (a - 128) // 8, (b - 128) // 4, (checks - 128) // 32, journal > 0))
            forced.clear()
        replace(source, target)

    monkeypatch.setattr(os, "fsync", records)
    monkeypatch.setattr(os, "replace", checks)
    quietly(Counted(), X, batch_size=3, out=tmp_path / "y")
    assert claims == [(n, n, n, -(-n // 3), True) for n in (3, 6, 9, 10, 10)]


def test_a_full_disk(tmp_path, monkeypatch):
    append = npy.Rows.append

    def full(self, array):
        if self._file.tell() > 150:
            self._file.write(b"a part of it")
            raise OSError(28, "No space left on device")
        append(self, array)

    monkeypatch.setattr(npy.Rows, "append", full)
    with pytest.raises(errors.ArgumentError) as raised:
        quietly(Counted(), X, batch_size=3, out=tmp_path / "y")
    assert str(raised.value) == (
        f"{tmp_path / 'y'} cannot be written: No space left on device. Mend that, and go on with resume=True."
    )
    monkeypatch.undo()
    quietly(Counted(), X, batch_size=3, out=tmp_path / "y", resume=True)
    assert contents(tmp_path / "y") == whole(tmp_path)


def other_rows():
    x = X.copy()
    x[0] += 1
    return x


def other(g, data=X, batch_size=3):
    return lambda out: quietly(g, data, batch_size=batch_size, out=out, resume=True)


def shortened(out):
    with open(f"{out}.part/a.npy", "rb+") as file:
        file.truncate(140)
    return quietly(Counted(), X, batch_size=3, out=out, resume=True)


AGAIN = "Give overwrite=True instead of resume=True, to start from the beginning."
MADE = "PART was made from other data: "
ANOTHER = "PART was made by another g, or from other data: the last of its points give other results now."
CHANGED = {
    "dtype": (
        other(Counted(), X.astype("float32")),
        rf"{MADE}data was float64 of shape \(10, 1\) and is float32 of shape \(10, 1\), "
        r"some of their values was \d+ and is \d+\.",
    ),
    "values": (other(Counted(), other_rows()), rf"{MADE}some of their values was \d+ and is \d+\."),
    "batch size": (other(Counted(), batch_size=4), rf"{MADE}batch_size was 3 and is 4\."),
    "names": (
        other(lambda x: {"x": x}[next(iter("x"))], (X,)),
        rf"{MADE}data was float64 of shape \(10, 1\) and is not there, data\[0\] was not there and is "
        r"float64 of shape \(10, 1\)\.",
    ),
    "a dataset": (
        other(Counted(), dataset(X).batch(3)),
        rf"{MADE}data was .* and is not there, .* the number of elements was not there and is 4\.",
    ),
    "values of g": (other(Counted(factor=2.0)), re.escape(ANOTHER)),
    "outputs of g": (other(lambda x: {"a": x**2}), re.escape(ANOTHER)),
    "a file": (shortened, r"PART/a.npy is shorter than its journal says: something else has changed it\."),
}


@pytest.mark.parametrize(("call", "message"), CHANGED.values(), ids=CHANGED)
def test_what_was_made_from_something_else_is_not_gone_on_with(call, message, tmp_path):
    y, part = interrupted(tmp_path)
    before = contents(part)
    with pytest.raises(errors.ArgumentError) as raised:
        call(y)
    message = message.replace("PART", re.escape(str(part)))
    assert re.fullmatch(message + f" {AGAIN}", str(raised.value))
    if call is not shortened:
        assert {k: v for k, v in contents(part).items() if k.endswith("npy")} == {
            k: v for k, v in before.items() if k.endswith("npy")
        }


@pytest.mark.parametrize("row", range(len(X)))
def test_other_data_are_noticed_at_every_row(row, tmp_path):
    y, part = interrupted(tmp_path)
    x = X.copy()
    x[row] = np.nextafter(x[row], 2)
    with pytest.raises(errors.ArgumentError, match=f"^{re.escape(str(part))} was made from other data: some of their"):
        quietly(Counted(), x, batch_size=3, out=y, resume=True)


def test_other_data_are_noticed_where_a_block_of_many_rows_differs():
    """64 rows spread over all of them are read: of 10000, no 160 in a row lie between two of these."""
    x = np.zeros((10_000, 1))
    before = batches.Arrays(x, 100).fingerprint()
    for start in range(0, len(x), 40):
        x[start : start + 160] = 1
        assert batches.Arrays(x, 100).fingerprint() != before, start
        x[:] = 0


MANY = np.linspace(-1, 1, 1000)
TEXTS = np.array([b"%d" % n for n in range(1000)])
SOURCES = {
    "array": lambda x, s: x,
    "dataset": lambda x, s: dataset(x).batch(100),
    "texts": lambda x, s: dataset(x, s).batch(100),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_data_that_have_changed_in_rows_of_no_sample(kind, tmp_path):
    """Rows 101 to 110 are no sample; rows 900 on were in no batch, and are not promised to be compared."""

    def data(*changed):
        x, s = MANY.copy(), TEXTS.copy()
        (s if kind == "texts" else x)[list(changed)] = 0
        return SOURCES[kind](x, s)

    def g(counted):
        return lambda x, *_: counted(x)

    y = tmp_path / "y"
    with pytest.raises(KeyboardInterrupt):
        quietly(g(Counted(8)), data(), batch_size=100, out=y)
    before = contents(tmp_path / "y.part")
    for row in (101, 150, 199, 699):
        with pytest.raises(errors.ArgumentError) as raised:
            quietly(g(Counted()), data(row), batch_size=100, out=y, resume=True)
        start = row // 100 * 100
        assert str(raised.value) == (
            f"{y}.part was made from other data: points {start} to {start + 99} have changed since. {AGAIN}"
        )
        assert contents(tmp_path / "y.part") == before
    got = quietly(g(Counted()), data(905), batch_size=100, out=y, resume=True)
    same_powers(got["a"][:700], MANY[:700] ** 2)


def test_a_dataset_that_ends_sooner(tmp_path):
    def data(n):
        return tf.data.Dataset.from_generator(lambda: [X[i : i + 3] for i in range(0, n, 3)], output_signature=SPEC)

    y, part = interrupted(tmp_path, 3, data(9))
    with pytest.raises(errors.ArgumentError) as raised:
        quietly(Counted(), data(3), batch_size=3, out=y, resume=True)
    assert str(raised.value) == f"{part} was made from other data: points 3 to 5 have changed since. {AGAIN}"


SPEC = tf.TensorSpec([None, 1], tf.float64)


def stopped(tmp_path, monkeypatch):
    """A run that is stopped when one of its two files is in its place."""
    replace = os.replace

    def stops(source, target):
        if Path(source).name == "b.0.npy":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", stops)
    with pytest.raises(KeyboardInterrupt):
        quietly(Counted(), X, batch_size=3, out=tmp_path / "y")
    monkeypatch.undo()


SAID = {
    "a.npy": "is damaged: rows 3 to 5 are not those that were written.",
    "b.0.npy": "is damaged: rows 3 to 5 are not those that were written.",
    "batches": "is damaged.",
    "journal.json": "is damaged, so how far the run got is not known.",
}


@pytest.mark.parametrize("complete", [False, True])
@pytest.mark.parametrize("name", SAID)
def test_a_file_in_which_a_byte_is_another(name, complete, tmp_path, monkeypatch):
    """Wherever the byte is: refused by name, or a file comes out as it should."""
    if complete:
        stopped(tmp_path, monkeypatch)
    else:
        interrupted(tmp_path)
    y, kept, good = tmp_path / "y", tmp_path / "kept", whole(tmp_path)
    kept.mkdir()
    for folder in tmp_path.glob("y*"):
        folder.rename(kept / folder.name)
    found = next(path for path in kept.glob(f"*/{name}"))
    size, refused = found.stat().st_size, []
    last = 128 + 4 * 8 * (3 if name != "b.0.npy" else 1)
    for at in [*range(0, size, 11), min(last, size - 20)]:
        for folder in kept.iterdir():
            shutil.copytree(folder, tmp_path / folder.name)
        path = tmp_path / found.relative_to(kept)
        data = bytearray(path.read_bytes())
        data[at] ^= 0x10
        path.write_bytes(data)
        try:
            quietly(Counted(), X, batch_size=3, out=y, resume=True)
        except errors.ArgumentError as error:
            refused.append(str(error))
            shutil.rmtree(f"{y}.part")
        else:
            assert contents(y) == good, at
        shutil.rmtree(y, ignore_errors=True)
    assert f"{path} {SAID[name]} {AGAIN}" in refused
    assert all(said.startswith(f"{path} ") and said.endswith(AGAIN) for said in refused)
    assert len(refused) >= (size - (128 if name != "journal.json" else size // 3)) // 11


def test_a_journal_of_an_earlier_version(tmp_path):
    y, part = interrupted(tmp_path)
    journal = part / "journal.json"
    said = {k: v for k, v in json.loads(journal.read_text()).items() if k not in ("format", "checksum", "checks")}
    journal.write_text(json.dumps(said))
    with pytest.raises(errors.ArgumentError) as raised:
        quietly(Counted(), X, batch_size=3, out=y, resume=True)
    assert str(raised.value) == (
        f"{journal} has format 1, of another version of nthgrad; this one reads format 2. Go on with that version. Or "
        "give overwrite=True instead of resume=True, to start from the beginning."
    )
    quietly(Counted(), X, batch_size=3, out=y, overwrite=True)
    assert contents(y) == whole(tmp_path)


def test_a_journal_that_cannot_be_read(tmp_path):
    y, part = interrupted(tmp_path)
    (part / "journal.json").unlink()
    (part / "journal.json").mkdir()
    with pytest.raises(errors.ArgumentError) as raised:
        quietly(Counted(), X, batch_size=3, out=y, resume=True)
    assert str(raised.value) == (
        f"{part / 'journal.json'} cannot be read: Is a directory. Mend that, and go on with resume=True."
    )


def test_a_checksum_a_batch(tmp_path, monkeypatch):
    """What the journal holds does not grow with the run, and what is written beside it grows by 32 bytes a batch."""
    monkeypatch.setattr(files, "INTERVAL", 0.0)
    sizes = []

    def g(x):
        part = tmp_path / "y.part"
        if (part / "journal.json").exists():
            sizes.append([(part / n).stat().st_size for n in ("batches", "journal.json")])
        return Counted()(x)

    quietly(g, np.arange(200.0), batch_size=2, out=tmp_path / "y")
    batch, journal = np.transpose(sizes)
    assert batch.tolist() == [128 + 32 * n for n in range(1, 100)]
    assert np.ptp(journal) < 30


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize(("apart", "same"), [(0.0, True), (0.1, True), (10.0, False), (1e4, False)])
def test_results_are_the_same_to_half_their_digits(apart, same, dtype, tmp_path):
    """Half the digits of the largest: what devices that add in no fixed order change is less, another g is more."""
    unit = np.sqrt(np.finfo(dtype).eps)
    y = tmp_path / "y.npy"

    def g(offset, stop=None):
        counted = Counted(stop)
        return lambda x: tf.cast(counted(x)["a"] + offset * unit * tf.reduce_max(x**2), dtype)

    x = np.linspace(-1, 1, 10)
    with pytest.raises(KeyboardInterrupt):
        quietly(g(0.0, stop=3), x, batch_size=3, out=y)
    if same:
        quietly(g(apart), x, batch_size=3, out=y, resume=True)
    else:
        with pytest.raises(errors.ArgumentError, match="was made by another g, or from other data"):
            quietly(g(apart), x, batch_size=3, out=y, resume=True)


def test_values_that_are_not_numbers_are_the_same_again(tmp_path):
    x = np.where(X > 0, X, np.nan)
    y, _ = interrupted(tmp_path, 3, x)
    quietly(Counted(), x, batch_size=3, out=y, resume=True)
    same_powers(np.load(y / "a.npy"), x**2)


def test_two_processes_do_not_write_to_one_file(tmp_path):
    def g(x):
        quietly(tf.sin, X, batch_size=3, out=tmp_path / "y.npy", overwrite=True)
        return x

    with pytest.raises(errors.ArgumentError) as raised:
        quietly(g, X, batch_size=3, out=tmp_path / "y.npy")
    part = tmp_path / "y.npy.part"
    assert str(raised.value) == f"Another process is writing to {part}. Wait for it, or give another path for out."


# ---------- strategies of one process; test_distribute.py has those of more devices


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


# ---------- the progress bar


@pytest.mark.parametrize(
    ("terminal", "progress", "shown"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_progress(terminal, progress, shown, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("rich.console.Console.is_terminal", property(lambda _: terminal))
    ng.evaluate(tf.sin, X, batch_size=4, progress=progress)
    out, err = capsys.readouterr()
    assert out == ""
    assert ("10/10" in err) is shown
    assert bool(err) is shown


@pytest.fixture
def notebook(monkeypatch):
    """What a notebook's kernel has: get_ipython among the builtins, and a display. Returns what was displayed."""
    displayed = []
    monkeypatch.setattr("builtins.get_ipython", type("ZMQInteractiveShell", (), {}), raising=False)
    display = types.ModuleType("IPython.display")
    display.display = lambda *things, **_: displayed.extend(getattr(thing, "text", thing) for thing in things)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    for name in ("DATABRICKS_RUNTIME_VERSION", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return displayed


class Output(contextlib.nullcontext):
    """As ipywidgets.Output: a cell of its own, below the one that runs."""

    def clear_output(self, wait=False):
        pass


def test_progress_in_a_notebook_is_a_bar(notebook, monkeypatch, capsys):
    widgets = types.ModuleType("ipywidgets")
    widgets.Output = Output
    monkeypatch.setitem(sys.modules, "ipywidgets", widgets)
    ng.evaluate(tf.sin, X, batch_size=4, progress=False)
    assert not notebook
    ng.evaluate(tf.sin, X, batch_size=4)
    assert isinstance(notebook[0], Output)
    assert any("10/10" in str(text) for text in notebook)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "data", "lines"),
    [
        (0, X, ["points 4/10", "points 8/10", "points 10/10"]),
        (60, X, ["points 10/10"]),
        (60, tf.data.Dataset.from_tensor_slices(X).batch(4), ["points 10/?"]),
    ],
    ids=["slow", "quick", "a dataset"],
)
def test_progress_in_a_notebook_without_widgets_is_lines(seconds, data, lines, notebook, monkeypatch, capsys, recwarn):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)  # as if it were not installed
    monkeypatch.setattr(progress, "SECONDS", seconds)
    batches = {} if isinstance(data, tf.data.Dataset) else {"batch_size": 4}
    ng.evaluate(tf.sin, data, progress=False, **batches)
    assert capsys.readouterr() == ("", "")
    ng.evaluate(tf.sin, data, **batches)
    out, err = capsys.readouterr()
    assert (out, err.splitlines()) == ("", lines)
    assert not notebook
    assert not [w for w in recwarn if "ipywidgets" in str(w.message)]


# ---------- what is refused

ARRAY = (
    ". Give an array with one row for each point: NumPy's, a memory map, a tensor; or a tf.data.Dataset of batches. What "
    "is the same for all points goes into g, by functools.partial."
)
ROW = (
    ". Return one row for each point: what sums or averages over the points has to be done with what evaluate returns."
)
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
        "float32 of rows (1,), output['b'] float64 of rows (2,) for the next. Let the structure, the dtypes and the "
        "shapes of rows depend on nothing but g.",
    ),
    "no points, no trace": (
        lambda x: x.numpy(),
        X[:0],
        {},
        errors.OutputError,
        "data has no points, and g cannot be traced to see what it would return for none. Give at least one.",
    ),
    "no points, no shape": (
        lambda x: tf.repeat(x, tf.shape(x)[0], axis=1),
        X[:0],
        {},
        errors.OutputError,
        "data has no points, and a trace of g does not show the shape that its output has. Give at least one.",
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
        "there.npy is there already. Give another path, or overwrite=True to write over it.",
    ),
    "a folder there": (
        ng.derivatives(tf.sin, 1),
        X,
        {"out": "there"},
        errors.ArgumentError,
        "there is there already. Give another path, or overwrite=True to write over it.",
    ),
    "a file for a folder": (
        ng.derivatives(tf.sin, 1),
        X,
        {"out": "file", "overwrite": True},
        errors.ArgumentError,
        f"file is there already, a file.{EITHER}",
    ),
    "a folder for a file": (
        tf.sin,
        X,
        {"out": "folder.npy", "overwrite": True},
        errors.ArgumentError,
        f"folder.npy is there already, a folder.{EITHER}",
    ),
    "a part there": (
        tf.sin,
        X,
        {"out": "begun.npy"},
        errors.ArgumentError,
        "DIR/begun.npy.part is there already: an interrupted run left it. Give resume=True to go on, or overwrite=True to "
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
        f"out is y.npz, a kind of file that is not written here.{EITHER}",
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
