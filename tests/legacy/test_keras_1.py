"""Keras 1's arguments, merges and initializations; golden programs hold what Keras 2.2.4 made of the arguments."""

import importlib
import inspect

import numpy as np
import pytest
import tf_keras

import nthgrad.legacy.keras as keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.errors import LegacyError
from nthgrad.legacy._patches.keras_1 import LAYERS, METHODS
from nthgrad.legacy._patches.tables import PATCHES
from nthgrad.legacy.keras import backend as K  # noqa: N812 as every program of the time says
from nthgrad.legacy.keras import layers

A, B = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -1.0]]), np.array([[2.0, 5.0, -1.0], [3.0, 0.25, 2.0]])
DOT = (A * B).sum(1)
COSINE = DOT / np.linalg.norm(A, axis=1) / np.linalg.norm(B, axis=1)
MERGES = {
    "sum": ({"mode": "sum"}, A + B),
    "by default": ({}, A + B),
    "mul": ({"mode": "mul"}, A * B),
    "ave": ({"mode": "ave"}, (A + B) / 2.0),
    "max": ({"mode": "max"}, np.maximum(A, B)),
    "concat": ({"mode": "concat"}, np.concatenate([A, B], 1)),
    "concat_axis": ({"mode": "concat", "concat_axis": 1}, np.concatenate([A, B], 1)),
    "dot": ({"mode": "dot"}, DOT[:, None]),
    "dot_axes": ({"mode": "dot", "dot_axes": 1}, DOT[:, None]),
    "cos": ({"mode": "cos", "dot_axes": [1, 1]}, COSINE[:, None, None]),
    "a function": ({"mode": lambda both: both[0] - 2.0 * both[1], "output_shape": (3,)}, A - 2.0 * B),
    "its arguments": ({"mode": lambda both, times: both[0] * times, "arguments": {"times": 3.0}}, 3.0 * A),
}


@pytest.mark.parametrize("case", MERGES)
def test_merge(case):
    arguments, expected = MERGES[case]
    with legacy.session():
        x, y = layers.Input((3,)), layers.Input((3,))
        of_tensors = layers.merge([x, y], name="merged", **arguments)
        of_layers = keras.engine.merge([keras.models.Model(x, x), keras.models.Model(y, y)], **arguments)
        by_class = layers.Merge(**arguments)([x, y])
        model = keras.models.Model([x, y], [of_tensors, of_layers, by_class])
        for value in model.predict([A, B]):
            np.testing.assert_allclose(value, expected, rtol=1e-6)
        assert "merged" in [layer.name for layer in model.layers]


def branch(width):
    return keras.models.Sequential([layers.Dense(2, init="one", input_dim=width)])


@pytest.mark.parametrize("mode", ["concat", "sum"])
def test_a_sequential_model_that_begins_with_a_merge(mode, tmp_path):
    def assembled():
        left, right = branch(3), branch(2)
        model = keras.models.Sequential()
        model.add(layers.Merge([left, right], mode=mode))
        model.add(layers.Dense(1, init="one", name="top"))
        return model

    with legacy.session():
        model = assembled()
        model.compile("sgd", "mse")
        data = [A, A[:, :2]]
        sums = A.sum(1) + A[:, :2].sum(1)
        np.testing.assert_allclose(model.predict(data)[:, 0], 2.0 * sums, rtol=1e-6)
        history = model.fit(data, np.zeros(2), nb_epoch=2, batch_size=2, verbose=0).history["loss"]
        assert history[1] != history[0] == pytest.approx((4.0 * sums**2).mean())
        assert len(model.get_weights()) == 6
        assert [type(layer).__name__ for layer in model.layers].count("Dense") == 3
        model.save_weights(tmp_path / "weights.h5")
        again = assembled()
        again.load_weights(tmp_path / "weights.h5")
        np.testing.assert_allclose(again.predict(data), model.predict(data))


def test_steps_of_a_sequence_have_a_dense_layer():
    with legacy.session():
        model = keras.models.Sequential([layers.TimeDistributedDense(1, init="one", input_dim=3, input_length=2)])
        assert model.input_shape == (None, 2, 3)
        assert model.predict(A[None]).tolist() == [[[2.0], [3.5]]]


def test_a_number_is_a_shape_of_one_axis():
    with legacy.session():
        for x in (keras.Input(3), layers.Input(shape=3), keras.engine.Input(shape=(3,))):
            assert K.int_shape(x) == (None, 3)


