"""One program trains and saves, a second one in the same file reads, continues and exports what the first one left."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import os
import pickle
import shutil

import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Input
from keras.models import Model, load_model
from keras.optimizers import Adagrad
from keras.utils.io_utils import HDF5Matrix

data = np.sin(np.arange(20.0)).reshape(10, 2)
target = data[:, :1] * 2.0 - data[:, 1:]


def train(path):
    x = Input(shape=(2,))
    model = Model(x, Dense(1, kernel_initializer="ones")(x))
    model.compile(Adagrad(lr=0.5), "mse", metrics=["mae"])
    losses = model.fit(data, target, batch_size=5, epochs=2, shuffle=False, verbose=0).history["loss"]
    model.save(path)
    np.savez(path + ".npz", *model.get_weights())
    with open(path + ".pkl", "wb") as out:
        pickle.dump({"weights": model.get_weights(), "config": model.get_config()}, out)
    saved = tf.train.Saver(tf.trainable_variables()).save(K.get_session(), path + ".ckpt", write_meta_graph=False)
    return losses, os.path.basename(saved)


def use(path):
    model = load_model(path)
    print(["%.5f" % number for number in model.evaluate(data, target, verbose=0)], model.metrics_names)
    print("%.5f" % model.fit(data, target, batch_size=5, epochs=1, shuffle=False, verbose=0).history["loss"][0])
    arrays = np.load(path + ".npz")
    print([arrays[name].ravel() for name in sorted(arrays.files)])
    with open(path + ".pkl", "rb") as kept:
        stored = pickle.load(kept)
    other = Model.from_config(stored["config"])
    other.set_weights(stored["weights"])
    print(other.predict(data[:2]).ravel(), model.predict(data[:2]).ravel())
    print(
        [
            np.asarray(tf.train.load_variable(path + ".ckpt", name)).shape
            for name, _ in tf.train.list_variables(path + ".ckpt")
        ]
    )
    return other


os.mkdir("out")
path = os.path.join("out", "line.h5")
losses, name = train(path)
print(["%.5f" % loss for loss in losses], name)
K.clear_session()
tf.reset_default_graph()
model = use(path)

matrix = HDF5Matrix(path, "model_weights/" + load_model(path).layers[1].name + "/dense_1/kernel:0")
print(matrix.shape, matrix[0:1].shape)

slope = K.gradients(K.gradients(K.sum(K.exp(model.output)), model.input)[0][:, 0], model.input)[0]
sess = K.get_session()
frozen = tf.graph_util.convert_variables_to_constants(sess, sess.graph.as_graph_def(), [slope.op.name])
tf.train.write_graph(frozen, "out", "slope.pb", as_text=False)
before = sess.run(slope, {model.input: data[:1]})
feed, fetch = model.input.op.name, slope.op.name
with tf.Graph().as_default() as graph:
    definition = tf.GraphDef()
    with tf.gfile.GFile(os.path.join("out", "slope.pb"), "rb") as kept:
        definition.ParseFromString(kept.read())
    tf.import_graph_def(definition, name="")
    with tf.Session(graph=graph) as session:
        print(before, session.run(fetch + ":0", {feed + ":0": data[:1]}))
builder = tf.saved_model.builder.SavedModelBuilder("out/export")
signature = tf.saved_model.signature_def_utils.predict_signature_def({"x": model.input}, {"y": model.output})
builder.add_meta_graph_and_variables(sess, [tf.saved_model.tag_constants.SERVING], {"serving_default": signature})
builder.save()
with tf.Session(graph=tf.Graph()) as session:
    loaded = tf.saved_model.loader.load(session, ["serve"], "out/export")
    names = loaded.signature_def["serving_default"]
    print(session.run(names.outputs["y"].name, {names.inputs["x"].name: data[:2]}).ravel())
shutil.rmtree("out")
