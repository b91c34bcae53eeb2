"""The Hessian of a recurrent network by its input: nthgrad, and the ways in which one nests tapes."""

from functools import partial

import keras
import tensorflow as tf
from contest import Contest
from sides import in_tf
from workloads import normal

import nthgrad as ng

STEPS, WIDTH, UNITS = 4, 3, 8


def nested(rows):
    """The Hessian by two tapes, its rows as `rows(tape, slope, x, seeds)` takes them."""

    def maker(f):
        def g(x):
            with tf.GradientTape(persistent=True) as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = f(x)
                slope = inner.gradient(y, x)
            count = x.shape.num_elements()
            return tf.reshape(rows(outer, slope, x, tf.reshape(tf.eye(count), [count, *x.shape])), [*x.shape, *x.shape])

        return g

    return maker


def one_by_one(tape, slope, x, seeds):
    return tf.map_fn(lambda u: tape.gradient(slope, x, u), seeds)


def unrolled(tape, slope, x, seeds):
    return tf.stack([tape.gradient(slope, x, u) for u in tf.unstack(seeds)])


def vectorized(tape, slope, x, seeds):
    return tape.jacobian(slope, x)


def layer(kind):
    """A number of a sequence, by a layer that loops over its steps."""
    net = getattr(keras.layers, kind)(UNITS)
    net.build((None, STEPS, WIDTH))
    return lambda x: tf.reduce_sum(net(x[None]))


def cells():
    """A number of a sequence, by a cell that is called at each of its steps."""
    cell = keras.layers.GRUCell(UNITS)
    cell.build((None, WIDTH))

    def f(x):
        state = [tf.zeros([1, UNITS])]
        for at in tf.unstack(x[None], STEPS, axis=1):
            y, state = cell(at, state)
        return tf.reduce_sum(y)

    return f


def _contest(title, make):
    x = tf.constant(normal(STEPS, WIDTH, scale=1.0))

    def side(maker):
        keras.utils.set_random_seed(0)
        return in_tf(tf.function(maker(make()), autograph=False), x)

    makers = {
        "nthgrad": partial(ng.hessian, batch_dims=0),
        "tapes, rows one by one": nested(one_by_one),
        "tapes, rows unrolled": nested(unrolled),
        "tapes, rows vectorized": nested(vectorized),
    }
    sides = {name: partial(side, maker) for name, maker in makers.items()}
    return Contest(f"Hessian of {title}, {STEPS} steps of {WIDTH}, {UNITS} units, float32", sides, {})


CONTESTS = {
    "gru": lambda: _contest("a GRU", partial(layer, "GRU")),
    "lstm": lambda: _contest("an LSTM", partial(layer, "LSTM")),
    "cells": lambda: _contest("GRU cells", cells),
}
