"""Laplacian and biharmonic of a network: `python tests/benchmarks/operators.py [CONTEST ...]`.

nthgrad, nested differentiation in TensorFlow (the trace of the Hessian by tapes, and the sum of its columns one by one),
folx, jet and the trace of jax.hessian, the same weights and points for all; "laplacian, blocks" has many points, and
blocks of rows. Needs `pip install '.[bench]'`. Results go to the screen and to --out: a JSON file with machine and
versions, and a plot.
"""

import contest

main = contest.command(__doc__, __file__, "laplacians", ("laplacian", "laplacian, blocks", "biharmonic"))

if __name__ == "__main__":
    main()
