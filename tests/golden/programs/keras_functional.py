"""The functional interface: layers shared between inputs, nodes, models inside models, and slopes through them."""

# tolerance: units=32 (a distance is a difference of two outputs, and its slopes divide by it)
import numpy as np
from keras import backend as K
from keras import layers
from keras.layers import Add, Concatenate, Dense, Dot, Input, Lambda, Permute, RepeatVector, Reshape
from keras.models import Model, Sequential
from keras.utils import plot_model

left, right = Input(shape=(3,), name="left"), Input(batch_shape=(None, 3), name="right")
tower = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(2)], name="tower")
shared = Dense(2, use_bias=False, name="shared")
a, b = shared(tower(left)), shared(tower(right))


def euclidean(vectors):
    x, y = vectors
    return K.sqrt(K.maximum(K.sum(K.square(x - y), axis=1, keepdims=True), K.epsilon()))


distance = Lambda(euclidean, output_shape=lambda shapes: (shapes[0][0], 1))([a, b])
model = Model(inputs=[left, right], outputs=[distance, a], name="siamese")
weights = model.get_weights()
model.set_weights([np.cos(k + np.arange(w.size)).reshape(w.shape) for k, w in enumerate(weights)])
x, y = np.sin(np.arange(6.0)).reshape(2, 3), np.cos(np.arange(6.0)).reshape(2, 3)
for part in model.predict([x, y]):
    print(part)
print([layer.name for layer in model.layers], [w.shape for w in weights], model.count_params())
print(K.int_shape(shared.get_output_at(0)), shared.get_input_shape_at(1), len(shared._inbound_nodes))
try:
    shared.output
except AttributeError as problem:
    print("multiple inbound nodes" in str(problem))
print(shared.get_output_at(1) is b, a._keras_shape, hasattr(a, "_keras_history"), K.is_keras_tensor(a))

slopes = K.gradients(distance, [left, right] + shared.trainable_weights)
for part in K.function([left, right], slopes)([x, y]):
    print(part)
print(model.input_shape, model.output_names, model.input_names == ["left", "right"])

sequence = Input(shape=(4, 2))
h = Permute((2, 1))(sequence)
h = Reshape((4, 2))(h)
context = Lambda(lambda t: K.mean(t, axis=1))(h)
attended = Dot(axes=(2, 1))([h, context])
weighted = layers.Multiply()(
    [sequence, RepeatVector(4)(layers.Softmax()(Dense(2, kernel_initializer="ones")(attended)))]
)
total = Add()([weighted, h, layers.Subtract()([h, sequence])])
attention = Model(sequence, Concatenate(axis=1)([total, layers.Average()([h, sequence])]))
steps = np.sin(np.arange(8.0)).reshape(1, 4, 2)
print(attention.predict(steps)[0], attention.output_shape)
print(K.function([sequence], K.gradients(attention.output, sequence))([steps])[0][0])

inner = Model(left, [Dense(1, kernel_initializer="ones")(left), Dense(2, kernel_initializer="ones")(left)])
first, second = inner(right)
outer = Model(right, layers.concatenate([second, first]))
print(outer.predict(y), [layer.__class__.__name__ for layer in outer.layers])
outer.layers[1].trainable = False
print(len(outer.trainable_weights), len(outer.non_trainable_weights), outer.stateful, outer.uses_learning_phase)
popped = Sequential([Dense(3, input_dim=3, kernel_initializer="identity"), Dense(1)])
popped.pop()
popped.add(Lambda(lambda t: t[:, ::-1]))
print(popped.predict(x), popped.output_shape, popped.inputs[0] is popped.layers[0].input, callable(plot_model))
