"""Everything that is refused, and what is said: word for word."""

import dataclasses
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors
from nthgrad.engines import tape

ROW = (
    ", so it mixes elements of x: a derivative here means that each element of the output depends on its own element (or "
    "row) of x only. Differentiate a function of one element at a time, or use nthgrad.gradient, "
    "nthgrad.jacobian or nthgrad.partials."
)
FLOAT = "; derivatives need floating point. "
DEPENDS = ". Check that f uses its argument, in TensorFlow ops and without casts to integers."
NONE = "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops"

ONE = np.ones(3)


@dataclasses.dataclass
class Solution:
    y: tf.Tensor


async def waits(x):
    return x


def yields(x):
    yield x


LISTED = [tf.ones([2, 3]), tf.ones([3]), tf.ones([3, 1])]
WEIGHTS = [tf.Variable(tf.ones([2])), tf.Variable(tf.ones([2]))]
ONE_TENSOR = (
    "; nthgrad differentiates by one tensor here. By a structure, use nthgrad.gradient, jacobian, hessian, hvp, jvp, vjp or "
    "taylor. Or give their elements as one, tf.concat([tf.reshape(w, [-1]) for w in weights], 0), and split it in f."
)
NO_TENSOR = ", which does not become a tensor. "

# What is called, the exception, and its text (HERE stands for a line of this file).
CASES = {
    "order negative": (
        lambda: ng.derivative(tf.sin, -1),
        errors.ArgumentError,
        "order is -1; derivatives have no negative order. Give an integer of 0 or more.",
    ),
    "order a bool": (
        lambda: ng.derivative(tf.sin, True),
        errors.ArgumentError,
        "order is True, a bool. Give an integer of 0 or more.",
    ),
    "order a float": (
        lambda: ng.derivatives(tf.sin, 2.0),
        errors.ArgumentError,
        "order is 2.0, a float. Give an integer of 0 or more.",
    ),
    "order a string": (
        lambda: ng.derivatives(tf.sin, "2"),
        errors.ArgumentError,
        "order is '2', a str. Give an integer of 0 or more.",
    ),
    "method": (
        lambda: ng.derivative(tf.sin, method="jet"),
        errors.ArgumentError,
        "method is 'jet'. The methods are 'auto', 'tape', 'taylor'.",
    ),
    "argnum a float": (
        lambda: ng.derivative(tf.sin, argnum=0.5),
        errors.ArgumentError,
        "argnum is 0.5. Give the position of an argument of f, or its name.",
    ),
    "argnum too large": (
        lambda: ng.derivative(lambda x, y: x * y, argnum=2)(1.0, 2.0),
        errors.ArgumentError,
        "argnum is 2, but the call has 2 positional arguments and the names [], and f takes ['x', 'y']. Give the position "
        "or the name of an argument that is there.",
    ),
    "argnum unknown": (
        lambda: ng.derivative(lambda x, y: x * y, argnum="z")(1.0, y=2.0),
        errors.ArgumentError,
        "argnum is 'z', but the call has 1 positional arguments and the names ['y'], and f takes ['x', 'y']. Give the "
        "position or the name of an argument that is there.",
    ),
    "f not callable": (
        lambda: ng.derivative(3),
        errors.ArgumentError,
        "f is 3, a int, which cannot be called. Give a function.",
    ),
    "x an int": (
        lambda: ng.derivative(tf.sin)(1),
        errors.InputError,
        "x is int32" + FLOAT + "Write tf.cast(x, tf.float32), or 1.0 for 1.",
    ),
    "x an int array": (
        lambda: ng.derivative(tf.sin)(np.arange(3)),
        errors.InputError,
        "x is int64" + FLOAT + "Write tf.cast(x, tf.float32), or 1.0 for 1.",
    ),
    "x a bool": (
        lambda: ng.derivative(tf.sin)(True),
        errors.InputError,
        "x is bool" + FLOAT + "Write tf.cast(x, tf.float32), or 1.0 for 1.",
    ),
    "x a string": (lambda: ng.derivative(tf.sin)("1"), errors.InputError, "x is string" + FLOAT + "Give numbers."),
    "x named": (
        lambda: ng.derivative(lambda t: t, argnum="t")(t=1),
        errors.InputError,
        "t is int32" + FLOAT + "Write tf.cast(t, tf.float32), or 1.0 for 1.",
    ),
    "x empty": (
        lambda: ng.derivative(tf.sin)(np.ones((0, 1))),
        errors.InputError,
        "x is empty: its shape is (0, 1). Give at least one point.",
    ),
    "x an empty list": (
        lambda: ng.derivative(tf.sin)([]),
        errors.InputError,
        "x is empty: its shape is (0,). Give at least one point.",
    ),
    "x ragged": (
        lambda: ng.derivative(tf.sin)(tf.ragged.constant([[1.0], [1.0, 2.0]])),
        errors.InputError,
        "x is a RaggedTensor. Give a dense tensor, for example x.to_tensor().",
    ),
    "x complex": (
        lambda: ng.derivative(tf.sin)(1j * ONE),
        errors.InputError,
        "x is complex128; derivatives are by real variables. Write f as a function of its real and its imaginary part, "
        "lambda a, b: f(tf.complex(a, b)), and differentiate by one: by a for the derivative of an analytic f.",
    ),
    "x symbolic": (
        lambda: ng.derivative(tf.sin)(keras.Input((1,))),
        errors.InputError,
        "x is a symbolic Keras tensor, which has no value. Build the model first and differentiate that: a keras.Model is "
        "a function here.",
    ),
    "x several tensors": (
        lambda: ng.derivative(tf.sin)(LISTED),
        errors.InputError,
        "x is a list of 3 tensors, of shape (2, 3), (3,), (3, 1)" + ONE_TENSOR,
    ),
    "x several variables of one shape": (
        lambda: ng.derivatives(tf.sin, 2)(WEIGHTS),
        errors.InputError,
        "x is a list of 2 tensors, of shape (2,), (2,)" + ONE_TENSOR,
    ),
    "x a tuple": (
        lambda: ng.derivative(lambda t: t, argnum="t")(t=tuple(LISTED[1:])),
        errors.InputError,
        "t is a tuple of 2 tensors, of shape (3,), (3, 1)" + ONE_TENSOR,
    ),
    "x a dict": (
        lambda: ng.derivatives(tf.sin, 2)({"w": LISTED[0]}),
        errors.InputError,
        "x is a dict of one tensor, of shape (2, 3)" + ONE_TENSOR,
    ),
    "x arrays of many shapes": (
        lambda: ng.derivative(tf.sin)([np.ones(n) for n in range(1, 8)]),
        errors.InputError,
        "x is a list of 7 tensors, of shape (1,), (2,), (3,), (4,), (5,), ..." + ONE_TENSOR,
    ),
    "x a model's weights": (
        lambda: ng.finite_difference(tf.sin)(keras.Sequential([keras.Input([2]), keras.layers.Dense(1)]).weights),
        errors.InputError,
        "x is a list of 2 tensors, of shape (2, 1), (1,)" + ONE_TENSOR,
    ),
    "v several tensors": (
        lambda: ng.hvp(tf.reduce_sum)(ONE, LISTED[1:]),
        errors.InputError,
        "v is a list of 2 tensors, of shape (3,), (3, 1)" + ONE_TENSOR,
    ),
    "f returns a dataclass": (
        lambda: ng.derivative(lambda x: Solution(x))(1.0),
        errors.OutputError,
        "Output 0 of f is a Solution"
        + NO_TENSOR
        + "It is a dataclass: return its tensors in a dict, a tuple or a NamedTuple.",
    ),
    "f returns a sparse tensor": (
        lambda: ng.gradient(tf.sparse.from_dense)(ONE),
        errors.OutputError,
        "Output 0 of f is a SparseTensor" + NO_TENSOR + "Return its values, or tf.sparse.to_dense(y).",
    ),
    "f returns a ragged tensor": (
        lambda: ng.partials(lambda x: (x, tf.RaggedTensor.from_row_lengths(x, [1, 2])), ["x"])(ONE),
        errors.OutputError,
        "Output 1 of f is a RaggedTensor" + NO_TENSOR + "Return its flat_values, or y.to_tensor().",
    ),
    "f yields": (
        lambda: ng.derivative(yields)(1.0),
        errors.OutputError,
        "Output 0 of f is a generator" + NO_TENSOR + "Return a list of tensors: write return [...] for yield.",
    ),
    "f waits": (
        lambda: ng.taylor(waits, 1)(1.0, 1.0),
        errors.OutputError,
        "Output 0 of f is a coroutine" + NO_TENSOR + "Define f without async.",
    ),
    "f returns an object": (
        lambda: ng.jacobian(lambda x: {"a": x, "b": re})(ONE),
        errors.OutputError,
        "Output 1 of f is a module" + NO_TENSOR + "Return tensors, in dicts, lists and tuples if there are several.",
    ),
    "f returns None": (
        lambda: ng.derivative(lambda x: None)(1.0),
        errors.OutputError,
        "f returned nothing (None). Return the tensor, or the structure of tensors, to differentiate.",
    ),
    "an output is None": (
        lambda: ng.derivative(lambda x: (x, None))(1.0),
        errors.OutputError,
        "Output 1 of f is None. Return a tensor there, or leave it out.",
    ),
    "an output is an integer": (
        lambda: ng.derivative(lambda x: {"a": x, "b": tf.size(x)})(1.0),
        errors.OutputError,
        "Output 1 of f is int32, which has no derivative. Return floating-point or complex tensors only.",
    ),
    "f sums": (
        lambda: ng.derivative(tf.reduce_sum)(ONE),
        errors.OutputError,
        "f maps shape (3,) to shape () (output 0)" + ROW,
    ),
    "f is a matrix": (
        lambda: ng.derivative(lambda x: x @ tf.ones([2, 3], x.dtype))(np.ones((4, 2))),
        errors.OutputError,
        "f maps shape (4, 2) to shape (4, 3) (output 0)" + ROW,
    ),
    "f drops rows": (
        lambda: ng.derivative(lambda x: tf.boolean_mask(x, x > 0))(np.array([1.0, -1.0])),
        errors.OutputError,
        "f mixes elements of x: the shape of f(x) does not begin with the shape of x, as it has to where each element of "
        "the output depends on its own element (or row) of x only. Differentiate a function of one element at a time.",
    ),
    "order past sense": (
        lambda: ng.derivative(lambda x: tf.exp(x) + x, 10**18)(1.0),
        errors.CostError,
        "The derivative of order 1000000000000000000 by power series would take about 4.0e+18 graph ops, and about 4e+13 "
        "minutes of tracing on one core of 2024: orders 4, 8 and 12 along a line take 16, 32 and 48. Ask for a lower "
        "order, or split f into terms and differentiate each of them.",
    ),
    "order past sense, tapes": (
        lambda: ng.derivative(tf.exp, 10**18, method="tape")(1.0),
        errors.CostError,
        "The derivative of order 1000000000000000000 would nest 1000000000000000000 tapes; nthgrad nests at most 100, for "
        'each differentiates the graph of the one before. Use method="taylor", whose cost grows with the square of the '
        "order.",
    ),
    "f is constant": (lambda: ng.derivative(lambda x: tf.constant(1.0))(1.0), errors.DependenceError, NONE + DEPENDS),
    "f casts": (
        lambda: ng.derivative(lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32))(1.0),
        errors.DependenceError,
        NONE + DEPENDS,
    ),
    "f rounds": (
        lambda: ng.derivative(lambda x: tf.floor(x))(1.0),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: only through Floor (named 'Floor', made at HERE), "
        "whose derivative is zero wherever it exists" + DEPENDS,
    ),
    "an op is not differentiable": (
        lambda: ng.derivative(lambda x: tf.ensure_shape(tf.numpy_function(np.sin, [x], tf.float64), [3]))(ONE),
        errors.UnsupportedOpError,
        "PyFunc (named 'PyFunc', made at HERE) runs Python code (a tf.numpy_function or tf.compat.v1.py_func), which no "
        "engine can look into. Write that part of f with TensorFlow's ops, or use nthgrad.finite_difference.",
    ),
    "an op is differentiable once": (
        lambda: ng.derivative(lambda x: tf.nn.lrn(x), 2, method="tape")(np.ones((1, 1, 1, 1), "float32")),
        errors.UnsupportedOpError,
        "TensorFlow has no derivative of order 2 of LRN (named 'LRN', made at HERE): nothing differentiates LRNGrad. "
        'Use method="taylor". Write that part of f with other ops, or use nthgrad.finite_difference.',
    ),
    "by an input that has no gradient": (
        lambda: ng.derivative(lambda x: tf.math.zeta(x, 2.0), method="tape")(3.0),
        errors.UnsupportedOpError,
        "Zeta (named 'Zeta', made at HERE) cannot be differentiated by its input 0: TensorFlow gives no gradient there "
        'although its output varies with it. Use method="taylor". Write that part of f with other ops, or use '
        "nthgrad.finite_difference.",
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)


