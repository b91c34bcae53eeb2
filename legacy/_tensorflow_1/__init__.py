"""How TensorFlow 1 computed: seeds by the count of ops, gradient functions, second derivatives through loops."""
