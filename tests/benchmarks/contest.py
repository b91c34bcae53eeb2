"""A contest: ways to one result, in one process and taking turns, with one thread and with all; a table, a plot, JSON.

A benchmark names its contests, and the module that builds them:

    main = contest.command(__doc__, __file__, "pinn", ("kuramoto-sivashinsky", "burgers"))

The module is imported where it is measured only, by a process of its own for each number of threads (with one thread it
is pinned to one core), and has a dict `CONTESTS` from name to a function that gives the `Contest`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import click

PACKAGES = ("tensorflow", "jax", "folx", "optax", "deepxde")


@dataclass(frozen=True)
class Contest:
    """Ways to one result.

    Attributes:
        title: what is computed.
        sides: by name, functions that build a `sides.Side`; all its results are compared with the first one's, which
            is nthgrad's. A side whose library is not installed raises what an import raises.
        aims: by name of a side, the part of its time that the first side should take at most.
        floors: by name, functions that build sides of no more than the matrix products and the activations that all the
            others need, in one call. Times are divided by that of the fastest.
    """

    title: str
    sides: dict[str, Callable[[], Any]]
    aims: dict[str, float] = field(default_factory=dict)
    floors: dict[str, Callable[[], Any]] = field(default_factory=dict)


def work(module, names, threads, seconds, only=()):
    """Measures in this process, and returns the results.

    Args:
        module: the module that builds the contests.
        names: theirs.
        threads: "one" or "all".
        seconds: to measure each contest for, at least.
        only: how the names of the sides begin that take part; all do if there are none.
    """
    import tensorflow as tf

    if threads == "one":
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    import measure
    import numpy as np

    results = []
    for name in names:
        contest = import_module(module).CONTESTS[name]()
        rows, calls, values = {}, {}, {}
        sides = {s: make for s, make in contest.sides.items() if not only or s.startswith(tuple(only))}
        for side, make in {**sides, **contest.floors}.items():
            row = rows[side] = {"contest": name, "title": contest.title, "side": side, "aim": contest.aims.get(side)}
            row["floor"] = side in contest.floors
            try:
                row["first"], built = measure.first(make)
                value = built.call()
            except Exception as error:
                row["none"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:100]}"
                continue
            calls[side] = built.call
            if side not in contest.floors:
                values[side] = np.concatenate([np.ravel(leaf).astype("float64") for leaf in tf.nest.flatten(value)])
            row |= {"size": built.size(), "compiler": built.memory(), "peak": measure.peak(built.call)}
            print(f"{threads}: {name}, {side}", file=sys.stderr, flush=True)
        for side, times in measure.rounds(calls, seconds).items():
            rows[side].update(times)
        reference = next(iter(values.values()))
        for side, value in values.items():
            rows[side]["difference"] = float(np.abs(value - reference).max() / np.abs(reference).max())
        results += rows.values()
    about = {"load": os.getloadavg()[0], "keep": "MALLOC_MMAP_THRESHOLD_" in os.environ}
    return {"machine": measure.machine(threads) | about, "results": results}


def show(report):
    """Prints a table for every contest."""
    import measure
    from rich.console import Console
    from rich.table import Table

    about = report["machine"]
    kept = ", blocks kept" if about["keep"] else ""
    versions = ", ".join(f"{p} {about[p]}" for p in PACKAGES if about[p])
    for name in dict.fromkeys(r["contest"] for r in report["results"]):
        rows = [r for r in report["results"] if r["contest"] == name]
        table = Table(title=f"{rows[0]['title']}: {about['processor']}, {about['threads']} thread(s), {versions}{kept}")
        for column, justify in (
            ("side", "left"),
            ("ms (quartiles)", "right"),
            ("times the floor", "right"),
            ("nthgrad's part", "right"),
            ("aim", "right"),
            ("first result, s", "right"),
            ("ops", "right"),
            ("MiB", "right"),
            ("MiB, its compiler says", "right"),
            ("difference", "right"),
        ):
            table.add_column(column, justify=justify)
        ms = {r["side"]: measure.least(r, about["threads"]) for r in rows if "median" in r}
        floor = min((ms[r["side"]] for r in rows if r["floor"] and r["side"] in ms), default=None)
        first = ms.get(rows[0]["side"])
        for r in rows:
            if "none" in r:
                table.add_row(r["side"], r["none"])
                continue
            table.add_row(
                r["side"],
                f"{r['median']:.2f} ({r['low']:.2f}-{r['high']:.2f})",
                "" if floor is None else f"{ms[r['side']] / floor:.2f}",
                "" if first is None else f"{first / ms[r['side']]:.2f}",
                "" if r["aim"] is None else f"{r['aim']:.2f}",
                f"{r['first']:.2f}",
                str(r["size"]),
                "" if r["peak"] is None else f"{r['peak']:.1f}",
                "" if r["compiler"] is None else f"{r['compiler']:.1f}",
                f"{r['difference']:.0e}" if "difference" in r else "",
            )
        Console(width=170).print(table)


def plot(reports, path):
    """Draws milliseconds a call of every side, a panel for each contest and number of threads."""
    from matplotlib.figure import Figure

    panels = [(name, report) for report in reports for name in dict.fromkeys(r["contest"] for r in report["results"])]
    figure = Figure(figsize=(5 * len(panels), 4), layout="constrained")
    for ax, (name, report) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        rows = [r for r in report["results"] if r["contest"] == name and "median" in r][::-1]
        bars = ax.barh(
            [r["side"] for r in rows],
            [r["median"] for r in rows],
            color=["C0" if r["side"].startswith("nthgrad") else "0.7" for r in rows],
        )
        ax.bar_label(bars, fmt="%.3g", padding=3, fontsize="small")
        ax.set(title=f"{name}, {report['machine']['threads']} thread(s)", xlabel="ms a call")
        ax.margins(x=0.15)
    figure.savefig(path, dpi=120)


def command(doc, file, module, known):
    """The command line of a benchmark.

    Args:
        doc: its help.
        file: the benchmark's file, whose name the results get.
        module: the module that builds the contests.
        known: their names.
    """

    @click.command(help=doc)
    @click.argument("names", nargs=-1, type=click.Choice(known))
    @click.option("--threads", type=click.Choice(["one", "all", "both"]), default="both", show_default=True)
    @click.option("--side", "only", multiple=True, help="Only sides whose names begin like this, and the floors.")
    @click.option("--seconds", default=10.0, help="To measure each contest for, at least.", show_default=True)
    @click.option("--out", type=click.Path(file_okay=False, path_type=Path), default="benchmarks", show_default=True)
    @click.option(
        "--keep", is_flag=True, help="Let glibc keep blocks of more than 32 MiB, which else come anew each call."
    )
    @click.option("--worker", is_flag=True, hidden=True)
    def main(names, threads, only, seconds, out, keep, worker):
        if worker:
            print(json.dumps(work(module, names, threads, seconds, only)))
            return
        reports = []
        for number in ("one", "all") if threads == "both" else (threads,):
            arguments = [*(names or known), "--threads", number, "--seconds", str(seconds), "--worker"]
            arguments += [word for side in only for word in ("--side", side)]
            with pinned(number == "one", keep) as environment:
                done = subprocess.run(
                    [sys.executable, file, *arguments], stdout=subprocess.PIPE, text=True, check=True, env=environment
                )
            reports.append(json.loads(done.stdout.splitlines()[-1]))
            show(reports[-1])
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{Path(file).stem}.json").write_text(json.dumps(reports, indent=1))
        plot(reports, out / f"{Path(file).stem}.png")

    return main


class pinned:  # noqa: N801
    """A process started within it runs on one core only, or on all that there are."""

    def __init__(self, one, keep):
        self.cores = os.sched_getaffinity(0) if one and hasattr(os, "sched_setaffinity") else None
        self.environment = {"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ}
        if one:
            self.environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

        if keep:
            self.environment |= {"MALLOC_MMAP_THRESHOLD_": str(2**40), "MALLOC_TRIM_THRESHOLD_": str(2**40)}

    def __enter__(self):
        if self.cores:
            os.sched_setaffinity(0, {min(self.cores)})
        return self.environment

    def __exit__(self, *_):
        if self.cores:
            os.sched_setaffinity(0, self.cores)