# How Python code gets into a graph: its op, what the error calls it, and the call.
NUMPY = "tf.numpy_function or tf.compat.v1.py_func"
PYTHON = {
    "py_function": ("EagerPyFunc", "tf.py_function", lambda x: tf.py_function(tf.sin, [x], x.dtype)),
    "numpy_function": ("PyFunc", NUMPY, lambda x: tf.numpy_function(np.sin, [x], x.dtype)),
    "numpy_function, no state": (
        "PyFuncStateless",
        NUMPY,
        lambda x: tf.numpy_function(np.sin, [x], x.dtype, stateful=False),
    ),
    "py_func": ("PyFunc", NUMPY, lambda x: tf.compat.v1.py_func(np.sin, [x], x.dtype)),
    "py_func, no state": (
        "PyFuncStateless",
        NUMPY,
        lambda x: tf.compat.v1.py_func(np.sin, [x], x.dtype, stateful=False),
    ),
}
AROUND = {
    "in a product": lambda f: lambda x: x * f(x),
    "with a shape": lambda f: lambda x: tf.ensure_shape(f(x), x.shape),
    "in a tf.function": tf.function,
    "in a branch": lambda f: lambda x: tf.cond(tf.reduce_sum(x) > 0, lambda: f(x), lambda: x),
}
DIFFERENTIATED = {
    "derivative, taylor": lambda f: ng.derivative(f, 2)(ONE),
    "derivative, tape": lambda f: ng.derivative(f, 1, method="tape")(ONE),
    "partials, taylor": lambda f: ng.partials(lambda t, x: t * f(x), ["tx"])(ONE, ONE),
    "partials, tape": lambda f: ng.partials(lambda t, x: t * f(x), ["x"], method="tape")(ONE, ONE),
    "gradient": lambda f: ng.gradient(lambda x: tf.reduce_sum(f(x)))(ONE),
    "hessian": lambda f: ng.hessian(f)(ONE),
    "laplacian, tape": lambda f: ng.laplacian(f, method="tape")(ONE),
    "taylor": lambda f: ng.taylor(f, 2)(ONE, ONE),
}


