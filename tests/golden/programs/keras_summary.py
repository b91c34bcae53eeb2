"""What model.summary() prints, for a chain and for a graph, and the configuration of layers."""

from keras.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D, concatenate
from keras.models import Model, Sequential
from keras.utils import layer_utils
from keras.utils.layer_utils import count_params, print_summary

model = Sequential()
model.add(Conv2D(8, (3, 3), activation="relu", input_shape=(10, 10, 3)))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten(name="flat"))
model.add(Dense(5, activation="softmax"))
model.layers[0].trainable = False
model.summary()

a, b = Input(shape=(4,), name="a"), Input(shape=(2,), name="b")
h = Dense(3, name="h")(concatenate([a, b], name="both"))
graph = Model([a, b], [h, Dense(1, name="out")(h)])
graph.summary()
lines = []
graph.summary(line_length=80, positions=[0.3, 0.6, 0.8, 1.0], print_fn=lines.append)
print(len(lines), max(map(len, lines)))
print_summary(model, line_length=60)
print(count_params(model.weights), layer_utils.count_params(set(graph.trainable_weights)))
for layer in model.layers:
    config = layer.get_config()
    print(layer.name, layer.input_shape, layer.output_shape, config["trainable"], sorted(config)[:3])
