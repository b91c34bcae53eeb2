"""`nthgrad scan`: the findings as lines or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import click


def report(paths: Sequence[str], as_json: bool, complain: Callable[[str], None]) -> int:
    """Writes what is found below the paths; files that cannot be read are complained of, and the others read.

    Returns:
        The exit status: 0 for nothing, 1 for findings, 2 if a file could not be read.
    """
    from nthgrad.legacy import _scan

    findings: list[_scan.Finding] = []
    unread: list[str] = []
    for found in _scan.by_file(paths, lambda error: unread.append(str(error))):
        findings += found
        for one in found if not as_json else ():
            file = click.format_filename(one.file)  # a name need not be text
            click.echo(f"{file}:{one.line}:{one.column}: {one.idiom}: {one.what} ({one.anchor})")
    if as_json:
        document = [{**one._asdict(), "anchor": one.anchor} for one in findings]
        click.echo(json.dumps({"findings": document, "unread": unread}, indent=2))
    for complaint in unread:
        complain(complaint)
    return 2 if unread else int(bool(findings))
