"""`tf.contrib.opt`: SciPy's minimisers on a TensorFlow graph, by which physics-informed networks were trained."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import LegacyError

v1 = tf.compat.v1


class ExternalOptimizerInterface:
    """Minimises a loss by an algorithm that takes functions of one NumPy vector.

    A subclass gives the algorithm by its `_minimize`.  Reference variables are fed while it runs and keep their values
    until it ends; resource variables, as Keras's weights are here, which cannot be fed, are assigned.
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
        """Adds to the graph what minimising takes.

        Args:
            loss: What to minimise, of shape ().
            var_list: The variables to vary; by default all trainable ones of the graph.
            equalities: Tensors of shape () to hold at zero.
            inequalities: Tensors of shape () to hold at or above zero.
            var_to_bounds: For a variable its lowest and highest value, each of a shape that broadcasts to the
                variable's; None and infinity are no bound.
            **optimizer_kwargs: The algorithm's options.
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
        slopes = self._slopes(loss)
        equality_slopes = [self._slopes(each) for each in self._equalities]
        inequality_slopes = [self._slopes(each) for each in self._inequalities]
        self.optimizer_kwargs = optimizer_kwargs
        self._packed_var = self._pack(self._vars)
        self._packed_loss_grad = self._pack(slopes)
        self._packed_equality_grads = [self._pack(each) for each in equality_slopes]
        self._packed_inequality_grads = [self._pack(each) for each in inequality_slopes]
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
        """Runs the algorithm, and gives the variables their best values.

        Args:
            session: Where the variables have their values; the default one if None.
            feed_dict: What each evaluation is fed.
            fetches: What each evaluation fetches, for `loss_callback`.
            step_callback: Is called at each step with the variables as one flat vector.
            loss_callback: Is called after each evaluation of the loss and its gradient with the values of `fetches`.
            **run_kwargs: Arguments of `session.run` for the assignment at the end.
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

    def _slopes(self, tensor: tf.Tensor) -> list[tf.Tensor]:
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
    """Minimises a loss by `scipy.optimize.minimize`.

    `method` (L-BFGS-B by default), `options` and `tol` go to SciPy, which is the extra `legacy` of this package.
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

        def loss_and_slope(x: np.ndarray) -> tuple[float, np.ndarray]:
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
            "callback": lambda *at: step_callback(*at) and None,  # SciPy stops where a callback returns something true
            "method": options.pop("method", self._DEFAULT_METHOD),
            "constraints": [{"type": kind, "fun": first(value), "jac": first(slope)} for kind, value, slope in kinds],
            "bounds": packed_bounds,
        }
        for name in arguments.keys() & options.keys():
            if name == "bounds":
                raise ValueError("Bounds must be set using the var_to_bounds argument")
            raise ValueError(f"Optimizer keyword arg '{name}' is set automatically and cannot be injected manually")
        if arguments["method"] in ("SLSQP", "TNC", "COBYLA"):
            initial_val = initial_val.astype("float64")  # SciPy once did that itself
        result = minimize(loss_and_slope, initial_val, **arguments, **options)
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
            "tf.contrib.opt.ScipyOptimizerInterface minimises with SciPy, which is not installed. "
            "Install it: pip install nthgrad[legacy]"
        ) from error
    return minimize


def _shape(variable: Any) -> tuple[int, ...]:
    return tuple(variable.get_shape().as_list())


def _is_resource(variable: Any) -> bool:
    return getattr(getattr(variable, "handle", None), "dtype", None) == tf.resource
