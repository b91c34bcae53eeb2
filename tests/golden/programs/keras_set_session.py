"""One session for Keras and TensorFlow: K.set_session, placeholders into layers, the learning phase fed by hand."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.backend.tensorflow_backend import get_session, set_session
from keras.layers import Dense, Dropout, Input
from keras.metrics import categorical_accuracy
from keras.models import Model, Sequential
from keras.objectives import categorical_crossentropy

config = tf.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1, allow_soft_placement=True)
set_session(tf.Session(config=config))
sess = get_session()
print(sess is K.get_session(), sess.graph is tf.get_default_graph())

image = tf.placeholder(tf.float32, shape=(None, 4), name="image")
labels = tf.placeholder(tf.float32, shape=(None, 2))
h = Dense(3, activation="tanh", kernel_initializer="ones")(image)
h = Dropout(0.5)(h)
dense = Dense(2, activation="softmax", kernel_initializer="zeros")
predictions = dense(h)
loss = tf.reduce_mean(categorical_crossentropy(labels, predictions))
train = tf.train.MomentumOptimizer(0.5, 0.9).minimize(loss, var_list=dense.trainable_weights)
sess.run(tf.global_variables_initializer())

data = np.sin(np.arange(12.0)).reshape(3, 4)
truth = np.eye(2)[[0, 1, 0]]
with sess.as_default():
    for _ in range(3):
        train.run(feed_dict={image: data, labels: truth, K.learning_phase(): 0})
        print("%.5f" % loss.eval(feed_dict={image: data, labels: truth, K.learning_phase(): 0}))
    accuracy = categorical_accuracy(labels, predictions)
    print(accuracy.eval(feed_dict={image: data, labels: truth, K.learning_phase(): False}))
print(dense.get_weights()[0])

x = Input(shape=(4,))
model = Sequential()
model.add(Dense(2, activation="sigmoid", input_dim=4, kernel_initializer="ones", name="gate"))
with tf.name_scope("block"):
    logits = model(image * 2.0)
slope = tf.gradients(logits, image)[0]
print(logits.name.split("/")[0], K.get_session().run(slope, {image: data[:1]}))
tied = Model(x, model(x))
print(np.allclose(tied.predict(2 * data), sess.run(logits, {image: data})), tied.predict(data)[0])
step = tf.train.AdamOptimizer(0.01)
adam = step.minimize(tf.reduce_mean(tf.square(logits)), var_list=model.trainable_weights)
value = K.variable(2.0, name="value")
print(
    K.get_session().run(step.get_slot(model.layers[0].kernel, "m")).shape, K.eval(value), isinstance(adam, tf.Operation)
)

own = tf.Graph()
with own.as_default():
    with tf.Session(graph=own) as session:
        K.set_session(session)
        small = Sequential([Dense(1, kernel_initializer="ones", input_dim=2)])
        print(small.predict(np.ones((1, 2))), small.output.graph is own, K.get_session() is session)
K.set_session(sess)
print(model.predict(2 * data[:1]), sess.graph is own)

saver = tf.train.Saver([dense.kernel])
print(saver.save(sess, "./only_kernel"), [v.op.name.split("/")[-1] for v in tf.trainable_variables()][:4])
sess.run(tf.assign(dense.kernel, tf.zeros((3, 2))))
saver.restore(sess, "./only_kernel")
print(K.get_value(dense.kernel)[0])
K.clear_session()
print(K.get_session() is sess, len(tf.global_variables()), Dense(1).name)
