"""Recurrent cells over time: dynamic_rnn with lengths, static_rnn, bidirectional and stacked; derivatives by the input."""

# tolerance: rtol=1e-6 atol=1e-7 (sums over a sequence cancel)
import numpy as np
import tensorflow as tf

rnn = tf.nn.rnn_cell
sequence = tf.placeholder(tf.float32, [None, 4, 2], name="sequence")
length = tf.placeholder(tf.int32, [None])


class Fixed(object):
    """The same few numbers for any weight, by its place in the shape."""

    def __call__(self, shape, dtype=None, partition_info=None):
        shape = [int(n) for n in shape]
        return tf.constant(np.sin(np.arange(np.prod(shape)) + 1.0).reshape(shape), dtype or tf.float32)


def run(cell, name):
    with tf.variable_scope(name, initializer=Fixed()):
        return tf.nn.dynamic_rnn(cell, sequence, sequence_length=length, dtype=tf.float32)


cells = {
    "basic": rnn.BasicRNNCell(2),
    "gru": rnn.GRUCell(2),
    "basic_lstm": rnn.BasicLSTMCell(2, forget_bias=0.5, state_is_tuple=True),
    "lstm": rnn.LSTMCell(2, use_peepholes=True, num_proj=1, cell_clip=0.8),
    "stack": rnn.MultiRNNCell([rnn.GRUCell(2), rnn.ResidualWrapper(rnn.BasicRNNCell(2))]),
}
results = {name: run(cell, name) for name, cell in cells.items()}
slopes = {name: tf.gradients(out[:, -1], sequence)[0] for name, (out, _) in results.items()}

with tf.variable_scope("static", initializer=Fixed()):
    outputs, state = tf.nn.static_rnn(rnn.BasicLSTMCell(2), tf.unstack(sequence, axis=1), dtype=tf.float32)
first = tf.gradients(outputs[-1], sequence)[0]
second = tf.gradients(first[:, 0, 0], sequence)[0]
with tf.variable_scope("both", initializer=Fixed()):
    (forward, backward), _ = tf.nn.bidirectional_dynamic_rnn(
        rnn.BasicRNNCell(1), rnn.BasicRNNCell(1), sequence, dtype=tf.float32
    )


class Minimal(rnn.RNNCell):
    @property
    def state_size(self):
        return 2

    @property
    def output_size(self):
        return 2

    def call(self, inputs, state):
        gate = tf.sigmoid(tf.layers.dense(tf.concat([inputs, state], 1), 2, name="gate"))
        new = gate * state + (1.0 - gate) * tf.tanh(inputs)
        return new, new


own, last = run(Minimal(), "own")
feed = {sequence: np.cos(np.arange(16.0)).reshape(2, 4, 2), length: [4, 2]}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for name in ("basic", "gru", "basic_lstm", "lstm", "stack"):
        out, slope = sess.run([results[name][0], slopes[name]], feed)
        print(name, out[:, -2:], slope[0], np.abs(slope[1]).max() == 0.0)
    print(type(results["basic_lstm"][1]).__name__, sess.run(results["basic_lstm"][1], feed).c)
    print(sess.run([state.h, first[0], second[0]], feed))
    print(sess.run([forward, backward], feed)[1].ravel())
    print(sess.run([own[0, -1], last[0]], feed))
    print([v.op.name for v in tf.trainable_variables()][:4])
