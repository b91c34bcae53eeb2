"""Keras 2.2.4's numbers: each case of `golden/keras_numbers.py` gives what it gave under TensorFlow 1.15.5.

A number may differ by 2e-5 of itself and 1e-6: the steps of a training run carry the rounding of one into the next.
"""

import json
import math

import numpy as np
import pytest
from golden import keras_numbers

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf
from nthgrad import legacy

# As they are recorded, in one thread; and without TensorFlow's graph optimizations, a fifth of the time. The programs of
# test_golden.py run with both.
CONFIG = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
CONFIG.graph_options.rewrite_options.disable_meta_optimizer = True

with open(keras_numbers.RECORDED, encoding="utf-8") as file:
    RECORDED = json.load(file)


def differences(recorded, computed, where=""):
    """One line for each entry of two nests that differs."""
    if isinstance(recorded, dict) and isinstance(computed, dict) and recorded.keys() == computed.keys():
        for key in recorded:
            yield from differences(recorded[key], computed[key], f"{where}/{key}")
    elif isinstance(recorded, list) and isinstance(computed, list) and len(recorded) == len(computed):
        for index, pair in enumerate(zip(recorded, computed, strict=True)):
            yield from differences(*pair, f"{where}/{index}")
    elif not same(recorded, computed):
        yield f"{where}: {recorded!r} was recorded, {computed!r} is computed"


def same(recorded, computed):
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (recorded, computed))
    if not numbers:
        return recorded == computed
    return math.isclose(recorded, computed, rel_tol=2e-5, abs_tol=1e-6) or (
        math.isnan(recorded) and math.isnan(computed)
    )


def test_every_case_is_recorded():
    assert RECORDED.keys() == keras_numbers.CASES.keys()


@pytest.mark.parametrize("name", sorted(keras_numbers.CASES))
@pytest.mark.filterwarnings("ignore:Discrepancy between trainable weights", "ignore:Output .* missing from loss")
def test_numbers(name):
    with legacy.session(config=CONFIG):
        computed = json.loads(json.dumps(keras_numbers.numbers(name, keras, tf)))
    assert list(differences(RECORDED[name], computed)) == []


@pytest.mark.parametrize("decay", [0.004, 0.5, 4.0])
def test_the_schedule_of_nadam(decay):
    """Dozat's schedule as Keras 2.2.4 wrote it; only a decay larger than its own shows what 0.96 does."""
    rate, b, c, eps, count = 0.1, 0.9, 0.999, 1e-7, 3
    with legacy.session():
        p = keras.backend.variable([1.0, -2.0])
        optimizer = keras.optimizers.Nadam(lr=rate, schedule_decay=decay)
        step = keras.backend.function([], [], updates=optimizer.get_updates(keras.backend.sum(p**3), [p]))
        found = []
        for _ in range(count):
            step([])
            found.append(keras.backend.get_value(p))
    x, m, v, schedule = np.array([1.0, -2.0]), np.zeros(2), np.zeros(2), 1.0
    for t, y in enumerate(found, start=2):  # TensorFlow 1.15 read the count after it was raised
        g = 3 * x**2
        now, later = (b * (1 - 0.5 * 0.96 ** (at * decay)) for at in (t, t + 1))
        schedule *= now
        m, v = b * m + (1 - b) * g, c * v + (1 - c) * g**2
        ahead = (1 - now) * g / (1 - schedule) + later * m / (1 - schedule * later)
        x = x - rate * ahead / (np.sqrt(v / (1 - c**t)) + eps)
        np.testing.assert_allclose(y, x, 2e-5)
