"""A model fed by TensorFlow's queues: FIFOQueue and batches of slices, with a coordinator and its threads."""

# tolerance: rtol=1e-5 atol=1e-6 (each step starts where the last one ended)
import numpy as np
import tensorflow as tf
from keras import backend as K
from keras.layers import Dense, Input
from keras.models import Model
from keras.optimizers import SGD

numbers = np.cos(np.arange(16.0)).reshape(8, 2).astype("float32")
results = numbers.sum(axis=1, keepdims=True)

x, y = tf.train.slice_input_producer([tf.constant(numbers), tf.constant(results)], shuffle=False)
x_batch, y_batch = tf.train.batch([x, y], batch_size=4, num_threads=1, capacity=8)
print(x_batch.shape, y_batch.get_shape().as_list())

inputs = Input(tensor=x_batch)
outputs = Dense(1, kernel_initializer="zeros", use_bias=False)(inputs)
model = Model(inputs=inputs, outputs=outputs)
model.compile(SGD(lr=0.25), loss="mse", target_tensors=[y_batch])

sess = K.get_session()
coordinator = tf.train.Coordinator()
threads = tf.train.start_queue_runners(sess, coordinator)
history = model.fit(epochs=3, steps_per_epoch=2, verbose=0)
print(["%.6f" % loss for loss in history.history["loss"]])
print(model.get_weights()[0].ravel())
print(model.predict(x=None, steps=1).ravel())
coordinator.request_stop()
coordinator.join(threads, stop_grace_period_secs=5, ignore_live_threads=True)
print(coordinator.should_stop())

queue = tf.FIFOQueue(capacity=10, dtypes=[tf.float32], shapes=[[2]])
enqueue = queue.enqueue_many([numbers])
item = Input(tensor=tf.reshape(queue.dequeue(), (1, 2)))
value = Model(item, model.layers[-1](item))
sess.run(enqueue)
print(sess.run(queue.size()), value.predict(None, steps=3).ravel(), sess.run(queue.size()))
sess.run(queue.close(cancel_pending_enqueues=True))
print(len(tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)), [type(each).__name__ for each in threads[:1]])
