"""TensorFlow's own gradients, for the engines: `nthgrad.accelerated` may put others in their place."""

import tensorflow as tf

GradientTape = tf.GradientTape
gradients = tf.gradients
