"""What of tf.contrib is refused, and MNIST from local files; its layers and minimisers are golden programs."""

import base64
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
    "ffmpeg": "The supported parts of tf.contrib are eager, framework, graph_editor, layers, learn.datasets, "
    "learn.preprocessing, legacy_seq2seq, metrics.accuracy, opt and rnn.",
}


def here(back=0):
    """The file and line of the caller, as errors name them."""
    return f"{__file__}:{sys._getframe(1).f_lineno - back}"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_built_is_refused_at_its_first_use(name):
    for module in (
        getattr(tf.contrib, name),
        importlib.import_module(f"nthgrad.legacy.tensorflow.contrib.{name}"),
    ):
        part = module.python.layers.conv2d  # not yet
        with pytest.raises(LegacyError) as caught:
            part(3, scope="s")
        at = here(back=1)
        assert (
            str(caught.value)
            == f"tf.contrib.{name}.python.layers.conv2d, used at {at}, is not available. {REFUSED[name]}"
        )
        assert isinstance(caught.value, ImportError)


IMPORTS = {
    "import {root}.contrib.slim as slim": "slim.conv2d(3)",
    "import {root}.contrib.slim.nets.resnet_v1 as nets": "nets.resnet_v1_50(3)",
    "from {root}.contrib.slim.python.slim.nets import vgg": "vgg.vgg_16(3)",
    "from {root}.contrib import slim": "slim.conv2d(3)",
    "from {root}.contrib.slim import arg_scope": "arg_scope(print)",
    "from {root}.contrib.eager import Network": "class Own(Network): pass",
    "from {root}.contrib.eager import Saver": "isinstance(3, (int, Saver)) and isinstance('', Saver)",
    "from {root}.contrib.learn import DNNClassifier, SKCompat": "SKCompat(3)",
    "from {root}.contrib.layers import real_valued_column": "real_valued_column('x')",
    "from {root}.contrib.rnn import TimeFreqLSTMCell": "TimeFreqLSTMCell(3)",
    "from {root}.contrib.metrics import streaming_auc": "[streaming_auc][0][1]",
    "from {root} import estimator": "estimator.Estimator(None)",
    "from {root} import pywrap_tensorflow": "with pywrap_tensorflow.reader: pass",
    "import {root} as tf; slim, e = tf.contrib.slim, tf.contrib.eager.CONSTANT": "e + 1",
    "from nthgrad.legacy.keras.layers import Recurrent": "class Own(Recurrent): pass",
    "from nthgrad.legacy.keras.legacy.layers import ConvRecurrent2D": "ConvRecurrent2D(None)",
    "import nthgrad.legacy.keras as k; step = k.engine.saving.h5dict": "for _ in step: pass",
}


@pytest.mark.parametrize("line", IMPORTS)
def test_an_import_that_is_not_used_goes_on(line, tmp_path):
    known, root = {"__name__": "program"}, "nthgrad.legacy.tensorflow"
    exec(compile(line.format(root=root), "old.py", "exec"), known)
    with pytest.raises(LegacyError, match=r" is not available\. ") as caught:
        exec(compile(f"\n\n{IMPORTS[line]}", "old.py", "exec"), known)
    assert ", used at old.py:3, is not available. " in str(caught.value)


def test_all_names_at_once_are_a_use():
    with pytest.raises(ImportError) as caught:
        exec(compile("from nthgrad.legacy.tensorflow.contrib.seq2seq import *", "old.py", "exec"))
    assert str(caught.value) == f"tf.contrib.seq2seq.*, used at old.py:1, is not available. {REFUSED['seq2seq']}"


TRIES = {
    "except ImportError:": True,
    "except (ValueError, ImportError) as error:": True,
    "except Exception:": True,
    "except:": True,
    "except ModuleNotFoundError:": False,
    "except ValueError:": False,
}


@pytest.mark.parametrize("handler", TRIES)
def test_a_program_with_another_way_takes_it(handler, tmp_path):
    path = tmp_path / "old.py"
    path.write_text(f"""
import nthgrad.legacy.tensorflow as tf

def find():
    try:
        from nthgrad.legacy.tensorflow.contrib import slim
        from nthgrad.legacy.keras.layers import Recurrent
    {handler}
        return "another way"
    return slim

found = find()
again = tf.contrib.slim
""")
    known = {}
    exec(compile(path.read_text(), str(path), "exec"), known)
    assert (known["found"] == "another way") is TRIES[handler]
    assert repr(known["again"].conv2d) == "<tf.contrib.slim.conv2d, which is not available>"


