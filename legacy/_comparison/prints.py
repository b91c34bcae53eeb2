"""Compares two prints: numbers by tolerance, everything else word for word.

White space is ignored inside brackets, where NumPy pads and wraps arrays by the digits they happen to show, and runs of
it count as one space elsewhere; the ends of lines outside brackets are compared.

Only the print tells how exact a number was, and only its array how large the terms of its sums were. A sum of n terms
of size S differs between processors, which add in other orders, by n roundings of S / 2**24 at most and some sqrt(n) as
a rule, however small the sum is: so the default tolerances are relative to the largest number S of the same array. (An
array is brackets, numbers and commas; a number that stands alone is one of its own.)

* float32: 8 S / 2**23, eight units. That is 16 terms at worst and some 200 as a rule, or another `tanh`, and no other
  formula. Under the settings of `.ci/instruction_sets` the programs that state nothing stay below five.
* float64: 1e-12 S. An array is one if it has a number of more than nine significant digits that is no float32: nine are
  enough for every float32, and Python shows all of them.
* eight places after the point: there NumPy cuts the numbers of an array, whatever their size, so that equal numbers may
  differ by one in that place. atol = 1e-8, otherwise 0.

A program that needs other ones (larger terms cancelled before anything was printed, a minimizer) says so, and why:

    # tolerance: units=64 (a rounding of x is worth 14 units of the slope)
    # tolerance: rtol=1e-5 atol=1e-6 (third derivatives cancel)

`units` takes the place of the eight; `rtol` is relative to the number itself, in the place of what is relative to the
array.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator, Sequence

_NUMBER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\binf\b|\bnan\b)"
_TOKEN = re.compile(rf"(?P<word>(?!(?:inf|nan)\b)[^\W\d]\w*)|(?P<number>{_NUMBER})|(?P<end>\n)|(?P<mark>\S)")
_TOLERANCE = re.compile(r"# tolerance:(?P<stated>( (rtol=|atol=|units=)?[\d.e-]+)+) \(.+\)")
_DEPTH = {**dict.fromkeys("([{", 1), **dict.fromkeys(")]}", -1)}


def tolerances(program: str) -> dict[str, float]:
    """Returns the tolerances that a program's source states, as keyword arguments of `compare`.

    `# tolerance: 1e-5 (reason)` is `rtol`; `# tolerance: rtol=0 atol=1e-8 (reason)` names one or more.

    Raises:
        ValueError: for a line that starts like one of these and is not: a misspelt tolerance must not go unnoticed.

    Example:
        >>> tolerances("# tolerance: rtol=1e-5 atol=1e-8 (third derivatives cancel)")
        {'rtol': 1e-05, 'atol': 1e-08}
    """
    lines = [line for line in program.splitlines() if re.match(r"\s*#\s*tolerance", line, re.IGNORECASE)]
    if not lines:
        return {}
    found = _TOLERANCE.fullmatch(lines[0])
    if len(lines) > 1 or not found:
        raise ValueError(f"{lines} is not one line '# tolerance: rtol=1e-5 atol=1e-6 (reason)'. Write it so.")
    parts = [part.rpartition("=") for part in found["stated"].split()]
    return {name or "rtol": float(value) for name, _, value in parts}


def compare(
    before: str, now: str, *, rtol: float | None = None, atol: float | None = None, units: float = 8.0
) -> list[str]:
    """Returns the differences between two prints, one sentence each; an empty list means that they are equal.

    Numbers a (before) and b are equal where |a - b| <= atol + rtol |a|, or, for rtol=None, <= atol + the default for
    the array (see the module). nan equals nan, -0. equals 0., and a number with a point never equals one without (an
    integer is not a float). Integers are compared exactly.
    All numbers that differ are listed; after the first other difference the two cannot be laid side by side any more,
    so that one is the last.

    Args:
        before: the old print.
        now: the new print.
        rtol: tolerance relative to the old number; None takes one relative to the largest of its array.
        atol: absolute tolerance; None chooses by the digits.
        units: that tolerance relative to the largest, for a float32, in units of 2**-23.

    Example:
        >>> compare("[0.33333334 1.] float32", "[0.3333333 1. ]  float32")
        []
        >>> compare("[0.333 None]", "[0.334 0.]")
        ["line 1: '0.333' before, '0.334' now", "line 1: 'None' before, '0.' now"]
    """
    old, new = list(_tokens(before)), list(_tokens(now))
    differences = []
    for (kind, was, line), (other, becomes, _), default in zip(old, new, _defaults(old, new, units), strict=False):
        same_kind = kind == other
        relative = default if rtol is None or kind != "float" else rtol * abs(float(was))
        if same_kind and (was == becomes or (kind == "float" and _close(was, becomes, relative, atol))):
            continue
        differences.append(f"line {line}: {was!r} before, {becomes!r} now")
        if not (same_kind and kind in ("float", "integer")):
            return differences
    shared = min(len(old), len(new))
    for tokens, what in ((old, "before only"), (new, "now only")):
        if tokens[shared:]:
            text = " ".join(token for _, token, _ in tokens[shared : shared + 12])
            differences.append(f"line {tokens[shared][2]}: {text!r} {what}")
    return differences


def distance(before: str, now: str) -> float | None:
    """Returns the largest |a - b| between floats of two prints, relative to the largest number of the same array.

    A number that stands outside brackets is relative to itself. None if the prints differ otherwise than in numbers, or
    have none; inf where only one of two numbers is finite.

    Example:
        >>> distance("[100. 0.001] 2.0", "[100. 0.002] 2.0")
        1e-05
    """
    old, new = list(_tokens(before)), list(_tokens(now))
    if [_shape(*token) for token in old] != [_shape(*token) for token in new]:
        return None
    groups: list[list[tuple[float, float]]] = [[]]
    depth = 0
    for (kind, was, _), (_, becomes, _) in zip(old, new, strict=True):
        depth = max(0, depth + _DEPTH.get(was, 0))
        if depth == 0:
            groups.append([])
        if kind == "float":
            groups[-1].append((float(was), float(becomes)))
    return max((_apart(pairs) for pairs in groups if pairs), default=None)


def _shape(kind: str, token: str, line: int) -> str:
    return kind if kind == "float" else token


def _apart(pairs: list[tuple[float, float]]) -> float:
    finite = [(a, b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    if any(str(a) != str(b) for a, b in pairs if (a, b) not in finite):
        return math.inf
    size = max((abs(a) for a, _ in finite), default=0.0)
    far = max((abs(a - b) for a, b in finite), default=0.0)
    return far / size if size else math.inf if far else 0.0


def _tokens(text: str) -> Iterator[tuple[str, str, int]]:
    """Yields kind, token and line of every word, number, mark, and end of a line outside brackets."""
    depth, line = 0, 1
    for found in _TOKEN.finditer(text.strip()):
        kind, token = str(found.lastgroup), found.group()
        if kind == "number":
            kind = "integer" if re.fullmatch(r"[+-]?\d+", token) else "float"
        depth = max(0, depth + _DEPTH.get(token, 0))
        if kind != "end" or depth == 0:
            yield kind, token, line
        line += kind == "end"


def _close(was: str, now: str, relative: float, atol: float | None) -> bool:
    """Tells whether two printed floats agree within the given tolerances, or else the one that their places require."""
    a, b = float(was), float(now)
    if not (math.isfinite(a) and math.isfinite(b)):
        return a == b or (math.isnan(a) and math.isnan(b))
    if atol is None:
        atol = 1e-8 if max(map(_places, (was, now))) == 8 else 0.0
    return abs(a - b) <= atol + relative


def _defaults(old: Sequence[tuple[str, str, int]], new: Sequence[tuple[str, str, int]], units: float) -> list[float]:
    """Returns the tolerance of every pair of tokens, by the largest number and the dtype of their array."""
    arrays = _arrays(old)
    sizes, doubles = dict.fromkeys(arrays, 0.0), set()
    for array, (kind, was, _), (other, now, _) in zip(arrays, old, new, strict=False):
        if kind == other == "float":
            if math.isfinite(float(was)):
                sizes[array] = max(sizes[array], abs(float(was)))
            if not (_may_be_float32(was) and _may_be_float32(now)):
                doubles.add(array)
    return [sizes[array] * (1e-12 if array in doubles else units * 2.0**-23) for array in arrays]


def _arrays(tokens: Sequence[tuple[str, str, int]]) -> list[int]:
    """Returns the array of every token, as the place of its first bracket; a token outside is one of its own."""
    arrays = list(range(len(tokens)))
    opened: list[tuple[int, bool]] = []  # the brackets around: where each begins, and whether it is an array so far
    for here, (kind, token, _) in enumerate(tokens):
        if token in "([{":
            opened.append((here, token == "["))
        elif opened and token in ")]}":
            start, is_array = opened.pop()
            if is_array:
                arrays[start : here + 1] = [start] * (here + 1 - start)
            elif opened:
                opened[-1] = (opened[-1][0], False)
        elif opened and kind not in ("float", "integer") and token != ",":
            opened[-1] = (opened[-1][0], False)
    return arrays


def _may_be_float32(number: str) -> bool:
    return _digits(number) <= 9 or ctypes.c_float(float(number)).value == float(number)


def _digits(number: str) -> int:
    """Returns the number of significant digits: 4 for '0.001230'."""
    return len(re.sub(r"\D", "", re.split("[eE]", number)[0]).lstrip("0"))


def _places(number: str) -> int:
    """Returns the number of digits after the point; 0 for a number with an exponent, which NumPy does not cut."""
    return 0 if re.search("[eE]", number) else len(number.partition(".")[2])
