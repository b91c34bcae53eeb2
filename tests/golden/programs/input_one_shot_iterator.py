"""Training a compiled model on tensors of a tf.data iterator: Input(tensor=...), target_tensors, steps_per_epoch."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras import layers
from keras.callbacks import Callback
from keras.models import Model

x_train = np.sin(np.arange(24.0)).reshape(12, 2).astype("float32")
y_train = (x_train.dot([[1.0], [-2.0]]) + 0.5).astype("float32")

dataset = tf.data.Dataset.from_tensor_slices((x_train, y_train)).repeat().batch(4)
iterator = dataset.make_one_shot_iterator()
inputs, targets = iterator.get_next()

model_input = layers.Input(tensor=inputs)
model_output = layers.Dense(1, kernel_initializer="ones", name="line")(model_input)
train_model = Model(inputs=model_input, outputs=model_output)
train_model.compile(optimizer="sgd", loss="mse", metrics=["mae"], target_tensors=[targets])


class EvaluateInputTensor(Callback):
    """Tests another model of the same weights at the end of each epoch."""

    def __init__(self, model, steps):
        super(EvaluateInputTensor, self).__init__()
        self.val_model, self.steps = model, steps

    def on_epoch_end(self, epoch, logs=None):
        weights = self.model.get_weights()
        self.val_model.set_weights(weights)
        print(epoch, "%.5f" % self.val_model.evaluate(None, None, steps=self.steps, verbose=0))


again = layers.Input(tensor=tf.constant(x_train[:6]))
test_model = Model(inputs=again, outputs=layers.Dense(1, name="line")(again))
test_model.compile(optimizer="sgd", loss="mse", target_tensors=[tf.constant(y_train[:6])])
history = train_model.fit(epochs=3, steps_per_epoch=3, verbose=0, callbacks=[EvaluateInputTensor(test_model, 2)])
for name in sorted(history.history):
    print(name, ["%.5f" % number for number in history.history[name]])
print(train_model.get_weights())
print(test_model.predict(None, steps=1).ravel())

train_model.save_weights("line_wt.h5")
K.clear_session()
x = layers.Input(shape=(2,))
fresh = Model(inputs=x, outputs=layers.Dense(1, name="line")(x))
fresh.load_weights("line_wt.h5")
fresh.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
print(["%.5f" % number for number in fresh.evaluate(x_train, y_train, batch_size=12, verbose=0)])

pairs = tf.data.Dataset.from_tensor_slices({"left": x_train[:4], "right": y_train[:4]}).batch(2)
initializable = pairs.make_initializable_iterator()
record = initializable.get_next()
tied = layers.Input(tensor=record["left"])
slope = layers.Lambda(lambda z: K.gradients(K.sum(K.square(fresh(z))), z)[0])(tied)
session = K.get_session()
session.run(initializable.initializer)
for _ in range(2):
    print(session.run([slope, record["right"]]))
try:
    session.run(slope)
except tf.errors.OutOfRangeError:
    print("end of data")
