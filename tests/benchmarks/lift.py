"""The speed of a lifted network's derivatives beside TensorFlow 1's: `python tests/benchmarks/lift.py --old PYTHON`.

PYTHON is a Python 3.7 with TensorFlow 1.15.5 (tests/golden/record.py says how to make one). It freezes a tanh network
1-64-64-64-1, float32, and times the derivatives that chained tf.gradients give for a batch of 1024; then the frozen file
is lifted here, and the same is timed. The shortest of 30 calls after one that is not counted, both sides on the
same machine in one run, one after the other, with the threads that each takes by itself. The error is the largest
difference from the exact derivatives, in float64 by power series, relative to the largest of them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import numpy as np

OLD = """
import sys, time
import numpy as np
import tensorflow as tf

folder, order, calls = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
draws = np.random.RandomState(0)
x = y = tf.placeholder(tf.float32, [None, 1], name="x")
for n, m in [(1, 64), (64, 64), (64, 64), (64, 1)]:
    y = tf.matmul(y, tf.constant((draws.normal(size=(n, m)) / n**0.5).astype("float32")))
    y = tf.tanh(y) if m > 1 else tf.identity(y, "y")
with open(folder + "/net.pb", "wb") as file:
    file.write(tf.get_default_graph().as_graph_def().SerializeToString())
points = np.linspace(-1, 1, 1024, dtype="float32")[:, None]
tower, found = [y], {"x": points}
with tf.Session() as session:
    for k in range(order + 1):
        wanted = tower[-1]
        run = session.make_callable(wanted, [x])
        found["d%d" % k] = run(points)
        times = []
        for _ in range(calls):
            start = time.perf_counter()
            run(points)
            times.append(time.perf_counter() - start)
        found["ms%d" % k] = 1e3 * min(times)
        tower.append(tf.gradients(wanted, x)[0])
np.savez(folder + "/old.npz", version=tf.__version__, **found)
"""


def milliseconds(g, x, calls: int) -> float:
    """The shortest time of a call, after one that traces and compiles."""
    np.asarray(g(x))
    times = []
    for _ in range(calls):
        start = time.perf_counter()
        np.asarray(g(x))
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def error(found, exact) -> float:
    """The largest difference, relative to the largest value."""
    return float(np.max(np.abs(np.asarray(found, np.float64) - exact)) / np.max(np.abs(exact)))


def exact(path: str, order: int, x):
    """The derivatives of the same network in float64."""
    import tensorflow as tf

    import nthgrad as ng

    graph = tf.compat.v1.GraphDef.FromString(Path(path).read_bytes())
    weights = [tf.constant(tf.make_ndarray(n.attr["value"].tensor), tf.float64) for n in graph.node if n.op == "Const"]

    def network(z):
        for w in weights[:-1]:
            z = tf.tanh(z @ w)
        return z @ weights[-1]

    return [d.numpy() for d in ng.derivatives(network, order)(x.astype(np.float64))]


@click.command(help=__doc__)
@click.option("--old", metavar="PYTHON", required=True, help="The Python with TensorFlow 1.15.5.")
@click.option("--order", default=4, show_default=True, help="The highest order.")
@click.option("--calls", default=30, show_default=True, help="Calls that are timed.")
def main(old: str, order: int, calls: int) -> None:
    """Prints the table."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    os.environ.update(environment)
    with tempfile.TemporaryDirectory() as folder:
        arguments = [old, "-W", "ignore", "-c", OLD, folder, str(order), str(calls)]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stderr)
        with np.load(f"{folder}/old.npz") as file:
            found = dict(file)

        import tensorflow as tf
        from rich.console import Console
        from rich.table import Table

        import nthgrad as ng
        from nthgrad import legacy

        x = tf.constant(found["x"])
        true = exact(f"{folder}/net.pb", order, found["x"])
        f = legacy.lift(f"{folder}/net.pb", inputs="x", outputs="y")
        title = f"tanh network 1-64-64-64-1, batch 1024, float32: TensorFlow {found['version']}, then {tf.__version__}"
        table = Table(title=f"{title}, {os.cpu_count()} cores")
        columns = ["order", "tf.gradients ms", "taylor ms", "ratio", "taylor + XLA ms", "ratio", "tape ms", "ratio"]
        for column in [*columns, "error, old", "error, taylor"]:
            table.add_column(column, justify="right")
        for k in range(1, order + 1):
            before = float(found[f"ms{k}"])
            cells = [str(k), f"{before:.2f}"]
            for options in ({"method": "taylor"}, {"method": "taylor", "jit_compile": True}, {"method": "tape"}):
                ours = milliseconds(ng.derivative(f, k, **options), x, calls)
                cells += [f"{ours:.2f}", f"{ours / before:.2f}"]
            errors = error(found[f"d{k}"], true[k]), error(ng.derivative(f, k, method="taylor")(x), true[k])
            table.add_row(*cells, *(f"{e:.1e}" for e in errors))
        Console(width=140).print(table)


if __name__ == "__main__":
    main()
