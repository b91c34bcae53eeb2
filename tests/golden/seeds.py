"""What op after op of TensorFlow 1 counted and drew: programs of a line or a page, and what recorded them.

Run by the interpreter of the old environment (see record.py), this file writes seeds.json: for each program the number of
ops that its graph holds afterwards, and the value of `out`, if it has one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent

OPTIMIZERS = {
    "sgd": "GradientDescentOptimizer(0.1)",
    "momentum": "MomentumOptimizer(0.1, 0.9)",
    "adam": "AdamOptimizer(0.1)",
    "adagrad": "AdagradOptimizer(0.1)",
    "adadelta": "AdadeltaOptimizer(0.1)",
    "rmsprop": "RMSPropOptimizer(0.1)",
    "ftrl": "FtrlOptimizer(0.1)",
    "proximal": "ProximalAdagradOptimizer(0.1)",
    "proximal_gd": "ProximalGradientDescentOptimizer(0.1)",
}
PROGRAMS = {
    "prod_of_zeros": """
x = tf.placeholder_with_default([[1.0, 1.0, 0.0], [2.0, 0.0, 0.0]], [None, 3])
slope = tf.gradients(tf.reduce_prod(x, axis=1), x)[0]
out = [slope, tf.gradients(slope, x)[0]]
""",
    "cumprod_of_zeros": """