# All derivatives of one function; of the others, and of what is around it, a third of them, in turn.
RUNS = [*((name, "alone") for name in PYTHON), *(("py_function", around) for around in AROUND)]
CALLS = {run: list(DIFFERENTIATED.values())[i % 3 :: 3] for i, run in enumerate(RUNS)}
CALLS["py_function", "alone"] = list(DIFFERENTIATED.values())


@pytest.mark.parametrize(("name", "around"), RUNS)
def test_python_code_is_named_before_the_shape_that_it_lacks(name, around):
    op, made_by, python = PYTHON[name]
    f = python if around == "alone" else AROUND[around](python)
    np.testing.assert_allclose(f(ONE), np.sin(1) * ONE)  # ONE is 1, and so is what stands around
    for call in CALLS[name, around]:
        with pytest.raises(errors.UnsupportedOpError) as error:
            call(f)
        assert re.sub(r"named '\S+', made at \S+:\d+", "HERE", str(error.value)) == (
            f"{op} (HERE) runs Python code (a {made_by}), which no engine can look into. Write that part of f with "
            "TensorFlow's ops, or use nthgrad.finite_difference."
        )
    np.testing.assert_allclose(ng.finite_difference(python, 2)(ONE), -np.sin(1) * ONE, rtol=1e-6)  # as is said


