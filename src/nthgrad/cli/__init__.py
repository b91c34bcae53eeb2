"""The command line's parts; `nthgrad.__main__` puts them together. Beside it only the examples import them."""
