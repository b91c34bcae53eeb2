"""The table of rules: one line for each op, one file for each field.

In the files x and y are an op's input and output as series. A slope rule is y' = s x', an `over` rule is d y' = x'. A
composite is written in other ops, which are called by TensorFlow's names through `ops`.
"""

from nthgrad.engines.taylor.rules import (
    draws,
    elementwise,
    factorizations,
    images,
    linalg,
    nn,
    pooling,
    quantization,
    reductions,
    refused,
    segments,
    selection,
    sparse,
    special,
    structure,
)
from nthgrad.engines.taylor.step import Rule
from nthgrad.engines.taylor.table import RULES

TABLES = (
    structure.RULES,
    segments.RULES,
    selection.RULES,
    pooling.RULES,
    quantization.RULES,
    draws.RULES,
    elementwise.RULES,
    reductions.RULES,
    special.RULES,
    linalg.RULES,
    factorizations.RULES,
    nn.RULES,
    images.RULES,
    sparse.RULES,
    refused.RULES,
)

RULES.update({k: r if isinstance(r, Rule) else Rule(r) for table in TABLES for k, r in table.items()})
