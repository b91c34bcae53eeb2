"""Patches: every attribute of today's modules that is changed for old programs, with its reason.

`patch` and `applying` know no table; `tables` lists the tables; `replacing` has what several of them are written with.
"""