x = tf.constant([[1.0, 1.0, 0.0], [2.0, 0.0, 0.0]])
slope = tf.gradients(tf.cumprod(x, axis=1), x)[0]
out = [slope, tf.gradients(slope, x)[0]]
""",
    "constant": "tf.constant(1.0)",
    "random_normal": "out=tf.random_normal([3])",
    "random_normal_args": "out=tf.random_normal([3], 1.0, 2.0)",
    "random_uniform": "out=tf.random_uniform([3])",
    "random_uniform_args": "out=tf.random_uniform([3], -1.0, 2.0)",
    "random_uniform_01": "out=tf.random_uniform([3], 0.0, 1.0)",
    "random_uniform_max": "out=tf.random_uniform([3], maxval=2.0)",
    "random_uniform_int": "out=tf.random_uniform([3], 0, 10, dtype=tf.int32)",
    "random_uniform_f64": "out=tf.random_uniform([3], dtype=tf.float64)",
    "random_uniform_tensor": "out=tf.random_uniform(tf.constant([3]), tf.constant(0.0), tf.constant(2.0))",
    "truncated_normal": "out=tf.truncated_normal([3], stddev=0.1)",
    "random_gamma": "out=tf.random_gamma([3], 2.0)",
    "random_gamma_beta": "out=tf.random_gamma([3], [2.0], 3.0)",
    "random_poisson": "out=tf.random_poisson(2.0, [3])",
    "random_poisson2": "out=tf.random.poisson(2.0, [3])",
    "multinomial": "out=tf.multinomial([[1.0, 2.0]], 3)",
    "categorical": "out=tf.random.categorical([[1.0, 2.0]], 3)",
    "shuffle": "out=tf.random_shuffle([1, 2, 3, 4, 5])",
    "crop": "out=tf.random_crop(tf.reshape(tf.range(12), [3, 4]), [2, 2])",
    "parameterized": "out=tf.random.experimental and tf.truncated_normal([2], mean=[1.0, 2.0])",
    "variable": "v=tf.Variable(1.0)",
    "variable_rn": "out=tf.Variable(tf.random_normal([3]))",
    "variable_callable": "out=tf.Variable(lambda: tf.random_normal([3]))",
    "variable_resource": "out=tf.Variable(tf.random_normal([3]), use_resource=True)",
    "variable_notrain": "v=tf.Variable(0, trainable=False, name='s')",
    "get_variable": "out=tf.get_variable('v', [3, 2])",
    "get_variable_resource": "out=tf.get_variable('v', [3, 2], use_resource=True)",
    "get_variable_init": "out=tf.get_variable('v', [3, 2], initializer=tf.random_normal_initializer())",
    "get_variable_const": "out=tf.get_variable('v', [3, 2], initializer=tf.constant_initializer(0.5))",
    "get_variable_value": "out=tf.get_variable('v', initializer=tf.constant([1.0, 2.0]))",
    "get_variable_np": "out=tf.get_variable('v', initializer=np.ones(3, np.float32))",
    "get_variable_reg": "out=tf.get_variable('v', [3, 2], regularizer=lambda w: tf.reduce_sum(w))",
    "init_zeros": "out=tf.get_variable('v', [3, 2], initializer=tf.zeros_initializer())",
    "init_ones": "out=tf.get_variable('v', [3, 2], initializer=tf.ones_initializer())",
    "init_uniform": "out=tf.get_variable('v', [3, 2], initializer=tf.random_uniform_initializer(-1, 1))",
    "init_trunc": "out=tf.get_variable('v', [3, 2], initializer=tf.truncated_normal_initializer(stddev=0.1))",
    "init_vs": "out=tf.get_variable('v', [3, 2], initializer=tf.variance_scaling_initializer())",
    "init_vsu": "out=tf.get_variable('v', [3, 2], initializer=tf.variance_scaling_initializer(distribution='uniform'))",
    "init_vsn": "out=tf.get_variable('v', [3, 2], initializer=tf.variance_scaling_initializer(distribution='untruncated_normal'))",
    "init_ort": "out=tf.get_variable('v', [3, 2], initializer=tf.orthogonal_initializer())",
    "init_gn": "out=tf.get_variable('v', [3, 2], initializer=tf.glorot_normal_initializer())",
    "init_gu": "out=tf.get_variable('v', [3, 2], initializer=tf.glorot_uniform_initializer())",
    "init_uus": "out=tf.get_variable('v', [3, 2], initializer=tf.uniform_unit_scaling_initializer())",
    "init_id": "out=tf.get_variable('v', [3, 3], initializer=tf.initializers.identity())",
    "init_he": "out=tf.get_variable('v', [3, 3], initializer=tf.initializers.he_normal())",
    "init_lu": "out=tf.get_variable('v', [3, 3], initializer=tf.initializers.lecun_uniform())",
    "init_convd": "out=tf.get_variable('v', [3, 4, 4], initializer=tf.initializers.orthogonal())",
    "init_f64": "out=tf.get_variable('v', [3, 3], dtype=tf.float64)",
    "dropout": "out=tf.nn.dropout(tf.ones([10]), 0.5)",
    "dropout_rate": "out=tf.nn.dropout(tf.ones([10]), rate=0.3)",
    "dropout_noise": "out=tf.nn.dropout(tf.ones([4, 3]), keep_prob=0.5, noise_shape=[4, 1])",
    "dropout_ph": """
k=tf.placeholder_with_default(0.5, [])
out=tf.nn.dropout(tf.ones([10]), k)
""",
    "layers_dense": "out=tf.layers.dense(tf.ones([2, 3]), 4)",
    "layers_dense_act": "out=tf.layers.dense(tf.ones([2, 3]), 4, activation=tf.nn.relu, name='d')",
    "layers_dense_ph": """
x=tf.placeholder(tf.float32, [None, 3])
y=tf.layers.dense(x, 4, tf.tanh)
y=tf.layers.dense(y, 2)
out=tf.trainable_variables()
""",
    "layers_conv2d": "out=tf.layers.conv2d(tf.ones([1, 8, 8, 3]), 2, 3)",
    "layers_bn": "out=tf.layers.batch_normalization(tf.ones([2, 3]), training=True)",
    "layers_dropout": "out=tf.layers.dropout(tf.ones([10]), 0.5, training=True)",
    "layers_dropout_ph": """
