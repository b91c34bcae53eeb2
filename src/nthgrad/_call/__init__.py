"""Calls of g: validates arguments, caches traces, shortens tracebacks."""
