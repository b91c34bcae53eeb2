"""Ports old programs: rewrites what is mechanical, and marks in comments what is not.

It needs LibCST, of the extra `port`. LibCST keeps comments and white space, reads every version of Python 3, and has
typed nodes; fissix, which reads Python 2, stops at the syntax of Python 3.8.
"""

from __future__ import annotations

import importlib.util
from difflib import unified_diff
from pathlib import Path
from typing import NamedTuple

from nthgrad._display import extras
from nthgrad.errors import ArgumentError, LegacyError
from nthgrad.legacy._scan import source


class Ported(NamedTuple):
    """A program before and after."""

    file: str
    before: bytes
    old: str
    new: str
    encoding: str
    newline: str
    marks: int  # comments that name what is to be ported by hand

    @property
    def diff(self) -> str:
        """The unified diff."""
        lines = unified_diff(
            self.old.splitlines(keepends=True), self.new.splitlines(keepends=True), self.file, self.file
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    @property
    def content(self) -> bytes:
        """The new file."""
        return self.new.replace("\n", self.newline).encode(self.encoding)


def check() -> None:
    """Checks that LibCST, of the extra `port`, is installed.

    Raises:
        ArgumentError: it is not.
    """
    if importlib.util.find_spec("libcst") is None:
        raise ArgumentError(f"nthgrad port needs LibCST, which is not installed. Run {extras.install('port')}.")


def port(file: str) -> Ported:
    """Ports a file, which stays as it is.

    Raises:
        LegacyError: if it cannot be read.
    """
    import libcst

    from nthgrad.legacy._port.marks import count

    old, encoding, newline = source.decoded(file)
    try:
        new = ported(source.python_3(file))
    except (RecursionError, MemoryError, libcst.ParserSyntaxError):
        new = None
    if new is None:  # raised here: in the handler, the error would keep a thousand frames alive
        raise LegacyError(f"{file} is nested too deeply to be read. Leave it out.")
    return Ported(file, Path(file).read_bytes(), old, new, encoding, newline, count(new))


def ported(text: str) -> str:
    r"""Returns a program of Python 3, ported.

    Example:
        >>> print(ported("import tensorflow as tf\ny = tf.log(x)  # of x"))
        import tensorflow as tf
        y = tf.math.log(x)  # of x
    """
    from nthgrad.legacy._port.constant_inputs import derivatives_in_layers, without_constant_inputs
    from nthgrad.legacy._port.marks import PREFIX, marked
    from nthgrad.legacy._port.reading import old_forms
    from nthgrad.legacy._port.rewriting import rewritten
    from nthgrad.legacy._port.sessions import without_session

    old = PREFIX in text or bool(old_forms(text))
    text = rewritten(text, old=old)
    for whole in (derivatives_in_layers, without_constant_inputs, without_session):
        text = whole(text)
    return marked(text, old=old)