t=tf.placeholder_with_default(True, [])
out=tf.layers.dropout(tf.ones([10]), 0.5, training=t)
""",
    "layers_pool": "out=tf.layers.max_pooling2d(tf.ones([1, 8, 8, 3]), 2, 2)",
    "layers_flatten": "out=tf.layers.flatten(tf.ones([2, 3, 4]))",
    "layers_sepconv": "out=tf.layers.separable_conv2d(tf.ones([1, 8, 8, 3]), 2, 3)",
    "layers_convt": "out=tf.layers.conv2d_transpose(tf.ones([1, 8, 8, 3]), 2, 3)",
    "layers_conv1d": "out=tf.layers.conv1d(tf.ones([1, 8, 3]), 2, 3)",
    "keras_dense": """
l=tf.keras.layers.Dense(4)
l(tf.ones([2, 3]))
out=l.weights[0]
""",
    "keras_seq": """
m=tf.keras.Sequential([tf.keras.layers.Dense(4, input_shape=(3, ), activation='relu'), tf.keras.layers.Dense(2)])
out=m.weights
""",
    "keras_dropout": "out=tf.keras.layers.Dropout(0.5)(tf.ones([10]), training=True)",
    "keras_conv": """
x=tf.keras.Input((8, 8, 3))
l=tf.keras.layers.Conv2D(4, 3)
y=l(x)
out=l.weights
""",
    "grad_mul": """
x=tf.constant(2.0)
g=tf.gradients(x*x, x)
""",
    "grad_mlp": """
x=tf.placeholder(tf.float32, [None, 2])
W=tf.Variable(tf.ones([2, 3]))
b=tf.Variable(tf.zeros([3]))
y=tf.reduce_mean(tf.square(tf.tanh(tf.matmul(x, W)+b)))
g=tf.gradients(y, [W, b, x])
""",
    "grad2": """
x=tf.placeholder(tf.float32, [None, 2])
W=tf.Variable(tf.ones([2, 3]))
y=tf.tanh(tf.matmul(x, W))
g=tf.gradients(y, x)[0]
h=tf.gradients(g, x)
""",
    "grad_many": """
x=tf.constant([1.0, 2.0])
y=tf.sin(x)+tf.cos(x)*tf.exp(x)-tf.log(x)/tf.sqrt(x)+tf.pow(x, 3.0)+tf.sigmoid(x)+tf.nn.relu(x)+tf.abs(x)+tf.nn.softplus(x)+tf.nn.elu(x)+tf.maximum(x, 0.5)
g=tf.gradients(y, x)
""",
    "grad_softmax": """
x=tf.constant([[1.0, 2.0]])
y=tf.nn.softmax_cross_entropy_with_logits(labels=tf.constant([[0.0, 1.0]]), logits=x)
g=tf.gradients(y, x)
s=tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=x)
g2=tf.gradients(s, x)
e=tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=x)
tf.gradients(e, x)
""",
    "grad_softmax2": """
x=tf.constant([[1.0, 2.0]])
y=tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.constant([[0.0, 1.0]]), logits=x)
g=tf.gradients(y, x)
tf.gradients(tf.nn.log_softmax(x), x)
tf.gradients(tf.nn.softmax(x), x)
""",
    "grad_shapes": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.concat([x, x], 1)
y=tf.reshape(y, [-1, 2, 4])
y=tf.transpose(y, [0, 2, 1])
y=tf.reduce_sum(y, axis=1)[:, 0:1]
y=tf.expand_dims(y, 0)
y=tf.squeeze(y, [0])
y=tf.tile(y, [1, 2])
a, b=tf.split(y, 2, 1)
y=tf.stack([a, b])
y=tf.unstack(y)[0]
y=tf.gather(y, [0])
g=tf.gradients(y, x)
""",
    "grad_reduce": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.reduce_max(x, 1)+tf.reduce_prod(x, 1)+tf.reduce_mean(x, 1)+tf.reduce_sum(x, 1)+tf.reduce_logsumexp(x, 1)+tf.norm(x, axis=1)
g=tf.gradients(y, x)
""",
    "grad_conv": """
