"""Influence functions: which training point moved a prediction?  Hessian-vector products and conjugate gradients."""

# tolerance: rtol=2e-5 atol=1e-6 (conjugate gradients on float32 products)
import numpy as np
import tensorflow as tf
from scipy.optimize import fmin_ncg

rng = np.random.RandomState(4)
num_train, input_dim, num_classes, weight_decay, damping = 30, 3, 2, 0.05, 1e-2
X = rng.randn(num_train, input_dim)
Y = (X.dot([1.0, -2.0, 0.5]) + 0.5 * rng.randn(num_train) > 0).astype(np.int32)


def hessian_vector_product(ys, xs, v):
    grads = tf.gradients(ys, xs)
    assert len(xs) == len(v)
    elemwise_products = [tf.multiply(g, tf.stop_gradient(v_elem)) for g, v_elem in zip(grads, v) if g is not None]
    grads_with_none = tf.gradients(elemwise_products, xs)
    return [g if g is not None else tf.zeros_like(x) for x, g in zip(xs, grads_with_none)]


def variable_with_weight_decay(name, shape, wd):
    variable = tf.get_variable(name, shape, initializer=tf.constant_initializer(rng.randn(*shape) * 0.1))
    tf.add_to_collection("losses", tf.multiply(tf.nn.l2_loss(variable), wd, name="weight_loss"))
    return variable


input_placeholder = tf.placeholder(tf.float32, shape=(None, input_dim), name="input_placeholder")
labels_placeholder = tf.placeholder(tf.int32, shape=(None,), name="labels_placeholder")
with tf.variable_scope("softmax_linear"):
    weights = variable_with_weight_decay("weights", [input_dim, num_classes], weight_decay)
    biases = tf.get_variable("biases", [num_classes], initializer=tf.constant_initializer(0.0))
logits = tf.nn.bias_add(tf.matmul(input_placeholder, weights), biases)
one_hot = tf.one_hot(labels_placeholder, num_classes)  # the sparse loss refuses a second derivative
cross_entropy = tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=one_hot, name="xentropy")
loss_no_reg = tf.reduce_mean(cross_entropy, name="xentropy_mean")
tf.add_to_collection("losses", loss_no_reg)
total_loss = tf.add_n(tf.get_collection("losses"), name="total_loss")

params = tf.trainable_variables()
grad_total_loss_op = tf.gradients(total_loss, params)
grad_loss_no_reg_op = tf.gradients(loss_no_reg, params)
v_placeholder = [tf.placeholder(tf.float32, shape=a.get_shape()) for a in params]
hessian_vector = hessian_vector_product(total_loss, params, v_placeholder)
grad_influence_wrt_input_op = tf.gradients(
    tf.add_n([tf.reduce_sum(tf.multiply(a, tf.stop_gradient(b))) for a, b in zip(grad_total_loss_op, v_placeholder)]),
    input_placeholder,
)
train_op = tf.train.GradientDescentOptimizer(0.5).minimize(total_loss)

sess = tf.Session()
sess.run(tf.global_variables_initializer())
every = {input_placeholder: X, labels_placeholder: Y}
for step in range(60):
    sess.run(train_op, every)
print("loss %.6f" % sess.run(total_loss, every))


def unflatten(v):
    cut = input_dim * num_classes
    return [v[:cut].reshape(input_dim, num_classes), v[cut:]]


def product(v):
    parts = unflatten(v)
    result = sess.run(hessian_vector, {**every, **dict(zip(v_placeholder, parts))})
    return np.concatenate([np.float64(r).ravel() + damping * p.ravel() for r, p in zip(result, parts)])


def flat(grads):
    return np.concatenate([np.float64(g).ravel() for g in grads])


test = {input_placeholder: [[0.3, -0.2, 1.0]], labels_placeholder: [1]}
v = flat(sess.run(grad_loss_no_reg_op, test))
x, r, steps = np.zeros_like(v), v.copy(), 0
p, rs = r.copy(), r.dot(r)
while rs > 1e-12 and steps < 20:
    Ap = product(p)
    alpha = rs / p.dot(Ap)
    x, r = x + alpha * p, r - alpha * Ap
    p, rs, steps = r + (r.dot(r) / rs) * p, r.dot(r), steps + 1
print(np.round(x, 4))
other = fmin_ncg(
    f=lambda x: 0.5 * x.dot(product(x)) - v.dot(x),
    x0=np.zeros_like(v),
    fprime=lambda x: product(x) - v,
    fhess_p=lambda x, p: product(p),
    avextol=1e-8,
    maxiter=100,
    disp=0,
)
print(np.abs(other - x).max() < 1e-3)

influences = []
for i in range(6):
    one = {input_placeholder: X[i : i + 1], labels_placeholder: Y[i : i + 1]}
    influences.append(x.dot(flat(sess.run(grad_total_loss_op, one))) / num_train)
print(np.round(influences, 6), np.argsort(influences))
feed = dict(zip(v_placeholder, unflatten(x)))
feed.update({input_placeholder: X[:1], labels_placeholder: Y[:1]})
print(sess.run(grad_influence_wrt_input_op, feed)[0].round(5))
sess.close()
