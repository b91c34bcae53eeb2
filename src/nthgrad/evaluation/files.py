"""Writes results to .npy files that appear complete or not at all; resumes interrupted runs.

The rows go to the folder OUT.part. From time to time its files are synced to the disk; after that, the journal counts
their rows. A resumed run checks the counted rows against the checksums of the batches, and cuts off the others.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nthgrad._call.structures import label
from nthgrad.errors import ArgumentError, OutputError
from nthgrad.evaluation.checksums import Checks, checksum
from nthgrad.evaluation.journal import AGAIN, Journal, locked
from nthgrad.evaluation.npy import Rows, force
from nthgrad.evaluation.structure import file_names

INTERVAL = 2.0
"""Seconds between two entries in the journal: the most that a killed process loses."""

_CHECKS = "batches"
"""The file of the checksums; files of results end with .npy."""


class Files:
    """One file if out ends with .npy, else a folder with a file for each leaf.

    Attributes:
        skip: the number of the batch to begin with: the last written one, to compare its results.
        length: the rows of a full batch in an interrupted run; else 0.
    """

    def __init__(self, out: str | os.PathLike[str], fingerprint: dict[str, Any], *, overwrite: bool, resume: bool):
        self._out, self._part = Path(out), part(out)
        self._single = self._out.suffix == ".npy"
        self._rows: list[Rows] = []
        self._checks: Checks | None = None
        self._saved = time.monotonic()
        before = self._before(fingerprint, overwrite=overwrite, resume=resume)
        self._journal = before or Journal(fingerprint, overwrite)
        self._compare = before is not None
        self.skip, self.length = max(self._journal.batches - 1, 0), self._journal.length
        with contextlib.ExitStack() as held:
            try:
                self._part.mkdir(exist_ok=True)
                held.enter_context(locked(self._part))
                self._held = held
                if before:
                    self._reopen()
                else:
                    for old in self._part.iterdir():
                        if old.name != "lock":
                            old.unlink()
            except OSError as error:
                raise self._unwritable(error) from error
            self._held = held.pop_all()

    def verified(self, batches: Iterator[list[Any]]) -> Iterator[list[Any]]:
        """Returns the batches of points from number `skip` on, after checking the earlier ones.

        Args:
            batches: all batches.

        Raises:
            ArgumentError: points or files have changed.
        """
        last, start = None, 0
        for points, given, *_ in self._verified_rows():
            last = next(batches, None) if points else None
            if points and (last is None or checksum(last) != given):
                raise ArgumentError(
                    f"{self._part} was made from other data: points {start} to {start + points - 1} have changed "
                    f"since. {AGAIN}"
                )
            start += points
        return batches if last is None else itertools.chain([last], batches)

    def append(
        self, points: Sequence[Any], leaves: Sequence[np.ndarray], length: int, paths: Sequence[tuple[Any, ...]]
    ) -> None:
        """Writes the results of a batch of points, or compares them if they are written already."""
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
                    f"results now. {AGAIN}"
                )
            return
        try:
            checks = self._checks or self._begin(described)
            for file, leaf in zip(self._rows, leaves, strict=True):
                file.append(leaf)
            checks.append(points, leaves)
            last = len(leaves[0])
            self._journal = dataclasses.replace(
                before,
                leaves=described,
                rows=before.rows + last,
                batches=before.batches + 1,
                last=last,
                length=length,
                checks=checks.sum,
            )
            if time.monotonic() - self._saved >= INTERVAL:
                self._save()
        except OSError as error:
            raise self._unwritable(error) from error

    def finish(self, paths: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
        """Moves the files to `out` and opens them as memory maps."""
        try:
            for file in self._rows:
                file.seal(self._journal.rows)  # in a file that was moved already, this changes nothing
            self._journal.complete = True
            self._save()
            written, self._rows = self._rows, []
            for file in [*written, *([self._checks.file] if self._checks else [])]:
                file.close()
            if not self._single:
                self._out.mkdir(exist_ok=True)
            for leaf in self._journal.leaves:
                with contextlib.suppress(FileNotFoundError):  # moved already, before an interruption
                    os.replace(self._part / leaf["name"], self._place(leaf["name"]))
            force(self._out.absolute().parent if self._single else self._out)
            for rest in ("journal.json", _CHECKS, "lock"):
                (self._part / rest).unlink(missing_ok=True)
            self._part.rmdir()
        except OSError as error:
            raise self._unwritable(error) from error
        return opened(self._out, paths)

    def close(self) -> None:
        """Closes the files, so that another run can resume."""
        if self._rows:
            with contextlib.suppress(OSError):  # the earlier journal remains
                self._save()
        self._held.close()

    def _before(self, fingerprint: dict[str, Any], *, overwrite: bool, resume: bool) -> Journal | None:
        """Returns the journal to resume, if any; refuses an `out` that must not be written."""
        out, either = self._out, "Give a path that ends with .npy for one file, or a folder."
        if out.suffix in (".npz", ".csv"):
            raise ArgumentError(f"out is {out}, a kind of file that evaluate does not write. {either}")
        if not out.absolute().parent.is_dir():
            raise ArgumentError(f"There is no folder {out.parent} for {out.name}. Make it first.")
        if out.exists() and out.is_dir() == self._single:
            raise ArgumentError(f"{out} exists already, a {'folder' if self._single else 'file'}. {either}")
        journal = Journal.read(self._part) if resume else None
        allowed = overwrite or (journal and (journal.overwrite or journal.complete))
        if out.exists() and not allowed and (self._single or any(out.iterdir())):
            raise ArgumentError(f"{out} exists already. Give another path, or overwrite=True to overwrite it.")
        if self._part.exists() and not (overwrite or resume):
            raise ArgumentError(
                f"{self._part} exists already: an interrupted run left it. Give resume=True to continue, or "
                "overwrite=True to start from the beginning."
            )
        if journal and (differences := journal.differences(fingerprint)):
            raise ArgumentError(f"{self._part} was made from other data: {differences}. {AGAIN}")
        return journal and dataclasses.replace(journal, overwrite=journal.overwrite or overwrite)

    def _reopen(self) -> None:
        """Opens the files of an interrupted run."""
        path = self._part / _CHECKS
        try:
            if self._journal.batches:
                self._checks = self._checked(path, len(self._journal.leaves), self._journal.batches)
            for leaf in self._journal.leaves:
                path = self._there(leaf["name"])
                self._open(path, leaf, self._journal.rows)
        except (ValueError, FileNotFoundError) as error:
            raise ArgumentError(
                f"{path} is shorter than its journal says: something else has changed it. {AGAIN}"
            ) from error

    def _verified_rows(self) -> list[list[int]]:
        """Compares the files with their checksums, and cuts off the rows that the journal does not count.

        Returns:
            the rows of `Checks`.

        Raises:
            ArgumentError: a file has changed.
        """
        if not self._compare or self._checks is None:
            return []
        try:
            rows, start = self._checks.read(self._journal.batches), 0
            if self._checks.sum != self._journal.checks:
                raise ArgumentError(f"{self._part / _CHECKS} is damaged. {AGAIN}")
            for points, _, *results in rows:
                for leaf, file, result in zip(self._journal.leaves, self._rows, results, strict=True):
                    if checksum([file.read(start, points)]) != result:
                        raise ArgumentError(
                            f"{self._there(leaf['name'])} is damaged: rows {start} to {start + points - 1} are not "
                            f"those that were written. {AGAIN}"
                        )
                start += points
            for file in self._rows:
                file.cut(start)
            self._checks.file.cut(len(rows))
        except OSError as error:
            raise self._unwritable(error) from error
        return rows

    def _begin(self, described: list[dict[str, Any]]) -> Checks:
        for leaf in described:
            if np.dtype(leaf["dtype"]).kind not in "biufc":
                raise OutputError(
                    f"An output of g is {leaf['dtype']}, which .npy files do not hold. Cast it, for example to float32."
                )
        for leaf in described:
            self._open(self._part / leaf["name"], leaf)
        self._checks = self._checked(self._part / _CHECKS, len(described))
        return self._checks

    def _checked(self, path: Path, outputs: int, batches: int | None = None) -> Checks:
        checks = Checks(path, outputs, batches)
        self._held.callback(checks.file.close)
        return checks

    def _open(self, path: Path, leaf: dict[str, Any], rows: int | None = None) -> None:
        file = Rows(path, np.dtype(leaf["dtype"]), leaf["row"], rows)
        self._held.callback(file.close)
        self._rows.append(file)

    def _last(self) -> list[np.ndarray]:
        """Returns the rows of the last batch."""
        rows, last = self._journal.rows, self._journal.last
        return [file.read(rows - last, last) for file in self._rows]

    def _names(self, paths: Sequence[tuple[Any, ...]]) -> list[str]:
        if self._single and list(paths) != [()]:
            outputs = ", ".join(label("output", path) for path in paths)
            raise ArgumentError(f"out is {self._out}, one file, but g returns {outputs}. Give a folder.")
        if not self._single and list(paths) == [()]:
            raise ArgumentError(f"out is {self._out}, but g returns one array. Give a path that ends with .npy.")
        return file_names(paths)

    def _place(self, name: str) -> Path:
        return self._out if self._single else self._out / name

    def _there(self, name: str) -> Path:
        """Returns the current path of a file, which is final if the run stopped after moving it."""
        path = self._part / name
        return self._place(name) if self._journal.complete and not path.exists() else path

    def _save(self) -> None:
        for file in [*self._rows, *([self._checks.file] if self._checks else [])]:
            file.force()
        self._journal.write(self._part)
        self._saved = time.monotonic()

    def _unwritable(self, error: OSError) -> ArgumentError:
        return ArgumentError(
            f"{self._out} cannot be written: {error.strerror or error}. Correct that, and continue with resume=True."
        )


class Elsewhere:
    """Files that another process writes.

    Attributes:
        skip: as in `Files`, always 0: the writing process has the real one.
        length: as in `Files`.
    """

    skip, length = 0, 0

    def __init__(self, out: str | os.PathLike[str]):
        self._out = Path(out)

    def append(
        self, points: Sequence[Any], leaves: Sequence[np.ndarray], length: int, paths: Sequence[tuple[Any, ...]]
    ) -> None:
        """Does nothing: the other process writes the rows."""

    def finish(self, paths: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
        """Opens the finished files as memory maps."""
        return opened(self._out, paths)

    def close(self) -> None:
        """Does nothing."""


def part(out: str | os.PathLike[str]) -> Path:
    """Returns the folder of the unfinished files."""
    return Path(os.path.abspath(out) + ".part")


def opened(out: Path, paths: Sequence[tuple[Any, ...]]) -> list[np.ndarray]:
    """Opens the finished files as read-only memory maps."""
    places = [out if out.suffix == ".npy" else out / name for name in file_names(paths)]
    return [np.load(place, mmap_mode="r", allow_pickle=False) for place in places]


def _same(there: np.ndarray, now: np.ndarray) -> bool:
    """Whether two results agree, up to the rounding of devices that sum in no fixed order."""
    if now.dtype.kind not in "fc":
        return np.array_equal(there, now)
    scale = np.abs(there[np.isfinite(there)]).max(initial=0)
    return np.allclose(now, there, rtol=0, atol=np.sqrt(np.finfo(now.dtype).eps) * scale, equal_nan=True)
