"""evaluate, interrupted at any moment: goes on where it stopped, and never with other data or another g."""

import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from support.evaluations import X, dataset, quietly, same_powers

from nthgrad import errors
from nthgrad.evaluation import batches, files, npy


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
        f"{tmp_path / 'y.npy'} cannot be written: File exists. Correct that, and continue with resume=True."
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
        f"{tmp_path / 'y'} cannot be written: No space left on device. Correct that, and continue with resume=True."
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
    "journal.json": "is damaged, so the progress of the run is unknown.",
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
        f"{journal} has format 1, of another version of nthgrad; this one reads format 2. Continue with that version. Or "
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
        f"{part / 'journal.json'} cannot be read: Is a directory. Correct that, and continue with resume=True."
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
