"""`tf.contrib.opt`: minimizers of SciPy on a TensorFlow graph, used for physics-informed networks."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad._display import extras
from nthgrad.errors import LegacyError

v1 = tf.compat.v1


class ExternalOptimizerInterface:
    """Minimizes a loss by an algorithm for functions of one NumPy vector.

    A subclass implements the algorithm in `_minimize`. While it runs, reference variables are fed, and keep their
    values until it ends. Resource variables, such as the weights of Keras, cannot be fed, so they are assigned.
    """

    def __init__(
        self,
        loss: tf.Tensor,
        var_list: Sequence[Any] | None = None,
        equalities: Sequence[tf.Tensor] | None = None,
        inequalities: Sequence[tf.Tensor] | None = None,
        var_to_bounds: Mapping[Any, tuple[Any, Any]] | None = None,
        **optimizer_kwargs: Any,
    ) -> None:
        """Adds the ops of the minimization to the graph.

        Args:
            loss: the tensor to minimize, of shape ().
            var_list: the variables to change; the default is all trainable ones of the graph.
            equalities: constraints tensor == 0, of shape ().
            inequalities: constraints tensor >= 0, of shape ().
            var_to_bounds: maps a variable to its lower and upper bound, which broadcast to its shape; None and infinity
                are no bound.
            **optimizer_kwargs: options of the algorithm.
        """
        self._loss = loss
        self._equalities, self._inequalities = list(equalities or []), list(inequalities or [])
        self._vars = v1.trainable_variables() if var_list is None else list(var_list)
        self._packed_bounds = None if var_to_bounds is None else self._bounds(var_to_bounds)
        self._update_placeholders = [v1.placeholder(variable.dtype.base_dtype) for variable in self._vars]
        self._var_updates = [
            variable.assign(tf.reshape(value, _shape(variable)))
            for variable, value in zip(self._vars, self._update_placeholders, strict=True)
        ]
        slopes = self._gradients(loss)
        equality_gradients = [self._gradients(each) for each in self._equalities]
        inequality_gradients = [self._gradients(each) for each in self._inequalities]
        self.optimizer_kwargs = optimizer_kwargs
        self._packed_var = self._pack(self._vars)
        self._packed_loss_grad = self._pack(slopes)
        self._packed_equality_grads = [self._pack(each) for each in equality_gradients]
        self._packed_inequality_grads = [self._pack(each) for each in inequality_gradients]
        ends = np.cumsum([0, *(int(np.prod(_shape(variable))) for variable in self._vars)])
        self._packing_slices = [slice(start, end) for start, end in pairwise(ends.tolist())]

    def minimize(
        self,
        session: Any = None,
        feed_dict: Mapping[Any, Any] | None = None,
        fetches: Sequence[Any] | None = None,
        step_callback: Callable[[np.ndarray], Any] | None = None,
        loss_callback: Callable[..., Any] | None = None,
        **run_kwargs: Any,
    ) -> None:
        """Runs the algorithm and assigns the best values to the variables.

        Args:
            session: the session of the variables; None is the default session.
            feed_dict: the `feed_dict` of each evaluation.
            fetches: the additional fetches of each evaluation, for `loss_callback`.
            step_callback: called at each step with the variables as one flat vector.
            loss_callback: called with the values of `fetches` after each evaluation of the loss and its gradient.
            **run_kwargs: arguments of `session.run` for the final assignment.
        """
        session = session or v1.get_default_session()
        feed, extra = dict(feed_dict or {}), list(fetches or [])

        def evaluations(tensors: Sequence[Any]) -> list[Callable]:
            return [self._evaluation([each], session, feed, extra) for each in tensors]

        best = self._minimize(
            initial_val=session.run(self._packed_var),
            loss_grad_func=self._evaluation([self._loss, self._packed_loss_grad], session, feed, extra, loss_callback),
            equality_funcs=evaluations(self._equalities),
            equality_grad_funcs=evaluations(self._packed_equality_grads),
            inequality_funcs=evaluations(self._inequalities),
            inequality_grad_funcs=evaluations(self._packed_inequality_grads),
            packed_bounds=self._packed_bounds,
            step_callback=step_callback or (lambda xk: None),
            optimizer_kwargs=self.optimizer_kwargs,
        )
        session.run(self._var_updates, feed_dict=self._values(best), **run_kwargs)

    def _minimize(
        self,
        initial_val: np.ndarray,
        loss_grad_func: Callable,
        equality_funcs: list[Callable],
        equality_grad_funcs: list[Callable],
        inequality_funcs: list[Callable],
        inequality_grad_funcs: list[Callable],
        packed_bounds: list[tuple[float, float]] | None,
        step_callback: Callable,
        optimizer_kwargs: dict[str, Any],
    ) -> np.ndarray:
        raise NotImplementedError(
            "To use ExternalOptimizerInterface, subclass from it and implement the _minimize() method."
        )

    def _bounds(self, given: Mapping[Any, tuple[Any, Any]]) -> list[tuple[float, float]]:
        sides: tuple[list, list] = ([], [])
        by_name = {id(variable): bounds for variable, bounds in given.items()}
        for variable in self._vars:
            for side, bound in zip(sides, by_name.get(id(variable), (-np.inf, np.inf)), strict=True):
                side.extend(np.broadcast_to(bound, _shape(variable)).flat)
        return list(zip(*sides, strict=True))

    def _gradients(self, tensor: tf.Tensor) -> list[tf.Tensor]:
        found = v1.gradients(tensor, self._vars)
        return [v1.zeros_like(v) if slope is None else slope for v, slope in zip(self._vars, found, strict=True)]

    @classmethod
    def _pack(cls, tensors: Sequence[Any]) -> Any:
        flat = [tf.reshape(tensor, [-1]) for tensor in tensors]
        return None if not flat else flat[0] if len(flat) == 1 else tf.concat(flat, 0)

    def _values(self, x: np.ndarray) -> dict[Any, np.ndarray]:
        return {
            place: x[part].reshape(_shape(variable))
            for place, variable, part in zip(self._update_placeholders, self._vars, self._packing_slices, strict=True)
        }

    def _evaluation(
        self, tensors: list[Any], session: Any, feed: dict, extra: list[Any], callback: Callable | None = None
    ) -> Callable[[np.ndarray], list[Any]]:
        resources = [each for each in self._vars if _is_resource(each)]
        fed = [(at, each) for at, each in enumerate(self._vars) if not _is_resource(each)]

        def evaluate(x: np.ndarray) -> list[Any]:
            values = self._values(x)
            if resources:
                assigned = [op for op, each in zip(self._var_updates, self._vars, strict=True) if _is_resource(each)]
                session.run([getattr(each, "op", each) for each in assigned], values)
            point = {variable: values[self._update_placeholders[at]] for at, variable in fed}
            found = session.run([*tensors, *extra], feed_dict={**point, **feed})
            if callback is not None:
                callback(*found[len(tensors) :])
            return found[: len(tensors)]

        return evaluate


class ScipyOptimizerInterface(ExternalOptimizerInterface):
    """Minimizes a loss by `scipy.optimize.minimize`.

    `method` (L-BFGS-B by default), `options` and `tol` are passed to SciPy, which the extra `legacy` installs.
    """

    _DEFAULT_METHOD = "L-BFGS-B"

    def _minimize(
        self,
        initial_val: np.ndarray,
        loss_grad_func: Callable,
        equality_funcs: list[Callable],
        equality_grad_funcs: list[Callable],
        inequality_funcs: list[Callable],
        inequality_grad_funcs: list[Callable],
        packed_bounds: list[tuple[float, float]] | None,
        step_callback: Callable,
        optimizer_kwargs: dict[str, Any],
    ) -> np.ndarray:
        minimize = _scipy_minimize()

        def loss_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
            loss, slope = loss_grad_func(x)
            return np.asarray(loss).item(), slope.astype("float64")

        def first(function: Callable) -> Callable:
            return lambda x: np.asarray(function(x)[0], "float64")

        kinds = [
            *(("eq", *pair) for pair in zip(equality_funcs, equality_grad_funcs, strict=True)),
            *(("ineq", *pair) for pair in zip(inequality_funcs, inequality_grad_funcs, strict=True)),
        ]
        options = dict(optimizer_kwargs)
        arguments = {
            "jac": True,
            "callback": lambda *at: step_callback(*at) and None,  # SciPy stops if a callback returns a true value
            "method": options.pop("method", self._DEFAULT_METHOD),
            "constraints": [{"type": kind, "fun": first(value), "jac": first(slope)} for kind, value, slope in kinds],
            "bounds": packed_bounds,
        }
        for name in arguments.keys() & options.keys():
            if name == "bounds":
                raise ValueError("Bounds must be set using the var_to_bounds argument")
            raise ValueError(f"Optimizer keyword arg '{name}' is set automatically and cannot be injected manually")
        if arguments["method"] in ("SLSQP", "TNC", "COBYLA"):
            initial_val = initial_val.astype("float64")  # earlier versions of SciPy did this
        result = minimize(loss_and_gradient, initial_val, **arguments, **options)
        lines = ["Optimization terminated with:", "  Message: %s", "  Objective function value: %f"]
        values = [result.message, result.fun]
        for name, title in (("nit", "iterations"), ("nfev", "functions evaluations")):
            if hasattr(result, name):
                lines.append(f"  Number of {title}: %d")
                values.append(result[name])
        v1.logging.info("\n".join(lines), *values)
        return result["x"]


def _scipy_minimize() -> Callable:
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise LegacyError(
            "tf.contrib.opt.ScipyOptimizerInterface minimizes with SciPy, which is not installed. "
            f"Run {extras.install('legacy')}."
        ) from error
    return minimize


def _shape(variable: Any) -> tuple[int, ...]:
    return tuple(variable.get_shape().as_list())


def _is_resource(variable: Any) -> bool:
    return getattr(getattr(variable, "handle", None), "dtype", None) == tf.resource
