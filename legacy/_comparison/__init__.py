"""Compares what two programs print and save: an old one in the old world, and its port in today's."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from nthgrad.errors import LegacyError
from nthgrad.legacy._comparison.outcome import Outcome, run
from nthgrad.legacy._comparison.prints import compare, distance

_TODAY = str(Path(__file__).with_name("today.py"))  # run by path, so that nothing is imported before it

# How TensorFlow 2 prints a tensor or a variable; the last group is its value.
_TENSORS = [
    re.compile(r"<tf\.(?:Tensor|Variable)[^<>]*?\bnumpy=\n?(?P<value>[^<>]*)>"),
    re.compile(r"tf\.Tensor\((?P<value>(?:[^()]|\([^()]*\))*?),? shape=\([^()]*\), dtype=\w+\)"),
]
# Programs in which real TensorFlow 1 reads a variable and assigns it at once, by the sections of MIGRATION.md.
_RACING = {
    "Optimizers of `tf.train`",
    "`variable += value`, and variables that are fed",
    "`lr` and `decay` of Keras 2 optimizers",
    "Training loops",
}


class Comparison(NamedTuple):
    """Two runs, and the result of comparing them."""

    name: str
    old: Outcome
    new: Outcome
    verdict: str  # "same", "within tolerance", "numbers differ", "differs" or "fails"
    detail: str
    distance: float | None  # the largest relative difference of two numbers; None if there are none to compare

    @property
    def agrees(self) -> bool:
        """Tells whether the two runs are equal within the tolerances."""
        return self.verdict in ("same", "within tolerance")


def compared(
    name: str,
    old: Outcome,
    new: Outcome,
    tolerances: Mapping[str, float],
    sides: tuple[str, str] = ("under the old libraries", "under nthgrad"),
) -> Comparison:
    """Compares two runs.

    Args:
        name: the name of the program.
        old: the old run.
        new: the new run.
        tolerances: `rtol`, `atol` or `units` of `prints.compare`.
        sides: names of the runs, for `detail`.
    """

    def result(verdict: str, detail: str = "", far: float | None = None) -> Comparison:
        return Comparison(name, old, new, verdict, detail, far)

    for one, other, side in ((new, old, sides[1]), (old, new, sides[0])):
        if one.status and not other.status:
            return result("fails", f"{side}, with status {one.status}: {last_line(one.error)}")
    if old.status != new.status:
        return result("differs", f"exit status {old.status} before, {new.status} now")
    found = compare(old.text, new.text, **tolerances)
    far = distance(old.text, new.text)
    if not found:
        if old.status:
            return result("same", f"status {old.status} on both sides", far)
        return result("within tolerance" if far else "same", "", far)
    if far is None:
        return result("differs", found[0])
    return result("numbers differ", f"by at most {far:.1e}; {found[0]}", far)


def last_line(error: str) -> str:
    """Returns the line that tells what went wrong: the last of a traceback."""
    return next((line.strip() for line in reversed(error.splitlines()) if line.strip()), "it said nothing")


def run_old(path: str, arguments: Sequence[str], seconds: float, given: Sequence[str]) -> Outcome:
    """Runs an old program as `nthgrad run` does, in an empty folder with links to the given files."""
    return run([sys.executable, "-m", "nthgrad", "run", _checked(path), *arguments], seconds, given)


def run_new(path: str, arguments: Sequence[str], seconds: float, given: Sequence[str]) -> Outcome:
    """Runs a program in today's TensorFlow, likewise; numbers and tensors are printed as NumPy 1 printed arrays."""
    done = run([sys.executable, _TODAY, _checked(path), *arguments], seconds, given)
    return done._replace(text=plain(done.text))


def plain(text: str) -> str:
    """Replaces the tensors in a print of TensorFlow 2 by their values.

    Example:
        >>> plain("[<tf.Tensor: shape=(1,), dtype=float32, numpy=array([0.5], dtype=float32)>]")
        '[array([0.5], dtype=float32)]'
        >>> plain("tf.Tensor([1. 2.], shape=(2,), dtype=float32) 0.5")
        '[1. 2.] 0.5'
    """
    for pattern in _TENSORS:
        text = pattern.sub(lambda found: found["value"], text)
    return text


def races(path: str) -> bool:
    """Tells whether an old program trains or assigns variables, which real TensorFlow 1 read and assigned in parallel.

    Raises:
        LegacyError: if it cannot be read.
    """
    from nthgrad.legacy._scan import in_file

    return bool({finding.section for finding in in_file(path)} & _RACING) or _fits(path)


def _fits(path: str) -> bool:
    """Tells whether a program calls a method that trains a model of Keras."""
    from nthgrad.legacy._scan import source

    calls = (node.func for node in ast.walk(source.read(path).tree) if isinstance(node, ast.Call))
    return any(isinstance(one, ast.Attribute) and one.attr in ("fit", "train_on_batch", "minimize") for one in calls)


def _checked(path: str) -> str:
    if not Path(path).is_file():
        raise LegacyError(f"There is no program at {path!r}. Give the path of a Python file.")
    return str(Path(path).resolve())
