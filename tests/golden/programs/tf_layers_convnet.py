"""A small image network of tf.layers and tf.nn, its loss and metrics, and Grad-CAM by tf.gradients."""

# tolerance: rtol=1e-5 atol=1e-7 (four steps of momentum through batch normalisation)
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(8)
images = tf.placeholder(tf.float32, [None, 6, 6, 1])
labels = tf.placeholder(tf.int64, [None])
training = tf.placeholder_with_default(False, shape=(), name="training")


def fixed(*shape):
    return tf.constant_initializer(0.4 * rng.randn(*shape))


conv1 = tf.layers.conv2d(
    images, 3, 3, padding="same", use_bias=False, kernel_initializer=fixed(3, 3, 1, 3), name="conv1"
)
norm1 = tf.layers.batch_normalization(conv1, momentum=0.9, training=training, name="norm1")
pool1 = tf.layers.max_pooling2d(tf.nn.relu(norm1), pool_size=2, strides=2)
conv2 = tf.layers.conv2d(
    pool1,
    2,
    (2, 2),
    activation=tf.nn.softplus,
    kernel_initializer=fixed(2, 2, 3, 2),
    kernel_regularizer=tf.contrib.layers.l2_regularizer(0.01),
    name="conv2",
)
flat = tf.layers.flatten(conv2)
dropped = tf.layers.dropout(flat, rate=0.0, training=training)
logits = tf.layers.dense(dropped, 3, kernel_initializer=fixed(8, 3), name="logits")

tf.losses.sparse_softmax_cross_entropy(labels, logits)
loss = tf.losses.get_total_loss()
update_ops = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
with tf.control_dependencies(update_ops):
    train = tf.train.MomentumOptimizer(0.05, 0.9).minimize(loss, gate_gradients=tf.train.Optimizer.GATE_GRAPH)
accuracy, update = tf.metrics.accuracy(labels, tf.argmax(logits, 1), name="accuracy")
right = tf.reduce_mean(tf.to_float(tf.nn.in_top_k(logits, labels, 1)))

top = tf.reduce_max(logits, axis=1)
by_conv = tf.gradients(top, conv2)[0]
cam = tf.nn.relu(tf.reduce_sum(tf.reduce_mean(by_conv, axis=[1, 2], keepdims=True) * conv2, axis=3))
large = tf.image.resize_bilinear(cam[..., tf.newaxis], [4, 4])
saliency = tf.reduce_max(tf.abs(tf.gradients(top, images)[0]), axis=3)
up = tf.layers.conv2d_transpose(conv2, 1, 3, strides=2, kernel_initializer=tf.ones_initializer(), name="up")
back = tf.gradients(tf.nn.local_response_normalization(up), conv2)[0]

pictures = rng.rand(5, 6, 6, 1)
feed = {images: pictures, labels: [0, 1, 2, 1, 0]}
with tf.Session() as sess:
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    print([v.name for v in tf.trainable_variables()], len(update_ops), len(tf.losses.get_regularization_losses()))
    for step in range(4):
        print("loss %.5f" % sess.run(loss, feed))
        sess.run(train, {images: pictures, labels: [0, 1, 2, 1, 0], training: True})
    print(sess.run(tf.global_variables("norm1/moving")))
    print(sess.run(update, feed), sess.run(accuracy), sess.run(right, feed), sess.run(logits, feed)[0])
    print(sess.run(cam, feed)[0], sess.run(large, feed)[0].ravel())
    print(sess.run(saliency, feed)[0][2])
    print(sess.run(up, feed).shape, sess.run(back, feed)[0].ravel())
