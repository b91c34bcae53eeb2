"""`optimize.minimize` against SciPy called with hand-written derivatives, closed forms, and least squares of NumPy."""

import gc
import time
import weakref

import keras
import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

import nthgrad as ng
from nthgrad.optimize.derivatives import whole
from nthgrad.optimize.objective import Objective

TIGHT = {
    "L-BFGS-B": {"ftol": 0, "gtol": 1e-9},
    "BFGS": {"gtol": 1e-8},
    "CG": {"gtol": 1e-8},
    "Newton-CG": {"xtol": 1e-10},
    "trust-ncg": {"gtol": 1e-9},
    "trust-krylov": {"gtol": 1e-6},  # below, its steps may be NaN
}
SECOND = ("Newton-CG", "trust-ncg", "trust-krylov")


def minimize(*args, **kwargs):
    return ng.optimize.minimize(*args, progress=False, **kwargs)


class Rosenbrock:
    """sum 100 (x[i+1] - x[i]^2)^2 + (1 - x[i])^2, least at ones."""

    start, best = np.array([-1.2, 1.0, 0.8]), np.ones(3)

    @staticmethod
    def loss(x):
        return tf.reduce_sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    value, slope = staticmethod(scipy.optimize.rosen), staticmethod(scipy.optimize.rosen_der)
    product = staticmethod(scipy.optimize.rosen_hess_prod)


class Quadratic:
    """x A x / 2 - b x, least at the solution of A x = b."""

    matrix = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]])
    right = np.array([1.0, 2.0, 3.0])
    start, best = np.zeros(3), np.linalg.solve(matrix, right)

    @classmethod
    def loss(cls, x):
        a, b = tf.constant(cls.matrix, x.dtype), tf.constant(cls.right, x.dtype)
        return tf.tensordot(x, tf.linalg.matvec(a, x) / 2 - b, 1)

    @classmethod
    def value(cls, x):
        return x @ cls.matrix @ x / 2 - cls.right @ x

    @classmethod
    def slope(cls, x):
        return cls.matrix @ x - cls.right

    @classmethod
    def product(cls, x, v):
        return cls.matrix @ v


def directly(problem, method, x, options):
    with_products = {"hessp": problem.product} if method in SECOND else {}
    return scipy.optimize.minimize(
        problem.value, x, jac=problem.slope, method=method, options=dict(options), **with_products
    )


