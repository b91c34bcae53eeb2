"""The training step of `unchanged.py` as a TensorFlow 1 program; TensorFlow 1.15.5 on Python 3.7 runs this file, too.

    old/bin/python tensorflow_1.py FILE ORDER LAYOUT SECONDS

FILE is an `.npz` of points, weights and biases. The last line of the output is JSON: the seconds of the first call, and
the least milliseconds and CPU milliseconds of later calls.
"""

import json
import sys
import time

import numpy as np


def build(tf, order, layout, arrays):
    """Builds the loss of u_t + u u_x + u_xx + ... and its gradients by the parameters, as such programs do.

    Args:
        tf: the module with TensorFlow 1's names.
        order: the number of derivatives by x.
        layout: "columns" of one tensor [batch, 2], or "tensors" of their own.
        arrays: "points", and weights and biases by name.

    Returns:
        placeholders with their values, and the tensors to compute.
    """
    points = arrays["points"]
    if layout == "columns":
        z = tf.placeholder(tf.float32, [None, 2])
        feed = {z: points}
    else:
        t, x = tf.placeholder(tf.float32, [None, 1]), tf.placeholder(tf.float32, [None, 1])
        z = tf.concat([t, x], 1)
        feed = {t: points[:, :1], x: points[:, 1:]}

    layers = len([name for name in arrays if name.startswith("w")])
    parameters = [tf.Variable(arrays[kind + str(k)]) for k in range(layers) for kind in "wb"]
    u = z
    for k in range(layers):
        u = tf.matmul(u, parameters[2 * k]) + parameters[2 * k + 1]
        u = tf.tanh(u) if k < layers - 1 else u

    if layout == "columns":
        slope = tf.gradients(u, z)[0]
        u_t, u_x = slope[:, 0:1], slope[:, 1:2]
    else:
        u_t, u_x = tf.gradients(u, [t, x])
    residual, d = u_t + u * u_x, u_x
    for _ in range(order - 1):
        d = tf.gradients(d, z)[0][:, 1:2] if layout == "columns" else tf.gradients(d, x)[0]
        residual += d
    loss = tf.reduce_mean(tf.square(residual))
    return feed, [loss, *tf.gradients(loss, parameters)]


def main(file, order, layout, seconds):
    """Times the program with the TensorFlow 1 that is installed."""
    import tensorflow as tf

    with np.load(file) as stored:
        arrays = dict(stored)
    start = time.time()
    feed, wanted = build(tf, int(order), layout, arrays)
    threads = int(arrays["threads"])  # 0: as many as TensorFlow likes
    options = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    with tf.Session(config=options) as session:
        session.run(tf.global_variables_initializer())
        session.run(wanted, feed)
        found = {"version": tf.__version__, "first": time.time() - start}
        times = []
        end = time.time() + float(seconds)
        while time.time() < end or len(times) < 4:
            before = time.time(), time.process_time()
            session.run(wanted, feed)
            times.append((time.time() - before[0], time.process_time() - before[1]))
    found["ms"], found["cpu"] = (1e3 * np.min(times, axis=0)).tolist()
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
