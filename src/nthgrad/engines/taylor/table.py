"""The table of rules, filled by the files in `rules`; rules that use other rules read it here."""

from nthgrad.engines.taylor.step import Rule

RULES: dict[str, Rule] = {}
"""The rule of each op type; `nthgrad.extend.register` adds to it."""
