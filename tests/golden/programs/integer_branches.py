"""Branches that no derivative goes through: casts to integers, argmax, floor, comparisons."""

import tensorflow as tf

x = tf.constant([0.5, 1.5, 2.5])
steps = tf.cast(x, tf.int32)
back = tf.cast(steps, tf.float32)
best = tf.argmax(x)

through = tf.gradients(back, x)
mixed = tf.gradients(x * back + tf.floor(x), x)
picked = tf.gradients(tf.gather(x, tf.cast(best, tf.int32)) ** 2, x)
flagged = tf.gradients(tf.to_float(x > 1.0) * x, x)

print(through)
print(tf.gradients(tf.sign(x) * x, x)[0].dtype)
with tf.Session() as sess:
    print(sess.run([steps, best]), steps.dtype, best.dtype)
    print(sess.run(mixed))
    slices = sess.run(picked)[0]
    print(type(slices).__name__, slices.values, slices.indices, list(slices.dense_shape))
    print(sess.run(tf.convert_to_tensor(picked[0])))
    print(sess.run(flagged))
    print(sess.run(tf.gradients(tf.sign(x) * x, x)))
