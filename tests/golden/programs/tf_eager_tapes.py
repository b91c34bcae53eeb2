"""Gradients of tapes with eager execution, as programs of 2018-2019 took them; each op broadcasts one of its inputs."""

import tensorflow as tf

tf.enable_eager_execution()
x = tf.constant([[1.0, 2.0, -3.0], [0.5, -1.5, 4.0]])
y = tf.constant([2.0, 1.0, 3.0])
FUNCTIONS = [
    ("add", lambda: x + y),
    ("subtract", lambda: x - y),
    ("multiply", lambda: x * y),
    ("divide", lambda: x / y),
    ("power", lambda: tf.pow(tf.abs(x), y)),
    ("maximum", lambda: tf.maximum(x, y)),
    ("minimum", lambda: tf.minimum(y, x)),
    ("squared_difference", lambda: tf.squared_difference(x, y)),
    ("divide_no_nan", lambda: tf.div_no_nan(x, y)),
    ("reduce_max", lambda: tf.reduce_max(x * y, axis=1)),
    ("reduce_mean", lambda: tf.reduce_mean(x * y, axis=0)),
    ("reduce_prod", lambda: tf.reduce_prod(x * y, axis=1)),
    ("cumprod", lambda: tf.cumprod(x * y, axis=1)),
    ("slice", lambda: (x * y)[:, 1:]),
    ("gather", lambda: tf.gather(x * y, [1, 1])),
    ("square", lambda: tf.square(x) * y),
]
for name, function in FUNCTIONS:
    with tf.GradientTape(persistent=True) as outer:
        outer.watch([x, y])
        with tf.GradientTape() as inner:
            inner.watch([x, y])
            value = function()
        slopes = inner.gradient(value, [x, y])
    print(name, [slope.numpy() for slope in slopes])
    second = outer.gradient(slopes[0], x)
    print(name, None if second is None else second.numpy())

variable = tf.Variable(3.0)
optimizer = tf.train.GradientDescentOptimizer(0.1)
for _ in range(3):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(variable * x * y - 1.0) ** 2
    optimizer.apply_gradients([(tape.gradient(loss, variable), variable)])
    print(loss.numpy(), variable.numpy())