def test_a_name_that_is_not_built_is_refused():
    optimizer = tf.contrib.opt.AdamWOptimizer
    with pytest.raises(LegacyError) as caught:
        optimizer(0.1)
    assert str(caught.value) == (
        f"tf.contrib.opt.AdamWOptimizer, used at {here(back=2)}, is not available. dir(tf.contrib.opt) lists the supported "
        "names; use tf.layers, tf.train and other ops of TensorFlow for the rest."
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
        "Run pip install 'nthgrad[legacy]'."
    )


def test_a_resource_variable_is_minimised():
    with legacy.session() as sess:
        x = tf.get_variable("x", initializer=[3.0, -1.0], use_resource=True)
        sess.run(tf.global_variables_initializer())
        tf.contrib.opt.ScipyOptimizerInterface(tf.reduce_sum((x - [1.0, 2.0]) ** 2)).minimize(sess)
        np.testing.assert_allclose(sess.run(x), [1.0, 2.0], atol=1e-5)


# What TensorFlow 1.15.5 saved of a VocabularyProcessor(3) that was fitted to "one two".
SAVED = """
gANjdGVuc29yZmxvdy5jb250cmliLmxlYXJuLnB5dGhvbi5sZWFybi5wcmVwcm9jZXNzaW5nLnRleHQKVm9jYWJ1bGFyeVByb2Nlc3NvcgpxACmBcQF9
cQIoWBMAAABtYXhfZG9jdW1lbnRfbGVuZ3RocQNLA1gNAAAAbWluX2ZyZXF1ZW5jeXEESwBYCwAAAHZvY2FidWxhcnlfcQVjdGVuc29yZmxvdy5jb250
cmliLmxlYXJuLnB5dGhvbi5sZWFybi5wcmVwcm9jZXNzaW5nLmNhdGVnb3JpY2FsX3ZvY2FidWxhcnkKQ2F0ZWdvcmljYWxWb2NhYnVsYXJ5CnEGKYFx
B31xCChYDgAAAF91bmtub3duX3Rva2VucQlYBQAAADxVTks+cQpYCAAAAF9tYXBwaW5ncQt9cQwoaApLAFgDAAAAb25lcQ1LAVgDAAAAdHdvcQ5LAnVY
EAAAAF9zdXBwb3J0X3JldmVyc2VxD4hYEAAAAF9yZXZlcnNlX21hcHBpbmdxEF1xEShoCmgNaA5lWAUAAABfZnJlcXESY2NvbGxlY3Rpb25zCmRlZmF1
bHRkaWN0CnETY2J1aWx0aW5zCmludApxFIVxFVJxFihoDUsBaA5LAXVYBwAAAF9mcmVlemVxF4h1YlgKAAAAX3Rva2VuaXplcnEYY3RlbnNvcmZsb3cu
Y29udHJpYi5sZWFybi5weXRob24ubGVhcm4ucHJlcHJvY2Vzc2luZy50ZXh0CnRva2VuaXplcgpxGXViLg==
"""


def test_a_vocabulary_of_tensorflow_1_is_read(tmp_path):
    (tmp_path / "vocabulary").write_bytes(base64.b64decode(SAVED))
    processor = tf.contrib.learn.preprocessing.VocabularyProcessor.restore(str(tmp_path / "vocabulary"))
    assert np.array(list(processor.transform(["two one three"]))).tolist() == [[2, 1, 0]]
    assert list(processor.reverse([[1, 2]])) == ["one two"]


def test_a_loop_is_not_copied():
    ge = tf.contrib.graph_editor
    with legacy.session():
        x = tf.placeholder(tf.float32, [])
        y = tf.while_loop(lambda i, z: i < 3, lambda i, z: (i + 1, z * x), [0, x])[1]
        with pytest.raises(LegacyError) as caught:
            ge.graph_replace(y, {x: x + 1.0})
    start, _, end = str(caught.value).partition(" while/")
    assert start == "tf.contrib.graph_editor cannot copy the loop of the ops"
    assert end.endswith(". Copy ops before or after the loop only.")


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