x=tf.placeholder(tf.float32, [None, 8, 8, 3])
k=tf.Variable(tf.ones([3, 3, 3, 2]))
y=tf.nn.conv2d(x, k, [1, 1, 1, 1], 'SAME')
y=tf.nn.bias_add(y, tf.zeros([2]))
y=tf.nn.max_pool(y, [1, 2, 2, 1], [1, 2, 2, 1], 'SAME')
y=tf.nn.relu(y)
g=tf.gradients(y, [x, k])
""",
    "grad_embed": """
e=tf.Variable(tf.ones([5, 2]))
y=tf.nn.embedding_lookup(e, [1, 2])
g=tf.gradients(y, e)
""",
    "grad_where": """
x=tf.constant([1.0, 2.0])
y=tf.where(x>1.5, x, tf.square(x))
g=tf.gradients(y, x)
""",
    "grad_cond": """
x=tf.constant(1.0)
y=tf.cond(x>1.5, lambda: x*2.0, lambda: tf.square(x))
g=tf.gradients(y, x)
""",
    "grad_while": """
x=tf.constant(1.0)
y=tf.while_loop(lambda i, a: i<3, lambda i, a: (i+1, a*x), [0, x])[1]
g=tf.gradients(y, x)
""",
    "hessians": """
x=tf.constant([1.0, 2.0])
h=tf.hessians(tf.reduce_sum(x*x*x), x)
""",
    **{
        name: f"\nv=tf.Variable([1.0])\no=tf.train.{optimizer}.minimize(tf.reduce_sum(v*v))\n"
        for name, optimizer in OPTIMIZERS.items()
    },
    "adam_gs": """
v=tf.Variable([1.0])
s=tf.train.get_or_create_global_step()
o=tf.train.AdamOptimizer(0.1).minimize(tf.reduce_sum(v*v), global_step=s)
""",
    "adagrad_da": """
v=tf.Variable([1.0])
s=tf.train.get_or_create_global_step()
o=tf.train.AdagradDAOptimizer(0.1, s).minimize(tf.reduce_sum(v*v), global_step=s)
""",
    "ema": """
v=tf.Variable([1.0])
e=tf.train.ExponentialMovingAverage(0.9)
a=e.apply([v])
m=e.average(v)
""",
    "ema_tensor": """
v=tf.Variable([1.0])
e=tf.train.ExponentialMovingAverage(0.9, zero_debias=True)
a=e.apply([v*2.0])
""",
    "decay": """
s=tf.train.get_or_create_global_step()
r=tf.train.exponential_decay(0.1, s, 10, 0.9, staircase=True)
""",
    "piecewise": """
s=tf.train.get_or_create_global_step()
r=tf.train.piecewise_constant(s, [1, 2], [0.1, 0.2, 0.3])
""",
    "saver": """
v=tf.Variable([1.0])
s=tf.train.Saver()
""",
    "summary": """
v=tf.Variable(1.0)
tf.summary.scalar('a', v)
tf.summary.histogram('b', v)
m=tf.summary.merge_all()
""",
    "init_op": """
v=tf.Variable(1.0)
i=tf.global_variables_initializer()
l=tf.local_variables_initializer()
""",
    "assign": """
v=tf.Variable(1.0)
a=tf.assign(v, 2.0)
b=tf.assign_add(v, 1.0)
c=v.assign_sub(1.0)
d=tf.group(a, b)
e=tf.identity(v)
f=v.initialized_value()
r=v.read_value()
""",
    "arith": """
x=tf.placeholder(tf.float32, [None, 2])
y=x+1
y=1-x
y=x*2
y=x/2
y=x**2
y=-x
y=abs(x)
y=x[0]
y=x[:, 1]
y=x>1
y=x//2
y=x%2
y=tf.cast(y, tf.int32)
y=tf.cast(x, tf.float32)
y=tf.to_float(x)
""",
    "arith_int": """
x=tf.constant([1, 2])
y=x/2
y=x//2
y=x%2
y=tf.pow(x, 2)
y=tf.range(3)
y=tf.div(x, 2)
y=tf.truediv(x, 3)
y=tf.linspace(0.0, 1.0, 3)
""",
    "misc": """
