"""Runs files of tests with pytest, and writes each test's outcome into a file as it is known.

    python suite_worker.py OUTCOMES ARGUMENT...

Both worlds run this file, the old one under Python 3.7: so it imports nothing of this project, and has no later syntax.
A line of the file is an outcome, the name of the test and the last line of its error, with tabs between them.
"""

import os
import sys

import pytest


class Recorder:
    """A plugin that writes the outcomes; a test that is never told to have ended broke the process."""

    def __init__(self, path):
        self._path, self._failed = os.path.abspath(path), {}

    def _write(self, *words):
        with open(self._path, "a", encoding="utf-8") as file:
            file.write("\t".join(" ".join(word.split()) for word in words) + "\n")

    def pytest_runtest_logreport(self, report):
        """Takes what pytest has to say of a test's setup, its call or its teardown."""
        if report.failed:
            self._failed[report.nodeid] = error(report)
        elif report.skipped:
            self._write("skipped", report.nodeid, error(report))
        if report.when == "teardown" and report.nodeid in self._failed:
            self._write("failed", report.nodeid, self._failed[report.nodeid])
        elif report.when == "call" and report.passed:
            self._write("passed", report.nodeid, "")

    def pytest_collectreport(self, report):
        """Takes a file whose import fails."""
        if report.failed:
            self._write("failed", report.nodeid, error(report))


def error(report):
    """The line of the error."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash else str(report.longrepr)
    lines = [line for line in text.splitlines() if line.strip()]
    return (lines[0] if crash else lines[-1]) if lines else ""


if __name__ == "__main__":
    sys.exit(pytest.main(sys.argv[2:], plugins=[Recorder(sys.argv[1])]))
