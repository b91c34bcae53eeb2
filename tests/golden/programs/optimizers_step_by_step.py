"""The optimisers of tf.train on one variable each, from the same start, with gradients seen on the way."""

import tensorflow as tf

optimizers = [
    tf.train.GradientDescentOptimizer(0.05),
    tf.train.MomentumOptimizer(0.05, momentum=0.9),
    tf.train.AdamOptimizer(0.05),
    tf.train.RMSPropOptimizer(0.05, decay=0.9),
    tf.train.AdagradOptimizer(0.05),
    tf.train.AdadeltaOptimizer(1.0),
]
steps = tf.train.get_or_create_global_step()
points, trains, pairs = [], [], []
for optimizer in optimizers:
    z = tf.Variable([1.0, -0.5])
    valley = tf.reduce_sum(tf.cosh(z)) + z[0] * z[1]
    found = optimizer.compute_gradients(valley, [z])
    clipped = [(tf.clip_by_norm(g, 1.0), v) for g, v in found]
    points.append(z)
    pairs.append(found[0][0])
    trains.append(optimizer.apply_gradients(clipped, global_step=steps))

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(pairs[0]))
    for _ in range(5):
        for train in trains:
            sess.run(train)
    for optimizer, z in zip(optimizers, points):
        print(type(optimizer).__name__, optimizer.get_name(), sess.run(z))
    print(sess.run(steps), optimizers[1].get_slot_names(), sess.run(optimizers[1].get_slot(points[1], "momentum")))