x=tf.placeholder(tf.float32, [None, 2])
y=tf.zeros_like(x)
y=tf.ones_like(x)
y=tf.zeros([2, 3])
y=tf.ones([2])
y=tf.fill([2], 1.0)
y=tf.shape(x)
y=tf.shape(tf.zeros([2]))
y=tf.size(x)
y=tf.rank(x)
y=tf.eye(3)
y=tf.one_hot([1], 3)
y=tf.diag([1.0])
y=tf.argmax(x, 1)
y=tf.nn.top_k(x)
y=tf.equal(x, x)
y=tf.logical_and(True, True)
""",
    "zeros": """
y=tf.zeros([2000])
y=tf.zeros([])
y=tf.zeros(3, tf.int32)
y=tf.zeros(tf.constant([2]))
y=tf.ones([2000])
y=tf.zeros([40, 50])
y=tf.ones(())
""",
    "losses": """
x=tf.constant([1.0, 2.0])
l=tf.losses.mean_squared_error(x, x*2.0)
l=tf.losses.absolute_difference(x, x)
l=tf.losses.sigmoid_cross_entropy(x, x)
t=tf.losses.get_total_loss()
""",
    "losses2": """
x=tf.constant([[1.0, 2.0]])
l=tf.losses.softmax_cross_entropy(x, x)
l=tf.losses.sparse_softmax_cross_entropy([1], x)
l=tf.losses.huber_loss(x, x)
l=tf.losses.log_loss(x, x)
l=tf.losses.hinge_loss(x, x)
l=tf.losses.cosine_distance(x, x, axis=1)
l=tf.losses.mean_pairwise_squared_error(x, x)
""",
    "metrics": """
x=tf.constant([1.0, 0.0])
m=tf.metrics.accuracy(x, x)
m=tf.metrics.mean(x)
m=tf.metrics.auc(x, x)
""",
    "rnn_static": """
c=tf.nn.rnn_cell.BasicLSTMCell(4)
x=tf.ones([2, 3])
o, s=tf.nn.static_rnn(c, [x, x], dtype=tf.float32)
out=tf.trainable_variables()
""",
    "rnn_dynamic": """
c=tf.nn.rnn_cell.LSTMCell(4)
x=tf.ones([2, 5, 3])
o, s=tf.nn.dynamic_rnn(c, x, dtype=tf.float32)
out=tf.trainable_variables()
""",
    "rnn_gru": """
c=tf.nn.rnn_cell.GRUCell(4)
x=tf.ones([2, 5, 3])
o, s=tf.nn.dynamic_rnn(c, x, dtype=tf.float32)
out=tf.trainable_variables()
""",
    "rnn_basic": """
c=tf.nn.rnn_cell.BasicRNNCell(4)
x=tf.ones([2, 5, 3])
o, s=tf.nn.dynamic_rnn(c, x, dtype=tf.float32)
out=tf.trainable_variables()
""",
    "rnn_multi": """
c=tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(4), output_keep_prob=0.5) for _ in range(2)])
x=tf.ones([2, 3])
o, s=tf.nn.static_rnn(c, [x, x], dtype=tf.float32)
out=o
""",
    "cond": """
x=tf.constant(1.0)
y=tf.cond(x>1.5, lambda: x*2.0, lambda: tf.square(x))
z=tf.case([(x>1.0, lambda: x)], default=lambda: x*2.0)
""",
    "while": """
x=tf.constant(1.0)
y=tf.while_loop(lambda i: i<3.0, lambda i: i+1.0, [x])
""",
    "map_fn": """
y=tf.map_fn(lambda a: a*2.0, tf.constant([1.0, 2.0]))
z=tf.scan(lambda a, b: a+b, tf.constant([1.0, 2.0]))
f=tf.foldl(lambda a, b: a+b, tf.constant([1.0, 2.0]))
""",
    "moments": """