def test_python_code_that_does_not_depend_on_x_lacks_a_shape_only():
    with pytest.raises(errors.OutputError, match="The rank of output 0 of f is unknown while tracing"):
        ng.derivative(lambda x: x * tf.numpy_function(np.sin, [ONE], tf.float64))(ONE)
    f = lambda x: x * tf.ensure_shape(tf.numpy_function(np.sin, [ONE], tf.float64), [3])  # noqa: E731
    for method in ("taylor", "tape"):
        np.testing.assert_allclose(ng.derivative(f, method=method)(ONE), np.sin(ONE))


def test_scalars_in_a_list_are_a_point():
    for point in ([1.0, 2.0], [np.float64(1.0), np.float64(2.0)], [tf.constant(1.0), 2.0], [[1.0], [2.0]]):
        np.testing.assert_allclose(np.ravel(ng.derivative(lambda x: x**2)(point)), [2.0, 4.0])
    np.testing.assert_allclose(ng.derivative(lambda x: x**2)([ONE, 2 * ONE]), [2 * ONE, 4 * ONE])


def test_a_tower_too_large_is_refused_before_it_is_built():
    def network(x):
        for w in (0.1, 0.2, 0.3):
            x = tf.tanh(tf.matmul(x, tf.fill([x.shape[1], 8], tf.constant(w, x.dtype))))
        return tf.reduce_sum(x, 1, keepdims=True)

    with pytest.raises(errors.CostError) as error:
        ng.derivative(network, 14, method="tape")(np.ones((2, 1)))
    said = re.fullmatch(
        r"The derivative of order 14 by nested tapes would take about (\d\.\de\+0\d) graph ops: orders (\d) to (\d) took "
        r"(\d+), (\d+) and (\d+), and each further order adds (\d\.\d\d) times as many ops as the last one\. Use "
        r"method=\"taylor\", whose cost grows with the square of the order\.",
        str(error.value),
    )
    total, first, last, a, b, c, ratio = map(float, said.groups())
    assert last == first + 2
    assert ratio == pytest.approx((c - b) / (b - a), abs=0.01)
    series = sum((c - b) * ((c - b) / (b - a)) ** k for k in range(1, 14 - int(last) + 1))
    assert total == pytest.approx(c + series, rel=0.05)


