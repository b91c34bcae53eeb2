"""Parts of the networks of `keras.applications` that are too large to be golden programs."""

import importlib

import pytest

from nthgrad import legacy

SMALL = {"include_top": True, "weights": None, "input_shape": (32, 32, 3), "classes": 2}


def of(module: str):
    return importlib.import_module(f"tf_keras.src.applications.{module}")


def dense_net():
    return of("densenet").DenseNet([1, 1, 1, 1], **SMALL)


def of_tf_keras():
    return of("resnet").ResNet(lambda x: x, False, True, "small", **SMALL)


# The name of the last layer under TensorFlow 1.15.5, and today's.
LAST = {"DenseNet121 and its like": (dense_net, "fc1000"), "ResNet50 of tf.keras": (of_tf_keras, "probs")}


@pytest.mark.parametrize("name", LAST)
def test_the_last_layer(name):
    make, old = LAST[name]
    for _ in range(2):
        with legacy.session():
            model = make()
            assert (model.layers[-1].name, model.output.name) == (old, f"{old}/Softmax:0")
        assert make().layers[-1].name == "predictions"


def test_blocks_of_inception_resnet_add_by_a_lambda_of_their_name():
    with legacy.session():
        from nthgrad.legacy import keras

        module = of("inception_resnet_v2")
        module.layers = importlib.import_module("tf_keras.src.layers").VersionAwareLayers()
        x = keras.layers.Input((5, 5, 320))
        model = keras.models.Model(x, module.inception_resnet_block(x, 0.5, "block35", 3))
        layer = model.get_layer("block35_3")
        assert (type(layer).__name__, layer.arguments) == ("Lambda", {"scale": 0.5})
        assert [one.name for one in model.layers[-2:]] == ["block35_3", "block35_3_ac"]
        assert keras.backend.int_shape(layer.output) == (None, 5, 5, 320)
