"""Reads the rows of the table of idioms: an old form, an arrow, and what replaces it.

| arrow | meaning |
|---|---|
| `->` | the new code computes the same: `nthgrad port` writes it |
| `~>` | the new code may compute other numbers: `nthgrad port` writes it, and marks it |
| `=>` | the new code depends on the program: `nthgrad port` marks the old code |

| row | meaning |
|---|---|
| `tf.log -> tf.math.log`, `tf.{log, erf} -> tf.math.*` | a name; `*` is the old name, or all below the old module |
| `?.iteritems -> ?.items` | an attribute; `?` is its owner |
| `tf.to_float(x, name=None) -> tf.cast(x, tf.float32, name=name)` | a call with these parameters |
| `tf.layers.dense(x, *rest) -> keras.layers.Dense(*rest)(x)` | a call with other arguments, which are kept |
| `keras.layers.merge(x, mode: "sum") -> keras.layers.add(x)` | a call with this value |
| `tf.nn.dropout(keep_prob=) -> rate=1 - keep_prob` | arguments of a call, by name |
| `tf.nn.dropout(x, p)#2 -> tf.nn.dropout(x, rate=1 - p)` | a call with two arguments by place |
| `<Model>.predict(-verbose) -> verbose=0` | an argument that the call lacks |
| `tf.constant(verify_shape=) -> nothing` | an argument, a statement or an attribute that is left out |

An optional parameter with the default None that the call lacks is left out. Any other default is written.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from nthgrad.legacy._scan.expanding import alternatives, joined

NOTHING = "nothing"
_ROW = re.compile(r"(?P<old>\S.*?)\s+(?P<arrow>[-~=]>)\s+(?P<new>.+)")
_KEYWORDS = re.compile(r"(?P<called>.+)\((?P<names>\w+=(None)?(, \w+=)*)\)")
_LACKING = re.compile(r".+\(-(?P<name>\w+)\)")
_CALL = re.compile(r"(?P<called>[\w.?<>]+)\((?P<parameters>(?!['-]).*)\)(?P<count>#\d)?")


class Row(NamedTuple):
    """What replaces an old form."""

    forms: tuple[str, ...]  # one, or one for each argument
    arrow: str
    new: str  # a name, an expression, or arguments
    parameters: str | None = None  # of a call, as in a `def`
    keywords: tuple[str, ...] = ()  # of a call
    adds: bool = False  # whether `new` is an argument to add

    @property
    def is_name(self) -> bool:
        """Tells whether a name or an attribute is replaced by another."""
        return self.parameters is None and not self.keywords and not self.adds and self.new != NOTHING

    @property
    def shown(self) -> str:
        """The new form for a reader."""
        return self.new.replace("?.", ".").replace("*rest", "...")


def read(text: str) -> list[Row]:
    """Returns the rows of a text.

    Example:
        >>> [row.new for row in read("tf.{log, erf} -> tf.math.*")]
        ['tf.math.log', 'tf.math.erf']
        >>> read("tf.nn.dropout(keep_prob=) -> rate=1 - keep_prob")[0].forms
        ('tf.nn.dropout(keep_prob=)',)
    """
    rows: list[Row] = []
    for line in joined(text).splitlines():
        if line.strip():
            found = _ROW.fullmatch(line.strip())
            assert found, line
            rows += [_row(old, found["arrow"], found["new"]) for old in alternatives(found["old"])]
    return rows


def _row(old: str, arrow: str, new: str) -> Row:
    if found := _KEYWORDS.fullmatch(old):
        names = found["names"].split(", ")
        forms = tuple(f"{found['called']}({name})" for name in names)
        return Row(forms, arrow, new, keywords=tuple(name.partition("=")[0] for name in names))
    if _LACKING.fullmatch(old):
        return Row((old,), arrow, new.replace("*", _name(old)), adds=True)
    parameters = None
    if found := _CALL.fullmatch(old):
        old, parameters = found["called"], found["parameters"]
        if found["count"]:
            return Row((f"{old}({found['count']})",), arrow, new, parameters)
    if not old.endswith(".*"):
        new = re.sub(r"^\*$|(?<=\.)\*(?!\w)", _name(old), new)
    return Row((old,), arrow, new, parameters)


def _name(form: str) -> str:
    return re.match(r"\w*", form.partition("(")[0].rpartition(".")[2])[0]  # type: ignore[index]
