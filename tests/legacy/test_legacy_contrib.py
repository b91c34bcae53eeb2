"""What of tf.contrib is refused, and MNIST from local files; its layers and minimisers are golden programs."""

import gzip
import importlib
import sys

import numpy as np
import pytest

import nthgrad.legacy.tensorflow as tf
from nthgrad import legacy
from nthgrad.errors import LegacyError

REFUSED = {
    "slim": "Use tf.contrib.layers or tf.layers, or the package tf_slim.",
    "seq2seq": "Write the decoder with tf.while_loop or tf.nn.raw_rnn.",
    "ffmpeg": "What is built of tf.contrib is framework, layers, learn.datasets, metrics.accuracy, opt and rnn.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_built_is_refused(name):
    message = f"tf.contrib.{name} cannot be had. {REFUSED[name]}"
    for ask in (
        lambda: getattr(tf.contrib, name),
        lambda: importlib.import_module(f"nthgrad.legacy.tensorflow.contrib.{name}"),
    ):
        with pytest.raises(LegacyError) as caught:
            ask()
        assert str(caught.value) == message
        assert isinstance(caught.value, ImportError)


def test_a_name_that_is_not_built_is_refused():
    with pytest.raises(LegacyError) as caught:
        _ = tf.contrib.opt.AdamWOptimizer
    assert str(caught.value) == (
        "tf.contrib.opt.AdamWOptimizer cannot be had. dir(tf.contrib.opt) lists what is built; write the rest with "
        "tf.layers, tf.train and TensorFlow's own ops."
    )


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with legacy.session() as sess:
        x = tf.Variable(1.0)
        sess.run(tf.global_variables_initializer())
        with pytest.raises(LegacyError) as caught:
            tf.contrib.opt.ScipyOptimizerInterface(x * x).minimize(sess)
    assert str(caught.value) == (
        "tf.contrib.opt.ScipyOptimizerInterface minimises with SciPy, which is not installed. "
        "Install it: pip install nthgrad[legacy]"
    )


def test_a_resource_variable_is_minimised():
    with legacy.session() as sess:
        x = tf.get_variable("x", initializer=[3.0, -1.0], use_resource=True)
        sess.run(tf.global_variables_initializer())
        tf.contrib.opt.ScipyOptimizerInterface(tf.reduce_sum((x - [1.0, 2.0]) ** 2)).minimize(sess)
        np.testing.assert_allclose(sess.run(x), [1.0, 2.0], atol=1e-5)


def write_mnist(folder, numbers):
    for kind, count in numbers.items():
        images = np.arange(count * 4, dtype=np.uint8).reshape(count, 2, 2)
        head = [np.array([2051, count, 2, 2], ">u4"), np.array([2049, count], ">u4")]
        for name, start, data in zip(("images-idx3", "labels-idx1"), head, (images, images[:, 0, 0] % 10), strict=True):
            with gzip.open(folder / f"{kind}-{name}-ubyte.gz", "wb") as file:
                file.write(start.tobytes() + data.tobytes())


def test_mnist(tmp_path):
    from nthgrad.legacy.tensorflow.examples.tutorials.mnist import input_data

    with pytest.raises(LegacyError) as caught:
        input_data.read_data_sets(str(tmp_path))
    assert str(caught.value) == (
        f"read_data_sets({str(tmp_path)!r}) finds no train-images-idx3-ubyte.gz there, and nothing is fetched. Put the four "
        "files of MNIST into that folder: train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz."
    )
    write_mnist(tmp_path, {"train": 5, "t10k": 2})
    sets = input_data.read_data_sets(str(tmp_path), one_hot=True, validation_size=1)
    assert sets.train.images.shape == (4, 4)
    assert (
        sets.validation.images.tolist()
        == (np.arange(4, dtype=np.float32) * np.float32(1 / 255.0)).reshape(1, 4).tolist()
    )
    assert sets.test.labels.argmax(1).tolist() == [0, 4]
    images, labels = sets.train.next_batch(3)
    more, _ = sets.train.next_batch(3)
    assert images.shape == more.shape == (3, 4)
    assert labels.sum() == 3
    assert sets.train.epochs_completed == 1
