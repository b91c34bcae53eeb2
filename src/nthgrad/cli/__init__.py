"""The command line's parts; `nthgrad.__main__` puts them together. Others that import them: the examples, and the process of an old program."""
