"""The command `nthgrad scan`."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from nthgrad.cli.complaints import complain


@click.command(short_help="Find the old idioms in source files, and how to port them.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines: findings, and unread.")
def command(*, paths: Sequence[str], as_json: bool) -> int:
    """Find TensorFlow 1, Keras 2 and Python 2 idioms, and the sections of MIGRATION.md that say how to port them.

    PATHS are files, and folders whose .py files are read. Hidden folders and virtual environments are skipped. A line
    is FILE:LINE:COLUMN: IDIOM: description (MIGRATION.md#section).

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
        for one in found if not as_json else ():
            file = click.format_filename(one.file)  # a name need not be text
            click.echo(f"{file}:{one.line}:{one.column}: {one.idiom}: {one.what} ({one.anchor})")
    if as_json:
        document = [{**one._asdict(), "anchor": one.anchor} for one in findings]
        click.echo(json.dumps({"findings": document, "unread": unread}, indent=2))
    for complaint in unread:
        complain(complaint)
    return 2 if unread else int(bool(findings))
