"""Patches: every attribute of today's modules that is changed for old programs, with its reason.

`tables` lists the tables of patches; `patch` and `applying` do not depend on them. `replacing` has helpers for tables.
"""
