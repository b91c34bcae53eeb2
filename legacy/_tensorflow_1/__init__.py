"""TensorFlow 1's seeds from op counts, gradient functions, and errors for second derivatives through loops."""
