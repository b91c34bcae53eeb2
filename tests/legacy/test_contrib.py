"""What of tf.contrib is refused, and MNIST from local files; its layers and minimisers are golden programs."""

import gzip
import importlib
import inspect
import sys

import numpy as np
import pytest

import nthgrad.legacy.tensorflow as tf
from nthgrad import legacy
from nthgrad.errors import LegacyError

REFUSED = {
    "slim": "Use tf.contrib.layers or tf.layers, or the package tf_slim.",
    "seq2seq": "Write the decoder with tf.while_loop or tf.nn.raw_rnn.",
    "ffmpeg": "The supported parts of tf.contrib are framework, layers, learn.datasets, metrics.accuracy, opt and rnn.",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_built_is_refused(name):
    message = f"tf.contrib.{name} is not available. {REFUSED[name]}"
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
        "tf.contrib.opt.AdamWOptimizer is not available. dir(tf.contrib.opt) lists the supported names; use tf.layers, "
        "tf.train and other ops of TensorFlow for the rest."
    )


# The defaults that are numbers, words or truths, as the documentation of TensorFlow 1.15 gives them.
DEFAULTS = {
    "avg_pool2d": {"stride": 2, "padding": "VALID", "data_format": "NHWC"},
    "batch_norm": {
        "decay": 0.999, "center": True, "scale": False, "epsilon": 0.001, "updates_collections": "update_ops",
        "is_training": True, "trainable": True, "data_format": "NHWC", "zero_debias_moving_mean": False,
        "renorm": False, "renorm_decay": 0.99,
    },
    "conv2d": {"stride": 1, "padding": "SAME", "rate": 1, "trainable": True},
    "dropout": {"keep_prob": 0.5, "is_training": True},
    "fully_connected": {"trainable": True},
    "instance_norm": {"center": True, "scale": True, "epsilon": 1e-6, "trainable": True, "data_format": "NHWC"},
    "l1_l2_regularizer": {"scale_l1": 1.0, "scale_l2": 1.0},
    "layer_norm": {"center": True, "scale": True, "trainable": True, "begin_norm_axis": 1, "begin_params_axis": -1},
    "max_pool2d": {"stride": 2, "padding": "VALID", "data_format": "NHWC"},
    "one_hot_encoding": {"on_value": 1.0, "off_value": 0.0},
    "variance_scaling_initializer": {"factor": 2.0, "mode": "FAN_IN", "uniform": False},
    "xavier_initializer": {"uniform": True},
}  # fmt: skip


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_defaults_of_layers(name):
    parameters = inspect.signature(getattr(tf.contrib.layers, name)).parameters
    found = {n: p.default for n, p in parameters.items() if isinstance(p.default, (bool, float, int, str))}
    assert found == DEFAULTS[name]


@pytest.mark.parametrize("shape", [[4, 2], [4, 1, 3, 2], [4, 3, 2]], ids=str)
@pytest.mark.parametrize("options", [{}, {"decay": 0.75}], ids=["default", "decay"])
def test_the_averages_of_batch_norm_after_a_step(options, shape):
    """A moving average a of the batch's m becomes decay a + (1 - decay) m, from a mean of 0 and a variance of 1."""
    x, share = np.random.default_rng(0).normal(size=shape).astype("float32"), 1 - options.get("decay", 0.999)
    axes = tuple(range(len(shape) - 1))
    with legacy.session() as sess:
        tf.contrib.layers.batch_norm(tf.constant(x), scope="norm", **options)
        sess.run(tf.global_variables_initializer())
        sess.run(tf.get_collection(tf.GraphKeys.UPDATE_OPS))
        mean, variance = (sess.run(f"norm/moving_{name}:0") for name in ("mean", "variance"))
    count = x.size // 2
    spread = x.var(axes) * (count / (count - 1) if len(shape) != 3 else 1)  # one op for the whole takes it unbiased
    np.testing.assert_allclose(mean, share * x.mean(axes), 1e-3)
    np.testing.assert_allclose(variance - 1, share * (spread - 1), 1e-3, 1e-6)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with legacy.session() as sess:
        x = tf.Variable(1.0)
        sess.run(tf.global_variables_initializer())
        with pytest.raises(LegacyError) as caught:
            tf.contrib.opt.ScipyOptimizerInterface(x * x).minimize(sess)
    assert str(caught.value) == (
        "tf.contrib.opt.ScipyOptimizerInterface minimizes with SciPy, which is not installed. "
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
        f"read_data_sets({str(tmp_path)!r}) finds no train-images-idx3-ubyte.gz there, and downloads nothing. Put the four "
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
