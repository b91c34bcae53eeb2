"""Derivatives of other functions than real ones of one tensor: `python tests/benchmarks/kinds_of_f.py [CONTEST ...]`.

A network of complex output, a DeepONet of shape [functions, points] that is differentiated by the points (`axis=1`), and
a Keras model of two inputs as it is (`partials`): nthgrad, TensorFlow's tapes and, but for Keras, JAX, the same weights
and points for all. Needs `pip install '.[bench]'`. Results go to the screen and to --out: a JSON file with machine and
versions, and a plot.
"""

import contest

main = contest.command(__doc__, __file__, "waves", ("complex", "deeponet", "keras"))

if __name__ == "__main__":
    main()