def test_initializations_make_variables():
    with legacy.session() as sess:
        start = keras.initializations
        made = [start.get("glorot_uniform")((30, 40), name="w"), start.normal((500,), scale=2.0), start.uniform((500,))]
        made += [start.orthogonal((3, 3)), start.identity((2, 2), scale=3.0), start.zero((2,)), start.one((2,))]
        assert all(hasattr(each, "initializer") for each in made)
        assert made[0].name == "w:0"
        sess.run(tf1.global_variables_initializer())
        glorot, normal, uniform, orthogonal, identity, zero, one = sess.run(made)
        assert 0.28 < np.abs(glorot).max() <= np.sqrt(6.0 / 70.0)
        assert 1.8 < normal.std() < 2.2
        assert 0.045 < np.abs(uniform).max() <= 0.05
        np.testing.assert_allclose(orthogonal @ orthogonal.T, 1.21 * np.eye(3), atol=1e-5)
        assert (identity.tolist(), zero.tolist(), one.tolist()) == ([[3.0, 0.0], [0.0, 3.0]], [0.0, 0.0], [1.0, 1.0])
        assert start.get(len) is len


def test_regularizers_of_weights_and_activities():
    x = tf1.constant([1.0, -2.0])
    values = {
        "l1l2": keras.regularizers.l1l2(0.5, 0.25)(x),
        "activity_l1": keras.regularizers.activity_l1(0.5)(x),
        "activity_l2": keras.regularizers.activity_l2(0.5)(x),
        "WeightRegularizer": keras.regularizers.WeightRegularizer(l2=0.5)(x),
        "ActivityRegularizer": keras.regularizers.ActivityRegularizer()(x),
    }
    expected = {
        "l1l2": 2.75,
        "activity_l1": 1.5,
        "activity_l2": 2.5,
        "WeightRegularizer": 2.5,
        "ActivityRegularizer": 0.0,
    }
    assert {name: float(value) for name, value in values.items()} == expected


class Batches:
    batch_size = 4

    def __next__(self):
        return A, np.zeros(2)

    def __iter__(self):
        return self


def test_interfaces_for_classes_of_ones_own():
    interfaces = keras.legacy.interfaces
    both = interfaces.generate_legacy_interface(
        allowed_positional_args=["width"],
        conversions=[("w", "width"), ("way", "mode")],
        preprocessor=lambda args, kwargs: (args, {key: value for key, value in kwargs.items() if key != "gone"}, []),
        value_conversions={"way": {"old": "new"}},
    )

    class Mine:
        @both
        def __init__(self, width, mode=None):
            self.found = width, mode

        @interfaces.legacy_conv2d_support
        def convolve(self, filters, kernel_size, **kwargs):
            return filters, kernel_size, kwargs

        @interfaces.legacy_generator_methods_support
        def fit_generator(self, generator, steps_per_epoch, epochs=1, **kwargs):
            return steps_per_epoch, epochs, kwargs

        @interfaces.legacy_get_updates_support
        def get_updates(self, loss, params):
            return loss, params

        @interfaces.legacy_add_weight_support
        def add_weight(self, name=None, shape=None, **kwargs):
            return name, shape, kwargs

    assert Mine(w=3, way="old", gone=1).found == Mine(3, mode="new").found == (3, "new")
    mine = Mine(1)
    assert mine.convolve(4, 3, 2, border_mode="same") == (4, (3, 2), {"padding": "same"})
    assert mine.fit_generator(Batches(), samples_per_epoch=8, nb_epoch=2, nb_worker=3) == (2, 2, {"workers": 3})
    assert mine.fit_generator(iter([]), samples_per_epoch=8) == (8, 1, {})
    assert mine.get_updates(["p"], {}, "loss") == mine.get_updates("loss", ["p"]) == ("loss", ["p"])
    assert mine.get_updates(["p"], {}, loss="loss") == ("loss", ["p"])
    assert mine.add_weight((2,), name="w") == mine.add_weight("w", (2,)) == ("w", (2,), {})
    with pytest.raises(LegacyError) as caught:
        Mine(3, "new")
    assert str(caught.value) == "Mine was given 2 positional arguments and takes 1: width. Name the others."


def test_a_saved_configuration_of_keras_1():
    with legacy.session():
        config = {"name": "d", "output_dim": 3, "init": "one", "W_regularizer": None, "bias": False, "input_dim": 2}
        layer = layers.Dense.from_config(config)
        assert (layer.units, layer.use_bias, layer.batch_input_shape) == (3, False, (None, 2))


