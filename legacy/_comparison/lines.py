"""Sets the lines of two prints side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from nthgrad.legacy._comparison.prints import compare, distance

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|\b(nan|inf)\b", re.IGNORECASE)


class Pair(NamedTuple):
    """A line of the old print beside one of the new; empty where there is none."""

    old: str
    new: str
    verdict: str  # "same", "within tolerance", "numbers differ" or "differs"


def side_by_side(old: str, new: str, tolerances: Mapping[str, float]) -> Iterator[Pair]:
    r"""Yields pairs of lines. Lines that differ in their numbers only are paired, also after a missing line.

    Example:
        >>> [tuple(pair) for pair in side_by_side("a 1.0\nb 2.0", "b 2.5", {})]
        [('a 1.0', '', 'differs'), ('b 2.0', 'b 2.5', 'numbers differ')]
    """
    was, now = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(None, [_shape(line) for line in was], [_shape(line) for line in now], autojunk=False)
    for _, i, j, k, m in matcher.get_opcodes():
        for place in range(max(j - i, m - k)):
            one = was[i + place] if i + place < j else ""
            other = now[k + place] if k + place < m else ""
            yield Pair(one, other, _verdict(one, other, tolerances))


def _shape(line: str) -> str:
    return " ".join(re.sub(r"([\[\](){},])", r" \1 ", _NUMBER.sub("0", line)).split())


def _verdict(old: str, new: str, tolerances: Mapping[str, float]) -> str:
    far = distance(old, new)
    if not compare(old, new, **tolerances):
        return "within tolerance" if far else "same"
    return "differs" if far is None else "numbers differ"
