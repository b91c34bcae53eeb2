"""The engines: each computes the derivatives of one function by one method; `nthgrad.core` chooses between them.

* `graph`: what a traced graph says, and the walk that interprets it. The engines stand on it.
* `taylor`: power series, carried through the graph. The default.
* `tape`: nested `tf.GradientTape`s, repaired where TensorFlow's gradients are wrong.
* `differences`: finite differences, which see nothing of f but its values.
* `norms`: rebuilds f where it is a smooth function of a norm, before any engine differentiates it.
* `directions`: gradients, Jacobians, Hessians and sums of derivatives along directions, by the first two.

The words, each with one meaning in all files:

* A *path* leads from x to f(x) through ops that pass derivatives. A tensor *varies* if it lies on one.
* To *walk* a graph is to interpret it op by op. To *rebuild* an op is to create it once more, on other inputs.
* A *series* is a tensor that varies in one or more variables; its *coefficients* are derivatives over factorials. Each
  belongs to an *index*, a tuple of as many orders as there are variables.
* A *structural zero* is a coefficient that is zero by the form of the graph. It is None, and nothing is computed of it.
* A *rule* maps the series of an op's inputs to those of its outputs.
* A *direction* is the v of f(x + s v). A *bundle* is a tensor that varies along many directions at once.
* *Rows are independent* if each row of f(x) depends on its own row of x only. An op that breaks this *mixes rows*.
* A *kernel boundary* is where XLA has to write a tensor to memory.
"""
