"""The memory that evaluate takes: `python tests/benchmarks/evaluate.py [POINTS ...]`.

u_t and u_xx of a tanh network 2-32-32-1 in float32, from memory maps: to .npy files, to memory, and by one call of the
function at all the points. Each in a process of its own: the largest resident memory (of which memory maps are a part),
and how much of it is beyond what the process had when the function was compiled.
"""

import itertools
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BATCH = 2**16
ONCE_AT_MOST = 10**6
WIDTHS = (2, 32, 32, 1)


def residual(way, points, folder):
    """Runs one way in this process and prints what it took."""
    import tensorflow as tf

    import nthgrad as ng

    rng = np.random.default_rng(0)
    weights = [tf.constant(rng.normal(size=shape) / 4, tf.float32) for shape in itertools.pairwise(WIDTHS)]

    def u(t, x):
        y = tf.concat([t, x], 1)
        for w in weights[:-1]:
            y = tf.tanh(y @ w)
        return y @ weights[-1]

    g = ng.partials(u, ["t", "xx"])
    data = [np.load(folder / f"{name}.npy", mmap_mode="r")[:points] for name in "tx"]
    ng.evaluate(g, [column[:BATCH] for column in data], batch_size=BATCH)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    if way == "at once":
        found = g(*map(tf.convert_to_tensor, data))
    else:
        out = folder / "u" if way == "files" else None
        found = ng.evaluate(g, data, batch_size=BATCH, out=out, overwrite=True)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert found["xx"].shape == (points, 1)
    scale = 2**20 if sys.platform == "darwin" else 2**10
    print(json.dumps({"peak": peak / scale, "beyond": (peak - before) / scale, "seconds": seconds}))


def main(*sizes):
    """Prints the table."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"MiB, batches of {BATCH} points, {platform.machine()}")
    for column in ("points", "result", "peak", "beyond", "seconds", "points/s"):
        table.add_column(column, justify="right")
    sizes = sizes or (10**5, 10**6, 10**7)
    with tempfile.TemporaryDirectory() as folder:
        for name in "tx":
            column = np.lib.format.open_memmap(f"{folder}/{name}.npy", "w+", "float32", (max(sizes), 1))
            for start in range(0, max(sizes), BATCH):
                rows = column[start : start + BATCH]
                rows[:] = np.random.default_rng(start).uniform(-1, 1, rows.shape)
        for way, points in itertools.product(("files", "memory", "at once"), sizes):
            if way == "at once" and points > ONCE_AT_MOST:
                continue
            command = [sys.executable, __file__, way, str(points), folder]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            found = json.loads(done.stdout.splitlines()[-1])
            rate = f"{points / found['seconds']:.1e}"
            table.add_row(
                f"{points:.0e}", way, f"{found['peak']:.0f}", f"{found['beyond']:.0f}", f"{found['seconds']:.1f}", rate
            )
    Console(width=100).print(table)


if __name__ == "__main__":
    if sys.argv[1:2] and not sys.argv[1].isdigit():
        residual(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(*map(int, sys.argv[1:]))
