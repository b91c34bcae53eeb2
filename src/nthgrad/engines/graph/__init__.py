"""Reads and interprets traced graphs."""
