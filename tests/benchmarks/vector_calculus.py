"""Vector calculus of a network: `python tests/benchmarks/vector_calculus.py [CONTEST ...]`.

Curl of a vector field, divergence of a field of matrices, and the second derivative in a direction for each point:
nthgrad, TensorFlow's tapes, and JAX under `vmap` (`jacfwd`, `jvp` of `jvp`), the same weights and points for all. Needs
`pip install '.[bench]'`. Results go to the screen and to --out: a JSON file with machine and versions, and a plot.
"""

import contest

main = contest.command(__doc__, __file__, "flows", ("curl", "divergence", "directional"))

if __name__ == "__main__":
    main()
