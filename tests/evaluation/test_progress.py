"""evaluate: progress in a terminal and in a notebook."""

import contextlib
import sys
import types

import pytest
import tensorflow as tf
from support.evaluations import X

import nthgrad as ng
from nthgrad.evaluation import progress


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
