"""A folder of its own for each test of the command line, and a module of a user in it."""

import sys

import pytest
from support.command_line import MODULE

from nthgrad._display import quiet


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Runs every test in a folder of its own, and lets modules of that folder be imported afresh."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv(quiet.LEVEL, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def module(here):
    """A module in the current folder."""
    (here / "functions_of_mine.py").write_text(MODULE)
    return "functions_of_mine"
