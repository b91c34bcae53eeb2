"""The formulas of Keras 2.2.4 where tf_keras's differ."""
