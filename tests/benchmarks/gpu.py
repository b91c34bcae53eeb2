"""nthgrad's derivatives on a device that JAX has and TensorFlow may not, a GPU say, beside JAX's own.

    python tests/benchmarks/gpu.py all DIR       both of the following, where TensorFlow and JAX are
    python tests/benchmarks/gpu.py export DIR    where TensorFlow is; the device does not matter
    python tests/benchmarks/gpu.py run DIR       where JAX is, without TensorFlow, on its first device

Export writes float32 functions as StableHLO, with their values in float64, by each engine: the derivatives of orders 1
to 8 (by tapes to 6, or to what --tapes says) of log(x + 2) and of a tanh network, the loss of the Kuramoto-Sivashinsky
equation on a network with its gradients by the weights, and the Laplacian of a network. `run` needs no more than JAX,
NumPy, click and rich beside this folder and DIR, which may come from another machine. It runs each function and puts
errors, by the float64 values, and times beside those of jax.experimental.jet, nested jax.grad and the trace of
jax.hessian, on the same device, in a table and in DIR/PLATFORM.json.

With --small the networks and batches are small: to try it, in a minute or two on a CPU. Not seen on a GPU: so far it was
run on CPUs only.
"""

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import numpy as np

ORDERS = range(1, 9)
SIZES = {
    False: {
        "batch": 1024,
        "mlp": (1, 64, 64, 64, 1),
        "ks": 4096,
        "laplacian": (50, 768, 768, 512, 512, 1),
        "points": 64,
    },
    True: {"batch": 64, "mlp": (1, 16, 16, 1), "ks": 64, "laplacian": (10, 32, 32, 1), "points": 16},
}


def network(tanh, parameters):
    """A tanh network of either library's arrays: parameters are a weight and a bias in turn."""

    def f(x):
        *hidden, (w, b) = zip(parameters[::2], parameters[1::2], strict=True)
        for v, c in hidden:
            x = tanh(x @ v + c)
        return x @ w + b

    return f


def residual(u, d):
    """Of the Kuramoto-Sivashinsky equation, u_t + u u_x + u_xx + u_xxxx = 0."""
    return d["t"] + u * d["x"] + d["xx"] + d["xxxx"]


# ---------- where TensorFlow is


def export_all(folder, small, longest):
    """Writes the functions, and what they should give."""
    import tensorflow as tf

    import nthgrad as ng

    rng, size, tasks = np.random.default_rng(0), SIZES[small], []

    def parameters(widths):
        pairs = [(rng.normal(size=(m, n)) * m**-0.5, 0.1 * rng.normal(size=n)) for m, n in itertools.pairwise(widths)]
        return [p.astype("float32") for pair in pairs for p in pair]

    def write(name, workload, engine, order, make, weights, points):
        """Exports make(parameters) for float32, with what it gives by power series in float64."""
        done = {"name": name, "workload": workload, "engine": engine, "order": order}
        tasks.append(done)
        try:
            g = make([tf.Variable(w) for w in weights], engine)
            ng.export.stablehlo(g, str(folder / name), *map(tf.constant, points))
        except ng.NthgradError as error:  # tapes, of an order too high
            done["none"] = str(error)
        print(name, done.get("none", ""), file=sys.stderr, flush=True)

    def exact(workload, order, make, weights, points):
        g = make([tf.Variable(w, dtype="float64") for w in weights], "taylor")
        values = tf.nest.flatten(g(*(tf.constant(p, "float64") for p in points)))
        np.savez(folder / f"{workload}_{order}.npz", *[v.numpy() for v in values])

    def derivative(f, order):
        return lambda weights, engine: ng.derivative(f(weights), order, method=engine)

    def step(weights, engine):
        f = network(tf.tanh, weights)
        u = ng.partials(lambda t, x: f(tf.concat([t, x], 1)), ["", "t", "x", "xx", "xxxx"], method=engine)

        @tf.function(autograph=False)
        def loss(t, x):
            with tf.GradientTape() as tape:
                d = u(t, x)
                value = tf.reduce_mean(residual(d[""], d) ** 2)
            return value, tape.gradient(value, weights)

        return loss

    def laplacian(weights, engine):
        return ng.laplacian(network(tf.tanh, weights), method=engine)

    columns = rng.uniform(-1, 1, (3, max(size["batch"], size["ks"]), 1)).astype("float32")
    mlp, ks, wide = (parameters(w) for w in (size["mlp"], (2, *size["mlp"][1:]), size["laplacian"]))
    workloads = {
        "log": ([], columns[:1, : size["batch"]], lambda _: lambda x: tf.math.log(x + 2.0)),
        "mlp": (mlp, columns[:1, : size["batch"]], lambda ws: network(tf.tanh, ws)),
        "ks": (ks, columns[1:, : size["ks"]], None),
        "laplacian": (wide, [rng.normal(size=(size["points"], size["laplacian"][0])).astype("float32")], None),
    }
    for workload, (weights, points, f) in workloads.items():
        np.savez(folder / f"{workload}.npz", *points, *weights)
        if f is None:
            makes = {4: step} if workload == "ks" else {2: laplacian}
        else:
            makes = {n: derivative(f, n) for n in ORDERS}
        for order, make in makes.items():
            exact(workload, order, make, weights, points)
            for engine in ("taylor", "tape"):
                if engine == "taylor" or order <= longest:
                    write(f"{workload}_{engine}_{order}", workload, engine, order, make, weights, points)
    about = {"tensorflow": tf.__version__, "tasks": tasks, "points": {w: len(p) for w, (_, p, _) in workloads.items()}}
    (folder / "tasks.json").write_text(json.dumps(about, indent=1))


