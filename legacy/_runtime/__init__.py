"""Runs old code: a script in a process of its own, or a block of today's program."""
