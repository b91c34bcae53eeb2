"""The same seeds draw what they drew: ops are counted as in TensorFlow 1.15.5, whose counts and draws are recorded."""

import json
from pathlib import Path

import numpy as np
from golden.seeds import PROGRAMS, outcome

import nthgrad.legacy.tensorflow as tf
from nthgrad import legacy
from nthgrad.legacy._tensorflow_1 import randomness

RECORDED = json.loads((Path(__file__).parents[1] / "golden" / "seeds.json").read_text(encoding="utf-8"))["programs"]


def test_every_program_is_recorded():
    assert RECORDED.keys() == PROGRAMS.keys()
    assert len(PROGRAMS) > 100


def compare(found, recorded):
    assert found["count"] == recorded["count"]
    if recorded["drawn"] is None:
        assert found["drawn"] is None
    else:
        np.testing.assert_allclose(found["drawn"], recorded["drawn"], rtol=2e-6, atol=2e-7)


def test_counts_and_draws():
    """One test for all programs: each process that had some of them would run all of them in its session."""
    failed = {}
    with legacy.session():
        for name, program in PROGRAMS.items():
            tf.keras.backend.clear_session()
            tf.reset_default_graph()
            try:
                compare(outcome(tf, np, program, randomness.count), RECORDED[name])
            except Exception as error:
                failed[name] = error
    assert failed == {}


def test_without_a_seed_draws_differ():
    with legacy.session() as sess:
        assert sess.run(tf.random_normal([3])).tolist() != sess.run(tf.random_normal([3])).tolist()
