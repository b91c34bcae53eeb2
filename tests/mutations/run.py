"""Changes the code, one small change at a time, and counts the changes that the nearest tests notice.

`python tests/mutations/run.py` needs `pip install coverage`, one core and an hour or two. It works in a copy of the tree.
First it runs the tests of each folder once, to see which test runs which line. Then it draws lines of code by a seed, one
mutant for each, and runs the tests of that line against it, the fastest first. Every test process is forked from one that
has imported TensorFlow and has run nothing.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import coverage
import pytest
import tensorflow as tf  # noqa: F401 - here, and not in each process that is forked from this one
from mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
TAYLOR = ["tests/engines/taylor", "tests/test_operators.py"]
ENGINES = ["tests/engines/graph", "tests/engines/tape", "tests/engines/norms", "tests/engines/differences"]
ENGINES += ["tests/engines/test_traps.py"]
ENGINES += [f"tests/test_{name}.py" for name in ("core", "errors", "operators", "fields", "custom_gradients")]
# These start processes, or compare tables, which coverage does not see: run for every mutant of their folder, last.
ALWAYS = ("tests/evaluation/test_distribute.py", "tests/engines/taylor/test_registry.py")
# What is changed, by folder or file, how many lines of it, and the tests nearest to it.
STRATA = {
    "src/nthgrad/engines/taylor": (80, TAYLOR),
    "src/nthgrad/engines": (60, ENGINES),
    "src/nthgrad/evaluation": (40, ["tests/evaluation"]),
    "src/nthgrad/checking.py": (10, ["tests/test_checking.py"]),
    "src/nthgrad/export": (20, ["tests/export"]),
    "legacy/_lift": (
        40,
        [f"tests/legacy/test_lift{what}.py" for what in ("", "_variables", "_refused", "_safety", "_damaged")],
    ),
}
Lines = dict[str, dict[str, list[str]]]  # by file and line, the tests that run it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=STRATA, action="append", help="a folder or file; all of them if not given")
    parser.add_argument("--seconds", type=float, default=60, help="of tests for a mutant, the fastest first")
    parser.add_argument(
        "--maps", type=os.path.abspath, help="a folder in which the tests of each line are kept between two runs"
    )
    parser.add_argument(
        "--again", type=os.path.abspath, help="what an earlier run printed: draws nothing, runs what survived there"
    )
    parser.add_argument("--control", action="store_true", help="changes nothing: all that is drawn has to survive")
    given = parser.parse_args()
    killed = total = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = copied(Path(folder))
        for stratum in given.only or STRATA:
            drawn = survived(tree, stratum, Path(given.again)) if given.again else sample(tree, stratum, given.seed)
            outcomes = []
            for mutant, outcome, took in tries(tree, stratum, drawn, given):
                outcomes.append(outcome)
                print(f"{outcome} {took}  {mutant.described(there(tree, mutant.file).read_bytes())}", flush=True)
            found = len(outcomes) - outcomes.count("survived")
            killed, total = killed + found, total + len(outcomes)
            print(f"{stratum}: {found} of {len(outcomes)} killed", flush=True)
    share = killed / max(total, 1)
    deviation = math.sqrt(share * (1 - share) / max(total, 1))
    print(f"{killed} of {total} killed: {share:.1%}, and twice the deviation of that is {2 * deviation:.1%}")


def tries(tree: Path, stratum: str, drawn: Sequence[Mutant], given: argparse.Namespace) -> Iterator[tuple[Any, ...]]:
    """Each mutant, what became of it, and what that took in words."""
    lines, seconds = known(tree, stratum, Path(given.maps or tree))
    for mutant in drawn:
        tests = chosen(mutant, lines, seconds, given.seconds)
        path = there(tree, mutant.file)
        source = path.read_bytes()
        began = time.monotonic()
        path.write_bytes(source if given.control else mutant.applied(source))
        code = forked(lambda tests=tests: pytested(tests), 60 + 5 * sum(seconds[t] for t in tests))
        path.write_bytes(source)
        took = f"by {len(tests)} tests in {time.monotonic() - began:.0f} s"
        yield mutant, {0: "survived", None: "timed out"}.get(code, "killed"), took


def copied(folder: Path) -> Path:
    """A copy of the tree, in which nthgrad.legacy lies where it is installed."""
    tree = folder / "tree"
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info", ".hypothesis")
    shutil.copytree(ROOT / "src", tree / "src", ignore=ignore)
    shutil.copytree(ROOT / "tests", tree / "tests", ignore=ignore)
    shutil.copytree(ROOT / "legacy", tree / "src" / "nthgrad" / "legacy", ignore=ignore)
    for name in ("pyproject.toml", "README.md", "MIGRATION.md"):
        shutil.copy(ROOT / name, tree)
    sys.path.insert(0, str(tree / "src"))
    os.environ["PYTHONPATH"], os.environ["PYTHONDONTWRITEBYTECODE"] = str(tree / "src"), "1"
    sys.dont_write_bytecode = True
    os.chdir(tree)
    return tree


def there(tree: Path, file: str) -> Path:
    """The place of a file of the project in the copy."""
    return tree / "src" / "nthgrad" / file if file.startswith("legacy/") else tree / file


def files(stratum: str) -> list[str]:
    """The files of a stratum, but for those that are another's."""
    at = ROOT / stratum
    found = [at] if at.is_file() else sorted(at.rglob("*.py"))
    names = [str(path.relative_to(ROOT)) for path in found]
    others = [f"{other}/" for other in STRATA if other.startswith(f"{stratum}/")]
    return [name for name in names if not name.startswith(tuple(others))]


