"""Attributes of compiled models that programs reached for, and inputs that are fed by nobody."""

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Dropout, Input
from keras.models import Model, Sequential

x = Input(shape=(2,), name="x")
h = Dense(2, kernel_initializer="ones", name="h")(x)
y = Dense(1, kernel_initializer="ones", name="y")(Dropout(0.5)(h))
model = Model(x, [y, h])
model.compile("sgd", ["mse", "mae"], metrics=["accuracy"], loss_weights=[1.0, 0.5])
data, target = np.cos(np.arange(8.0)).reshape(4, 2), np.ones((4, 1))

print(len(model.targets), len(model.sample_weights), [K.ndim(each) for each in model.targets])
print(len(model._feed_inputs), len(model._feed_targets), len(model._feed_sample_weights), model._feed_output_names)
print(
    model.loss, model.loss_weights, len(model.loss_functions), len(model.metrics_tensors), model.stateful_metric_names
)
print(model.output_names, model.input_names, model.metrics_names, model.uses_learning_phase, x._keras_shape)
print([K.int_shape(each) for each in model.outputs], sorted(model._layers_by_depth), model.built, model.layers[1].built)
model._make_test_function()
model._make_predict_function()
model._make_train_function()
values = model.test_function([data, target, data, np.ones(4), np.ones(4), 0.0])
print(["%.5f" % each for each in values], [part.ravel() for part in model.predict_function([data[:2], 0.0])])
print(K.function(model.inputs + [K.learning_phase()], [model.outputs[0]])([data, 0])[0].ravel())
again = model.run_internal_graph([x * 2.0])[0]
print(len(again), K.function([x, K.learning_phase()], [again[0]])([data, 0])[0].ravel())
print(K.function([x], [model.get_layer("h").get_output_at(0)])([data])[0][0], model.get_layer(index=1).name)
print(y._uses_learning_phase, h._uses_learning_phase, model.layers[-1].input is not None, model.state_updates)
model.trainable = False
print(len(model.trainable_weights), len(model.non_trainable_weights), len(model.weights))

line = Sequential()
line.add(Dense(1, batch_input_shape=(None, 2), kernel_initializer="ones", activity_regularizer="l2"))
print(line.model is line, line.layers[0].batch_input_shape, line.input_shape, len(line.losses), line.built)
line.compile("sgd", "mse")
print(
    "%.5f" % line.evaluate(data, target, verbose=0), line.predict_classes(data).ravel(), line.predict_proba(data).shape
)

fixed = Input(tensor=tf.constant(data, tf.float32))
tied = Model(fixed, Dense(1, kernel_initializer="ones")(fixed))
tied.compile("sgd", "mse")
print("%.5f" % tied.train_on_batch(None, target), "%.5f" % tied.test_on_batch(None, target))
print(tied.predict(None, steps=1).ravel(), tied.predict_on_batch(None).ravel())
history = tied.fit(None, target, epochs=1, steps_per_epoch=None, batch_size=4, verbose=0)
print("%.5f" % history.history["loss"][0])
