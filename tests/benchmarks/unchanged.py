"""Programs that differentiate tensors, unchanged: `python tests/benchmarks/unchanged.py [COMPARISON ...]`.

A training step of a network 2-64-64-64-1: u_t, u_x, u_xx, ... up to an order, the loss, and its gradients by the weights.
TensorFlow's gradients and nthgrad's take turns in one process: nested tapes, a TensorFlow 1 session, DeepXDE (which needs
`pip install '.[bench]'`). Two columns in a row are TensorFlow and nthgrad, and the ratio is the second by the first. Times
are the median of the calls, the least CPU time, and the better of two first calls, tracing and compiling included. With
--old, TensorFlow 1.15.5 also runs the session's program (tests/golden/record.py says how to install it); its ratio is one
of CPU times. Memory is measured in a process without oneDNN. Results go to the screen and to --out, a JSON file.
"""

import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import click
from contest import pinned

NAMES = ("tapes", "session", "deepxde", "deepxde-session")
AIMS = {1: 1.05, 2: 1.05, 3: 0.5, 4: 0.25}  # without XLA; with it 1.05
SIDES = {"old": False, "new": True}


def work(name, orders, batch, threads, measured):
    """Calls measured(comparison, case) for the cases of a comparison in this process, and returns the results."""
    from old_ways import COMPARISONS

    os.environ["DDE_BACKEND"] = COMPARISONS[name].backend
    import tensorflow as tf

    if threads == "one":
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    import measure
    from old_ways import Case

    tf.get_logger().setLevel("ERROR")  # it would warn of retracing: the cases share their code
    comparison, rows = COMPARISONS[name], []
    with comparison.around():
        for xla in comparison.xla:
            for layout in comparison.layouts:
                for side in SIDES.values():  # what only the first call of a process costs
                    comparison.build(Case(1, layout, xla, 8), side)
                for order in orders:
                    print(f"{threads}: {name}, {layout}, order {order}{', XLA' * xla}", file=sys.stderr, flush=True)
                    row = {"order": order, "layout": layout, "xla": xla}
                    rows.append(row | measured(comparison, Case(order, layout, xla, batch)))
    return {"machine": measure.machine(threads), "name": name, "title": comparison.title, "rows": rows}


def peaks(comparison, case):
    """Measures the memory of both sides of a case: the most of three calls."""
    import measure

    found = {}
    for side, fast in SIDES.items():
        step = comparison.build(case, fast)
        taken = [measure.peak(step.call) for _ in range(3)]
        found[side] = {"peak": None if None in taken else max(taken)}
    return found


def times(comparison, case, seconds):
    """Measures the times of both sides of a case, and compares their results."""
    import measure
    import numpy as np

    firsts, steps = {side: [] for side in SIDES}, {}
    for side in [*SIDES, *SIDES]:
        steps.pop(side, None)
        taken, steps[side] = timed(lambda side=side: comparison.build(case, SIDES[side]))
        firsts[side].append(taken)
    values = {s: np.concatenate([np.ravel(a).astype("float64") for a in step.value()]) for s, step in steps.items()}
    found = measure.rounds({side: step.call for side, step in steps.items()}, seconds)
    found = {s: found[s] | {"first": min(firsts[s]), "ops": steps[s].ops} for s in SIDES}
    scale = np.abs(values["old"]).max()
    return found | {"difference": float(np.abs(values["new"] - values["old"]).max() / scale)}


def timed(build):
    """Seconds that building takes, and what it builds."""
    import gc
    import time

    gc.collect()
    start = time.perf_counter()
    built = build()
    return time.perf_counter() - start, built


