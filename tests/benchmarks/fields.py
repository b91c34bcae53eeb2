"""A training step of a physics-informed network: `python tests/benchmarks/fields.py [CONTEST ...]`.

Partial derivatives of the network, the loss of the differential equation, and its gradients by the weights: nthgrad,
tapes nested by hand, JAX's jet, nested jax.grad and jax.jvp, and DeepXDE, the same weights and points for all; nthgrad
and jet whole and in blocks of rows. The contest "derivatives" has no loss. "Times the floor" divides by the time of the
matrix products and the activations alone, whole or in blocks, whichever is faster. Ratios are of the least CPU time with
one thread, and of the least time with all. Most of the time goes to compilers: `--side nthgrad --side jet` leaves the
others out. Needs `pip install '.[bench]'`. Results go to the screen and to --out: a JSON file with machine and versions,
and a plot.
"""

import contest

main = contest.command(__doc__, __file__, "pinn", ("kuramoto-sivashinsky", "derivatives", "burgers", "burgers, small"))

if __name__ == "__main__":
    main()
