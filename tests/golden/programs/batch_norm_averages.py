"""The moving averages of batch normalisation after a batch or two, the learning rate being zero."""

# tolerance: rtol=1e-5 (averages are read back through float32 running sums)
import numpy as np
from keras.layers import BatchNormalization, Input
from keras.models import Model
from keras.optimizers import SGD

x = Input(shape=(2,))
norm = BatchNormalization(momentum=0.9, epsilon=0.01)
model = Model(x, norm(x))
model.compile(SGD(lr=0.0), "mse")
batches = [np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[-1.0, 0.0], [0.0, 0.5]])]
print(len(model.updates), [w.tolist() for w in norm.get_weights()])
for batch in batches:
    model.train_on_batch(batch, batch)
    print(norm.get_weights()[2])
    print(norm.get_weights()[3])
    print(model.predict(batches[0]))