def answer(arguments, environment):
    """Returns the results of this file in another process."""
    command = [sys.executable, __file__, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
    return json.loads(done.stdout.splitlines()[-1])


def in_tensorflow_1(python, rows, batch, threads, seconds, environment):
    """Adds to each row what the old program takes in TensorFlow 1.15.5."""
    import numpy as np
    from old_ways import Case

    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            arrays = Case(row["order"], row["layout"], False, batch).arrays()
            np.savez(f"{folder}/arrays.npz", threads=int(threads == "one"), **arrays)
            program = str(Path(__file__).parent / "tensorflow_1.py")
            arguments = [f"{folder}/arrays.npz", str(row["order"]), row["layout"], str(seconds / 2)]
            done = subprocess.run(
                [python, "-W", "ignore", program, *arguments],
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                sys.exit(done.stderr)
            row["tensorflow 1"] = json.loads(done.stdout.splitlines()[-1])


def show(report):
    """Prints the table of a comparison."""
    from rich.console import Console
    from rich.table import Table

    about = report["machine"]
    versions = ", ".join(f"{p} {about[p]}" for p in ("tensorflow", "deepxde") if about[p])
    table = Table(title=f"{report['title']}: {about['processor']}, {about['threads']} thread(s), {versions}")
    old = any("tensorflow 1" in row for row in report["rows"])
    columns = ["t and x", "order", "ms", "", "ratio", "aim", "CPU ms", "", "ratio", "first call, s", "", "ratio"]
    columns += [
        "MiB",
        "",
        "ops",
        "",
        "difference",
        *(["TensorFlow 1, CPU ms", "ratio", "first call, s"] if old else []),
    ]
    for column in columns:
        table.add_column(column, justify="left" if column == "t and x" else "right")
    for row in report["rows"]:
        cells = [row["layout"] + ", XLA" * row["xla"], str(row["order"])]
        for key, digits in (("median", 2), ("cpu", 2), ("first", 2)):
            before, after = row["old"][key], row["new"][key]
            cells += [f"{before:.{digits}f}", f"{after:.{digits}f}", f"{after / before:.2f}"]
            if key == "median":
                cells.append(f"{1.05 if row['xla'] else AIMS.get(row['order'], 0.25):.2f}")
        cells += ["" if row[side]["peak"] is None else f"{row[side]['peak']:.1f}" for side in SIDES]
        cells += [*(str(row[side]["ops"]) for side in SIDES), f"{row['difference']:.0e}"]
        if "tensorflow 1" in row:
            past = row["tensorflow 1"]
            cells += [f"{past['cpu']:.2f}", f"{row['new']['cpu'] / past['cpu']:.2f}", f"{past['first']:.2f}"]
        table.add_row(*cells)
    Console(width=190).print(table)


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--order", "orders", type=int, multiple=True, default=(1, 2, 3, 4), show_default=True)
@click.option("--batch", default=4096, help="Points.", show_default=True)
@click.option("--threads", type=click.Choice(["one", "all", "both"]), default="one", show_default=True)
@click.option("--seconds", default=5.0, help="To measure each row for, at least.", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="benchmarks", show_default=True)
@click.option("--old", metavar="PYTHON", envvar="NTHGRAD_OLD_PYTHON", show_envvar=True, help="With TensorFlow 1.15.5.")
@click.option("--worker", type=click.Choice(["times", "memory"]), hidden=True)
def main(names, orders, batch, threads, seconds, out, old, worker):
    """Starts two processes for each comparison and number of threads, of times and of memory; prints the tables."""
    if worker:
        measured = peaks if worker == "memory" else partial(times, seconds=seconds)
        print(json.dumps(work(names[0], orders, batch, threads, measured)))
        return
    reports = []
    for number in ("one", "all") if threads == "both" else (threads,):
        for name in names or NAMES:
            arguments = [name, "--threads", number, "--seconds", str(seconds), "--batch", str(batch)]
            arguments += [f"--order={order}" for order in orders]
            with pinned(number == "one", False) as environment:
                reports.append(answer([*arguments, "--worker", "times"], environment))
                # oneDNN's allocator keeps what is freed, and hides what a call needs.
                memory = answer([*arguments, "--worker", "memory"], environment | {"TF_ENABLE_ONEDNN_OPTS": "0"})
                for row, other in zip(reports[-1]["rows"], memory["rows"], strict=True):
                    for side in SIDES:
                        row[side] |= other[side]
                if old and name == "session":
                    in_tensorflow_1(old, reports[-1]["rows"], batch, number, seconds, environment)
            show(reports[-1])
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{Path(__file__).stem}.json").write_text(json.dumps(reports, indent=1))


if __name__ == "__main__":
    main()
