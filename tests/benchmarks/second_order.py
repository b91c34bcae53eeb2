"""Whole minimizations by L-BFGS: `python tests/benchmarks/second_order.py [CONTEST ...]`.

`nthgrad.optimize.minimize`, SciPy's L-BFGS-B with gradients by JAX, and optax's L-BFGS, from the same weights, compilation
included. "Difference" is that of the losses at the end. Needs `pip install '.[bench]'`. Results go to the screen and to
--out: a JSON file with machine and versions, and a plot.
"""

import contest

main = contest.command(__doc__, __file__, "lbfgs", ("fit", "poisson"))

if __name__ == "__main__":
    main()
