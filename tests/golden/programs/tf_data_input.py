"""Input by tf.data: one-shot, initialisable and feedable iterators, and derivatives by what they deliver."""

import numpy as np
import tensorflow as tf

points = np.linspace(0.0, 1.0, 8).astype(np.float32)
weight = tf.get_variable("weight", initializer=tf.constant([0.5, -0.25]))


def model(x):
    return tf.sin(weight[0] * x) + weight[1] * x**3


dataset = tf.data.Dataset.from_tensor_slices((points, np.cos(points)))
dataset = dataset.map(lambda x, y: (2.0 * x, y), num_parallel_calls=2).filter(lambda x, _: x < 1.9)
batch_x, batch_y = dataset.repeat(2).batch(4).prefetch(1).make_one_shot_iterator().get_next()
slope = tf.gradients(model(batch_x), batch_x)[0]
loss = tf.reduce_mean(tf.square(model(batch_x) - batch_y))
by_weight = tf.gradients(loss, weight)[0]
print(batch_x.get_shape(), dataset.output_types == (tf.float32, tf.float32))

count = tf.placeholder(tf.int64, shape=[])
ranges = tf.data.Dataset.range(count).map(lambda i: tf.to_float(i) / 4.0).batch(2)
iterator = ranges.make_initializable_iterator()
element = iterator.get_next()

handle = tf.placeholder(tf.string, shape=[])
training = tf.data.Dataset.from_tensors(tf.constant([1.0, 2.0])).repeat()
validation = tf.data.Dataset.from_generator(lambda: iter([[3.0, 4.0], [5.0, 6.0]]), tf.float32, tf.TensorShape([2]))
feedable = tf.data.Iterator.from_string_handle(handle, training.output_types, training.output_shapes)
switched = feedable.get_next()
second = tf.gradients(tf.gradients(model(switched), switched)[0], switched)[0]

either = tf.data.Iterator.from_structure(tf.float32, tf.TensorShape([]))
one = either.get_next()
to_few, to_many = (
    either.make_initializer(tf.data.Dataset.from_tensor_slices(tf.constant(values)))
    for values in ([10.0], [1.0, 2.0, 3.0])
)

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    while True:
        try:
            print(sess.run([slope, loss, by_weight]))
        except tf.errors.OutOfRangeError:
            print("end of the first")
            break
    for n in (3, 5):
        sess.run(iterator.initializer, feed_dict={count: n})
        seen = []
        try:
            while True:
                seen.append(sess.run([element, tf.gradients(model(element), element)[0]]))
        except tf.errors.OutOfRangeError:
            print(n, seen)
    train_iterator, validation_iterator = (
        training.make_one_shot_iterator(),
        validation.make_one_shot_iterator(),
    )
    for name, source in (("training", train_iterator), ("validation", validation_iterator)):
        key = sess.run(source.string_handle())
        print(name, sess.run([switched, second], {handle: key}), sess.run(switched, {handle: key}))
    for initializer in (to_few, to_many):
        sess.run(initializer)
        total = 0.0
        try:
            while True:
                total += float(sess.run(one))
        except tf.errors.OutOfRangeError:
            print("sum", total)
