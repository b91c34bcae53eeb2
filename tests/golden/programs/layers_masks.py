"""Masks: made by Masking and Embedding, carried by layers, read by a layer of one's own, and applied to losses."""

# tolerance: rtol=4e-6 atol=1e-7 (recurrent sums)
import numpy as np
from keras import backend as K
from keras.layers import LSTM, Concatenate, Dense, Embedding, Input, Lambda, Layer, Masking, TimeDistributed
from keras.models import Model, Sequential


class MaskedMean(Layer):
    """The mean over the steps that are not masked."""

    def __init__(self, **kwargs):
        super(MaskedMean, self).__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return None

    def call(self, x, mask=None):
        if mask is None:
            return K.mean(x, axis=1)
        m = K.expand_dims(K.cast(mask, K.floatx()), axis=-1)
        return K.sum(x * m, axis=1) / (K.sum(m, axis=1) + K.epsilon())

    def compute_output_shape(self, input_shape):
        return (input_shape[0], input_shape[-1])


def fill(model):
    weights = model.get_weights()
    model.set_weights([np.cos(k + np.arange(w.size)).reshape(w.shape) for k, w in enumerate(weights)])


steps = np.array([[[1.0, 2.0], [0.5, -1.0], [-1.0, -1.0]], [[0.3, 0.2], [-1.0, -1.0], [-1.0, -1.0]]])
x = Input(shape=(3, 2))
masked = Masking(mask_value=-1.0)(x)
pooled = MaskedMean()(masked)
model = Model(x, pooled)
print(model.predict(steps))
print(K.function([x], [K.cast(Masking(-1.0).compute_mask(x), "float32")])([steps])[0])

words = Input(shape=(4,), dtype="int32")
embedding = Embedding(6, 3, mask_zero=True, name="embedding")
h = embedding(words)
last = LSTM(2, name="last")(h)
every = LSTM(2, return_sequences=True, name="every")(h)
reader = Model(words, [last, every, MaskedMean()(Concatenate()([h, every]))])
fill(reader)
text = np.array([[1, 2, 0, 0], [3, 0, 4, 5]])
for part in reader.predict(text):
    print(part)
print(reader.get_layer("every").supports_masking, embedding.output_mask is None, reader.output_mask[2] is None)

tagger = Sequential()
tagger.add(Masking(mask_value=-1.0, input_shape=(3, 2)))
tagger.add(TimeDistributed(Dense(1), name="tags"))
fill(tagger)
target = np.array([[[0.5], [1.0], [9.0]], [[0.0], [9.0], [9.0]]])
tagger.compile(loss="mse", optimizer="sgd", metrics=["mae"])
print(["%.6f" % number for number in tagger.evaluate(steps, target, verbose=0)])
tagger.compile(loss="mae", optimizer="sgd", sample_weight_mode="temporal")
weights = np.array([[1.0, 0.5, 1.0], [2.0, 1.0, 1.0]])
print("%.6f" % tagger.test_on_batch(steps, target, sample_weight=weights))
print(tagger.predict(steps)[:, :, 0])
slope = K.gradients(tagger.total_loss, tagger.layers[-1].trainable_weights)
feed = tagger._feed_inputs + tagger._feed_targets + tagger._feed_sample_weights
print(K.function(feed, slope)([steps, target, weights]))

negate = Lambda(
    lambda z, mask: K.switch(K.repeat_elements(K.expand_dims(mask), 2, 2), -z, z),
    output_shape=lambda shape: shape,
    mask=lambda inputs, mask: mask,
)
print(Model(x, negate(masked)).predict(steps)[0])
