"""Shortens typed text that errors quote to at most a line."""

from __future__ import annotations

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