# ---------- where JAX is


def peers(workload, order, points, parameters):
    """JAX's own ways to the same: by name, functions of no argument that give a flat list of arrays."""
    import jax
    import jax.numpy as jnp
    from jax.experimental.jet import jet

    def along(f, x, n):
        return jet(f, (x,), ([jnp.ones_like(x), *[jnp.zeros_like(x)] * (n - 1)],))

    def nest(f, n):
        for _ in range(n):
            f = jax.grad(f)
        return f

    def jitted(f):
        f = jax.jit(f)
        return lambda: jax.tree.leaves(f(parameters, *points))

    f = {"log": lambda p: lambda x: jnp.log(x + 2)}.get(workload, lambda p: network(jnp.tanh, p))
    one = lambda p: lambda x: f(p)(x.reshape(1, -1)).reshape(())  # noqa: E731
    if workload in ("log", "mlp"):
        return {
            "jet": jitted(lambda p, x: along(f(p), x, order)[1][-1]),
            "nested jax.grad": jitted(lambda p, x: jax.vmap(nest(one(p), order))(x[:, 0])[:, None]),
        }
    if workload == "laplacian":
        axes = np.eye(points[0].shape[1], dtype="float32")

        def by_jet(p):
            return lambda x: jax.vmap(lambda v: jet(one(p), (x,), ((v, 0 * v),))[1][1])(axes).sum()

        return {
            "jet": jitted(lambda p, x: jax.vmap(by_jet(p))(x)[:, None]),
            "trace of jax.hessian": jitted(
                lambda p, x: jax.vmap(lambda x: jnp.trace(jax.hessian(one(p))(x)))(x)[:, None]
            ),
        }

    def step(derivatives):
        def loss(p, t, x):
            u, d = derivatives(lambda t, x: f(p)(jnp.concatenate([t, x], -1)), t, x)
            return jnp.mean(residual(u, d) ** 2)

        return jitted(jax.value_and_grad(loss))

    def by_jet(u, t, x):
        y, (u_x, u_xx, _, u_xxxx) = along(lambda x: u(t, x), x, 4)
        u_t = jax.jvp(lambda t: u(t, x), (t,), (jnp.ones_like(t),))[1]
        return y, {"t": u_t, "x": u_x, "xx": u_xx, "xxxx": u_xxxx}

    def by_grad(u, t, x):
        at = lambda t, x: u(t.reshape(1, 1), x.reshape(1, 1)).reshape(())  # noqa: E731
        ways = {"": at, "t": jax.grad(at)}
        for n in range(1, 5):
            ways["x" * n] = jax.grad(ways["x" * (n - 1)], 1)
        d = {name: jax.vmap(way)(t[:, 0], x[:, 0]) for name, way in ways.items()}
        return d[""], d

    return {"jet": step(by_jet), "nested jax.grad": step(by_grad)}


