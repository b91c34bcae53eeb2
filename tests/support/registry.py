"""What becomes of each op in TensorFlow's registry of gradients: `python tests/support/registry.py` writes `OPS.md`.

The registry and the definitions of ops are private to TensorFlow, so this stands among the tests; nthgrad needs neither.
"""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf
from tensorflow.python.framework import op_def_registry, ops

from nthgrad.engines.graph import kinds, opaque
from nthgrad.engines.taylor.rules import RULES, refused

FILE = Path(__file__).parents[2] / "src" / "nthgrad" / "OPS.md"
VERSION = "2.21"

# The combinators of families.py, as the table calls what they make; any other rule is one of its own.
FAMILIES = {
    "constant": "constant: its derivative is zero wherever it exists",
    "linear": "native rule: linear",
    "piecewise": "native rule: linear in pieces, or in some inputs",
    "bilinear": "native rule: bilinear",
    "slope": "native rule: slope",
    "over": "native rule: slope",
    "ratio": "native rule: composite",
    "composite": "native rule: composite",
    "expanded": "native rule: composite, written in other ops",
}

INTRODUCTION = """\
# What nthgrad does with each op of TensorFlow

TensorFlow {version} registers something about gradients for {count} names of ops: a gradient for {with_gradient}, and for
{without} that they have none. This is what `method="taylor"` does with each. It is written by
`python tests/support/registry.py`.

* *native rule*: nthgrad knows how the op acts on power series. This holds for every order, and does not use the gradient
  that TensorFlow registers.
* *from its gradient*: a rule is made from the gradient that TensorFlow registers.
* *constant*: the derivative is zero wherever it exists, or no floating-point number goes in or comes out.
* *control flow*: the engine walks the graphs that the op calls.
* *refused*: an error that names the op and the line that made it. Never a wrong number.

Rounding for quantization counts as the identity, as in TensorFlow's first derivative: `FakeQuant*` and
`QuantizeAndDequantizeV4` have the derivative 0 beyond their range, `QuantizeAndDequantizeV2` and `V3` have 1 there too. An op that is in neither this table nor
nthgrad's own has no gradient in TensorFlow, and is refused.

{summary}

| op | what nthgrad does |
|---|---|
"""


# Taken when this is imported: tf.custom_gradient and tf.RegisterGradient enter names of their own later.
_NAMES = sorted(name for name in ops.gradient_registry.list() if name.isidentifier())


def names() -> list[str]:
    """All names of ops in the registry."""
    return list(_NAMES)


def has_gradient(kind: str) -> bool:
    """Whether a gradient is registered, and not that there is none."""
    return kind in _NAMES and ops.gradient_registry.lookup(kind) is not None


def classify(kind: str) -> str:
    """What becomes of an op."""
    if kind in refused.REASONS:
        return f"refused: {refused.REASONS[kind]}"
    if kind in opaque.PYTHON:
        return "refused: it runs Python code, which no graph shows"
    if kind in kinds.FUNCTIONAL:
        return "control flow"
    if kind in RULES:
        return FAMILIES.get(RULES[kind].family, "native rule: one of its own")
    definition = op_def_registry.get(kind)
    if definition is None:
        return "refused: TensorFlow has no op of that name"
    if not any(_may_vary(definition, arg) for arg in definition.input_arg):
        return "constant: takes no floating-point number"
    if not any(_may_vary(definition, arg) for arg in definition.output_arg):
        return "constant: gives no floating-point number"
    if has_gradient(kind):
        return "from its gradient"
    raise LookupError(f"{kind} takes and gives floats, and is in no table")


def _may_vary(definition, arg) -> bool:
    """Whether an argument of an op may be a tensor that a derivative flows through."""
    if arg.type:
        types = [arg.type]
    else:
        attribute = next(a for a in definition.attr if a.name in (arg.type_attr, arg.type_list_attr))
        types = attribute.allowed_values.list.type
    types = [tf.as_dtype(t) for t in types]
    return not types or any(t.is_floating or t.is_complex or t == tf.variant for t in types)


def table() -> str:
    """The whole document."""
    rows = {kind: classify(kind) for kind in names()}
    counts: dict[str, int] = {}
    for what in rows.values():
        counts[what.split(":")[0]] = counts.get(what.split(":")[0], 0) + 1
    with_gradient = sum(map(has_gradient, rows))
    introduction = INTRODUCTION.format(
        version=VERSION,
        count=len(rows),
        with_gradient=with_gradient,
        without=len(rows) - with_gradient,
        summary="In numbers: " + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())) + ".",
    )
    return introduction + "".join(f"| {kind} | {what} |\n" for kind, what in rows.items())


if __name__ == "__main__":
    FILE.write_text(table(), encoding="utf-8")
    print(f"{FILE.name}: {len(names())} names")
