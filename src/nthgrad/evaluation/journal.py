"""The progress of a run: a small JSON file, and a lock, in the folder of the unfinished files.

The file does not grow with the run, so each write replaces it. `Checks` holds the data of each batch.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import zlib
from pathlib import Path
from typing import IO, Any

from nthgrad.errors import ArgumentError
from nthgrad.evaluation.npy import force

AGAIN = "Give overwrite=True instead of resume=True, to start from the beginning."

_NAME = "journal.json"
_FORMAT = 2  # format 1 had no checksums and no entry "format"


@dataclasses.dataclass
class Journal:
    """Progress of an evaluation.

    Attributes:
        fingerprint: a summary of the data and its batches.
        overwrite: whether existing files at `out` may be overwritten.
        leaves: name, dtype and shape of a row of each file.
        rows: the number of rows written.
        batches: the number of batches written.
        last: the rows of the last batch.
        length: the rows of a full batch.
        checks: the checksum of the rows of `Checks`.
        complete: whether only moving the files to `out` remains.
    """

    fingerprint: dict[str, Any]
    overwrite: bool
    leaves: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    rows: int = 0
    batches: int = 0
    last: int = 0
    length: int = 0
    checks: int = 0
    complete: bool = False

    @classmethod
    def read(cls, folder: Path) -> Journal | None:
        """Reads the journal in a folder; returns None if there is none.

        Raises:
            ArgumentError: it cannot be read, is damaged, or has another format.
        """
        path = folder / _NAME
        try:
            said = json.loads(path.read_bytes())
            first = "checksum" not in said and "format" not in said  # format 1
            if not first and said.pop("checksum") != _sum(said):
                raise ValueError
            form = said.pop("format", 1)
            if form == _FORMAT:
                return cls(**said)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArgumentError(
                f"{path} cannot be read: {error.strerror or error}. Correct that, and continue with resume=True."
            ) from error
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise ArgumentError(f"{path} is damaged, so the progress of the run is unknown. {AGAIN}") from error
        raise ArgumentError(
            f"{path} has format {form!r}, of another version of nthgrad; this one reads format {_FORMAT}. Continue "
            f"with that version. {AGAIN.replace('Give', 'Or give')}"
        )

    def write(self, folder: Path) -> None:
        """Replaces the journal in a folder by this one, and syncs it to the disk."""
        said = {"format": _FORMAT, **dataclasses.asdict(self)}
        new = folder / "journal.new"
        with open(new, "w", encoding="utf-8") as file:
            json.dump({**said, "checksum": _sum(said)}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, folder / _NAME)
        force(folder)

    def differences(self, fingerprint: dict[str, Any]) -> str:
        """Describes the differences between the fingerprint of this journal and another one."""
        old, new = self.fingerprint, fingerprint
        return ", ".join(
            f"{key} was {old.get(key, 'not there')} and is {new.get(key, 'not there')}"
            for key in {**old, **new}
            if old.get(key) != new.get(key)
        )


def _sum(said: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(said, sort_keys=True).encode())


def locked(folder: Path) -> IO[str]:
    """Opens a file and locks it until it is closed, if the system has such locks.

    Raises:
        ArgumentError: another process has locked it.
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