def test_the_estimate_of_the_cost_is_of_the_right_size(monkeypatch):
    graphs = []

    def f(x):
        graphs.append(x.graph)
        return tf.tanh(tf.sin(x) * tf.exp(x))

    ng.derivative(f, 6, method="tape")(1.0)
    actual = len(graphs[0].get_operations())
    monkeypatch.setattr(tape, "MAX_OPS", 1)
    with pytest.raises(errors.CostError) as error:
        ng.derivative(f, 6, method="tape")(1.0)
    estimate = float(re.search(r"about (\S+) graph ops", str(error.value)).group(1))
    assert actual / 2 < estimate < actual * 5  # from the first three orders


def test_what_f_raises_reaches_the_caller():
    def f(x):
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        ng.derivative(f)(1.0)


@pytest.mark.parametrize("kind", [k for k in vars(errors).values() if isinstance(k, type)])
def test_one_base_class(kind):
    assert issubclass(kind, (errors.NthgradError, UserWarning))


def test_an_error_inside_map_fn_leaves_variable_scopes_alone():
    def broken(x):
        raise KeyError("broken")

    with pytest.raises(Exception, match="broken"):
        ng.derivative(lambda x: tf.map_fn(broken, x))(tf.ones([2]))
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        assert tf.distribute.has_strategy()
