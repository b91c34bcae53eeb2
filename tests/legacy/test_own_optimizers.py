"""Programs' own optimizers read a count of steps after its increment, wherever they build the two."""

import numpy as np
import pytest

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.legacy.keras import backend as K  # noqa: N812 as every program of the time says

Optimizer, SGD = keras.optimizers.Optimizer, keras.optimizers.SGD


def increment_first(self):
    return [K.update_add(self.iterations, 1)], K.cast(self.iterations, "float32")


def increment_last(self):
    count = K.cast(self.iterations, "float32")
    return [K.update_add(self.iterations, 1)], count


def count_of_its_own(self):
    self.cycle = K.variable(0.0)
    return [K.update_add(self.iterations, 1), K.update_add(self.cycle, 1.0)], K.identity(self.cycle)


def in_a_branch(self):
    count = K.switch(K.constant(value=True), lambda: K.cast(self.iterations, "float32"), lambda: K.constant(-1.0))
    return [K.update_add(self.iterations, 1)], count


class Counting(Optimizer):
    """Adds the count, as `count` builds it beside its increment, to every parameter."""

    def __init__(self, count):
        super().__init__()
        self.iterations, self.count = K.variable(0, dtype="int64"), count

    def get_updates(self, loss, params):
        updates, count = self.count(self)
        self.updates = [*updates, *(K.update(p, p + count) for p in params)]
        return self.updates


COUNTS = {
    "the increment first": increment_first,
    "the increment last": increment_last,
    "a second count": count_of_its_own,
    "in a branch": in_a_branch,
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_are_read_after_their_increments(name):
    with legacy.session():
        v = K.variable([0.0, 10.0])
        optimizer = Counting(COUNTS[name])
        step = K.function([], [K.constant(0.0)], updates=optimizer.get_updates(K.sum(v), [v]))
        for k in range(1, 5):
            step([])
            assert K.get_value(optimizer.iterations) == k
            np.testing.assert_array_equal(K.get_value(v), np.float32([0.0, 10.0]) + k * (k + 1) / 2)


def test_a_subclass_reads_what_its_parent_counts():
    class Logged(SGD):
        def get_updates(self, loss, params):
            updates = super().get_updates(loss, params)
            self.seen = K.variable(-1.0)
            return [*updates, K.update(self.seen, K.cast(self.iterations, "float32"))]

    with legacy.session():
        v = K.variable(1.0)
        optimizer = Logged()
        step = K.function([], [], updates=optimizer.get_updates(K.square(v), [v]))
        for k in range(1, 4):
            step([])
            assert K.get_value(optimizer.seen) == k


def test_reading_a_count_does_not_increment_it():
    with legacy.session() as sess:
        optimizer = Counting(increment_first)
        before = K.cast(optimizer.iterations, "float32")
        v = K.variable(0.0)
        optimizer.get_updates(v, [v])
        sess.run(tf1.global_variables_initializer())
        assert [K.get_value(optimizer.iterations), sess.run(before), sess.run(optimizer.iterations * 1)] == [0, 0, 0]
