"""Adversarial examples from the gradient of a loss by its input: one signed step, projected steps, Jacobians, virtual ones."""

# tolerance: rtol=1e-5 atol=1e-6 (differences of probabilities)
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(2)
N_CLASSES, DIM = 3, 6


class Model(object):
    def __init__(self):
        with tf.variable_scope("victim"):
            init = [tf.constant_initializer(rng.randn(*s)) for s in [(DIM, 7), (7, N_CLASSES)]]
            self.w1 = tf.get_variable("w1", (DIM, 7), initializer=init[0])
            self.w2 = tf.get_variable("w2", (7, N_CLASSES), initializer=init[1])

    def get_logits(self, x):
        return tf.matmul(tf.nn.softplus(tf.matmul(x, self.w1)), self.w2)

    def get_probs(self, x):
        return tf.nn.softmax(self.get_logits(x))


def loss(y, logits):
    return tf.nn.softmax_cross_entropy_with_logits_v2(labels=y, logits=logits)


def fgm(x, model, y=None, eps=0.1, ord=np.inf, targeted=False):
    if y is None:
        preds = model.get_probs(x)
        y = tf.to_float(tf.equal(preds, tf.reduce_max(preds, 1, keepdims=True)))
        y = tf.stop_gradient(y)
    (grad,) = tf.gradients(loss(y / tf.reduce_sum(y, 1, keepdims=True), model.get_logits(x)), x)
    if ord == np.inf:
        step = tf.sign(grad)
    else:
        norm = tf.sqrt(
            tf.maximum(1e-12, tf.reduce_sum(tf.square(grad), list(range(1, len(grad.get_shape()))), keepdims=True))
        )
        step = grad / norm
    return tf.stop_gradient(tf.clip_by_value(x + eps * (-step if targeted else step), 0.0, 1.0))


def pgd(x, model, y, eps=0.2, eps_iter=0.05, nb_iter=5):
    def body(i, adv):
        (grad,) = tf.gradients(loss(y, model.get_logits(adv)), adv)
        adv = adv + eps_iter * tf.sign(grad)
        return i + 1, tf.clip_by_value(x + tf.clip_by_value(adv - x, -eps, eps), 0.0, 1.0)

    _, adv = tf.while_loop(lambda i, _: tf.less(i, nb_iter), body, (tf.zeros([]), x), back_prop=True)
    return adv


def jacobian_graph(predictions, x):
    return [tf.gradients(predictions[:, class_ind], x)[0] for class_ind in range(N_CLASSES)]


def virtual_adversarial(x, model, eps=0.3, xi=1e-2):
    d = xi * tf.nn.l2_normalize(tf.constant(rng.randn(4, DIM), tf.float32), 1)
    logits = tf.stop_gradient(model.get_logits(x))

    def kl(q):
        p = tf.nn.softmax(logits)
        return tf.reduce_sum(p * (tf.nn.log_softmax(logits) - tf.nn.log_softmax(q)), 1)

    d = tf.stop_gradient(tf.gradients(kl(model.get_logits(x + d)), d, aggregation_method=2)[0])
    return tf.reduce_mean(kl(model.get_logits(x + eps * tf.nn.l2_normalize(d, 1))))


x = tf.placeholder(tf.float32, shape=(None, DIM))
y = tf.placeholder(tf.float32, shape=(None, N_CLASSES))
model = Model()
images = rng.uniform(0.2, 0.8, (4, DIM))
labels = np.eye(N_CLASSES)[[0, 1, 2, 1]]
feed = {x: images, y: labels}

adv_x, adv_2, targeted = fgm(x, model), fgm(x, model, y, 0.3, 2), fgm(x, model, y, targeted=True)
adv_pgd = pgd(x, model, y)


def mean_loss(images):
    return tf.reduce_mean(loss(y, model.get_logits(images)))


by_example = tf.gradients(mean_loss(adv_pgd), x)[0]
trained_on = 0.5 * mean_loss(x) + 0.5 * mean_loss(adv_x)
by_weight = tf.gradients(trained_on, tf.trainable_variables())

with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    print(sess.run(model.get_probs(x), feed))
    print(sess.run(adv_x, feed)[0], sess.run(adv_2, feed)[1])
    print(sess.run([mean_loss(x), mean_loss(adv_x), mean_loss(adv_pgd), mean_loss(targeted)], feed))
    print(np.abs(sess.run(adv_pgd, feed) - images).max(axis=1))
    print(np.round(sess.run(by_example, feed)[0], 7))
    print([np.round(g[0], 7) for g in sess.run(by_weight, feed)])
    print(np.round(sess.run(jacobian_graph(model.get_probs(x), x), feed)[1], 7))
    print("%.4f" % sess.run(virtual_adversarial(x, model), feed))