# Each method on both problems; the two kinds of loss in turn, since both are traced alike.
@pytest.mark.parametrize(
    ("method", "problem", "kind"),
    [
        (method, problem, ("python", "tf.function")[(i + j) % 2])
        for i, method in enumerate(TIGHT)
        for j, problem in enumerate((Rosenbrock, Quadratic))
    ],
)
def test_the_iterations_are_those_of_scipy_with_derivatives_by_hand(method, problem, kind):
    x = tf.Variable(problem.start)
    loss = lambda: problem.loss(x)  # noqa: E731
    wrapped = tf.function(loss) if kind == "tf.function" else loss
    found = minimize(wrapped, x, method, options={**TIGHT[method], "maxiter": 8})
    wanted = directly(problem, method, problem.start, {**TIGHT[method], "maxiter": 8})
    assert found.nit == wanted.nit
    assert found.nfev == wanted.nfev
    # A rounding error grows with the condition of the Hessian, at most 1e4 here, in each of 8 steps.
    np.testing.assert_allclose(found.x, wanted.x, rtol=1e-7)
    np.testing.assert_array_equal(found.x, x.numpy())
    np.testing.assert_allclose(found.fun, problem.value(found.x), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(found.jac, problem.slope(found.x), rtol=1e-7, atol=1e-10)


# Each method on one problem and in one dtype, in turn: the problems and the dtypes are no matter to a method.
@pytest.mark.parametrize(
    ("method", "problem", "dtype"),
    [
        (method, (Rosenbrock, Quadratic)[i % 2], ("float32", "float64")[(i + i // 2) % 2])
        for i, method in enumerate(TIGHT)
    ],
)
def test_closed_forms(method, problem, dtype):
    x = tf.Variable(problem.start, dtype=dtype)
    result = minimize(lambda: problem.loss(x), x, method, options=TIGHT[method] if dtype == "float64" else {})
    # The least eigenvalue of both Hessians is above 0.3. A method that compares losses cannot tell apart values of x
    # whose losses differ by a few rounding errors; in float32 these are coarser than SciPy's tolerance, 1e-4 at most.
    noise = 8 * np.finfo(dtype).eps * max(1, abs(problem.value(problem.best)))
    bound = np.sqrt(noise / 0.3) + 1e-6 / 0.3 if dtype == "float32" else 1e-6 / 0.3
    np.testing.assert_allclose(x.numpy(), problem.best, atol=bound)
    assert x.dtype == dtype
    assert result.x.dtype == np.float64
    np.testing.assert_array_equal(result.x, x.numpy().astype(np.float64))


@pytest.mark.quick
@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-krylov"])
def test_compiled_by_xla(method):
    x = tf.Variable(Rosenbrock.start)
    minimize(lambda: Rosenbrock.loss(x), x, method, options=TIGHT[method], jit_compile=True)
    np.testing.assert_allclose(x.numpy(), 1, atol=1e-6)


# ---------- variables


@pytest.mark.parametrize(("method", "dtype"), [("L-BFGS-B", "float32"), ("Newton-CG", "float64")])
def test_the_weights_of_a_keras_model(method, dtype):
    rng = np.random.default_rng(0)
    data, targets = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    model = keras.Sequential([keras.Input((3,), dtype=dtype), keras.layers.Dense(2, dtype=dtype)])
    inputs, outputs = tf.constant(data, dtype), tf.constant(targets, dtype)
    weights = model.trainable_variables
    minimize(lambda: tf.reduce_mean((model(inputs) - outputs) ** 2), weights, method, options={"maxiter": 200})
    wanted, *_ = np.linalg.lstsq(np.column_stack([data, np.ones(40)]), targets, rcond=None)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(np.vstack([kernel, bias]), wanted, atol=2e-3)  # of default tolerances


def test_structures_and_mixed_dtypes():
    weights = {"a": tf.Variable([[1.0, 2.0]]), "b": [tf.Variable(3.0, dtype=tf.float64), tf.Variable([], shape=[0])]}

    def loss():
        return tf.reduce_sum(tf.cast(weights["a"], tf.float64) ** 2) + (weights["b"][0] - 5) ** 2

    result = minimize(loss, weights)
    assert result.x.shape == (3,)
    np.testing.assert_allclose(weights["a"].numpy(), 0, atol=1e-5)
    np.testing.assert_allclose(weights["b"][0].numpy(), 5, atol=1e-5)


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-krylov"])
def test_a_loss_on_derivatives_and_a_weight_that_it_does_not_depend_on(method):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(8, "tanh"), keras.layers.Dense(1)])
    slope, points = ng.derivative(model), tf.linspace(-1.0, 1.0, 20)[:, None]
    loss = lambda: tf.reduce_mean((slope(points) - tf.cos(points)) ** 2)  # noqa: E731
    before, bias = float(loss()), model.trainable_variables[-1].numpy()
    result = minimize(loss, model.trainable_variables, method, options={"maxiter": 60})
    assert result.fun < before / 100
    np.testing.assert_allclose(float(loss()), result.fun, rtol=1e-3)
    np.testing.assert_array_equal(model.trainable_variables[-1].numpy(), bias)


def test_autograph_and_sparse_gradients():
    table = tf.Variable(np.ones((4, 2)))

    def loss():
        y = tf.constant(0.0, tf.float64)
        for i in tf.range(3):
            y += tf.reduce_sum((tf.gather(table, [i]) - tf.cast(i, tf.float64)) ** 2)
        return y

    minimize(loss, table, options={"gtol": 1e-10})
    np.testing.assert_allclose(table.numpy(), [[0, 0], [1, 1], [2, 2], [1, 1]], atol=1e-9)


# ---------- the end


@pytest.mark.parametrize("method", TIGHT)
def test_a_callback_sees_each_iterate_and_can_stop(method):
    x, seen = tf.Variable(Rosenbrock.start), []

    def callback(result):
        np.testing.assert_array_equal(x.numpy(), result.x)
        np.testing.assert_allclose(result.fun, Rosenbrock.value(result.x), rtol=1e-9)
        assert result.nit == len(seen) + 1
        seen.append(result.fun)
        result.x[:] = np.nan  # a copy
        if len(seen) == 15:
            raise StopIteration

    result = minimize(lambda: Rosenbrock.loss(x), x, method, callback=callback)
    assert result.nit == len(seen) == 15  # with steps of trust-ncg and trust-krylov that are rejected
    assert result.fun <= min(seen)  # a step may be rejected though its loss is smaller
    np.testing.assert_array_equal(x.numpy(), result.x)


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-krylov"])
def test_the_time_limit(method):
    x = tf.Variable(Rosenbrock.start)
    result = minimize(lambda: Rosenbrock.loss(x), x, method, callback=lambda _: time.sleep(0.02), max_seconds=1e-3)
    assert (result.nit, result.success, result.message) == (1, False, "STOP: max_seconds=0.001 EXCEEDED")


class Recorded:
    """Rosenbrock's function, which records where it is evaluated, and raises in one of the evaluations."""

    def __init__(self, fails_at, error):
        self.x, self.points = tf.Variable(Rosenbrock.start), []
        self.fails_at, self.error = fails_at, error

    def record(self, x):
        if len(self.points) == self.fails_at:
            raise self.error
        self.points.append(x)
        return x

    def loss(self):
        return Rosenbrock.loss(self.x) + 0 * tf.reduce_sum(
            tf.stop_gradient(tf.ensure_shape(tf.numpy_function(self.record, [self.x], tf.float64), [3]))
        )

    def holds_the_best(self):
        best = min(self.points, key=Rosenbrock.value)
        np.testing.assert_array_equal(self.x.numpy(), best)


@pytest.mark.parametrize("fails_at", [3, 4, 7, 11])  # evaluations
def test_after_an_exception_in_the_loss_the_variables_hold_the_best_values(fails_at):
    case = Recorded(fails_at, ValueError("no such thing"))
    with pytest.raises(tf.errors.OpError, match="no such thing"):
        minimize(case.loss, case.x)
    case.holds_the_best()


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_after_an_exception_in_the_callback_the_variables_hold_the_best_values(error):
    case = Recorded(10**9, None)

    def callback(result):
        if result.nit == 4:
            case.x.assign([9.0, 9.0, 9.0])  # whatever they hold
            raise error

    with pytest.raises(error):
        minimize(case.loss, case.x, callback=callback)
    case.holds_the_best()


def test_an_objective_restores_the_best_of_its_evaluations():
    x = tf.Variable([0.0, 0.0])
    objective = Objective(whole(lambda: tf.reduce_sum((x - 0.1) ** 2), ()), [x], jit_compile=None)
    for point in ([1.0, 1.0], [0.2, 0.1], [0.5, 0.0]):
        objective(np.array(point))
    objective.restore()
    np.testing.assert_array_equal(x.numpy(), np.float32([0.2, 0.1]))
    np.testing.assert_array_equal(objective.best, np.float32([0.2, 0.1]).astype(np.float64))
    np.testing.assert_allclose(objective.slope, [0.2, 0.0], atol=1e-7)


def test_nothing_of_a_minimization_stays_in_memory():
    x = tf.Variable([1.0])

    class Loss:
        def __call__(self):
            return tf.reduce_sum(x**2)

    loss = Loss()
    alive = weakref.ref(loss)
    minimize(loss, x)
    del loss
    gc.collect()
    assert alive() is None


# ---------- progress


def test_progress_is_shown_on_a_terminal_only(capsys, monkeypatch):
    x = tf.Variable([2.0])
    ng.optimize.minimize(lambda: tf.reduce_sum(x**2), x)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich takes any stream for a terminal
    x.assign([2.0])
    ng.optimize.minimize(lambda: tf.reduce_sum(x**4), x)
    said = capsys.readouterr()
    assert said.out == ""
    assert "L-BFGS-B  iteration" in said.err
