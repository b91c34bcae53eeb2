"""Minimizes a loss by SciPy's optimizers, which use second-order information: L-BFGS, Newton's method with products."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from nthgrad._display import extras
from nthgrad.errors import ArgumentError
from nthgrad.losses import LossAndGradients
from nthgrad.optimize.derivatives import in_blocks, in_shards, whole
from nthgrad.optimize.inputs import check, checked_arguments, checked_variables
from nthgrad.optimize.objective import Objective, Vector
from nthgrad.optimize.progress import shown

Method = Literal["L-BFGS-B", "BFGS", "CG", "Newton-CG", "trust-ncg", "trust-krylov"]

_METHODS = {"L-BFGS-B": 1, "BFGS": 1, "CG": 1, "Newton-CG": 2, "trust-ncg": 2, "trust-krylov": 2}
"""The order of the derivatives that each method uses."""


def minimize(
    loss: Callable[..., Any],
    variables: Any,
    method: Method = "L-BFGS-B",
    *,
    args: Sequence[Any] = (),
    options: Mapping[str, Any] | None = None,
    callback: Callable[[Any], object] | None = None,
    max_seconds: float | None = None,
    jit_compile: bool | None = None,
    progress: bool = True,
) -> Any:
    """Minimizes a loss by `scipy.optimize.minimize` and leaves the best values in the variables.

    Physics-informed networks are usually trained by Adam first and finished by L-BFGS. The methods, their options and
    their stopping rules are SciPy's. The loss has to be a fixed function of the variables: the same data and the same
    random numbers in every evaluation. An evaluation of the loss and its gradient is one call of a compiled function,
    and so is a product of the Hessian and a vector. Each call of `minimize` traces them once.

    SciPy computes in float64, with all elements of the variables in one vector. Each evaluation rounds that vector to
    the variables' dtypes; the loss and its gradient are computed in these. With float32 variables, steps below a
    relative 1e-7 are lost, and the loss has about seven digits. Close to a minimum, it determines the variables to half
    of its digits only. A line search that needs more ends with `success` False and a message such as "ABNORMAL": the
    variables are as good as float32 resolves. Use float64 variables to go further.

    SciPy's own vectors are short. Where the processor is shared, its threads cost more than they gain: set the
    environment variable `OPENBLAS_NUM_THREADS` to 1 before NumPy is imported.

    The variables hold the current iterate when `callback` is called, and the best values evaluated so far when
    `minimize` ends. It may end by an exception or a `KeyboardInterrupt`, too.

    Args:
        loss: a function that reads the variables and returns a real scalar tensor. A `tf.function` or a Python
            function; `if` and `for` on tensors work, as in a `tf.function`. It may also be a function that
            `loss_and_gradients` returned: the loss, its gradient and products of the Hessian are then computed block by
            block, for any number of points.
        variables: the variables to change: a `tf.Variable`, a Keras variable, or any `tf.nest` structure of them, such
            as the `trainable_variables` of a model. They are float32 or float64.
        method: `"L-BFGS-B"`, or `"BFGS"` and `"CG"`, which use gradients. `"Newton-CG"`, `"trust-ncg"` and
            `"trust-krylov"` also use products of the Hessian and vectors; a product costs a few evaluations of the
            loss. `"BFGS"` stores a square matrix, for at most about a thousand elements.
        args: the arguments of loss, tensors or arrays or `tf.nest` structures of them, such as the points.
        options: options of the method, as in SciPy: `maxiter`, `maxcor`, `ftol`, `gtol`, ... L-BFGS-B stops early for
            most networks with the default `ftol` and `gtol`.
        callback: called after each iteration with a SciPy `OptimizeResult` of `x`, `fun` (the loss) and `nit` (the
            number of iterations). It may raise `StopIteration` to end the minimization.
        max_seconds: ends the minimization after the first iteration that exceeds this time, compilation included.
        jit_compile: passed to `tf.function`; True compiles with XLA. None is what `loss_and_gradients` was given.
        progress: whether to show the iteration and the loss, if the standard error is a terminal or a notebook.

    Returns:
        SciPy's `OptimizeResult`. `x`, `fun` and `jac` are those of the best values, as the variables hold them.
        They are a float64 vector, the loss and its gradient. `success`, `status`, `message`, `nit`, `nfev` and others
        are SciPy's.

    Raises:
        ArgumentError: loss, method, an option or another argument is invalid, SciPy is not installed, or two
            evaluations of the loss differ.
        InputError: variables is empty or has something that is not a float32 or float64 variable.
        OutputError: the loss is not a real scalar tensor; it, its gradient or a product is NaN or infinite.
        DependenceError: the loss does not depend on the variables.

    Example:
        >>> import tensorflow as tf, nthgrad as ng
        >>> x = tf.Variable([-1.0, 2.0], dtype=tf.float64)
        >>> result = ng.optimize.minimize(lambda: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, x)
        >>> print(result.success, x.numpy().round(3))
        True [1. 1.]
    """
    start = time.monotonic()
    optimizers = scipy_optimize()
    check(loss, method, _METHODS, options, callback, max_seconds)
    arguments = checked_arguments(loss, args)
    if isinstance(loss, LossAndGradients):
        jit_compile = loss.jit_compile if jit_compile is None else jit_compile
        over = in_blocks(loss, arguments, jit_compile=jit_compile)
        jit_compile = jit_compile and not in_shards(loss, arguments)  # XLA compiles each shard
    else:
        over = whole(loss, arguments)
    objective = Objective(over, checked_variables(variables), jit_compile=jit_compile)
    late = False

    with shown(method, wanted=progress) as show:
        iterations = 0

        # SciPy recognizes the parameter by its name.
        def step(intermediate_result: Any) -> None:
            nonlocal iterations, late
            iterations += 1
            show(iterations, float(intermediate_result.fun))
            if callback is not None:
                objective.assign(intermediate_result.x)
                callback(type(intermediate_result)(intermediate_result, x=intermediate_result.x.copy(), nit=iterations))
            if max_seconds is not None and time.monotonic() - start > max_seconds:
                late = True
                raise StopIteration

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("error", message="Unknown solver options")
                x = objective.current()
                objective.trace()
                _check_fixed(objective, x)
                result = optimizers.minimize(
                    objective,
                    x,
                    method=method,
                    jac=True,
                    hessp=objective.product if _METHODS[method] == 2 else None,
                    options=dict(options or {}),
                    callback=step,
                )
        except optimizers.OptimizeWarning as warning:
            names = str(warning).partition(": ")[2]
            raise ArgumentError(
                f"options has {names}, unknown to SciPy's method {method!r}. "
                f'scipy.optimize.show_options("minimize", {method!r}) prints the options.'
            ) from None
        finally:
            objective.restore()
    result.x, result.fun, result.jac = objective.best, objective.value, objective.slope
    if late:
        result.success, result.message = False, f"STOP: max_seconds={max_seconds} EXCEEDED"
    return result


def _check_fixed(objective: Objective, x: Vector) -> None:
    """Evaluates the loss twice: random points in it would make the line searches of all methods fail without a word."""
    (first, _), (second, _) = objective(x), objective(x)
    if abs(first - second) > 1e-3 * max(abs(first), abs(second)):
        raise ArgumentError(
            f"loss is {first:.9g} and then {second:.9g} for the same values of the variables. Draw its random numbers "
            "before, once, or from a fixed seed with tf.random.stateless_uniform, and call layers with training=False."
        )


def scipy_optimize() -> Any:
    """Returns the module `scipy.optimize`, which an extra of nthgrad installs."""
    try:
        from scipy import optimize
    except ImportError as error:
        raise ArgumentError(
            f"nthgrad.optimize.minimize needs SciPy, which is not installed. Run {extras.install('optimize')}."
        ) from error
    return optimize
