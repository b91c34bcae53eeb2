"""`nthgrad scan`: the findings as lines or as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import click

from nthgrad.errors import LegacyError


def report(paths: Sequence[str], as_json: bool, complain: Callable[[str], None]) -> int:
    """Writes what is found below the paths; files that cannot be read are complained of, and the others read.

    Returns:
        The exit status: 0 for nothing, 1 for findings, 2 if a file could not be read.
    """
    from nthgrad.legacy import _scan
    from nthgrad.legacy._scan import source

    findings, complaints = [], []
    files = source.files(paths)
    while True:
        try:
            file = next(files, None)
            if file is None:
                break
            found = _scan.in_file(file)
        except LegacyError as error:
            complaints.append(str(error))
            continue
        findings += found
        if not as_json:
            for one in found:
                click.echo(f"{one.file}:{one.line}:{one.column}: {one.idiom}: {one.what} ({one.anchor})")
    if as_json:
        document = [{**one._asdict(), "anchor": one.anchor} for one in findings]
        click.echo(json.dumps({"findings": document, "unread": complaints}, indent=2))
    for complaint in complaints:
        complain(complaint)
    return 2 if complaints else int(bool(findings))
