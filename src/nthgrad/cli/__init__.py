"""The commands of `nthgrad.__main__`, and functions that they share."""
