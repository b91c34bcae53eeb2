"""The command that installs an extra of nthgrad, such as matplotlib for pictures."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path


def install(extra: str) -> str:
    """Returns the command that adds an extra to the installed nthgrad.

    pip takes the nthgrad that is installed, from an index, from a wheel, from a clone or editable, and adds only what
    the extra requires. Where nthgrad runs without being installed, or was installed before it had the extra, the
    command installs the clone itself.

    Example:
        >>> install("plot")
        "pip install 'nthgrad[plot]'"
    """
    try:
        offered = metadata("nthgrad").get_all("Provides-Extra") or []
    except PackageNotFoundError:
        offered = []
    clone = Path(__file__).parents[3]
    place = str(clone) if extra not in offered and (clone / "pyproject.toml").is_file() else "nthgrad"
    return f"pip install '{place}[{extra}]'"
