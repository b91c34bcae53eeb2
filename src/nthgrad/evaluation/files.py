"""Results written to .npy files that appear whole or not at all, and from which an interrupted run goes on.

The rows go to a folder beside what is to be written, OUT.part. From time to time its files are forced to the disk, and
only then does the journal say how many of their rows count: what lies behind those is cut off when a run goes on.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nthgrad.errors import ArgumentError, OutputError
from nthgrad.evaluation.journal import Journal, locked
from nthgrad.evaluation.npy import Rows, force
from nthgrad.evaluation.structure import files as names_of
from nthgrad.evaluation.structure import label

INTERVAL = 2.0
"""Seconds between two entries in the journal: what a killed process can lose."""

_AGAIN = "Give overwrite=True to start from the beginning."


class Files:
    """One file, where out ends with .npy, or a folder with a file for each leaf.

    Attributes:
        skip: the number of the batch to begin with: the last one that is there, to see that it comes out the same.
        length: the rows of a full batch, where an earlier run fixed it; else 0.
    """

    def __init__(self, out: str | os.PathLike[str], fingerprint: dict[str, Any], *, overwrite: bool, resume: bool):
        self._out, self._part = Path(out), part(out)
        self._single = self._out.suffix == ".npy"
        self._rows: list[Rows] = []
        self._saved = time.monotonic()
        before = self._before(fingerprint, overwrite, resume)
        self._journal = before or Journal(fingerprint, overwrite)
        self._compare = before is not None
        self.skip, self.length = max(self._journal.batches - 1, 0), self._journal.length
        with contextlib.ExitStack() as held:
            try:
                self._part.mkdir(exist_ok=True)
                held.enter_context(locked(self._part))
                self._held = held
                if before:
                    self._go_on()
                else:
                    for old in self._part.iterdir():
                        if old.name != "lock":
                            old.unlink()
            except OSError as error:
                raise self._unwritable(error) from error
            self._held = held.pop_all()

    def append(self, leaves: Sequence[np.ndarray], length: int, paths: Sequence[tuple[Any, ...]]) -> None:
        """Writes the rows of the next batch, or, where they are there already, compares them."""
        described = [
            {"name": name, "dtype": leaf.dtype.name, "row": list(leaf.shape[1:])}
            for name, leaf in zip(self._names(paths), leaves, strict=True)
        ]
        before = self._journal
        if self._compare:
            self._compare = False
            if before.leaves != described or not all(map(_same, self._last(), leaves)):
                raise ArgumentError(
                    f"{self._part} was made by another g, or from other data: the last of its points give other "
                    f"results now. {_AGAIN}"
                )
            return
        try:
            if not self._rows:
                self._begin(described)
            for file, leaf in zip(self._rows, leaves, strict=True):
                file.append(leaf)
            last = len(leaves[0])
            self._journal = dataclasses.replace(
                before, leaves=described, rows=before.rows + last, batches=before.batches + 1, last=last, length=length
            )
            if time.monotonic() - self._saved >= INTERVAL:
                self._save()
        except OSError as error:
            raise self._unwritable(error) from error

    def finish(self, paths: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
        """Puts the files in their place and opens them as memory maps."""
        try:
            if not self._journal.complete:
                for file in self._rows:
                    file.seal(self._journal.rows)
                self._journal.complete = True
                self._save()
                written, self._rows = self._rows, []
                for file in written:
                    file.close()
            if not self._single:
                self._out.mkdir(exist_ok=True)
            for leaf in self._journal.leaves:
                with contextlib.suppress(FileNotFoundError):  # moved already, before an interruption
                    os.replace(self._part / leaf["name"], self._place(leaf["name"]))
            force(self._out.absolute().parent if self._single else self._out)
            for rest in ("journal.json", "lock"):
                (self._part / rest).unlink()
            self._part.rmdir()
        except OSError as error:
            raise self._unwritable(error) from error
        return opened(self._out, paths)

    def close(self) -> None:
        """Leaves what is there for another run to go on from."""
        if self._rows:
            with contextlib.suppress(OSError):  # the journal is then the one before
                self._save()
        self._held.close()

    def _before(self, fingerprint: dict[str, Any], overwrite: bool, resume: bool) -> Journal | None:
        """The journal to go on from, if any; refuses what must not be written to."""
        out, either = self._out, "Give a path that ends with .npy for one file, or a folder."
        if out.suffix in (".npz", ".csv"):
            raise ArgumentError(f"out is {out}, a kind of file that is not written here. {either}")
        if not out.absolute().parent.is_dir():
            raise ArgumentError(f"There is no folder {out.parent} for {out.name}. Make it first.")
        if out.exists() and out.is_dir() == self._single:
            raise ArgumentError(f"{out} is there already, a {'folder' if self._single else 'file'}. {either}")
        journal = Journal.read(self._part) if resume else None
        allowed = overwrite or (journal and (journal.overwrite or journal.complete))
        if out.exists() and not allowed and (self._single or any(out.iterdir())):
            raise ArgumentError(f"{out} is there already. Give another path, or overwrite=True to write over it.")
        if self._part.exists() and not (overwrite or resume):
            raise ArgumentError(
                f"{self._part} is there already: an interrupted run left it. Give resume=True to go on, or "
                "overwrite=True to start from the beginning."
            )
        if journal and (differences := journal.differences(fingerprint)):
            raise ArgumentError(f"{self._part} was made from other data: {differences}. {_AGAIN}")
        return journal and dataclasses.replace(journal, overwrite=journal.overwrite or overwrite)

    def _go_on(self) -> None:
        """Opens the files and cuts off what the journal does not vouch for."""
        if self._journal.complete:
            return
        for leaf in self._journal.leaves:
            path = self._part / leaf["name"]
            try:
                self._open(leaf, self._journal.rows)
            except (ValueError, FileNotFoundError) as error:
                raise ArgumentError(
                    f"{path} is shorter than its journal says: something else has changed it. {_AGAIN}"
                ) from error

    def _begin(self, described: list[dict[str, Any]]) -> None:
        for leaf in described:
            if np.dtype(leaf["dtype"]).kind not in "biufc":
                raise OutputError(
                    f"An output of g is {leaf['dtype']}, which .npy files do not hold. Cast it, for example to float32."
                )
        for leaf in described:
            self._open(leaf)

    def _open(self, leaf: dict[str, Any], rows: int | None = None) -> None:
        file = Rows(self._part / leaf["name"], np.dtype(leaf["dtype"]), leaf["row"], rows)
        self._held.callback(file.close)
        self._rows.append(file)

    def _last(self) -> list[np.ndarray]:
        """The rows of the last batch."""
        if not self._journal.complete:
            return [file.last(self._journal.last) for file in self._rows]
        found = ((self._part / leaf["name"], self._place(leaf["name"])) for leaf in self._journal.leaves)
        whole = [np.load(path if path.exists() else place, mmap_mode="r") for path, place in found]
        return [np.array(rows[-self._journal.last :]) for rows in whole]

    def _names(self, paths: Sequence[tuple[Any, ...]]) -> list[str]:
        if self._single and list(paths) != [()]:
            outputs = ", ".join(label("output", path) for path in paths)
            raise ArgumentError(f"out is {self._out}, one file, but g returns {outputs}. Give a folder.")
        if not self._single and list(paths) == [()]:
            raise ArgumentError(f"out is {self._out}, but g returns one array. Give a path that ends with .npy.")
        return names_of(paths)

    def _place(self, name: str) -> Path:
        return self._out if self._single else self._out / name

    def _save(self) -> None:
        for file in self._rows:
            file.force()
        self._journal.write(self._part)
        self._saved = time.monotonic()

    def _unwritable(self, error: OSError) -> ArgumentError:
        return ArgumentError(
            f"{self._out} cannot be written: {error.strerror or error}. Mend that, and go on with resume=True."
        )


class Elsewhere:
    """Files that another process writes.

    Attributes:
        skip: as in `Files`; the process that writes knows.
        length: as in `Files`.
    """

    skip, length = 0, 0

    def __init__(self, out: str | os.PathLike[str]):
        self._out = Path(out)

    def append(self, leaves: Sequence[np.ndarray], length: int, paths: Sequence[tuple[Any, ...]]) -> None:
        """Leaves the rows to the other process."""

    def finish(self, paths: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
        """Opens the files as memory maps, when they are there."""
        return opened(self._out, paths)

    def close(self) -> None:
        """Nothing is left behind."""


def part(out: str | os.PathLike[str]) -> Path:
    """The folder that holds what is not finished."""
    return Path(os.path.abspath(out) + ".part")


def opened(out: Path, paths: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
    """The finished files, as read-only memory maps."""
    return [np.load(out if out.suffix == ".npy" else out / name, mmap_mode="r") for name in names_of(paths)]


def _same(there: np.ndarray, now: np.ndarray) -> bool:
    """Whether two results agree, but for what devices that add in no fixed order may change."""
    if now.dtype.kind not in "fc":
        return np.array_equal(there, now)
    scale = np.abs(there[np.isfinite(there)]).max(initial=0)
    return np.allclose(now, there, rtol=0, atol=np.sqrt(np.finfo(now.dtype).eps) * scale, equal_nan=True)
