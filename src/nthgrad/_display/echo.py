"""What was typed, as errors repeat it: never more of it than a line."""

from __future__ import annotations

LINE = 80  # characters
WORD = 200  # of a whole message; a path has fewer


def brief(text: str, most: int = LINE) -> str:
    """A text, without its middle where it is long."""
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 2 :]}"


def quoted(text: str) -> str:
    """The same, in quotes."""
    return repr(brief(text))


def message(text: str) -> str:
    """An error's message in one line, without the middle of long words."""
    return " ".join(brief(word, WORD) for word in text.split())
