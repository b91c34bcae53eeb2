"""What an order costs by nested tapes: `python tests/benchmarks/tapes.py [HIGHEST ORDER]`.

A tanh network 1-64-64-64-1, batch 1024, float32: graph ops, and milliseconds a call beside tapes nested by hand, the
median of 20 calls, all in one run on this machine.
"""

import itertools
import platform
import statistics
import sys
import time

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

import nthgrad as ng

RNG = np.random.default_rng(0)
WIDTHS = (1, 64, 64, 64, 1)
WEIGHTS = [tf.constant(RNG.normal(size=(m, n)) / np.sqrt(m), tf.float32) for m, n in itertools.pairwise(WIDTHS)]


def network(x):
    """The function whose derivatives are taken."""
    for w in WEIGHTS[:-1]:
        x = tf.tanh(x @ w)
    return x @ WEIGHTS[-1]


def by_hand(f, order):
    """Nested tapes as one writes them."""

    def derivative(x):
        if order == 0:
            return f(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = by_hand(f, order - 1)(x)
        return tape.gradient(y, x)

    return derivative


def milliseconds(g, x):
    """The median time of a call, after one that traces."""
    g(x)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        np.asarray(g(x))
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


def main(highest=6):
    """Prints the table."""
    x = tf.constant(RNG.uniform(-1, 1, (1024, 1)), tf.float32)
    devices = ", ".join(d.device_type for d in tf.config.list_logical_devices())
    table = Table(title=f"TensorFlow {tf.__version__}, {platform.machine()}, {devices}")
    for column in ("order", "graph ops", "growth", "ms", "ms, XLA", "ms by hand", "ratio"):
        table.add_column(column, justify="right")
    before = None
    for order in range(1, highest + 1):
        ops = []

        def counted(t, ops=ops):
            ops.append(t.graph)
            return network(t)

        g = ng.derivative(counted, order, method="tape")
        ours = milliseconds(g, x)
        compiled = milliseconds(ng.derivative(network, order, method="tape", jit_compile=True), x)
        plain = milliseconds(tf.function(by_hand(network, order)), x)
        size = len(ops[0].get_operations())
        growth = f"{size / before:.2f}" if before else ""
        table.add_row(
            str(order), str(size), growth, f"{ours:.2f}", f"{compiled:.2f}", f"{plain:.2f}", f"{ours / plain:.2f}"
        )
        before = size
    Console(width=120).print(table)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
