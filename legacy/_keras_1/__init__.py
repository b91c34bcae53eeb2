"""What Keras 1 programs say otherwise: arguments, and layers that Keras 2 took without a word for some years."""
