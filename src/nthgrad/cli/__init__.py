"""The command line's parts; `nthgrad.__main__` puts them together. Others use them: examples, and `nthgrad.legacy`."""
