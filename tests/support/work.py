"""What test_distribute.py has done in processes of their own: `python tests/support/work.py FOLDER [PORT PORT INDEX]`.

Without ports, on two logical CPUs, and then a run that is killed; with them, as one of two workers. What came out is
written to FOLDER/INDEX.npz; the folder also takes the files that are made on the way.
"""

import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

import nthgrad as ng
from nthgrad.evaluation import files

COUNT, BATCH = 11, 5  # neither divides by two
T, X = np.random.default_rng(0).uniform(-1, 1, (2, COUNT, 1))


def network():
    """Weights of a tanh network 2-8-1, and the field u(t, x) that it is."""
    rng = np.random.default_rng(1)
    a, b, c = (tf.Variable(rng.normal(size=s)) for s in ((2, 8), (8,), (8, 1)))
    return [a, b, c], lambda t, x: tf.tanh(tf.concat([t, x], 1) @ a + b) @ c


def evaluated(strategy, folder=None):
    """Derivatives of u at the points: from arrays and from a dataset, to memory and to files."""
    _, u = network()
    g = ng.partials(u, ["", "t", "xx", "tx"])
    options = {"batch_size": BATCH, "strategy": strategy, "progress": False}
    dataset = tf.data.Dataset.from_tensor_slices({"t": T, "x": X}).batch(4)
    found = {
        "arrays": ng.evaluate(g, (T, X), **options, out=folder and f"{folder}/partials"),
        "one output": ng.evaluate(tf.sin, X, **options, out=folder and f"{folder}/one.npy"),
    }
    if not several_workers(strategy):  # each trace costs seconds, and the second worker the same again
        found["dataset"] = ng.evaluate(g, dataset, **{**options, "batch_size": None})
        found["one point"] = ng.evaluate(g, {"t": T[:1], "x": X[:1]}, **options)
        found["no points"] = ng.evaluate(g, (T[:0], X[:0]), **options)
    return {name: np.stack(tf.nest.flatten(y)) for name, y in found.items()}


def several_workers(strategy):
    """Whether other processes take part."""
    return isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)


def trained(strategy, derivatives):
    """Weights after three steps down the residual of the heat equation at all the points."""
    with strategy.scope():
        weights, u = network()
    derive = derivatives(u)
    share = -(-COUNT // strategy.num_replicas_in_sync)

    def replica(t, x):
        with tf.GradientTape() as tape:
            u_t, u_xx = derive(t, x)
            loss = tf.reduce_sum((u_t - u_xx) ** 2) / COUNT
        return tf.distribute.get_replica_context().all_reduce("sum", tape.gradient(loss, weights))

    @tf.function
    def step(t, x):
        return strategy.run(replica, (t, x))

    def spread(points):
        def part(context):
            start = context.replica_id_in_sync_group * share
            return tf.constant(points[start : start + share])

        return strategy.experimental_distribute_values_from_function(part)

    for _ in range(3):
        for w, gradient in zip(weights, step(spread(T), spread(X)), strict=True):
            w.assign_sub(0.01 * strategy.experimental_local_results(gradient)[0])
    return np.concatenate([np.ravel(w) for w in weights])


def by_derivatives(u):
    """u_t and u_xx by two functions."""
    u_t, u_xx = ng.derivative(u, argnum="t"), ng.derivatives(u, 2, argnum="x")
    return lambda t, x: (u_t(t, x), u_xx(t, x)[2])


def by_partials(u):
    """u_t and u_xx by one."""
    g = ng.partials(u, ["t", "xx"])

    def derive(t, x):
        found = g(t, x)
        return found["t"], found["xx"]

    return derive


def everything(strategy, folder=None):
    """All of it, by name."""
    training = strategy or tf.distribute.get_strategy()
    return {**evaluated(strategy, folder), "training": trained(training, by_partials)}


def main(folder, *cluster):
    """As described above."""
    *ports, index = cluster or ("0",)
    if ports:
        workers = [f"127.0.0.1:{port}" for port in ports]
        task = {"type": "worker", "index": int(index)}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    else:
        (cpu,) = tf.config.list_physical_devices("CPU")
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    assert strategy.num_replicas_in_sync == 2
    found = everything(strategy, folder)
    if ports:
        found.update(refused(strategy, folder))
    else:
        found["training by derivatives"] = trained(strategy, by_derivatives)
    np.savez(Path(folder) / f"{index}.npz", **found)
    if not ports:
        files.INTERVAL = 0.0  # a journal for each batch
        to_be_killed(f"{folder}/killed", at=4)


def to_be_killed(out, at=None, **options):
    """Powers of the points, a batch at a time; the process is killed in the batch of the given number."""
    calls = []

    def g(t, x):
        calls.append(len(t))
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return {"t": [t**2, t**3], "x": tf.cast(x, tf.float32)}

    return ng.evaluate(g, (T, X), batch_size=2, out=out, progress=False, **options), calls


def refused(strategy, folder):
    """What each worker says where the first cannot write, and where the second does not see what the first writes."""
    own = f"{folder}/own{strategy.cluster_resolver.task_id}"
    os.mkdir(own)
    said = {}
    for name, out in {"refusal": f"{folder}/one.npy", "unseen": f"{own}/one.npy"}.items():
        try:
            ng.evaluate(tf.sin, X, batch_size=BATCH, strategy=strategy, out=out)
        except ng.NthgradError as error:
            said[name] = str(error).replace(str(folder), "FOLDER")
    return said


if __name__ == "__main__":
    main(*sys.argv[1:])