def sample(tree: Path, stratum: str, seed: int) -> list[Mutant]:
    """A mutant of each of some lines: every line that has one is as likely as any other."""
    by_line: dict[tuple[str, int], list[Mutant]] = {}
    for file in files(stratum):
        for mutant in mutants(file, there(tree, file).read_bytes()):
            by_line.setdefault((file, mutant.line), []).append(mutant)
    draw = random.Random(f"{seed} {stratum}")
    places = draw.sample(sorted(by_line), min(STRATA[stratum][0], len(by_line)))
    return [draw.choice(by_line[place]) for place in places]


def survived(tree: Path, stratum: str, log: Path) -> list[Mutant]:
    """The mutants of a stratum that survived an earlier run, wherever their lines are now."""
    found = []
    for line in log.read_text().splitlines():
        file, _, change = line.partition("  ")[2].partition(":")
        if line.startswith("survived by") and file in files(stratum):
            number, _, change = change.partition(": ")
            source = there(tree, file).read_bytes()
            same = [m for m in mutants(file, source) if m.described(source).partition(": ")[2] == change]
            found += sorted(same, key=lambda m: abs(m.line - int(number)))[:1]
    return found


class Watch:
    """A plugin that tells coverage which test runs, and keeps how long each takes."""

    def __init__(self, measured: coverage.Coverage):
        self.measured, self.seconds = measured, {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.measured.switch_context(nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0) + report.duration


def known(tree: Path, stratum: str, maps: Path) -> tuple[Lines, dict[str, float]]:
    """The tests of each line of a stratum, and how long each test takes."""
    maps.mkdir(parents=True, exist_ok=True)
    kept = maps / f"{stratum.replace('/', '-')}.json"
    changed = max(path.stat().st_mtime for path in (ROOT / "tests").rglob("*.py"))
    old = not kept.exists() or kept.stat().st_mtime < changed  # a test of another name would count as one that fails
    if old and forked(lambda: measure(tree, stratum, kept), math.inf) != 0:
        raise SystemExit(f"The tests of {stratum} fail as it is. Mend that first.")
    return tuple(json.loads(kept.read_text()))


def measure(tree: Path, stratum: str, kept: Path) -> int:
    """Runs all tests of a stratum and writes what `known` reads."""
    names = {str(there(tree, file)): file for file in files(stratum)}
    measured = coverage.Coverage(data_file=None, include=list(names))
    watch = Watch(measured)
    measured.start()
    for file in names.values():  # outside of any test: what a line does when it is imported is no test's
        module = file.removeprefix("src/").replace("legacy/", "nthgrad/legacy/", file.startswith("legacy/"))
        importlib.import_module(module.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
    failed = pytested(STRATA[stratum][1], watch)
    measured.stop()
    data, lines = measured.get_data(), {}
    for name, file in names.items():
        ran = data.contexts_by_lineno(name)
        lines[file] = {line: [test for test in tests if test] for line, tests in ran.items()}
    if not failed:
        kept.write_text(json.dumps([lines, watch.seconds]))
    return failed


def chosen(mutant: Mutant, lines: Lines, seconds: dict[str, float], limit: float) -> list[str]:
    """The tests that run a mutant's lines, the fastest first; for what runs at import, those that run its file."""
    of_file = lines[mutant.file]
    tests = {t for n in range(mutant.line, mutant.last + 1) for t in of_file.get(str(n), ())}
    tests = tests or {t for found in of_file.values() for t in found} or set(seconds)
    taken, total = [], 0.0
    for test in sorted(tests, key=lambda t: (seconds[t], t)):
        total += seconds[test]
        if taken and total > limit:
            break
        taken.append(test)
    return [*taken, *(t for t in seconds if t.startswith(ALWAYS) and t not in taken)]


def pytested(tests: Sequence[str], *plugins: object) -> int:
    return int(pytest.main(["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *tests], list(plugins)))


def forked(call: Callable[[], int], limit: float) -> int | None:
    """The number that a function gives in a process of its own, if it does within some seconds."""
    child = os.fork()
    if child == 0:
        os.setsid()
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        code = 70
        try:
            code = call()
        finally:
            os._exit(code)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    main()
