"""The command `nthgrad port`."""

from __future__ import annotations

from collections.abc import Sequence

import click

from nthgrad.cli.complaints import complain


@click.command(short_help="Rewrite what is mechanical in old source files, and mark the rest.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--write", is_flag=True, help="Change the files. Without it, the changes are printed as a diff.")
def command(*, paths: Sequence[str], write: bool) -> int:
    """Rewrite TensorFlow 1, Keras 1 and 2, NumPy and Python 2 idioms for today's libraries, and mark the rest.

    PATHS are files, and folders whose .py files are read. Names, arguments, modules and imports are rewritten as
    MIGRATION.md says, and the formatting is kept. Above a statement that has to be ported by hand, or may compute
    other numbers now, is a comment: "# port: IDIOM: MIGRATION.md#section". A second run changes nothing. Compare the
    programs with "nthgrad compare" afterwards.

    It needs LibCST: pip install 'nthgrad[port]'.

    The exit status is 2 if something could not be read or written, else 1 if a file has such comments, else 0.

    \b
    Examples:
      nthgrad port old_script.py
      nthgrad port --write old_code/
    """  # noqa: D301
    from nthgrad._files import whole_file
    from nthgrad.errors import LegacyError
    from nthgrad.legacy import _port
    from nthgrad.legacy._scan import source

    _port.check()
    unread: list[str] = []
    marks: dict[str, int] = {}
    for file in source.files(paths, lambda error: unread.append(str(error))):
        try:
            ported = _port.port(file)
        except LegacyError as error:
            unread.append(str(error))
            continue
        if ported.marks:
            marks[file] = ported.marks
        if not write:
            click.echo(ported.diff, nl=False)
        elif ported.content != ported.before:
            with whole_file(file) as target:
                target.write(ported.content)
    for file, count in marks.items():
        places = "place needs" if count == 1 else "places need"
        complain(f"{click.format_filename(file)}: {count} {places} a look. Search for '# port:'.")
    for complaint in unread:
        complain(complaint)
    return 2 if unread else int(bool(marks))
