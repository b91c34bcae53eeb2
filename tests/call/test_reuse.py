"""One g for one f: which functions are given again, which are not, what is warned of, and what g says of itself."""

import copy
import functools
import gc
import inspect
import threading
import warnings
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

import nthgrad as ng
from nthgrad import errors
from nthgrad.engines.taylor.rules import RULES

VECTOR = np.array([0.5, -1.5])


def cubes(x):
    return tf.reduce_sum(x**3, -1)


def field(t, x):
    return t**2 * x**3


# How g is made of f, f, the arguments of g, and its value.
MAKERS = {
    "derivative": (lambda f: ng.derivative(f, 2), lambda x: x**3, (VECTOR,), 6 * VECTOR),
    "derivatives": (lambda f: ng.derivatives(f, 1), lambda x: x**3, (VECTOR,),
                    (VECTOR**3, 3 * VECTOR**2)),
    "taylor": (lambda f: ng.taylor(f, 1), lambda x: x**3, (VECTOR, VECTOR), (VECTOR**3, 3 * VECTOR**3)),
    "partials": (lambda f: ng.partials(f, ["t", "xx"]), field, (VECTOR, VECTOR),
                 {"t": 2 * VECTOR**4, "xx": 6 * VECTOR**3}),
    "gradient": (ng.gradient, cubes, (VECTOR,), 3 * VECTOR**2),
    "jacobian": (ng.jacobian, lambda x: x**3, (VECTOR,), np.diag(3 * VECTOR**2)),
    "hessian": (ng.hessian, cubes, (VECTOR,), np.diag(6 * VECTOR)),
    "hvp": (ng.hvp, cubes, (VECTOR, VECTOR), 6 * VECTOR**2),
    "laplacian": (ng.laplacian, cubes, (VECTOR,), 6 * VECTOR.sum()),
    "biharmonic": (ng.biharmonic, lambda x: tf.reduce_sum(x**4, -1), (VECTOR,), 48.0),
    "divergence": (ng.divergence, lambda x: x**3, (VECTOR,), (3 * VECTOR**2).sum()),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_the_same_function_and_options_give_the_same_g(name):
    make, f, args, want = MAKERS[name]
    traces = []

    @functools.wraps(f)
    def counted(*args):
        traces.append(1)
        return f(*args)

    g = make(counted)
    for _ in range(3):
        tf.nest.map_structure(lambda y, w: np.testing.assert_allclose(y, w, rtol=1e-14), make(counted)(*args), want)
        count = len(traces)
    assert make(counted) is g
    make(counted)(*args)
    assert len(traces) == count
    with_xla = getattr(ng, name)
    needed = {"derivatives": [1], "taylor": [1], "partials": [["t"]]}.get(name, [])
    assert with_xla(counted, *needed, jit_compile=True) is not with_xla(counted, *needed)


class Scaled:
    """An object that is called, equal to all others, and without a hash."""

    def __init__(self, scale):
        self.scale = scale

    def __call__(self, x):
        return self.scale * x**2

    def method(self, x):
        return self.scale * x**2

    def __eq__(self, other):
        return True

    __hash__ = None


def sequential():
    return keras.Sequential([keras.Input([1]), keras.layers.Dense(1, dtype="float64")])


SCALED, MODEL, SQUARE = Scaled(1.0), sequential(), functools.partial(lambda a, x: a * x**2, 1.0)
TRACED = tf.function(field)
AGAIN = {
    "a library's function": lambda: tf.sin,
    "an object": lambda: SCALED,
    "a method": lambda: SCALED.method,  # another object at each access
    "a partial": lambda: SQUARE,
    "a tf.function": lambda: TRACED,
    "a model": lambda: MODEL,
    "a model's method": lambda: MODEL.call,
    "a derivative": lambda: ng.derivative(tf.sin),
}


@pytest.mark.parametrize("name", AGAIN)
def test_any_callable_gives_its_g_again(name):
    g = ng.derivative(AGAIN[name](), 2, argnum=0)
    assert ng.derivative(AGAIN[name](), 2) is g
    assert ng.derivative(AGAIN[name](), order=2, method="auto") is g
    assert ng.derivative(AGAIN[name](), 1) is not g
    assert ng.derivatives(AGAIN[name](), 2) is not g


@pytest.mark.quick
def test_what_is_equal_is_not_the_same():
    one, three = Scaled(1.0), Scaled(3.0)
    for pick in (lambda f: f, lambda f: f.method, lambda f: functools.partial(f)):
        assert [float(ng.derivative(pick(f))(1.0)) for f in (one, three, one)] == [2.0, 6.0, 2.0]
    assert float(ng.derivative(one.method)(1.0)) == 2.0
    for copied in (copy.copy(one), copy.deepcopy(one)):
        assert ng.derivative(copied) is not ng.derivative(one)


def test_a_wrapper_does_not_inherit_the_g_of_what_it_wraps():
    def f(x):
        return x**2

    g = ng.derivative(f)

    @functools.wraps(f)  # which copies the attributes
    def twice(x):
        return 2 * f(x)

    assert ng.derivative(twice) is not g
    assert (float(ng.derivative(f)(1.0)), float(ng.derivative(twice)(1.0))) == (2.0, 4.0)
    assert ng.derivative(f) is g


@pytest.mark.quick
def test_a_list_of_options_is_copied():
    names = ["t"]
    g = ng.partials(field, names)
    names.append("xx")
    assert list(g(1.0, 1.0)) == ["t"]
    assert "names ['t']," in repr(g)
    assert list(ng.partials(field, names)(1.0, 1.0)) == ["t", "xx"]
    assert ng.partials(field, ["t"]) is g


def test_true_is_not_one():
    ng.derivative(tf.cos, 1)
    with pytest.raises(errors.ArgumentError, match="order is True"):
        ng.derivative(tf.cos, True)


def nested():
    def f(x):
        return x**2

    return f


@pytest.mark.parametrize("make", [nested, lambda: Scaled(2.0), lambda: tf.function(nested()), sequential])
def test_neither_f_nor_g_is_kept_alive(make):
    f = make()
    g = ng.derivative(f)
    g(np.ones((3, 1)))
    assert ng.derivative(f) is g
    left = weakref.ref(f), weakref.ref(g)
    del f, g
    gc.collect()
    assert [reference() for reference in left] == [None, None]


# ---------- what f reads

SCALE = 2.0
HELPED = {"scale": 2.0}
TABLE = np.array([2.0, 0.0])


def helper(x):
    return SCALE * x**2


class Problem:
    scale = 2.0

    def __init__(self):
        self.inner = Scaled(2.0)

    @property
    def strength(self):
        return self.inner.scale

    def u(self, x):
        return self.scale * x**2

    def v(self, x):
        return self.strength * x**2

    def w(self, x):
        return self.u(x) + 0.0


def closing():
    scale = 2.0

    def f(x):
        return scale * x**2

    def change():
        nonlocal scale
        scale = 3.0

    return f, change


def changed(owner, name, value):
    return lambda monkeypatch: monkeypatch.setattr(owner, name, value)


def exchange(model, library):
    model.pop()
    model.add(library.layers.Lambda(lambda x: 3 * x**2))


def readings():
    """Functions whose slope at 1 is 4, and what makes it 6."""
    here, problem = inspect.getmodule(helper), Problem()
    yield "a global variable", lambda x: SCALE * x**2, lambda m: m.setitem(globals(), "SCALE", 3.0)
    yield "a function's global variable", lambda x: helper(x), lambda m: m.setitem(globals(), "SCALE", 3.0)
    yield "a function", lambda x: helper(x), lambda m: m.setitem(globals(), "helper", lambda x: 3 * x**2)
    yield "an entry of a dict", lambda x: HELPED["scale"] * x**2, lambda m: m.setitem(HELPED, "scale", 3.0)
    yield "an array", lambda x: TABLE[0] * x**2, lambda m: m.setattr(TABLE, "flat", 3.0)
    yield "a variable closed over", (pair := closing())[0], lambda m: pair[1]()
    yield "an attribute", problem.u, lambda m: m.setattr(problem, "scale", 3.0, raising=False)
    yield "a class's attribute", Problem().u, changed(Problem, "scale", 3.0)
    yield "a property's", problem.v, lambda m: m.setattr(problem.inner, "scale", 3.0)
    yield "a method's", problem.w, changed(Problem, "u", lambda self, x: 3 * x**2)
    yield "an object's", (scaled := Scaled(2.0)), lambda m: m.setattr(scaled, "scale", 3.0)
    yield (
        "a partial's",
        functools.partial(lambda x, p: p["a"] * x**2, p=(p := {"a": 2.0})),
        lambda m: m.setitem(p, "a", 3.0),
    )
    yield "a tf.function's", tf.function(lambda x: SCALE * x**2), lambda m: m.setitem(globals(), "SCALE", 3.0)
    for library in (keras, tf_keras):
        model = library.Sequential([library.layers.Input([1]), library.layers.Lambda(lambda x: 2 * x**2)])
        yield f"layers, {library.__name__}", model, lambda m, model=model, library=library: exchange(model, library)
        layer = library.layers.Activation(lambda x: 2 * x**2)
        yield (
            f"a layer, {library.__name__}",
            layer,
            lambda m, layer=layer: setattr(layer, "activation", lambda x: 3 * x**2),
        )
    default = lambda x, a=2.0: a * x**2  # noqa: E731
    yield "a default", default, changed(default, "__defaults__", (3.0,))
    code = lambda x: 2.0 * x**2  # noqa: E731
    yield "the code", code, changed(code, "__code__", (lambda x: 3.0 * x**2).__code__)
    assert here


READINGS = {name: (f, change) for name, f, change in readings()}


@pytest.mark.parametrize("name", READINGS)
def test_a_function_that_reads_another_value_is_built_anew(name, monkeypatch):
    f, change = READINGS[name]
    x = np.ones([1, 1], "float32")
    assert float(ng.derivative(f)(x)[0, 0]) == 4.0
    assert ng.derivative(f) is ng.derivative(f)
    change(monkeypatch)
    assert float(ng.derivative(f)(x)[0, 0]) == 6.0


def counting():
    """Functions that change what they read as they are traced."""
    calls, table, count = [], {}, 0

    def appends(x):
        calls.append(x.shape)
        return x**2

    def enters(x):
        table[len(table)] = 1
        return x**2

    def counts(x):
        nonlocal count
        count += 1
        return x**2

    class Counter:
        n = 0

        def __call__(self, x):
            self.n += 1
            return x**2

    return [appends, enters, counts, Counter()]


@pytest.mark.parametrize("f", counting(), ids=["a list", "a dict", "a variable", "an attribute"])
def test_a_function_that_counts_its_calls_is_not_built_anew(f):
    g = ng.derivative(f)
    g(1.0)
    assert ng.derivative(f) is g


def test_a_new_rule_gives_a_new_g(monkeypatch):
    g = ng.derivative(field, argnum="t")
    monkeypatch.setitem(RULES, "AnOpOfThisTest", RULES["Neg"])
    assert ng.derivative(field, argnum="t") is not g


def test_in_a_tensorflow_1_graph_nothing_is_reused():
    f = lambda x: x**2  # noqa: E731
    with tf.Graph().as_default():
        assert ng.derivative(f) is not ng.derivative(f)


def test_threads_get_one_g():
    traces, found, start = [], [], threading.Barrier(4)

    def f(x):
        traces.append(1)
        return tf.sin(x)

    def work():
        start.wait()
        g = ng.derivative(f, 2)
        found.append((g, float(g(np.float64(1.0)))))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(g) for g, _ in found}) == 1
    assert [value for _, value in found] == pytest.approx([-np.sin(1.0)] * 4, rel=1e-15)


