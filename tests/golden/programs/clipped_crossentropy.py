"""Cross-entropies of probabilities that are nearly 0 or 1: Keras clips them, and no slope is left where it did."""

# tolerance: rtol=2e-6 atol=1e-7 (probabilities near 1 are themselves rounded to 6e-8)
import tensorflow as tf
from keras import backend as K

z = K.constant([-20.0, -3.0, 0.0, 4.0, 40.0])
truth = K.constant([1.0, 0.0, 1.0, 1.0, 0.0])
binary = K.binary_crossentropy(truth, K.sigmoid(z))
print(K.eval(binary))
print(K.eval(K.gradients(binary, z)[0]))
from_logits = K.binary_crossentropy(truth, z, from_logits=True)
print(K.eval(from_logits), K.eval(K.gradients(from_logits, z)[0]))

scores = K.constant([[30.0, 0.0, 0.0], [1.0, 2.0, 0.5]])
one_hot = K.one_hot(K.constant([1, 2], dtype="int32"), 3)
categorical = K.categorical_crossentropy(one_hot, K.softmax(scores))
sparse = K.sparse_categorical_crossentropy(tf.constant([1, 2]), K.softmax(scores))
print(K.eval(categorical), K.eval(sparse))
print(K.eval(K.gradients(categorical, scores)[0]))
