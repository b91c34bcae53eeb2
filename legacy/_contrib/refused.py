"""Unsupported parts of `tf.contrib`, with a replacement for each."""

_SUPPORTED = (
    "eager, framework, graph_editor, layers, learn.datasets, learn.preprocessing, legacy_seq2seq, metrics.accuracy, "
    "opt and rnn"
)
_INSTEAD = {
    "bayesflow": "Use the package tensorflow_probability.",
    "crf": "Write the recursion with tf.scan.",
    "cudnn_rnn": "Use tf.nn.rnn_cell.LSTMCell or GRUCell with tf.nn.dynamic_rnn.",
    "data": "Use tf.data.",
    "distributions": "Use tf.distributions, or the package tensorflow_probability.",
    "eager": "Use TensorFlow 2 itself, outside of nthgrad.legacy.",
    "estimator": "Write the training loop with tf.Session.",
    "gan": "Write the two losses with tf.layers and tf.train.",
    "image": "Use tf.image.",
    "keras": "Use tf.keras.",
    "losses": "Use tf.losses.",
    "quantize": "Use the package tensorflow_model_optimization.",
    "seq2seq": "Write the decoder with tf.while_loop or tf.nn.raw_rnn.",
    "slim": "Use tf.contrib.layers or tf.layers, or the package tf_slim.",
    "summary": "Use tf.summary.",
    "tensorrt": "Use tf.experimental.tensorrt of TensorFlow 2.",
    "tpu": "Use tf.tpu.",
    "training": "Use tf.train.",
}


def reason(name: str) -> str:
    """Returns what to use in the place of a module below `tf.contrib`."""
    return _INSTEAD.get(name.partition(".")[0], f"The supported parts of tf.contrib are {_SUPPORTED}.")