REFUSED = {
    "both names": (
        lambda: layers.Dense(output_dim=3, units=3),
        "Dense was given output_dim= and units=, which are the same argument. Keep units=.",
    ),
    "both names in a method": (
        lambda: keras.models.Sequential([layers.Dense(1, input_dim=1)]).fit(A, A, nb_epoch=1, epochs=1),
        "model.fit was given nb_epoch= and epochs=, which are the same argument. Keep epochs=.",
    ),
    "sizes that may be strides": (
        lambda: layers.Conv2D(8, 3, 2, padding="same"),
        "Conv2D(8, 3, 2, padding=...) could mean a kernel of 3 x 2, as in Keras 1, or a kernel of 3 and strides of 2. "
        "Give kernel_size= and strides=.",
    ),
    "modes of normalization": (
        lambda: layers.BatchNormalization(mode=1),
        "BatchNormalization was given mode=1, and Keras 2 has mode 0 only. Leave it out to normalize each feature over "
        "the batch, or write another mode as a Lambda layer.",
    ),
    "a mode": (
        lambda: layers.merge([layers.Input((1,)), layers.Input((1,))], mode="minus"),
        "'minus' is no mode of merging tensors. Choose one of sum, mul, concat, ave, max, dot, cos, or a function of "
        "the list of tensors.",
    ),
    "a merge in the middle": (
        lambda: keras.models.Sequential([layers.Dense(1, input_dim=1), layers.Merge([branch(1), branch(1)])]),
        "A Merge of models follows another layer. Put it first in the Sequential model.",
    ),
    "an initialization": (
        lambda: keras.initializations.get("nothing"),
        "There is no initialization 'nothing'. Choose one of uniform, normal, orthogonal, identity, zero, one, "
        "lecun_uniform, glorot_normal, glorot_uniform, he_normal, he_uniform.",
    ),
    "kernels with channels first": (
        lambda: keras.initializations.he_normal((4, 3, 2, 2), dim_ordering="th"),
        "An initialization of the shape (4, 3, 2, 2) has dim_ordering='th', that is, kernels with the channels "
        "first. Give the shape with the channels last, and dim_ordering='tf'.",
    ),
}


# What Keras 2 ignored with a warning
IGNORED = {
    "dropout of an embedding": (
        lambda: layers.Embedding(3, 2, dropout=0.5),
        "Embedding was given dropout=0.5, which Keras 2 ignored. Put a SpatialDropout1D(0.5) after it.",
    ),
    "a bias that forgets": (
        lambda: layers.LSTM(3, forget_bias_init="zero"),
        "LSTM was given forget_bias_init='zero', which Keras 2 ignored. Give unit_forget_bias=False to initialize the "
        "bias as the other biases.",
    ),
    "the same of images": (
        lambda: layers.ConvLSTM2D(3, 2, forget_bias_init="zero"),
        "ConvLSTM2D was given forget_bias_init='zero', which Keras 2 ignored. Give unit_forget_bias=False to "
        "initialize the bias as the other biases.",
    ),
}


@pytest.mark.parametrize("case", IGNORED)
def test_ignored(case):
    call, text = IGNORED[case]
    with legacy.session(), pytest.warns(UserWarning, match="ignored") as caught:
        call()
    assert [(str(each.message), each.filename) for each in caught] == [(text, __file__)]


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    call, text = REFUSED[case]
    with legacy.session(), pytest.raises(LegacyError) as caught:
        call()
    assert str(caught.value) == text


@pytest.mark.parametrize("place", LAYERS)
def test_every_new_name_is_an_argument_today(place):
    """So that a table's misprint, or a later tf_keras, does not go unnoticed."""
    module, _, name = place.partition(":")
    accepted = set()
    for cls in getattr(importlib.import_module(module), name).__mro__:
        if "__init__" in vars(cls):
            accepted |= set(inspect.signature(cls.__init__).parameters)
    new = {pair.partition(":")[2] for pair in LAYERS[place].split()}
    assert new - accepted <= {"implementation", "dtype"}  # which Layer and RNN take from **kwargs


def test_no_two_names_become_one():
    for renames in [*LAYERS.values(), *METHODS.values()]:
        new = [pair.partition(":")[2] for pair in renames.split()]
        assert len(set(new)) == len(new)


def strides_in_tf_keras():
    return tf1.keras.layers.Conv2D(8, 3, 2).strides


def test_tf_keras_and_what_is_outside_a_session_take_no_old_names():
    def outside():
        assert tf_keras.layers.Conv2D(8, 3, 2, padding="same").strides == (2, 2)
        assert tf_keras.layers.BatchNormalization().name.startswith("batch_normalization")
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'units'"):
            tf_keras.layers.Dense(output_dim=3)
        with pytest.raises(TypeError, match="nb_epoch"):
            tf_keras.Sequential().fit(A, A, nb_epoch=1)

    outside()
    with legacy.session():
        assert strides_in_tf_keras() == (2, 2)
        assert layers.Conv2D(8, 3, 2).kernel_size == (3, 2)
        with pytest.raises(TypeError, match="units"):
            tf1.keras.layers.Dense(output_dim=3)
    outside()


def test_an_old_name_reaches_the_class_that_is_made_of_the_layer():
    class Mine(layers.Conv2D):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, border_mode="same", **kwargs)

    with legacy.session():
        mine = Mine(4, 3, 2, dim_ordering="th")
        assert (mine.kernel_size, mine.padding, mine.data_format) == ((3, 2), "same", "channels_first")
        assert type(mine).__name__ == "Mine"
        assert type(layers.Conv2D.from_config(layers.Conv2D(4, 3, 2).get_config())) is layers.Conv2D


def test_patches_that_share_a_place_are_taken_back_in_turn():
    def now():
        return {patch.where: patch.current() for patch in PATCHES if not patch.script_only}

    before = now()
    with legacy.session():
        assert now() != before
    assert now() == before
