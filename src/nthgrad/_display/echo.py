"""Text on the screen: shortens typed text that errors quote; escapes what an encoding lacks."""

from __future__ import annotations

import codecs
import contextlib
from collections.abc import Generator
from typing import Any

LINE = 80  # characters
WORD = 200  # characters of a word in a message, longer than most paths


def brief(text: str, most: int = LINE) -> str:
    """Cuts the middle out of a long text."""
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 2 :]}"


def quoted(text: str) -> str:
    """Shortens a text and puts it in quotes."""
    return repr(brief(text))


def message(text: str) -> str:
    """Returns a message in one line; cuts the middle out of long words."""
    return " ".join(brief(word, WORD) for word in text.split())


@contextlib.contextmanager
def any_encoding(stream: Any) -> Generator[None]:
    r"""Lets a stream write any text: as UTF-8 where its encoding is ASCII, with `\xe9` for what another encoding lacks.

    ASCII is what Python finds in a C locale, which says nothing of the screen; click writes UTF-8 there too. Without
    this, a user's line or file name would end the command in a UnicodeEncodeError.
    """
    encoding, errors = getattr(stream, "encoding", None) or "utf-8", getattr(stream, "errors", None)
    name = codecs.lookup(encoding).name
    if name.startswith("utf") or not hasattr(stream, "reconfigure"):
        yield
        return
    stream.reconfigure(encoding="utf-8" if name == "ascii" else encoding, errors="backslashreplace")
    try:
        yield
    finally:
        stream.reconfigure(encoding=encoding, errors=errors)
