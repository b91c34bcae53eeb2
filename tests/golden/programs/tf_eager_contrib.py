"""tf.contrib.eager: compiled functions, derivatives of functions and by variables, with eager execution and in graphs."""

import numpy as np
import tensorflow as tf

tfe = tf.contrib.eager
tfe.enable_eager_execution()
print(tfe.executing_eagerly(), tfe.in_eager_mode(), tfe.num_gpus(), len(tfe.list_devices()) > 0)


def cube(x, y):
    return x * x * x * y


print([g.numpy() for g in tfe.gradients_function(cube)(2.0, 5.0)])
print([g.numpy() for g in tfe.gradients_function(cube, params=["x"])(2.0, 5.0)])
value, slopes = tfe.value_and_gradients_function(cube, params=[1])(tf.constant([1.0, 2.0]), tf.constant([3.0, -1.0]))
print(value.numpy(), [g.numpy() for g in slopes])
second = tfe.gradients_function(lambda x: tfe.gradients_function(lambda z: tf.sin(z) * z)(x)[0])
print(second(tf.constant([0.5, 1.0]))[0].numpy())

w = tfe.Variable([1.0, -2.0], name="w")
b = tfe.Variable(0.5, name="b", trainable=True)
print(w.name, b.numpy(), isinstance(w, tf.Variable))


def loss(x):
    return tf.reduce_sum(tf.square(w * x + b))


found = tfe.implicit_gradients(loss)(tf.constant([1.0, 3.0]))
print(sorted((variable.name, slope.numpy().tolist()) for slope, variable in found))
value, found = tfe.implicit_value_and_gradients(loss)(tf.constant([0.5, 1.5]))
print(value.numpy(), sorted((variable.name, slope.numpy().tolist()) for slope, variable in found))
optimizer = tf.train.GradientDescentOptimizer(0.1)
for _ in range(3):
    optimizer.apply_gradients(tfe.implicit_gradients(loss)(tf.constant([0.5, 1.5])))
print(w.numpy(), b.numpy())

calls = []


@tfe.defun
def compiled(x, n=2):
    calls.append(n)
    for _ in range(n):
        x = tf.tanh(x) * w
    return x, {"sum": tf.reduce_sum(x)}


x = tf.constant([[0.3, -0.4]])
for n in (2, 2, 3):
    y, more = compiled(x, n)
    print(y.numpy(), more["sum"].numpy())
print(calls)
with tfe.GradientTape(persistent=True) as outer:
    outer.watch(x)
    with tfe.GradientTape() as inner:
        inner.watch(x)
        y, _ = compiled(x)
    slope = inner.gradient(y, x)
print(slope.numpy(), outer.gradient(slope, x).numpy(), outer.gradient(slope, w).numpy())
signed = tfe.defun(lambda t: t * 2, input_signature=[tfe.TensorSpec([None], tf.float32)])
print(signed(tf.constant([1.0])).numpy(), signed(tf.constant([1.0, 2.0])).numpy())


@tfe.custom_gradient
def clipped(x):
    return tf.exp(x), lambda dy: tf.clip_by_value(dy * tf.exp(x), -1.0, 1.0)


print([g.numpy() for g in tfe.gradients_function(clipped)(tf.constant([0.0, 2.0, -1.0]))])
print(tfe.py_func(lambda t: t.numpy() ** 2, [tf.constant([1.0, 3.0])], tf.float32).numpy())
tfe.Checkpoint(w=w, b=b).save("kept")
w.assign([9.0, 9.0])
tfe.Checkpoint(w=w, b=b).restore(tf.train.latest_checkpoint("."))
print(w.numpy())

with tf.Graph().as_default(), tf.Session() as session:
    print(tfe.executing_eagerly())
    p = tf.placeholder(tf.float32, [None])
    kernel = tf.get_variable("kernel", initializer=np.array([2.0, 3.0], "float32"), use_resource=True)
    inside = tfe.defun(lambda t: tf.sin(t * kernel))(p)
    first = tf.gradients(inside, [p, kernel])
    second = tf.gradients(first[0], p)[0]
    session.run(tf.global_variables_initializer())
    for tensor in (inside, first[0], first[1], second):
        print(session.run(tensor, {p: [0.5, -0.25]}))
