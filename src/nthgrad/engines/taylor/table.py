"""The table of rules, empty until the files in `rules` fill it; rules that use other rules read it from here."""

from nthgrad.engines.taylor.step import Rule

RULES: dict[str, Rule] = {}
"""The rule of each op type; `nthgrad.extend.register` adds to it."""
