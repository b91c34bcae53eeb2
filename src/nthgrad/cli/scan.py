"""The command `nthgrad scan`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from nthgrad.cli.complaints import complain

if TYPE_CHECKING:
    from nthgrad.legacy._scan import Finding

_SAID = {"breaks": "breaks", "silent": "other numbers", "style": "style"}  # a finding's severity, in the report


@click.command(short_help="Find the old idioms in source files, and how to port them.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines: findings, and unread.")
def command(*, paths: Sequence[str], as_json: bool) -> int:
    """Find TensorFlow 1, Keras 2 and Python 2 idioms, and the sections of MIGRATION.md that say how to port them.

    PATHS are files, and folders whose .py files are read. Hidden folders and virtual environments are skipped. A line
    is FILE:LINE:COLUMN: SEVERITY: IDIOM -> NEW: description (MIGRATION.md#section). A severity is one of

    \b
      breaks         raises an error today
      other numbers  runs today, and computes something else
      style          still works

    The parts of graphs and sessions of a file are in one line. The last lines count the findings by section.

    A file or folder that cannot be read does not stop the scan. It is listed on standard error, and with --json under
    "unread", with the reason: it is no Python, is not in the encoding that it names, has more than 10,000,000 bytes, is
    nested too deeply, is a pipe, a socket or a device, or the system refuses it.

    The exit status is 2 if something could not be read, else 1 if there are findings, else 0.

    \b
    Examples:
      nthgrad scan old_script.py
      nthgrad scan old_code/ --json > findings.json
    """  # noqa: D301
    from nthgrad.legacy import _scan

    findings: list[_scan.Finding] = []
    unread: list[str] = []
    for found in _scan.by_file(paths, lambda error: unread.append(str(error))):
        findings += found
        for line in _lines(found) if not as_json else ():
            click.echo(line)
    if as_json:
        document = [{**one._asdict(), "anchor": one.anchor} for one in findings]
        click.echo(json.dumps({"findings": document, "unread": unread}, indent=2))
    elif findings:
        _count(findings)
    for complaint in unread:
        complain(complaint)
    return 2 if unread else int(bool(findings))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    """Yields the lines of a file; the findings in the section of graphs are one line for each severity."""
    from nthgrad.legacy._scan.idioms import GRAPHS

    for one in findings:
        if one.section != GRAPHS:
            new = f" -> {one.new}" if one.new else ""
            yield f"{_place(one)}: {_SAID[one.severity]}: {one.idiom}{new}: {one.what} ({one.anchor})"
    for severity, said in _SAID.items():
        places: dict[str, dict[str, None]] = {}
        parts = [one for one in findings if one.section == GRAPHS and one.severity == severity]
        for one in parts:
            places.setdefault(one.idiom, {})[str(one.line)] = None
        if parts:
            names = ", ".join(f"{name} ({', '.join(lines)})" for name, lines in places.items())
            yield f"{_place(parts[0])}: {said}: parts of graphs and sessions, by line: {names} ({parts[0].anchor})"


def _place(one: Finding) -> str:
    return f"{click.format_filename(one.file)}:{one.line}:{one.column}"  # a name need not be text


def _count(findings: Sequence[Finding]) -> None:
    """Prints the number of findings by section and severity."""
    from nthgrad._display import table

    sections = Counter(one.section for one in findings)
    severities = [severity for severity in _SAID if any(one.severity == severity for one in findings)]
    rows = [
        [name, *(str(sum(one.section == name and one.severity == s for one in findings) or "") for s in severities)]
        for name, _ in sorted(sections.items(), key=lambda item: -item[1])
    ]
    if len(rows) > 1:
        rows.append(["all", *(str(sum(one.severity == s for one in findings)) for s in severities)])
    click.echo("\n" + table.text(table.plain(["section", *(_SAID[s] for s in severities)], rows)))