x=tf.placeholder(tf.float32, [None, 2])
m, v=tf.nn.moments(x, [0])
y=tf.nn.batch_normalization(x, m, v, None, None, 1e-3)
l=tf.nn.l2_loss(x)
n=tf.nn.l2_normalize(x, 1)
""",
    "fbn": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.nn.fused_batch_norm(x, tf.ones([2]), tf.zeros([2]))
r=tf.image.resize_bilinear(x, [8, 8])
f=tf.image.flip_left_right(x)
p=tf.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]])
""",
    "image_random": """
x=tf.ones([4, 4, 3])
out=tf.image.random_flip_left_right(x)
b=tf.image.random_brightness(x, 0.5)
c=tf.image.random_contrast(x, 0.5, 1.5)
""",
    "image_random2": """
x=tf.ones([4, 4, 3])
out=[tf.image.random_brightness(x, 0.5), tf.image.random_contrast(x, 0.5, 1.5), tf.image.random_saturation(x, 0.5, 1.5), tf.image.random_hue(x, 0.2)]
""",
    "data_init": """
d=tf.data.Dataset.range(10).map(lambda a: a*2).batch(2)
i=d.make_initializable_iterator()
n=i.get_next()
""",
    "py_func": "y=tf.py_func(lambda a: a, [tf.constant(1.0)], tf.float32)",
    "assert": """
x=tf.placeholder(tf.float32, [None])
a=tf.assert_positive(x)
p=tf.Print(x, [x])
c=tf.check_numerics(x, 'm')
e=tf.Assert(x[0]>0, [x])
q=tf.assert_equal(x, x)
""",
    "sparse": """
s=tf.SparseTensor([[0, 1]], [1.0], [2, 2])
d=tf.sparse_tensor_to_dense(s)
m=tf.sparse_tensor_dense_matmul(s, tf.ones([2, 2]))
p=tf.sparse_placeholder(tf.float32)
""",
    "grad_linalg": """
x=tf.constant([[2.0, 0.0], [0.0, 2.0]])
g=tf.gradients(tf.matrix_determinant(x), x)
g=tf.gradients(tf.matrix_inverse(x), x)
g=tf.gradients(tf.cholesky(x), x)
tf.gradients(tf.trace(x), x)
""",
    "gradv": """
W=tf.get_variable('w', [3, 3])
y=tf.reduce_sum(W*W, axis=[0, 1])
y=y+tf.nn.l2_loss(W)
g=tf.gradients(y, W)
s=tf.gradients(tf.strided_slice(W, [0, 0], [1, 1]), W)
""",
    "stdnormal_dist": """
d=tf.distributions.Normal(0.0, 1.0)
out=d.sample([3])
p=d.log_prob(0.5)
""",
    "dist2": """
d=tf.distributions.Uniform(0.0, 2.0)
out=d.sample([3])
b=tf.distributions.Bernoulli(probs=0.3)
s=b.sample([3])
c=tf.distributions.Categorical(probs=[0.5, 0.5]).sample([3])
""",
    "stateless": """
out=tf.random.stateless_uniform([3], [1, 2])
n=tf.random.stateless_normal([3], [1, 2])
""",
    "c_float": """
x=tf.convert_to_tensor(np.ones([2, 2]))
y=tf.constant(2.0, shape=[2, 2])
y=tf.constant([1, 2])
z=tf.convert_to_tensor([x, x])
""",
    "bias": """
v=tf.Variable(tf.zeros([1, 3], dtype=tf.float32), dtype=tf.float32)
w=tf.Variable(tf.truncated_normal([2, 3], stddev=0.1), dtype=tf.float32)
out=w
""",
    "xavier_pinn": """
W=tf.Variable(tf.truncated_normal([2, 20], stddev=np.sqrt(2/22.)), dtype=tf.float32)
b=tf.Variable(tf.zeros([1, 20], dtype=tf.float32))
X=tf.placeholder(tf.float32, [None, 2])
H=2.0*(X-np.array([0., 0.]))/np.array([1., 1.])-1.0
Y=tf.add(tf.matmul(H, W), b)
u=tf.tanh(Y)
g=tf.gradients(u, X)[0]
g2=tf.gradients(g[:, 0:1], X)[0]
out=tf.random_normal([2])
""",
    "convt_same": """
x=tf.placeholder(tf.float32, [None, 8, 8, 3])
out=tf.layers.conv2d_transpose(x, 2, 3, strides=2, padding='same')
out=tf.random_normal([2])
""",
    "convt_valid": """
x=tf.placeholder(tf.float32, [None, 8, 8, 3])
out=tf.layers.conv2d_transpose(x, 2, 3, strides=2, use_bias=False)
out=tf.random_normal([2])
""",
    "flip1": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
