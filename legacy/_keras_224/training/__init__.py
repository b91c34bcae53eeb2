"""How a Keras 2.2.4 model was compiled, fed and trained."""
