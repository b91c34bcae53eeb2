"""Newton's method and gradient descent written out as assignments, and the same by tf.train's plain optimiser."""

import tensorflow as tf

start = [2.0, -1.0]
by_hand = tf.Variable(start)
by_train = tf.Variable(start)
by_newton = tf.Variable(start, dtype=tf.float32)


def bowl(z):
    return tf.reduce_sum(tf.exp(z) - z) + 0.5 * z[0] * z[1]


step = by_hand.assign(by_hand - 0.1 * tf.gradients(bowl(by_hand), by_hand)[0])
train = tf.train.GradientDescentOptimizer(learning_rate=0.1).minimize(bowl(by_train), var_list=[by_train])
slope = tf.gradients(bowl(by_newton), by_newton)[0]
turn = tf.matrix_solve(tf.hessians(bowl(by_newton), by_newton)[0], slope[:, tf.newaxis])
newton = tf.assign_sub(by_newton, tf.squeeze(turn))

init = tf.initialize_all_variables()
with tf.Session() as sess:
    sess.run(init)
    for i in range(4):
        sess.run([step.op, train])
        sess.run(newton)
        print("%d" % i, sess.run([by_hand, by_train]), sess.run(bowl(by_newton)))
    print(sess.run(by_newton))
