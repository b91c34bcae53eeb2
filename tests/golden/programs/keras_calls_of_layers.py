"""What a model knows of its layers' calls: nodes, losses and phases by inputs, and what is refused, warned of or saved."""

import warnings

import h5py
import keras
import numpy as np
from keras import backend as K
from keras.layers import Concatenate, Conv2D, Dense, Dropout, Embedding, Input, LSTM
from keras.models import Model, Sequential, load_model

a, b = Input((2,), name="a"), Input((2,), name="b")
shared = Dense(2, kernel_initializer="ones", kernel_regularizer="l1", activity_regularizer="l2", name="shared")
both = Concatenate(name="both")([shared(a), shared(b)])
node = shared._inbound_nodes[1]
print([layer.name for layer in node.inbound_layers], [t.name for t in node.input_tensors], node.output_shapes)
print(node.input_masks, node.node_indices, node.tensor_indices, sorted(node.get_config()), node.arguments)
try:
    print(shared.output)
except AttributeError as error:
    print(str(error).split("hence")[1])

inner = Model(a, shared(a))
outer = Model([a, b], keras.layers.add([inner(a), inner(b)]))
print([len(model.losses) for model in (inner, outer, Model([a, b], both))])
outer.compile("sgd", "mse")
print("%.5f" % outer.test_on_batch([np.ones((3, 2)), 2 * np.ones((3, 2))], np.zeros((3, 2))))

plain, dropped = Dense(2)(a), Dropout(0.5)(b)
two = Model([a, b], [plain, dropped])
first, second = two([Input((2,)), Input((2,))])
print([t._uses_learning_phase for t in (plain, dropped, first, second, Dense(1)(first))])
x, y = [np.ones((4, 2))] * 2, [np.ones((4, 2))] * 2


def empty():
    while True:
        yield x, y


TRIALS = {
    "activation of no kind": lambda: keras.activations.get(6),
    "a number as output": lambda: Model([a, b], [plain, 0]),
    "one tensor joined": lambda: Concatenate()([plain]),
    "another input length": lambda: Embedding(3, 2, input_length=2)(Input((3,))),
    "loss weights as a tuple": lambda: two.compile("sgd", "mse", loss_weights=(1.0, 2.0)),
    "one target tensor for two": lambda: two.compile("sgd", "mse", target_tensors=K.zeros((4, 2))),
    "sample weights as a tuple": lambda: two.train_on_batch(x, y, sample_weight=(np.ones(4), np.ones(4))),
    "sample weights of unknown name": lambda: two.train_on_batch(x, y, sample_weight={"none": np.ones(4)}) and None,
    "a layer as activation": lambda: keras.activations.get(Dense(2)) and None,
    "strides and dilation": lambda: Conv2D(2, 3, strides=2, dilation_rate=2) and None,
    "a generator in processes": lambda: (
        two.evaluate_generator(empty(), 1, workers=2, use_multiprocessing=True) and None
    ),
}
for name in sorted(TRIALS):
    two.compile("sgd", "mse")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            print(name, TRIALS[name]())
        except (ValueError, TypeError) as error:
            print(name, type(error).__name__)
    print(sorted({str(each.message).split()[0] for each in caught if each.category is UserWarning}))

with h5py.File("several.h5", "w") as file:
    for index in range(2):
        model = Sequential([Dense(1, kernel_initializer="ones", input_shape=(2,))])
        model.compile("adam", "mse")
        model.save(file.create_group("model_%d" % index))
        print(load_model(file["model_%d" % index]).predict(np.ones((1, 2))), sorted(file))

print(keras.activations.deserialize("selu") is keras.activations.selu)
state = LSTM(2)(Input((3, 2)), initial_state=[Input((2,)), Input((2,))])
print(K.int_shape(state))
