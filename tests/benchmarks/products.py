"""Derivatives by the weights of a network: `python tests/benchmarks/products.py [CONTEST ...]`.

nthgrad, TensorFlow's tapes and JAX (`jvp`, `vjp`, `hvp` as forward over backward, `jacrev`, `jacfwd`, `vmap` of `grad`),
the same weights and points for all. Needs `pip install '.[bench]'`. Results go to the screen and to --out: a JSON file
with machine and versions, and a plot.
"""

import contest

main = contest.command(
    __doc__, __file__, "by_weights", ("jvp", "vjp", "hvp", "gauss_newton_vp", "per_example", "jacobian")
)

if __name__ == "__main__":
    main()
