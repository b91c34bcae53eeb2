"""Hessians of recurrent networks, first call and later ones: `python tests/benchmarks/hessians.py [CONTEST ...]`.

nthgrad, and two nested tapes with the rows of the Hessian one by one, unrolled and vectorized. Needs
`pip install '.[bench]'`. Results go to the screen and to --out: a JSON file with machine and versions, and a plot.
"""

import contest

main = contest.command(__doc__, __file__, "recurrent", ("gru", "lstm", "cells"))

if __name__ == "__main__":
    main()