# ---------- new functions of the same code


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(8):  # the fifth is warned of
            call(float(i))
    return [w for w in caught if issubclass(w.category, errors.RetracingWarning)]


LOOPS = {
    "a lambda": (lambda i: ng.derivative(lambda x: i * x**2)(1.0), "derivative", "<lambda>"),
    "a partial": (lambda i: ng.gradient(functools.partial(lambda a, x: a * x**2, i))(1.0), "gradient", "<lambda>"),
    "a tf.function": (lambda i: ng.hessian(tf.function(lambda x: i * x**2))(1.0), "hessian", "<lambda>"),
}


@pytest.mark.parametrize("name", LOOPS)
def test_a_function_made_in_a_loop_is_warned_of_once(name):
    call, maker, said = LOOPS[name]
    (warning,) = warned(call)
    lines = inspect.getsource(inspect.getmodule(warned)).splitlines()
    line = next(i for i, text in enumerate(lines, 1) if text.startswith(f'    "{name}": (lambda i: ng.'))
    assert (warning.filename, warning.lineno) == (__file__, line)
    assert str(warning.message) == (
        f"nthgrad.{maker} has traced 5 functions with the same code, {said!r} at {__file__}:{line}, one by one; tracing "
        "takes longer than computing. Define the function once, outside the loop, and pass the values that change as "
        "arguments."
    )


