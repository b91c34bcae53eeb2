"""How far a run got: a small JSON file, and a lock, in the folder that holds what is not finished.

The file does not grow with the run, so it is written anew each time; what there is to say of each batch is in `Checks`.
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
_FORMAT = 2  # 1 had no checksums, and did not say that it was 1


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
        checks: the checksum of what `Checks` holds of these batches.
        complete: whether nothing is left to do but to put the files in their place.
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
        """The journal in a folder, if there is one.

        Raises:
            ArgumentError: it cannot be read, is damaged, or is of another format.
        """
        path = folder / _NAME
        try:
            said = json.loads(path.read_bytes())
            whole = "checksum" not in said and "format" not in said  # as format 1 is
            if not whole and said.pop("checksum") != _sum(said):
                raise ValueError
            form = said.pop("format", 1)
            if form == _FORMAT:
                return cls(**said)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArgumentError(
                f"{path} cannot be read: {error.strerror or error}. Mend that, and go on with resume=True."
            ) from error
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
            raise ArgumentError(f"{path} is damaged, so how far the run got is not known. {AGAIN}") from error
        raise ArgumentError(
            f"{path} has format {form!r}, of another version of nthgrad; this one reads format {_FORMAT}. Go on with "
            f"that version. {AGAIN.replace('Give', 'Or give')}"
        )

    def write(self, folder: Path) -> None:
        """Replaces the journal in a folder by this one, for good once this returns."""
        said = {"format": _FORMAT, **dataclasses.asdict(self)}
        new = folder / "journal.new"
        with open(new, "w", encoding="utf-8") as file:
            json.dump({**said, "checksum": _sum(said)}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, folder / _NAME)
        force(folder)

    def differences(self, fingerprint: dict[str, Any]) -> str:
        """What the run that wrote this journal had and the one with the given fingerprint has not, in words."""
        old, new = self.fingerprint, fingerprint
        return ", ".join(
            f"{key} was {old.get(key, 'not there')} and is {new.get(key, 'not there')}"
            for key in {**old, **new}
            if old.get(key) != new.get(key)
        )


def _sum(said: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(said, sort_keys=True).encode())


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
