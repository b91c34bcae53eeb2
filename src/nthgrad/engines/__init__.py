"""The engines: each computes the derivatives of one function by one method; `nthgrad.core` chooses between them.

* `graph`: reads and interprets traced graphs. All engines use it.
* `taylor`: power series, op by op through the graph. The default.
* `tape`: nested `tf.GradientTape`s, repaired where TensorFlow's gradients are wrong.
* `differences`: finite differences, from values of f alone.
* `norms`: rebuilds f where it is a smooth function of a norm, before any engine differentiates it.
* `nested`: gradients of tensors of a graph, and of these gradients, by `taylor`.
* `complex_parts`: splits complex outputs of f, and joins their derivatives.
* `directions`: gradients, Jacobians, Hessians and sums of directional derivatives, by `taylor` and `tape`.

Terms, each with one meaning in all files:

* A *path* goes from x to f(x) through ops that pass derivatives. A tensor *varies* if it lies on one.
* To *walk* a graph is to interpret it op by op. To *rebuild* an op is to create it on new inputs.
* A *series* is a tensor that varies in one or more variables. Its *coefficients* are derivatives over factorials. Each
  has an *index*, a tuple with one order for each variable.
* A *structural zero* is a coefficient that is zero by the form of the graph. It is None; nothing is computed from it.
* A *rule* maps the series of an op's inputs to those of its outputs.
* A *direction* is the v of f(x + s v). A *bundle* is a tensor that varies in many directions at once.
* *Rows are independent* if each row of f(x) depends on its own row of x only. An op that breaks this *mixes rows*.
* A *kernel boundary* is where XLA has to write a tensor to memory.
"""