f=tf.image.flip_left_right(x)
""",
    "ftrl2": """
v=tf.Variable([1.0])
w=tf.Variable([1.0])
o=tf.train.FtrlOptimizer(0.1).minimize(tf.reduce_sum(v*v*w))
""",
    "stless": """
x=tf.random.stateless_truncated_normal([3], [1, 2])
out=tf.random.stateless_uniform([3], [1, 2], 0, 10, tf.int32)
""",
    "softmax_acc": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.placeholder(tf.float32, [None, 3])
W=tf.Variable(tf.truncated_normal([4, 3]))
l=tf.nn.softmax(tf.matmul(x, W))
c=-tf.reduce_sum(y*tf.log(l))
a=tf.reduce_mean(tf.cast(tf.equal(tf.argmax(l, 1), tf.argmax(y, 1)), tf.float32))
t=tf.train.GradientDescentOptimizer(0.5).minimize(c)
out=tf.random_uniform([2])
""",
    "gan": """
def net(x, name, reuse=None):
    with tf.variable_scope(name, reuse=reuse):
        h=tf.layers.dense(x, 5, activation=tf.nn.leaky_relu)
        return tf.layers.dense(h, 2)
z=tf.random_normal([4, 2]); r=tf.placeholder(tf.float32, [None, 2])
f=net(z, 'g'); a=net(r, 'd'); b=net(f, 'd', True)
e=tf.random_uniform([4, 1]); i=r+e*(f-r); g=tf.gradients(net(i, 'd', True), i)[0]
s=tf.sqrt(tf.reduce_sum(tf.square(g), axis=1)); p=tf.reduce_mean((s-1.0)**2)
dl=tf.reduce_mean(b)-tf.reduce_mean(a)+10*p
dv=[v for v in tf.trainable_variables() if v.name.startswith('d')]
t=tf.train.AdamOptimizer(1e-4, beta1=0.5, beta2=0.9).minimize(dl, var_list=dv)
out=[tf.random_normal([2]), z]+tf.trainable_variables()
""",
    "vae": """
x=tf.placeholder(tf.float32, [None, 6])
h=tf.layers.dense(x, 4, tf.nn.relu); mu=tf.layers.dense(h, 2); ls=tf.layers.dense(h, 2)
eps=tf.random_normal(tf.shape(mu)); z=mu+tf.exp(ls/2)*eps
o=tf.layers.dense(z, 6, tf.nn.sigmoid)
rec=-tf.reduce_sum(x*tf.log(1e-8+o)+(1-x)*tf.log(1e-8+1-o), 1)
kl=-0.5*tf.reduce_sum(1+ls-tf.square(mu)-tf.exp(ls), 1)
l=tf.reduce_mean(rec+kl); t=tf.train.AdamOptimizer().minimize(l)
out=[tf.random_normal([2])]+tf.trainable_variables()
""",
    "policy": """
s=tf.placeholder(tf.float32, [None, 4]); a=tf.placeholder(tf.int32, [None]); r=tf.placeholder(tf.float32, [None])
p=tf.layers.dense(tf.layers.dense(s, 8, tf.nn.tanh, kernel_initializer=tf.random_normal_initializer(0, 0.3)), 2)
n=tf.nn.sparse_softmax_cross_entropy_with_logits(logits=p, labels=a); l=tf.reduce_mean(n*r)
t=tf.train.RMSPropOptimizer(0.01).minimize(l)
pi=tf.nn.softmax(p); lp=tf.reduce_sum(tf.log(pi)*tf.one_hot(a, 2), axis=1); e=tf.reduce_sum(pi*tf.log(pi))
o=tf.gradients(tf.reduce_mean(lp*r)-0.01*e, tf.trainable_variables())
g, _=tf.clip_by_global_norm(o, 5.0); u=tf.train.AdamOptimizer(1e-3).apply_gradients(zip(g, tf.trainable_variables()))
act=tf.multinomial(p, 1)
out=[tf.random_normal([2])]+tf.trainable_variables()
""",
    "bn4": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.layers.batch_normalization(x, training=True)
