"""The command line's parts; `nthgrad.__main__` puts them together. Nothing else of nthgrad imports them."""
