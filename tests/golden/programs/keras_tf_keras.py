"""tf.keras as TensorFlow 1.15 had it: graph mode, slopes of its models, custom layers, tf.GradientTape beside them."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
import tensorflow as tf
from tensorflow.keras import backend as K
from tensorflow.keras.layers import Dense, Input, Lambda
from tensorflow.keras.models import Model, Sequential
from tensorflow.python.keras.layers import Layer

print(tf.executing_eagerly(), tf.keras.backend.floatx(), K.image_data_format())


class Scaled(Layer):
    def __init__(self, units=1, **kwargs):
        super(Scaled, self).__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        size = input_shape[-1].value if hasattr(input_shape[-1], "value") else input_shape[-1]
        self.kernel = self.add_weight("kernel", shape=[size, self.units], initializer=tf.keras.initializers.Ones())
        super(Scaled, self).build(input_shape)

    def call(self, inputs):
        return tf.matmul(inputs, self.kernel) * 0.5


class Net(tf.keras.Model):
    def __init__(self):
        super(Net, self).__init__()
        self.hidden = Dense(3, activation="tanh", kernel_initializer=tf.keras.initializers.Constant(0.3))
        self.out = Scaled(1)

    def call(self, inputs):
        return self.out(self.hidden(inputs))


x = Input(shape=(2,))
model = Model(x, Scaled(2)(Dense(2, activation=tf.nn.softplus, kernel_initializer="ones")(x)))
data = np.cos(np.arange(6.0)).reshape(3, 2).astype(np.float32)
print(model.predict(data), model.input.shape[1].value)
slope = K.gradients(model.output, model.input)[0]
second = tf.gradients(slope, x)[0]
print(K.function([x], [slope, second])([data]))
print(K.get_session().run(slope, feed_dict={model.input: data[:1]}))

line = Sequential([Dense(1, kernel_initializer="zeros", input_shape=(2,))])
line.compile(optimizer=tf.train.GradientDescentOptimizer(0.2), loss="mse", metrics=["mae"])
history = line.fit(data, np.ones((3, 1)), epochs=3, batch_size=3, verbose=0)
print(sorted(history.history), ["%.5f" % loss for loss in history.history["loss"]])
line.compile(optimizer=tf.keras.optimizers.SGD(lr=0.1, momentum=0.9), loss=tf.keras.losses.mean_absolute_error)
print("%.5f" % line.train_on_batch(data, np.ones((3, 1))), K.get_value(line.optimizer.lr))
print(line.get_weights()[0].ravel(), line.optimizer.get_config()["name"])

net = Net()
u = net(tf.constant(data))
by_weights = tf.gradients(tf.reduce_sum(u), net.trainable_variables)
K.get_session()
print(K.batch_get_value([u]), [v.shape.as_list() for v in net.trainable_variables])
print(K.get_session().run(by_weights[0]))

v = tf.Variable(3.0, use_resource=True)
with tf.GradientTape() as outer:
    with tf.GradientTape() as tape:
        cube = v * v * v
    first = tape.gradient(cube, v)
twice = outer.gradient(first, v)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run([cube, first, twice]))

flat = tf.layers.dense(tf.constant(data), 2, kernel_initializer=tf.ones_initializer(), name="flat")
jet = Lambda(lambda z: tf.gradients(tf.sin(z), z)[0])(x)
print(K.get_session().run(jet, {x: data[:1]}), tf.global_variables("flat")[0].name, flat.shape.as_list())
dataset = tf.data.Dataset.from_tensor_slices((data, np.ones((3, 1), np.float32))).batch(3)
print("%.5f" % line.evaluate(dataset.repeat(), steps=2, verbose=0))
