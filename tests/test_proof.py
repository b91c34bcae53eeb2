"""The proof: nested tapes, the Taylor engine, a TensorFlow 1 session graph and a Keras graph agree on random expressions.

Each is compared with 50-digit mpmath, to a tolerance that comes from dtype, order and the sizes met on the way.
"""

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from support import expressions

import nthgrad as ng
from nthgrad import legacy

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


@st.composite
def problems(draw):
    """An expression, the points to differentiate at, by which variable, how often, in which dtype and shape."""
    coordinate = st.integers(8, 128).map(lambda i: i / 64) | st.integers(-128, -8).map(lambda i: i / 64)
    shape = draw(st.sampled_from([(), (1,), (3,), (2, 1)]))
    points = draw(
        st.lists(st.tuples(coordinate, coordinate), min_size=int(np.prod(shape)), max_size=int(np.prod(shape)))
    )
    return Problem(
        draw(expressions.expressions(points)),
        points,
        shape,
        draw(st.integers(0, 1)),
        draw(st.sampled_from([0, 1, 2, 3, 4, 4])),
        draw(st.sampled_from(list(EPS))),
    )


class Problem:
    """What is asked of every engine."""

    def __init__(self, expression, points, shape, by, order, dtype):
        self.expression, self.points, self.shape, self.by, self.order, self.dtype = (
            expression,
            points,
            shape,
            by,
            order,
            dtype,
        )
        self.x, self.y = (np.array([p[i] for p in points], dtype).reshape(shape) for i in (0, 1))

    def f(self, library):
        """The expression as a function of x and y on one library's tensors."""
        return lambda x, y: eval(self.expression.code, {"tf": library, "x": x, "y": y})

    def __repr__(self):
        x, y = self.x.tolist(), self.y.tolist()
        return f"""the following, order {self.order}:
import numpy as np, tensorflow as tf, nthgrad as ng
f = lambda x, y: {self.expression.code}
x, y = np.array({x}, "{self.dtype}"), np.array({y}, "{self.dtype}")
print(ng.derivatives(f, {self.order}, argnum={self.by})(x, y))
"""


def tapes(problem):
    """Nested tapes in a tf.function."""
    return ng.derivatives(problem.f(tf), problem.order, argnum=problem.by, method="tape")(problem.x, problem.y)


def taylor(problem):
    """Power series, to twice the order: the towers of the others grow exponentially."""
    return ng.derivatives(problem.f(tf), 2 * problem.order, argnum=problem.by, method="taylor")(problem.x, problem.y)


def session(problem):
    """tf.gradients, chained, in a TensorFlow 1 graph."""
    with legacy.session() as sess:
        import nthgrad.legacy.tensorflow as tf1

        variables = [tf1.constant(problem.x), tf1.constant(problem.y)]
        tower = [problem.f(tf1)(*variables)]
        for _ in range(problem.order):
            tower += tf1.gradients(tower[-1], variables[problem.by])
        return sess.run(tower)


def keras(problem):
    """K.gradients in chained Lambda layers over Input(tensor=...), by predict(x=None, steps=1)."""
    with legacy.session():
        import nthgrad.legacy.tensorflow as tf1
        from nthgrad.legacy.keras import backend as K  # noqa: N812
        from nthgrad.legacy.keras.layers import Input, Lambda
        from nthgrad.legacy.keras.models import Model

        inputs = [Input(tensor=tf1.constant(np.atleast_1d(v))) for v in (problem.x, problem.y)]
        f = problem.f(tf1)
        tower = [Lambda(lambda z: f(z[0], z[1]))(inputs)]
        for _ in range(problem.order):
            tower.append(Lambda(lambda z: K.gradients(z[0], z[1]))([tower[-1], inputs[problem.by]]))
        predicted = Model(inputs, tower).predict(x=None, steps=1)
        return [np.reshape(p, problem.shape) for p in (predicted if problem.order else [predicted])]


ENGINES = {"nested tapes": tapes, "Taylor engine": taylor, "session graph": session, "Keras graph": keras}
HIGHEST = {name: 2 if name == "Taylor engine" else 1 for name in ENGINES}  # times the problem's order


def compare(problem, answers):
    """Raises where an engine is further from the 50-digit value than rounding explains."""
    for i, (x, y) in enumerate(problem.points):
        order = problem.order * max(HIGHEST.values())
        exact = problem.expression.exact(x, y, problem.by, order)
        allowed = problem.expression.error(x, y, problem.by, EPS[problem.dtype], order)
        for engine, tower in answers.items():
            assert len(tower) == problem.order * HIGHEST[engine] + 1
            for k, got in enumerate(tower):
                assert np.asarray(got).dtype == problem.dtype, (engine, k)
                assert np.shape(got) == problem.shape, (engine, k, np.shape(got))
                value = float(np.ravel(got)[i])
                assert abs(value - float(exact[k])) <= allowed[k], (
                    f"{engine}, order {k}, x = {x}, y = {y}: {value!r} is not {float(exact[k])!r} +- {allowed[k]:.2g}"
                )


@settings(max_examples=settings().max_examples * (3 if settings.default.derandomize else 6) // 10)  # of a second
@given(problems())
def test_all_four_agree(problem):
    hypothesis.note(str(problem))
    compare(problem, {name: engine(problem) for name, engine in ENGINES.items()})


def some(order, dtype):
    """A fixed problem: x sin(x y) + sin(x) + sin(y)."""
    steps = (
        ("x", lambda x, y: x, ()),
        ("y", lambda x, y: y, ()),
        ("*", lambda x, y: x * y, (0, 1)),
        ("sin", lambda x, y: expressions.mp.sin(x * y), (2,)),
        ("*", lambda x, y: x * expressions.mp.sin(x * y), (0, 3)),
    )
    expression = expressions.Expression("(x * tf.math.sin((x * y)))", steps)
    return Problem(expression, [(0.75, -1.5), (1.25, 0.5)], (2,), 0, order, dtype)


@pytest.mark.parametrize("dtype", EPS)
def test_a_part_in_ten_thousand_is_noticed(dtype):
    problem = some(4, dtype)
    right = {name: engine(problem) for name, engine in ENGINES.items()}
    compare(problem, right)
    for name in ENGINES:
        for k in range(4 * HIGHEST[name] + 1):
            wrong = [np.array(v) for v in right[name]]
            wrong[k] *= 1 + (1e-4 if dtype == "float64" or k < 3 else 1e-2)
            with pytest.raises(AssertionError, match=f"^{name}, order {k}, x = "):
                compare(problem, {**right, name: wrong})
