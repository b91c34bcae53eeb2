"""Natural gradient of a policy: the Fisher matrix as the Hessian of a divergence, never written out; a line search."""

# tolerance: rtol=1e-4 atol=2e-6 (five conjugate gradients on float32 products)
import numpy as np
import tensorflow as tf

rng = np.random.RandomState(9)
dtype = tf.float32


def var_shape(x):
    out = [k.value for k in x.get_shape()]
    assert all(isinstance(a, int) for a in out), "shape function assumes that shape is fully known"
    return out


def numel(x):
    return np.prod(var_shape(x))


def flatgrad(loss, var_list):
    grads = tf.gradients(loss, var_list)
    return tf.concat([tf.reshape(grad, [numel(v)]) for (v, grad) in zip(var_list, grads)], 0)


class SetFromFlat(object):
    def __init__(self, session, var_list):
        self.session = session
        shapes = list(map(var_shape, var_list))
        total_size = np.sum([np.prod(shape) for shape in shapes])
        self.theta = theta = tf.placeholder(dtype, [total_size])
        start, assigns = 0, []
        for shape, v in zip(shapes, var_list):
            size = np.prod(shape)
            assigns.append(tf.assign(v, tf.reshape(theta[start : start + size], shape)))
            start += size
        self.op = tf.group(*assigns)

    def __call__(self, theta):
        self.session.run(self.op, feed_dict={self.theta: theta})


obs = tf.placeholder(dtype, [None, 4], name="obs")
action = tf.placeholder(tf.int64, [None], name="action")
advant = tf.placeholder(dtype, [None], name="advant")
oldaction_dist = tf.placeholder(dtype, [None, 3], name="oldaction_dist")

h1 = tf.layers.dense(obs, 5, tf.nn.tanh, kernel_initializer=tf.constant_initializer(0.1 * rng.randn(4, 5)), name="fc1")
out = tf.layers.dense(h1, 3, kernel_initializer=tf.constant_initializer(0.5 * rng.randn(5, 3)), name="fc2")
action_dist = tf.nn.softmax(out)
eps = 1e-6
N = tf.cast(tf.shape(obs)[0], dtype)
chosen = tf.one_hot(action, 3)
p_n, oldp_n = (tf.reduce_sum(chosen * p, 1) for p in (action_dist, oldaction_dist))
surr = -tf.reduce_mean(p_n / oldp_n * advant)
kl = tf.reduce_sum(oldaction_dist * tf.log((oldaction_dist + eps) / (action_dist + eps))) / N
ent = tf.reduce_sum(-action_dist * tf.log(action_dist + eps)) / N

var_list = tf.trainable_variables()
pg = flatgrad(surr, var_list)
kl_firstfixed = (
    tf.reduce_sum(tf.stop_gradient(action_dist) * tf.log(tf.stop_gradient(action_dist + eps) / (action_dist + eps))) / N
)
grads = tf.gradients(kl_firstfixed, var_list)
flat_tangent = tf.placeholder(dtype, shape=[None])
start, tangents = 0, []
for shape in map(var_shape, var_list):
    size = np.prod(shape)
    tangents.append(tf.reshape(flat_tangent[start : start + size], shape))
    start += size
gvp = [tf.reduce_sum(g * t) for (g, t) in zip(grads, tangents)]
fvp = flatgrad(gvp, var_list)
scores = tf.stack([flatgrad(tf.log(action_dist[i, j]), var_list) for i in range(2) for j in range(3)])

session = tf.Session()
session.run(tf.global_variables_initializer())
gf = tf.concat([tf.reshape(v, [numel(v)]) for v in var_list], 0)
sff = SetFromFlat(session, var_list)
observations = rng.randn(20, 4)
old = session.run(action_dist, {obs: observations})
actions = np.array([rng.choice(3, p=np.float64(p) / np.float64(p).sum()) for p in old])
advantage = observations[:, 0] * (actions - 1.0)
feed = {obs: observations, action: actions, advant: advantage - advantage.mean(), oldaction_dist: old}


def fisher_vector_product(p):
    return session.run(fvp, {**feed, flat_tangent: p}) + 0.1 * p


def conjugate_gradient(f_Ax, b, cg_iters=5, residual_tol=1e-10):
    p, r, x = b.copy(), b.copy(), np.zeros_like(b)
    rdotr = r.dot(r)
    for _ in range(cg_iters):
        z = f_Ax(p)
        v = rdotr / p.dot(z)
        x += v * p
        r -= v * z
        newrdotr = r.dot(r)
        p = r + newrdotr / rdotr * p
        rdotr = newrdotr
        if rdotr < residual_tol:
            break
    return x


g = session.run(pg, feed_dict=feed)
stepdir = conjugate_gradient(fisher_vector_product, -g)
shs = 0.5 * stepdir.dot(fisher_vector_product(stepdir))
fullstep = stepdir / np.sqrt(shs / 0.01)
thprev = session.run(gf)
print([v.op.name for v in var_list], g.shape)
print("|g| %.5f, cosine %.6f" % (np.linalg.norm(g), -g.dot(stepdir) / np.linalg.norm(g) / np.linalg.norm(stepdir)))
for stepfrac in 0.5 ** np.arange(3):
    sff(thprev + stepfrac * fullstep)
    print("%.2f: surrogate %.5f, kl %.6f, entropy %.5f" % ((stepfrac,) + tuple(session.run([surr, kl, ent], feed))))
sff(thprev)
two = {obs: observations[:2]}
rows, weights = session.run([scores, tf.reshape(action_dist, [-1])], two)
explicit = (rows * weights[:, None]).T.dot(rows) / 2
implicit = session.run(fvp, {**two, flat_tangent: g})
print(np.abs(explicit.dot(g) - implicit).max() < 1e-5, np.round(implicit[-3:], 5))
