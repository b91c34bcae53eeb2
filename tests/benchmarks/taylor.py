"""The Taylor engine beside nested tapes, JAX's jet and nested JAX: `python tests/benchmarks/taylor.py [WORKLOAD ...]`.

For every workload and order all sides run in one process and take turns. With one thread (the process is pinned to one
core) and with all, a process each. Networks are also computed in blocks of rows, by nthgrad and by jet. "Times the
floor" divides by the time of the matrix products and the activations alone, whole or in blocks, whichever is faster.
These ratios, and those to jet, are of the least CPU time with one thread, and of the least time with all. Needs `pip install '.[bench]'`. Results go to the screen and to --out: a JSON
file with machine and versions, and a plot.
"""

import collections
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import click

# A side is not asked for an order where it would need more than this, by how its need grew from order to order.
PATIENCE = 30.0  # seconds of CPU time to the first result
ROOM = 4000.0  # MiB


def expected(needs, order):
    """What comes next in a sequence of (order, need) that grows by the same factor with every order, or 0."""
    if not needs:
        return 0.0
    (m, before), (n, last) = needs[-2:] if len(needs) > 1 else ((0, needs[0][1]), needs[0])
    return last * max(1.0, last / before) ** ((order - n) / (n - m))


def work(names, threads, seconds):
    """Measures in this process, and returns the results."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if threads == "one":
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import floor
    import measure
    import numpy as np
    import sides
    import tensorflow as tf
    from workloads import WORKLOADS

    if threads == "one":
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    results = []
    for name in names:
        workload = WORKLOADS[name]()
        calls = {"forward, XLA": sides.forward(workload, True).call, "forward": sides.forward(workload, None).call}
        for call in calls.values():
            call()
        results += [{"workload": name, "order": 0, "side": s, **t} for s, t in measure.rounds(calls, seconds).items()]
        dead, needs = {}, collections.defaultdict(lambda: ([], []))
        for order in workload.orders:
            calls, rows, values = {}, {}, {}
            floors = {s: lambda *_, make=make: make() for s, make in floor.of_workload(workload, order).items()}
            for side, make in {**sides.of_workload(workload), **floors}.items():
                row = rows[side] = {"workload": name, "order": order, "side": side, "floor": side in floors}
                seconds_needed, room_needed = (expected(n, order) for n in needs[side])
                if seconds_needed > PATIENCE or room_needed > ROOM:
                    dead.setdefault(
                        side, f"not tried: {seconds_needed:.0f} s of CPU time and {room_needed:.0f} MiB expected"
                    )
                if side in dead:
                    row["none"] = dead[side]
                    continue
                print(f"{threads}: {name}, order {order}, {side}", file=sys.stderr, flush=True)
                cpu = time.process_time()
                try:
                    row["first"], built = measure.first(lambda make=make: make(workload, order))  # noqa: B023
                    calls[side] = built.call
                    if side not in floors:
                        values[side] = np.asarray(built.call())
                except Exception as error:
                    row["none"] = dead[side] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:100]}"
                    continue
                cpu = time.process_time() - cpu
                memory = built.memory()
                row["peak"] = measure.peak(built.call) if memory is None else memory
                row["size"] = built.size()
                for known, need in zip(needs[side], (cpu, row["peak"] or 0.0), strict=True):
                    known.append((order, max(need, 1e-9)))
            for side, times in measure.rounds(calls, seconds).items():
                rows[side].update(times)
            reference = next(iter(values.values()))
            for side, value in values.items():
                difference = np.abs(value.reshape(reference.shape) - reference).max() / np.abs(reference).max()
                rows[side]["difference"] = float(difference)
            results += rows.values()
    return {"machine": measure.machine(threads), "results": results}


def show(report):
    """Prints a table for every workload."""
    import measure
    from rich.console import Console
    from rich.table import Table

    about = report["machine"]
    console = Console(width=150)
    for name in dict.fromkeys(r["workload"] for r in report["results"]):
        rows = [r for r in report["results"] if r["workload"] == name]
        base = {r["side"]: r["median"] for r in rows if r["order"] == 0}
        table = Table(
            title=f"{name}: {about['processor']}, {about['threads']} thread(s), TensorFlow {about['tensorflow']}, "
            f"JAX {about['jax']}; forward pass {base['forward, XLA']:.2f} ms with XLA, {base['forward']:.2f} without"
        )
        for column in (
            "order",
            "side",
            "ms (quartiles)",
            "beside jet",
            "times the floor",
            "forward passes",
            "first result, s",
            "ops",
            "MiB",
            "difference",
        ):
            table.add_column(column, justify="left" if column == "side" else "right")
        for r in rows:
            if "median" not in r or r["order"] == 0:
                if "none" in r:
                    table.add_row(str(r["order"]), r["side"], r["none"])
                continue
            of_order = [q for q in rows if q["order"] == r["order"] and "median" in q]
            ms = {q["side"]: measure.least(q, about["threads"]) for q in of_order}
            floor = min((ms[q["side"]] for q in of_order if q["floor"]), default=None)
            mine, peer = ms[r["side"]], ms.get("jet")
            table.add_row(
                str(r["order"]),
                r["side"],
                f"{r['median']:.2f} ({r['low']:.2f}-{r['high']:.2f})",
                f"{mine / peer:.2f}" if peer else "",
                f"{mine / floor:.2f}" if floor else "",
                f"{r['median'] / base['forward, XLA']:.1f}",
                f"{r['first']:.2f}",
                str(r["size"]),
                "" if r.get("peak") is None else f"{r['peak']:.1f}",
                f"{r['difference']:.0e}" if "difference" in r else "",
            )
        console.print(table)


def plot(reports, path):
    """Draws milliseconds a call by order, a panel for each workload and number of threads."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    panels = [(name, report) for report in reports for name in dict.fromkeys(r["workload"] for r in report["results"])]
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 4), squeeze=False, layout="constrained")
    for ax, (name, report) in zip(axes[0], panels, strict=True):
        rows = [r for r in report["results"] if r["workload"] == name and "median" in r and r["order"]]
        for side in dict.fromkeys(r["side"] for r in rows):
            mine = [r for r in rows if r["side"] == side]
            ax.plot([r["order"] for r in mine], [r["median"] for r in mine], "o-", ms=3, label=side)
        ax.set(
            title=f"{name}, {report['machine']['threads']} thread(s)", xlabel="order", ylabel="ms a call", yscale="log"
        )
        ax.legend(fontsize="small")
    figure.savefig(path, dpi=120)


@click.command(help=__doc__)
@click.argument("names", nargs=-1)
@click.option("--threads", type=click.Choice(["one", "all", "both"]), default="both")
@click.option("--seconds", default=2.0, help="To measure each order for, at least.", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("benchmarks"))
@click.option("--worker", is_flag=True, hidden=True)
def main(names, threads, seconds, out, worker):
    names = names or ("mlp", "mlp-4096", "elementwise", "transformer", "gru")
    if worker:
        print(json.dumps(work(names, threads, seconds)))
        return
    reports = []
    for number in ("one", "all") if threads == "both" else (threads,):
        command = [sys.executable, __file__, *names, "--threads", number, "--seconds", str(seconds), "--worker"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        reports.append(json.loads(done.stdout.splitlines()[-1]))
        show(reports[-1])
    out.mkdir(parents=True, exist_ok=True)
    (out / "taylor.json").write_text(json.dumps(reports, indent=1))
    plot(reports, out / "taylor.png")


if __name__ == "__main__":
    main()
