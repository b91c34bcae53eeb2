"""The optimisers of tf.train step by step on one bowl, with schedules, clipped gradients, averages and slots."""

# tolerance: rtol=2e-6 atol=1e-8 (square roots, and five steps of them)
import tensorflow as tf

START = [1.0, -0.5, 2.0]
MAKERS = {
    "GradientDescent": lambda: tf.train.GradientDescentOptimizer(0.1),
    "Momentum": lambda: tf.train.MomentumOptimizer(0.1, 0.9),
    "Nesterov": lambda: tf.train.MomentumOptimizer(0.1, 0.9, use_nesterov=True),
    "Adam": lambda: tf.train.AdamOptimizer(0.1, beta1=0.8, epsilon=1e-6),
    "Adagrad": lambda: tf.train.AdagradOptimizer(0.1, initial_accumulator_value=0.2),
    "Adadelta": lambda: tf.train.AdadeltaOptimizer(0.5, rho=0.9, epsilon=1e-4),
    "RMSProp": lambda: tf.train.RMSPropOptimizer(0.05, decay=0.8, momentum=0.1, centered=True),
    "Ftrl": lambda: tf.train.FtrlOptimizer(0.2, l1_regularization_strength=0.01),
    "ProximalGradientDescent": lambda: tf.train.ProximalGradientDescentOptimizer(0.1, l1_regularization_strength=0.2),
    "ProximalAdagrad": lambda: tf.train.ProximalAdagradOptimizer(0.1, l2_regularization_strength=0.2),
    "AdagradDA": lambda: tf.train.AdagradDAOptimizer(0.1, tf.train.get_or_create_global_step()),
}


def bowl(z):
    return tf.reduce_sum(tf.square(z) * tf.constant([1.0, 2.0, 0.5])) + 0.1 * tf.reduce_sum(tf.exp(z))


trained = {}
for name, maker in MAKERS.items():
    z = tf.get_variable(name.lower(), initializer=tf.constant(START))
    optimizer = maker()
    step = tf.train.get_or_create_global_step() if name == "AdagradDA" else None
    trained[name] = (z, optimizer.minimize(bowl(z), global_step=step, var_list=[z]), optimizer)

count = tf.Variable(0, trainable=False, name="count")
rates = [
    tf.train.exponential_decay(0.1, count, 3, 0.5, staircase=True),
    tf.train.exponential_decay(0.1, count, 3, 0.5),
    tf.train.piecewise_constant(count, [1, 3], [1.0, 0.5, 0.25]),
    tf.train.polynomial_decay(0.1, count, 4, 0.01, power=2.0),
    tf.train.inverse_time_decay(0.1, count, 2, 0.5),
    tf.train.natural_exp_decay(0.1, count, 2, 0.5),
    tf.train.cosine_decay(0.1, count, 8),
    tf.train.noisy_linear_cosine_decay(0.1, count, 8, initial_variance=0.0),
]
a, b = tf.Variable(START, name="a"), tf.Variable([[3.0], [4.0]], name="b")
sgd = tf.train.GradientDescentOptimizer(rates[1])
grads, variables = zip(*sgd.compute_gradients(bowl(a) + tf.reduce_sum(b**2), [a, b]))
clipped, norm = tf.clip_by_global_norm(grads, 2.0)
train = sgd.apply_gradients(zip(clipped, variables), global_step=count)
average = tf.train.ExponentialMovingAverage(0.9, num_updates=count)
maintain = average.apply([a])
by_norm = [tf.clip_by_norm(grads[1], 1.0), tf.clip_by_average_norm(grads[1], 1.0), tf.global_norm(grads)]

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for name, (z, op, optimizer) in trained.items():
        for _ in range(5):
            sess.run(op)
        print(name, sess.run(z), optimizer.get_slot_names(), optimizer.get_name())
    slot = trained["Adam"][2].get_slot(trained["Adam"][0], "v")
    print(slot.op.name, sess.run(slot), [v.op.name for v in trained["Adam"][2].variables()][:2])
    print(sess.run(by_norm + [norm]))
    for _ in range(4):
        print(sess.run(rates))
        sess.run(train)
        sess.run(maintain)
    print(sess.run([a, average.average(a), count]), average.average_name(a))
