"""Runs of the command line: in this process, and in one of their own."""

from __future__ import annotations

import math

import numpy as np

from nthgrad.__main__ import main


def computed(*arguments: str) -> dict[str, np.ndarray]:
    """The columns that `nthgrad differentiate` writes."""
    assert main(["differentiate", *arguments, "--out", "computed.npz"]) == 0
    with np.load("computed.npz") as file:
        return {name: file[name] for name in file.files}


LOG = [math.log(3), 1 / 3, -1 / 9, 2 / 27, -6 / 81]


AS_PYTHON = 'Write it as in Python, for example "log(x + 2)".'


DEMO = """\
f(x) = log(x + 2) and its derivatives at x = 1

                         power      nested      finite        TF 1     Keras 2
                        series       tapes  difference     session       model
 order       exact     float32     float32     float64     float32     float32
 ─────────────────────────────────────────────────────────────────────────────
     0   1.0986123   1.0986123   1.0986123   1.0986123   1.0986123   1.0986123
     1   0.3333333   0.3333333   0.3333333   0.3333333   0.3333333   0.3333333
     2  -0.1111111  -0.1111111  -0.1111111  -0.1111111  -0.1111111  -0.1111111
     3   0.0740741   0.0740741   0.0740741   0.0740741   0.0740741   0.0740741
     4  -0.0740741  -0.0740741  -0.0740741  -0.0740741  -0.0740741  -0.0740741

 limit                 1.0e-06     1.0e-06     1.0e-07     1.0e-06     1.0e-06
"""


# A module of a user: fixture `module` writes it.
MODULE = """
import tensorflow as tf

def f(x, y=2.0):
    if x[0] > 0:
        return tf.sin(x) * y
    return tf.cos(x)

class Cube:
    def __call__(self, x):
        return x**3

cube = Cube()
number = 3

def raises(x):
    raise RuntimeError("no such thing.\\nNot at all")

def mixes(x):
    return tf.reduce_sum(x * x)

def keyword(x, *, k):
    return x * k

def several(a, b=1.0, c=2.0):
    return a * c

def interrupted(x):
    raise KeyboardInterrupt
"""