def test_what_is_not_warned_of():
    def f(x):
        return x**3

    assert not warned(lambda i: ng.derivative(f, 2)(i))
    assert not warned(lambda i: ng.derivative(lambda x: i * x**2))  # never traced
    assert not warned(lambda i: ng.derivative(f, int(i))(1.0))  # other derivatives
    outer = lambda i: tf.function(lambda: ng.derivative(lambda x: i * x**2)(1.0))()  # noqa: E731
    assert not warned(outer)  # a trace of the tf.function's own
    assert not warned(lambda i: ng.derivative(Scaled(i))(1.0))  # an object is what it holds


# ---------- what g says of itself, and what it is

SAID = {
    "order": (lambda: ng.derivative(cubes, 2), "<nthgrad.derivative of 'cubes' (order 2, method \"auto\", XLA off)>"),
    "names": (
        lambda: ng.partials(field, ["t", ("x",)], method="taylor", jit_compile=True),
        "<nthgrad.partials of 'field' (names ['t', ('x',)], method \"taylor\", XLA on)>",
    ),
    "columns": (
        lambda: ng.partials(Scaled(1.0), ["t"], coords="tx"),
        "<nthgrad.partials of 'Scaled' (names ['t'], coords \"tx\", method \"auto\", XLA off)>",
    ),
    "nothing": (lambda: ng.gradient(cubes, batch_dims=None), "<nthgrad.gradient of 'cubes' (method \"auto\", XLA off)>"),
    "axes": (lambda: ng.hvp(cubes, argnum="x", batch_dims=0), "<nthgrad.hvp of 'cubes' (argnum \"x\", batch_dims 0, method \"auto\", XLA off)>"),
    "a partial": (
        lambda: ng.derivative(functools.partial(cubes)),
        "<nthgrad.derivative of 'cubes' (order 1, method \"auto\", XLA off)>",
    ),
    "a derivative": (
        lambda: ng.derivative(ng.derivative(cubes, 0)),
        "<nthgrad.derivative of 'derivative_0_of_cubes' (order 1, method \"auto\", XLA off)>",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SAID)
def test_what_g_says_of_itself(name):
    make, text = SAID[name]
    assert repr(make()) == text


def test_g_is_a_function():
    g = ng.derivative(field, argnum="x")
    assert (g.__name__, g.__qualname__) == ("derivative_1_of_field", "derivative_1_of_field")
    assert inspect.signature(g) == inspect.signature(field)
    assert list(inspect.signature(ng.hvp(cubes)).parameters) == ["x", "v"]
    assert copy.deepcopy(g) is g

    class Solver:
        def u(self, x):
            return x**3

        u_x = ng.derivative(u, argnum="x")

    assert float(Solver().u_x(2.0)) == 12.0  # bound, as a function in a class
    traced = tf.function(g)
    assert float(traced(1.0, tf.constant(2.0))) == 12.0
    assert float(ng.derivative(traced, argnum="x")(1.0, 2.0)) == 12.0

    @tf.function
    def called_by_code_that_autograph_converts(x):
        if tf.reduce_sum(x) > 0:
            return g(tf.ones_like(x), x)
        return x

    np.testing.assert_allclose(called_by_code_that_autograph_converts(tf.constant([2.0])), [12.0])
