"""Traced graphs: what they say, and how they are interpreted."""