def run_all(folder, seconds, longest, precision):
    """Measures, and returns the results."""
    import jax
    import measure
    from stablehlo import Function

    if precision is not None:
        jax.config.update("jax_default_matmul_precision", precision)
    device, about, results = jax.devices()[0], json.loads((folder / "tasks.json").read_text()), []
    for workload, order in dict.fromkeys((t["workload"], t["order"]) for t in about["tasks"]):
        exact = _arrays(folder / f"{workload}_{order}.npz")
        arrays = [jax.device_put(a, device) for a in _arrays(folder / f"{workload}.npz")]
        count = about["points"][workload]
        points, parameters = arrays[:count], arrays[count:]
        makes = {}
        for task in about["tasks"]:
            if (task["workload"], task["order"]) == (workload, order):
                if "none" in task:
                    results.append({"workload": workload, "order": order, "side": task["engine"], "none": task["none"]})
                    continue
                makes[f"nthgrad, {task['engine']}"] = lambda name=task["name"]: (
                    lambda function: lambda: function(*points)  # noqa: B023
                )(Function(folder / name, device, precision))
        for side, call in peers(workload, order, points, parameters).items():
            if side == "jet" or order <= longest:
                makes[side] = lambda call=call: call
        calls, rows = {}, {}
        for side, make in makes.items():
            row = rows[side] = {"workload": workload, "order": order, "side": side}
            try:
                row["first"], made = measure.first(lambda make=make: _Waiting(make()))
                row["error"] = max(
                    float(np.abs(np.asarray(y, "float64").reshape(e.shape) - e).max() / np.abs(e).max())
                    for y, e in zip(made.call(), exact, strict=True)
                )
                calls[side] = made.call
            except Exception as error:
                row["none"] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:100]}"
        for side, times in measure.rounds(calls, seconds).items():
            rows[side].update(times)
        results += rows.values()
        print(f"{workload}, order {order}", file=sys.stderr, flush=True)
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    place = {"device": device.device_kind, "platform": device.platform, "matmul precision": precision}
    return {"machine": {**measure.machine(threads), **place, "exported by": about["tensorflow"]}, "results": results}


class _Waiting:
    """A call that returns when its result is there."""

    def __init__(self, call):
        import jax

        self.call = lambda: jax.block_until_ready(call())


def _arrays(path):
    with np.load(path) as file:
        return [file[name] for name in file.files]


def show(report):
    """Prints a table for every workload."""
    from rich.console import Console
    from rich.table import Table

    about, rows = report["machine"], report["results"]
    where = about["device"] if about["platform"] != "cpu" else f"{about['processor']}, {about['threads']} thread(s)"
    for workload in dict.fromkeys(r["workload"] for r in rows):
        table = Table(
            title=f"{workload} on {about['platform']}: {where}; JAX {about['jax']}, TensorFlow {about['exported by']}"
        )
        for column in ("order", "side", "ms (quartiles)", "beside jet", "error", "first result, s"):
            table.add_column(column, justify="left" if column == "side" else "right")
        for r in rows:
            if r["workload"] != workload:
                continue
            if "none" in r:
                table.add_row(str(r["order"]), r["side"], r["none"])
                continue
            jet = next((q for q in rows if q["side"] == "jet" and "median" in q
                        and (q["workload"], q["order"]) == (workload, r["order"])), None)  # fmt: skip
            table.add_row(
                str(r["order"]), r["side"], f"{r['median']:.3f} ({r['low']:.3f}-{r['high']:.3f})",
                f"{r['median'] / jet['median']:.2f}" if jet else "", f"{r['error']:.1e}", f"{r['first']:.2f}",
            )  # fmt: skip
        Console(width=140).print(table)


@click.group(help="\b\n" + __doc__.replace("\n\n", "\n\n\b\n"))
def main():
    """The two halves, and both."""


@main.command(help="Write the functions and their values in float64.")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--small", is_flag=True, help="Small networks and batches.")
@click.option("--tapes", default=6, show_default=True, help="The highest order by nested tapes.")
def export(folder, small, tapes):
    """The first half."""
    folder.mkdir(parents=True)
    export_all(folder, small, tapes)


@main.command(help="Run them with JAX, beside JAX's own.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--seconds", default=1.0, show_default=True, help="To measure each order for, at least.")
@click.option("--nested", default=6, show_default=True, help="The highest order by nested jax.grad.")
@click.option("--precision", type=click.Choice(["highest"]), help="Of matrix products.  [default: the device's]")
def run(folder, seconds, nested, precision):
    """The second half."""
    report = run_all(folder, seconds, nested, precision)
    show(report)
    (folder / f"{report['machine']['platform']}.json").write_text(json.dumps(report, indent=1))


@main.command("all", help="Export, where no GPU is seen, and run on JAX's first device.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--small", is_flag=True, help="Small networks and batches.")
@click.option("--precision", type=click.Choice(["highest"]), help="Of matrix products.  [default: the device's]")
@click.pass_context
def both(context, folder, small, precision):
    """Exports in a process of its own: TensorFlow would take the device's memory from JAX."""
    line = [sys.executable, __file__, "export", str(folder), *(["--small", "--tapes", "4"] if small else [])]
    subprocess.run(line, env=os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}, check=True)
    options = {"seconds": 0.1, "nested": 4} if small else {}
    context.invoke(run, folder=folder, precision=precision, **options)


if __name__ == "__main__":
    main()
