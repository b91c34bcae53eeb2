"""Sequences of words with tf.contrib: VocabularyProcessor, legacy_seq2seq, and imports that are never used."""

# tolerance: units=32 (three steps of a cell, differentiated: small sums of larger terms)
import numpy as np
import tensorflow as tf
import tensorflow.contrib.eager as tfe
from keras.layers import Recurrent
from keras.wrappers.scikit_learn import KerasClassifier
from tensorflow.contrib import crf, learn, legacy_seq2seq, rnn, seq2seq, slim
from tensorflow.contrib.layers import convolution2d_in_plane
from tensorflow.contrib.learn.python.learn.preprocessing import CategoricalVocabulary, text
from tensorflow.contrib.seq2seq import AttentionWrapper as Attention

unused = (tfe, Recurrent, KerasClassifier, crf, seq2seq, slim, convolution2d_in_plane, Attention)
print(len(unused))

# words to numbers
documents = ["The quick brown fox's den", "the lazy dog", "McDonald HTMLParser x-ray 42 the end", "", "naïve été the"]
processor = learn.preprocessing.VocabularyProcessor(5)
rows = np.array(list(processor.fit_transform(documents)))
print(rows, rows.dtype)
print(len(processor.vocabulary_), processor.vocabulary_.get("fox's"), processor.vocabulary_.get("cat"))
print(list(processor.reverse(rows)))
print(list(processor.transform(["the cat", "end of the lazy dog or so"])))
print([list(tokens) for tokens in text.tokenizer(documents)])
frequent = text.VocabularyProcessor(4, min_frequency=1, tokenizer_fn=lambda rows: (row.lower().split() for row in rows))
print(np.array(list(frequent.fit_transform(documents + ["dog days", "the end"]))), len(frequent.vocabulary_))
print(frequent.fit(["more words words"]) is frequent, frequent.vocabulary_.reverse(1))
processor.save("vocabulary")
again = learn.preprocessing.VocabularyProcessor.restore("vocabulary")
print(list(again.transform(["the lazy fox's den"])), again.max_document_length, again.vocabulary_.reverse(2))
vocabulary = CategoricalVocabulary(unknown_token="?", support_reverse=False)
for word in "b a c a b a 1".split() + [1, 2, 2]:
    vocabulary.add(word, 2)
print(len(vocabulary), [vocabulary.get(word) for word in ("a", "b", 2)])
vocabulary.trim(2, max_frequency=6)
print(len(vocabulary), vocabulary.get("b"), vocabulary.get(2), vocabulary.get("new"), len(vocabulary))
vocabulary.freeze()
print(vocabulary.get("newer"), len(vocabulary))
vocabulary.freeze(False)
print(vocabulary.get("newer"))
try:
    vocabulary.reverse(0)
except ValueError as error:
    print(error)
fixed = text.VocabularyProcessor(3, vocabulary=vocabulary)
print(list(fixed.transform(["b new old", "a"])), fixed.vocabulary_ is vocabulary)

# sequences of numbers
tf.set_random_seed(3)
batch, symbols = 2, 4
words = [tf.constant(row) for row in ([1, 0], [2, 3], [3, 1])]
vectors = [tf.one_hot(each, symbols) for each in words]
weights = [tf.constant(row) for row in ([1.0, 1.0], [0.5, 0.0], [2.0, 1.0])]
cell = rnn.BasicRNNCell(symbols)
basic, state = legacy_seq2seq.basic_rnn_seq2seq(vectors, vectors[:2], cell)
tied, _ = legacy_seq2seq.tied_rnn_seq2seq(vectors, vectors[:2], rnn.GRUCell(symbols))
looped, _ = legacy_seq2seq.rnn_decoder(
    vectors, tf.zeros([batch, 3]), rnn.GRUCell(3), lambda previous, i: tf.pad(previous, [[0, 0], [0, 1]]) * i, "looped"
)
lstm = rnn.BasicLSTMCell(symbols, state_is_tuple=True)
start = lstm.zero_state(batch, tf.float32)
embedded, last = legacy_seq2seq.embedding_rnn_decoder(words, start, lstm, symbols, 5, scope="embedded")
fed, _ = legacy_seq2seq.embedding_rnn_decoder(
    words, tf.zeros([batch, symbols]), rnn.GRUCell(symbols), symbols, 2, feed_previous=True, scope="fed"
)
projected, _ = legacy_seq2seq.embedding_rnn_decoder(
    words, tf.zeros([batch, 3]), rnn.GRUCell(3), symbols, 2, (tf.ones([3, symbols]) * tf.range(4.0), tf.zeros([4])),
    feed_previous=True, update_embedding_for_previous=False, scope="projected",
)  # fmt: skip
by_example = legacy_seq2seq.sequence_loss_by_example(embedded, words, weights)
total = legacy_seq2seq.sequence_loss_by_example(embedded, words, weights, average_across_timesteps=False)
loss = legacy_seq2seq.sequence_loss(embedded, words, weights)
own = legacy_seq2seq.sequence_loss(
    embedded, vectors, weights, average_across_batch=False,
    softmax_loss_function=lambda labels, logits: tf.reduce_sum(tf.square(labels - logits), 1),
)  # fmt: skip


def model(inwards, outwards):
    return legacy_seq2seq.basic_rnn_seq2seq(inwards, outwards, rnn.BasicRNNCell(symbols), scope="buckets")


buckets = [(2, 1), (3, 2)]
outputs, losses = legacy_seq2seq.model_with_buckets(vectors, vectors, words, weights, buckets, model)
with tf.variable_scope(tf.get_variable_scope(), reuse=True):
    _, each = legacy_seq2seq.model_with_buckets(vectors, vectors, words, weights, buckets, model, per_example_loss=True)
print([variable.op.name for variable in tf.trainable_variables()])
slopes = tf.gradients(loss, [v for v in tf.trainable_variables() if v.op.name.startswith("embedded")])
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for name, tensors in (("basic", basic), ("tied", tied), ("looped", looped), ("embedded", embedded), ("fed", fed)):
        print(name, len(tensors), session.run(tensors[-1]))
    print(session.run(state), session.run(last.c), session.run(projected[-1]))
    print(session.run(by_example), session.run(total), session.run(loss), session.run(own))
    print([len(one) for one in outputs], session.run(losses), session.run(each))
    print(session.run(slopes[1])[0], session.run(tf.reduce_sum(slopes[0].values, 0)))
for wrong in (words[:2], words + words):
    try:
        legacy_seq2seq.sequence_loss(embedded, wrong, weights)
    except ValueError as error:
        print(error)
try:
    legacy_seq2seq.model_with_buckets(vectors, vectors, words, weights, [(2, 9)], model)
except ValueError as error:
    print(error)
