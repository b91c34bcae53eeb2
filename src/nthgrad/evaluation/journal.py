"""How far a run got: a small JSON file, and a lock, in the folder that holds what is not finished."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from pathlib import Path
from typing import IO, Any

from nthgrad.errors import ArgumentError
from nthgrad.evaluation.npy import force


@dataclasses.dataclass
class Journal:
    """What there is of a result.

    Attributes:
        fingerprint: of the data and of how it is cut into batches.
        overwrite: whether what is in the files' place may be written over.
        leaves: of each file its name, its dtype and the shape of a row.
        rows: how many there are.
        batches: how many they came in.
        last: the rows of the last batch.
        length: the rows of a full batch.
        complete: whether nothing is left to do but to put the files in their place.
    """

    fingerprint: dict[str, Any]
    overwrite: bool
    leaves: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    rows: int = 0
    batches: int = 0
    last: int = 0
    length: int = 0
    complete: bool = False

    @classmethod
    def read(cls, folder: Path) -> Journal | None:
        """The journal in a folder, if there is one."""
        path = folder / "journal.json"
        return cls(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def write(self, folder: Path) -> None:
        """Replaces the journal in a folder by this one, for good once this returns."""
        new = folder / "journal.new"
        with open(new, "w", encoding="utf-8") as file:
            json.dump(dataclasses.asdict(self), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, folder / "journal.json")
        force(folder)

    def differences(self, fingerprint: dict[str, Any]) -> str:
        """What the run that wrote this journal had and the one with the given fingerprint has not, in words."""
        old, new = self.fingerprint, fingerprint
        return ", ".join(
            f"{key} was {old.get(key, 'not there')} and is {new.get(key, 'not there')}"
            for key in {**old, **new}
            if old.get(key) != new.get(key)
        )


def locked(folder: Path) -> IO[str]:
    """A file that, until it is closed, no other process gets from this function, where the system knows such locks.

    Raises:
        ArgumentError: another process has it.
    """
    lock = open(folder / "lock", "w")  # noqa: SIM115
    with contextlib.suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise ArgumentError(
                f"Another process is writing to {folder}. Wait for it, or give another path for out."
            ) from None
    return lock
