"""The names that TensorFlow does not publish and that tf.contrib is built of."""

# tf.train.ExponentialMovingAverage makes the averages itself; batch_norm has variables for them.
from tensorflow.python.training.moving_averages import assign_moving_average as assign_moving_average
