"""The commands in errors that install an extra: right for what is installed, and one function makes them all."""

import re
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest

from nthgrad._display import extras

ROOT = Path(__file__).parents[2]
DECLARED = set(metadata.metadata("nthgrad").get_all("Provides-Extra"))


def offering(*names):
    """The metadata of a distribution with these extras."""
    message = Message()
    for name in names:
        message["Provides-Extra"] = name
    return lambda _: message


def absent(_):
    raise metadata.PackageNotFoundError


# How nthgrad is installed: what its metadata say, and whether a clone is around the package.
INSTALLED = {
    "from an index, a wheel or a clone": (offering("plot", "port"), False, "pip install 'nthgrad[plot]'"),
    "editable": (offering("plot", "port"), True, "pip install 'nthgrad[plot]'"),
    "editable, before it had the extra": (offering("port"), True, "pip install '{clone}[plot]'"),
    "not at all, but imported": (absent, True, "pip install '{clone}[plot]'"),
    "not at all, nor is it a clone": (absent, False, "pip install 'nthgrad[plot]'"),
}


@pytest.mark.parametrize("how", INSTALLED)
def test_the_command_fits_what_is_installed(how, tmp_path, monkeypatch):
    said, clone, command = INSTALLED[how]
    file = tmp_path / "src" / "nthgrad" / "_display" / "extras.py"
    monkeypatch.setattr(extras, "__file__", str(file))
    monkeypatch.setattr(extras, "metadata", said)
    if clone:
        (tmp_path / "pyproject.toml").touch()
    assert extras.install("plot") == command.format(clone=tmp_path)


def test_every_hint_is_made_by_it_and_names_an_extra():
    named = set()
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("legacy/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"extras\.install\([\"'](\w+)[\"']\)", text))
        for line in text.splitlines():
            if "pip install" in line and path.name not in ("extras.py", "port.py"):  # port.py: the help of a command
                raise AssertionError(f"{path}: {line}")
    assert named == {"legacy", "optimize", "plot", "port"}
    assert named <= DECLARED
