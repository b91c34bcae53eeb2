"""Model-agnostic meta-learning of sine waves: the outer gradient goes through the inner steps, hence second derivatives."""

# tolerance: rtol=1e-5 atol=1e-7 (twelve steps of Adam, which divides by the root of small squares)
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(11)
update_lr, meta_lr, num_updates, meta_batch_size = 0.05, 0.01, 2, 2
inputa, labela, inputb, labelb = (tf.placeholder(tf.float32, [meta_batch_size, 5, 1]) for _ in range(4))


def construct_fc_weights():
    weights = {}
    for i, (n, m) in enumerate([(1, 8), (8, 1)]):
        weights["w%d" % i] = tf.Variable(np.float32(0.5 * rng.randn(n, m)), name="w%d" % i)
        weights["b%d" % i] = tf.Variable(tf.zeros([m]), name="b%d" % i)
    return weights


def forward_fc(inp, weights):
    hidden = tf.nn.elu(tf.matmul(inp, weights["w0"]) + weights["b0"])
    return tf.matmul(hidden, weights["w1"]) + weights["b1"]


def mse(pred, label):
    return tf.reduce_mean(tf.square(tf.reshape(pred, [-1]) - tf.reshape(label, [-1])))


def task_metalearn(inp, weights, stop_grad):
    inputa, inputb, labela, labelb = inp
    fast_weights, lossesb = weights, []
    task_lossa = mse(forward_fc(inputa, weights), labela)
    for _ in range(num_updates):
        grads = tf.gradients(mse(forward_fc(inputa, fast_weights), labela), list(fast_weights.values()))
        if stop_grad:
            grads = [tf.stop_gradient(grad) for grad in grads]
        gradients = dict(zip(fast_weights.keys(), grads))
        fast_weights = dict((key, fast_weights[key] - update_lr * gradients[key]) for key in fast_weights.keys())
        lossesb.append(mse(forward_fc(inputb, fast_weights), labelb))
    return [task_lossa, lossesb]


with tf.variable_scope("model", reuse=None):
    weights = construct_fc_weights()
elems = (inputa, inputb, labela, labelb)
out_dtype = [tf.float32, [tf.float32] * num_updates]
lossesa, lossesb = tf.map_fn(
    lambda inp: task_metalearn(inp, weights, False), elems=elems, dtype=out_dtype, parallel_iterations=meta_batch_size
)
by_hand = [task_metalearn([e[i] for e in elems], weights, False)[1][-1] for i in range(meta_batch_size)]
first_order = [task_metalearn([e[i] for e in elems], weights, True)[1][-1] for i in range(meta_batch_size)]

total_loss1 = tf.reduce_sum(lossesa) / tf.to_float(meta_batch_size)
total_losses2 = [tf.reduce_sum(lossesb[j]) / tf.to_float(meta_batch_size) for j in range(num_updates)]
optimizer = tf.train.AdamOptimizer(meta_lr)
gvs = optimizer.compute_gradients(total_losses2[-1], gate_gradients=optimizer.GATE_GRAPH)
metatrain_op = optimizer.apply_gradients([(tf.clip_by_value(g, -10, 10), v) for g, v in gvs])
in_loop = tf.gradients(total_losses2[-1], weights["w1"])[0]
unrolled = tf.gradients(tf.add_n(by_hand) / meta_batch_size, weights["w1"])[0]
shorter = tf.gradients(tf.add_n(first_order) / meta_batch_size, weights["w1"])[0]


def sinusoids():
    amplitude, phase = rng.uniform(0.1, 5.0, (meta_batch_size, 1, 1)), rng.uniform(0, np.pi, (meta_batch_size, 1, 1))
    x = rng.uniform(-5.0, 5.0, (meta_batch_size, 10, 1))
    y = amplitude * np.sin(x - phase)
    return {inputa: x[:, :5], labela: y[:, :5], inputb: x[:, 5:], labelb: y[:, 5:]}


sess = tf.InteractiveSession()
tf.global_variables_initializer().run()
feed = sinusoids()
a, b, c = sess.run([in_loop, unrolled, shorter], feed)
print("%.5f %.5f %.5f" % (np.abs(a).sum(), np.abs(b).sum(), np.abs(c).sum()))
for itr in range(12):
    feed_dict = sinusoids()
    if itr % 3 == 0:
        print(
            "Iteration %d: %.5f, %s"
            % (itr, total_loss1.eval(feed_dict), ["%.5f" % l2.eval(feed_dict) for l2 in total_losses2])
        )
    sess.run(metatrain_op, feed_dict)
sess.close()
