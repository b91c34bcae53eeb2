"""Training from generators and sequences, and batch by batch: fit_generator with its companions."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
from keras.layers import Dense, Input
from keras.models import Model, Sequential
from keras.optimizers import SGD
from keras.preprocessing.image import ImageDataGenerator
from keras.preprocessing.sequence import pad_sequences
from keras.preprocessing.text import Tokenizer
from keras.utils import Sequence

data = np.cos(np.arange(32.0)).reshape(16, 2)
target = data.sum(axis=1, keepdims=True) - 1.0


def batches(size, weighted=False):
    while True:
        for start in range(0, len(data), size):
            chosen = slice(start, start + size)
            if weighted:
                yield data[chosen], target[chosen], np.linspace(0.5, 1.5, size)
            else:
                yield (data[chosen], target[chosen])


class Pairs(Sequence):
    def __init__(self, size):
        self.size, self.ended = size, 0

    def __len__(self):
        return int(np.ceil(len(data) / float(self.size)))

    def __getitem__(self, index):
        chosen = slice(index * self.size, (index + 1) * self.size)
        return data[chosen], target[chosen]

    def on_epoch_end(self):
        self.ended += 1


def regression():
    model = Sequential([Dense(1, kernel_initializer="ones", bias_initializer="ones", input_dim=2)])
    model.compile(loss="mse", optimizer=SGD(lr=0.1), metrics=["mae"])
    return model


model = regression()
history = model.fit_generator(
    batches(4), steps_per_epoch=4, epochs=2, verbose=0, validation_data=batches(8), validation_steps=2, workers=0
)
for name in sorted(history.history):
    print(name, ["%.5f" % number for number in history.history[name]])
print(model.get_weights())
print(["%.5f" % number for number in model.evaluate_generator(batches(4), steps=4, workers=0)])
print(model.predict_generator(batches(8), steps=2, workers=0)[:3].ravel())

model = regression()
model.fit_generator(batches(4, weighted=True), samples_per_epoch=4, nb_epoch=1, verbose=0, workers=0)
print(model.get_weights()[0].ravel())

model, pairs = regression(), Pairs(5)
model.fit_generator(pairs, epochs=2, shuffle=False, verbose=0, workers=1, max_queue_size=2)
print(model.get_weights()[0].ravel(), len(pairs), pairs.ended > 0)
print(["%.5f" % number for number in model.evaluate_generator(pairs)], model.predict_generator(pairs).shape)

x = Input(shape=(2,))
two = Model(x, [Dense(1, kernel_initializer="ones", name="left")(x), Dense(1, kernel_initializer="zeros")(x)])
two.compile("sgd", ["mse", "mae"])
print(["%.5f" % n for n in two.train_on_batch(data[:4], [target[:4], target[:4]])])
print(["%.5f" % n for n in two.test_on_batch(data[4:8], [target[4:8], target[4:8]])])
print([part.ravel() for part in two.predict_on_batch(data[:2])])

pictures = np.arange(32.0).reshape(2, 4, 4, 1)
flow = ImageDataGenerator(rescale=1.0 / 31).flow(pictures, np.array([0, 1]), batch_size=2, shuffle=False)
images, labels = next(flow)
print(images[1, 0, :, 0], labels, len(flow))
words = Tokenizer(num_words=10)
words.fit_on_texts(["the cat sat on the mat", "the dog"])
numbers = words.texts_to_sequences(["the dog sat", "mat"])
print(numbers, pad_sequences(numbers, maxlen=4).tolist(), pad_sequences(numbers, 2, padding="post").tolist())