out=tf.random_normal([2])
""",
    "bn4f": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.layers.batch_normalization(x, training=False)
""",
    "bn4t": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.layers.batch_normalization(x, training=tf.placeholder_with_default(True, []))
""",
    "bn2t": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.layers.batch_normalization(x, training=tf.placeholder_with_default(True, []))
""",
    "flat_none": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.layers.flatten(x)
""",
    "pool_none": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.layers.max_pooling2d(x, 2, 2)
z=tf.layers.average_pooling2d(x, 2, 2)
""",
    "conv_none": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.layers.conv2d(x, 3, 3, padding='same', activation=tf.nn.relu)
z=tf.layers.conv2d(y, 3, 3, strides=2)
""",
    "c_in": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.contrib.layers.instance_norm(x)
""",
    "c_fc": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.contrib.layers.fully_connected(x, 3)
""",
    "c_bn": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.contrib.layers.batch_norm(x)
""",
    "c_bn4": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.contrib.layers.batch_norm(x)
""",
    "c_ln": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.contrib.layers.layer_norm(x)
""",
    "c_conv": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.contrib.layers.conv2d(x, 3, 3, weights_regularizer=tf.contrib.layers.l2_regularizer(0.1))
""",
    "c_pool": """
x=tf.placeholder(tf.float32, [None, 4, 4, 2])
y=tf.contrib.layers.max_pool2d(x, 2)
z=tf.contrib.layers.flatten(y)
""",
    "c_drop": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.contrib.layers.dropout(x, 0.5)
""",
    "c_stack": """
x=tf.placeholder(tf.float32, [None, 4])
y=tf.contrib.layers.stack(x, tf.contrib.layers.fully_connected, [3, 2])
""",
    "c_opt": """
v=tf.Variable([1.0, 2.0])
w=tf.Variable([1.0])
o=tf.contrib.opt.ScipyOptimizerInterface(tf.reduce_sum(v*v)*w[0])
out=tf.random_normal([2])
""",
}


def outcome(tf: Any, np: Any, program: str, count: Any) -> dict[str, Any]:
    """What a program counts and draws in the default graph, which is empty."""
    tf.set_random_seed(7)
    names = {"tf": tf, "np": np}
    exec(program, names)
    counted = count(tf.get_default_graph())
    drawn = None
    if "out" in names:
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            drawn = _numbers(np, session.run(names["out"]))
    return {"count": counted, "drawn": drawn}


def _numbers(np: Any, value: Any) -> list[float]:
    """All numbers of an array, or of a list of arrays, one after the other."""
    parts = value if isinstance(value, (list, tuple)) else [value]
    return [float(number) for part in parts for number in np.asarray(part).ravel().tolist()]


def record() -> None:
    """Writes what this interpreter's TensorFlow does."""
    import numpy as np
    import tensorflow as tf

    found = {}
    for name, program in PROGRAMS.items():
        tf.keras.backend.clear_session()
        tf.reset_default_graph()
        found[name] = outcome(tf, np, program, lambda graph: graph._last_id)
    text = json.dumps({"tensorflow": tf.__version__, "programs": found}, indent=0)
    (HERE / "seeds.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
