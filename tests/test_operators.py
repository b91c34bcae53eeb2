"""The operators against closed forms and each other: points, batches, chunks, structures, training, refusals."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors
from nthgrad.engines.graph import trace

RNG = np.random.default_rng(0)
K = RNG.normal(size=(3, 4))
X = RNG.normal(size=(5, 3))
V = RNG.normal(size=(5, 3))
RAYS = RNG.normal(size=(7, 3))
Z = X @ K
SIN, COS = np.sin(Z), np.cos(Z)
SQUARES = (K**2).sum(0)

# The field u(x) = sum of sin(k . x) over the columns k of K, and the vector field of its terms.
HESSIAN = -np.einsum("bk,ik,jk->bij", SIN, K, K)
JACOBIAN = np.einsum("bk,ik->bki", COS, K)


def waves(x):
    return tf.sin(tf.linalg.matmul(x, tf.constant(K, x.dtype)))


def field(x):
    return tf.reduce_sum(waves(x), -1)


def looped(x):
    """Returns the same field, from a quarter of the angles, which a loop with a branch doubles twice."""
    quarter = tf.linalg.matmul(x, tf.constant(K / 4, x.dtype))

    def double(i, s, c):
        return i + 1, *tf.cond(i < 10, lambda: (2 * s * c, c * c - s * s), lambda: (s, c))

    return tf.reduce_sum(tf.while_loop(lambda i, s, c: i < 2, double, (0, tf.sin(quarter), tf.cos(quarter)))[1], -1)


# What is called on a batch of points, and its exact value.
EXACT = {
    "gradient": (lambda o: ng.gradient(field, **o)(X), np.einsum("bk,ik->bi", COS, K)),
    "gradient of a column": (
        lambda o: ng.gradient(lambda x: field(x)[:, None], **o)(X),
        np.einsum("bk,ik->bi", COS, K),
    ),
    "jacobian, forward": (lambda o: ng.jacobian(waves, **o)(X), JACOBIAN),
    "jacobian, forward, in chunks": (lambda o: ng.jacobian(waves, chunk_size=2, **o)(X), JACOBIAN),
    "jacobian, backward": (lambda o: ng.jacobian(lambda x: waves(x)[:, :2], **o)(X), JACOBIAN[:, :2]),
    "jacobian, backward, in chunks": (
        lambda o: ng.jacobian(lambda x: waves(x)[:, :2], chunk_size=1, **o)(X),
        JACOBIAN[:, :2],
    ),
    "hessian": (lambda o: ng.hessian(field, **o)(X), HESSIAN),
    "hessian of a vector": (
        lambda o: ng.hessian(waves, **o)(X),
        -np.einsum("bk,ik,jk->bkij", SIN, K, K),
    ),
    "hessian, in chunks": (lambda o: ng.hessian(field, chunk_size=2, **o)(X), HESSIAN),
    "hvp": (lambda o: ng.hvp(field, **o)(X, V), np.einsum("bij,bj->bi", HESSIAN, V)),
    "laplacian": (lambda o: ng.laplacian(field, **o)(X), -SIN @ SQUARES),
    "laplacian of a vector": (lambda o: ng.laplacian(waves, **o)(X), -SIN * SQUARES),
    "laplacian, in chunks": (lambda o: ng.laplacian(field, chunk_size=2, **o)(X), -SIN @ SQUARES),
    "laplacian, by tapes": (lambda o: ng.laplacian(waves, method="tape", **o)(X), -SIN * SQUARES),
    "laplacian, estimated": (
        lambda o: ng.laplacian(field, estimate=True, **o)(X, RAYS),
        np.einsum("bij,ri,rj->b", HESSIAN, RAYS, RAYS) / 7,
    ),
    "laplacian, estimated in chunks": (
        lambda o: ng.laplacian(field, estimate=True, chunk_size=3, **o)(X, RAYS),
        np.einsum("bij,ri,rj->b", HESSIAN, RAYS, RAYS) / 7,
    ),
    "biharmonic": (lambda o: ng.biharmonic(field, **o)(X), SIN @ SQUARES**2),
    "biharmonic, by tapes": (lambda o: ng.biharmonic(field, method="tape", **o)(X), SIN @ SQUARES**2),
    "biharmonic, estimated": (
        lambda o: ng.biharmonic(field, estimate=True, **o)(X, RAYS),
        SIN @ ((RAYS @ K) ** 4).mean(0) / 3,
    ),
    "biharmonic, estimated through a loop and a branch": (
        lambda o: ng.biharmonic(looped, estimate=True, **o)(X, RAYS),
        SIN @ ((RAYS @ K) ** 4).mean(0) / 3,
    ),
    "divergence": (
        lambda o: ng.divergence(lambda x: waves(x)[:, :3], **o)(X),
        np.einsum("bii->b", JACOBIAN[:, :3]),
    ),
    "divergence, in chunks": (
        lambda o: ng.divergence(lambda x: waves(x)[:, :3], chunk_size=2, **o)(X),
        np.einsum("bii->b", JACOBIAN[:, :3]),
    ),
    "divergence of the gradient": (lambda o: ng.divergence(ng.gradient(field), **o)(X), -SIN @ SQUARES),
    "laplacian of the laplacian": (lambda o: ng.laplacian(ng.laplacian(field), **o)(X), SIN @ SQUARES**2),
    "derivative of order 4 of the laplacian along a line": (
        lambda o: ng.taylor(ng.laplacian(field), 4, **o)(X, V)[4],
        -((V @ K) ** 4 * SIN) @ SQUARES / 24,
    ),
}


# Compilation takes seconds: one operator of each kind, in chunks where its loop has to be compiled, too.
BY_XLA = ("gradient", "jacobian, forward, in chunks", "jacobian, backward, in chunks", "hessian of a vector", "hvp",
          "laplacian, in chunks", "laplacian, by tapes", "laplacian, estimated in chunks", "biharmonic",
          "divergence, in chunks", "derivative of order 4 of the laplacian along a line")  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_on_a_batch(name):
    call, want = EXACT[name]
    got = call({"jit_compile": True if name in BY_XLA else None})
    assert got.dtype == tf.float64
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def point(x):
    return field(x[None])[0]


ONE = {
    "gradient": (lambda x: ng.gradient(point)(x), np.einsum("k,ik->i", COS[0], K)),
    "jacobian": (lambda x: ng.jacobian(lambda x: waves(x[None])[0])(x), JACOBIAN[0]),
    "hessian": (lambda x: ng.hessian(point)(x), HESSIAN[0]),
    "hvp": (lambda x: ng.hvp(point)(x, tf.constant(V[0], x.dtype)), HESSIAN[0] @ V[0]),
    "laplacian": (lambda x: ng.laplacian(point)(x), np.trace(HESSIAN[0])),
    "biharmonic": (lambda x: ng.biharmonic(point)(x), SIN[0] @ SQUARES**2),
    "divergence": (lambda x: ng.divergence(lambda x: waves(x[None])[0, :3])(x), np.trace(JACOBIAN[0, :3])),
}


@pytest.mark.parametrize(("name", "dtype"), [(name, f"float{(32, 64)[i % 2]}") for i, name in enumerate(ONE)])
def test_on_one_point(name, dtype):
    call, want = ONE[name]
    got = call(tf.constant(X[0], dtype))
    assert got.dtype == dtype
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=0, atol=200 * np.finfo(dtype).eps * np.abs(want).max())


@pytest.mark.quick
@pytest.mark.parametrize("count", [0, 1, 4])
def test_the_number_of_points(count):
    spec = [tf.TensorSpec([None, 3], tf.float64)]
    x = X[:count]
    for operator, want in [(ng.laplacian, -SIN @ SQUARES), (ng.hessian, HESSIAN), (ng.gradient, COS @ K.T)]:
        got = tf.function(operator(field), input_signature=spec)(x)
        np.testing.assert_allclose(got, want[:count], rtol=1e-12, atol=1e-12)


def test_what_counts_the_points():
    """Of x of shape [2, 3], f(x) = sum(x)**3: as one point, or as rows; and points that are matrices."""
    x = tf.constant(X[:2])
    total = lambda x: tf.reduce_sum(x) ** 3  # noqa: E731
    s = float(tf.reduce_sum(x))
    np.testing.assert_allclose(ng.gradient(total, batch_dims=0)(x), np.full((2, 3), 3 * s**2))
    np.testing.assert_allclose(ng.hessian(total, batch_dims=0)(x), np.full((2, 3, 2, 3), 6 * s))
    np.testing.assert_allclose(ng.laplacian(total, batch_dims=0)(x), 36 * s)
    rows = lambda x: tf.reduce_sum(x, -1) ** 3  # noqa: E731
    np.testing.assert_allclose(ng.laplacian(rows)(x), 18 * X[:2].sum(-1))
    blocks = tf.reshape(tf.constant(RNG.normal(size=24)), [2, 2, 3, 2])
    cubes = lambda x: tf.reduce_sum(x**3, [-2, -1])  # noqa: E731
    np.testing.assert_allclose(ng.laplacian(cubes, batch_dims=2)(blocks), 6 * blocks.numpy().sum((-2, -1)))
    np.testing.assert_allclose(
        ng.laplacian(lambda x: tf.reduce_sum(x**3, [1, 2, 3]))(blocks), 6 * blocks.numpy().sum((1, 2, 3))
    )
    scalar = ng.hessian(lambda x: x**3)(2.0)
    assert (scalar.shape, float(scalar)) == ((), 12.0)


def test_structures_other_arguments_and_names():
    def f(a, x, scale=1.0):
        return {"sum": a * scale * tf.reduce_sum(x**3, -1), "pair": (x**2, tf.reduce_prod(x, -1, keepdims=True))}

    got = ng.laplacian(f, argnum="x")(2.0, X, scale=3.0)
    np.testing.assert_allclose(got["sum"], 36 * X.sum(-1))
    np.testing.assert_allclose(got["pair"][0], np.full((5, 3), 2.0))
    np.testing.assert_allclose(got["pair"][1], np.zeros((5, 1)))
    jacobian = ng.jacobian(f, argnum=1)(2.0, X)
    assert [t.shape.as_list() for t in tf.nest.flatten(jacobian)] == [[5, 3, 3], [5, 1, 3], [5, 3]]


@pytest.mark.quick
def test_derivatives_that_are_zero():
    linear = lambda x: tf.linalg.matvec(x, tf.constant([1.0, 2.0, 3.0], x.dtype))  # noqa: E731
    for operator in (ng.laplacian, ng.biharmonic, ng.hessian):
        assert not np.any(operator(linear)(X))
    assert not np.any(ng.hvp(linear)(X, V))
    assert not np.any(ng.laplacian(linear, method="tape")(X))
    assert not np.any(ng.biharmonic(lambda x: tf.reduce_sum(x**2, -1))(X))


# Ops of every kind that a walk along many directions tells apart, with points of shape [4].
THROUGH = {
    "elementwise": lambda x: tf.reduce_sum(tf.exp(x) * tf.tanh(x) / (2 + tf.sin(x)) + tf.math.softplus(x) ** 2),
    "powers at 0": lambda x: tf.reduce_sum((x - x[0]) ** 2 * x**3),
    "a product with a zero": lambda x: tf.reduce_prod(x - tf.constant([0.5, 0, 0, 0], x.dtype)) + x[1] ** 2,
    "shapes and slices": lambda x: tf.reduce_sum(tf.transpose(tf.reshape(x, [2, 2]))[1] ** 3 * tf.concat([x[:1], x[3:]], 0)),
    "broadcasts": lambda x: tf.reduce_sum(x[:, None] * tf.sin(x) + tf.exp(x)[:, None] ** 2),
    "matrices": lambda x: tf.linalg.det(tf.reshape(x, [2, 2]) @ tf.reshape(tf.cos(x), [2, 2]) + 3 * tf.eye(2, dtype=x.dtype)),
    "a softmax": lambda x: tf.reduce_sum(tf.nn.softmax(x) * x**2),
    "a convolution": lambda x: tf.reduce_sum(
        tf.nn.conv1d(tf.reshape(tf.sin(x), [1, 4, 1]), tf.ones([2, 1, 1], x.dtype), 1, "SAME") ** 3
    ),
    "a function call": lambda x: CUBE(tf.sin(x)),
    "a branch": lambda x: tf.cond(x[0] > 0, lambda: tf.reduce_sum(x**4), lambda: tf.reduce_sum(x)),
    "a branch of which one side does not vary": lambda x: tf.reduce_sum(
        x**3 + tf.switch_case(tf.constant(1), [lambda: tf.ones_like(x), lambda: tf.sin(x[0]) * tf.ones_like(x)]) * x
    ),
    "a loop": lambda x: tf.reduce_sum(tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, tf.sin(y) * x), (0, x))[1]),
    "a loop that starts from a constant": lambda x: tf.while_loop(
        lambda i, y, z: i < 3, lambda i, y, z: (i + 1, y * tf.reduce_sum(z), z**2), (0, tf.constant(2.0, x.dtype), x)
    )[1],
    "a branch in a loop": lambda x: tf.reduce_sum(
        tf.while_loop(
            lambda i, y: i < 4,
            lambda i, y: (i + 1, tf.cond(i % 2 == 0, lambda: PRODUCT(y, x), lambda: tf.sin(y))),
            (0, x),
        )[1]
    ),
    "a list of tensors in a loop": lambda x: tf.reduce_sum(tf.scan(lambda y, z: tf.sin(y) * z, x) * x),
}  # fmt: skip
CUBE = tf.function(lambda x: tf.reduce_sum(x) ** 3)
PRODUCT = tf.function(lambda x, y: x * y)


@pytest.mark.parametrize("name", THROUGH)
def test_the_trace_of_the_hessian(name):
    """The sum along all axes, by second derivatives along one at a time: of f along a line, which other tests check."""
    f, x = THROUGH[name], tf.constant([0.5, -0.25, 1.0, 0.75], tf.float64)
    along = ng.taylor(f, 2)
    want = sum(2 * float(along(x, e)[2]) for e in np.eye(4))
    np.testing.assert_allclose(ng.laplacian(f)(x), want, rtol=1e-12)
    hessian = ng.hessian(f)(x)
    np.testing.assert_allclose(hessian, tf.transpose(hessian), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(tf.linalg.trace(hessian), want, rtol=1e-12)


@pytest.mark.parametrize("name", ["a branch", "a loop", "a branch in a loop"])
def test_all_directions_go_through_control_flow_at_once(name):
    """The Laplacian has as many branches and loops as f, however many directions there are."""
    count = lambda g: sum(op.type.endswith(("If", "While")) for op in ops_of(g))  # noqa: E731
    assert count(ng.laplacian(THROUGH[name])) == count(THROUGH[name])


def ops_of(g):
    """The ops that the result of a function of 4 numbers depends on, with those of the functions that they run."""
    graphs = [tf.function(g).get_concrete_function(tf.TensorSpec([4], tf.float64)).graph]
    found = []
    for graph in graphs:
        names = trace.dependencies(graph.outputs)
        found += [op for op in graph.get_operations() if any(t.name in names for t in op.outputs)]
        graphs += [body for op in found if op.graph is graph for gs in trace.bodies(op).values() for body in gs]
    return found


@pytest.mark.parametrize("method", ["taylor", "tape"])
def test_training_through_the_laplacian(method):
    """d/dw of the sum of squares of the Laplacian of sin(w . x), which is |w|**2 sin(w . x) but for its sign."""
    w = tf.Variable(K[:, 0])

    def f(x):
        return tf.sin(tf.linalg.matvec(x, w))

    g = ng.laplacian(f, method=method)

    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(g(tf.constant(X)) ** 2)
        return tape.gradient(loss, w)

    n, s, c = SQUARES[0], SIN[:, 0], COS[:, 0]
    want = 4 * n * (s**2).sum() * K[:, 0] + 2 * n**2 * (s * c) @ X
    for run in (step, tf.function(step, jit_compile=True)):
        np.testing.assert_allclose(run(), want, rtol=1e-12)


def test_a_keras_model():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input([3]), keras.layers.Dense(5, "tanh"), keras.layers.Dense(1)])
    (w, b), (v, c) = (layer.get_weights() for layer in model.layers)
    y = np.tanh(X @ w + b)
    want = (-2 * y * (1 - y**2) * (w**2).sum(0)) @ v
    got = ng.laplacian(model)(X.astype("float32"))
    assert got.shape == (5, 1)
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-5)
    assert c.shape == (1,)


def test_an_estimate_is_right_on_average():
    rng = np.random.default_rng(1)
    signs, normal = np.sign(rng.normal(size=(4000, 3))), rng.normal(size=(40000, 3))
    np.testing.assert_allclose(
        ng.laplacian(field, estimate=True)(X, signs), -SIN @ SQUARES, atol=0.1 * np.abs(SIN @ SQUARES).max()
    )
    np.testing.assert_allclose(
        ng.biharmonic(field, estimate=True)(X, normal), SIN @ SQUARES**2, atol=0.1 * np.abs(SIN @ SQUARES**2).max()
    )


CASES = {
    "a vector where a number is needed": (
        lambda: ng.gradient(waves)(X),
        errors.OutputError,
        "f maps shape (5, 3) to shape (5, 4), not to one number for each point. Use nthgrad.jacobian.",
    ),
    "a vector for hvp": (
        lambda: ng.hvp(waves)(X, V),
        errors.OutputError,
        "f maps shape (5, 3) to shape (5, 4), not to one number for each point. Use nthgrad.hessian.",
    ),
    "components that are too many": (
        lambda: ng.divergence(waves)(X),
        errors.OutputError,
        "f maps shape (5, 3) to shape (5, 4), but a divergence requires as many components as coordinates. Return a "
        "tensor of the shape of x, or for each point a matrix with rows of that length; or use nthgrad.jacobian.",
    ),
    "no row for a point": (
        lambda: ng.laplacian(lambda x: tf.reduce_sum(x**2))(X),
        errors.OutputError,
        "f maps shape (5, 3) to shape (), but the first 1 axes of x count points, and f(x) has to begin with them. Give "
        "batch_dims=0 if all of x is one point.",
    ),
    "mixed rows": (
        lambda: ng.laplacian(lambda x: field(x - tf.reduce_mean(x, 0)))(X),
        errors.MixingError,
        "f mixes the rows of a batch: Mean (named 'Mean', made at HERE) combines them, so that no row has a derivative "
        "of its own. Take it out of f (a BatchNormalization: call the model with training=False).",
    ),
    "no direction": (
        lambda: ng.hvp(lambda x: tf.reduce_sum(x**2))([1.0, 2.0]),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "no direction, x by name": (
        lambda: ng.hvp(lambda x: tf.reduce_sum(x**2))(x=[1.0, 2.0]),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "no direction of a model": (
        lambda: ng.hvp(keras.Sequential([keras.Input([2]), keras.layers.Dense(1)]))(np.ones((3, 2))),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "no direction after other arguments": (
        lambda: ng.taylor(lambda x, a: a * x, 1)(1.0, 2.0),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "no directions": (
        lambda: ng.laplacian(lambda x: tf.reduce_sum(x**2), estimate=True)([1.0, 2.0]),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "nothing at all": (
        lambda: ng.hvp(lambda x: tf.reduce_sum(x**2))(),
        errors.ArgumentError,
        "argnum is 0, but the call has 0 positional arguments and the names [], and f takes ['x']. Give the position or the "
        "name of an argument that is there.",
    ),
    "f does not depend on x": (
        lambda: ng.hessian(lambda x: tf.ones(tf.shape(x)[:1]))(X),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops. Check that f "
        "uses its argument, in TensorFlow ops and without casts to integers.",
    ),
    "batch_dims": (
        lambda: ng.gradient(field, batch_dims=-1),
        errors.ArgumentError,
        "batch_dims is -1. Give the number of leading axes of x that count points.",
    ),
    "batch_dims too many": (
        lambda: ng.gradient(field, batch_dims=3)(X),
        errors.ArgumentError,
        "batch_dims is 3, but x has the shape (5, 3). Give 2 at most.",
    ),
    "chunk_size": (
        lambda: ng.laplacian(field, chunk_size=0),
        errors.ArgumentError,
        "chunk_size is 0. Give a number of derivatives, at least 1, or None for all.",
    ),
    "method": (
        lambda: ng.biharmonic(field, method="jet"),
        errors.ArgumentError,
        "method is 'jet'. The methods are 'auto', 'tape', 'taylor'.",
    ),
    "an estimate by tapes": (
        lambda: ng.laplacian(field, estimate=True, method="tape"),
        errors.ArgumentError,
        'method is "tape", which has no estimate=True. Leave out one of the two.',
    ),
    "directions of another shape": (
        lambda: ng.laplacian(field, estimate=True)(X, V[0]),
        errors.InputError,
        "v is float64 of shape (3,), but a point is float64 of shape (3,). Give the directions on the first axis of v, in "
        "the dtype of x.",
    ),
    "a vector of another shape": (
        lambda: ng.hvp(field)(X, V[0]),
        errors.InputError,
        "v is float64 of shape (3,), but x is float64 of shape (5, 3). Give a direction of the dtype and the shape of x.",
    ),
    "no vector": (
        lambda: ng.hvp(point)(),
        errors.ArgumentError,
        "argnum is 0, but the call has 0 positional arguments and the names [], and f takes ['x']. Give the position or the "
        "name of an argument that is there.",
    ),
    "integers": (
        lambda: ng.laplacian(field)(np.ones((2, 3), int)),
        errors.InputError,
        "x is int64; derivatives need floating point. Write tf.cast(x, tf.float32), or 1.0 for 1.",
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)


def test_the_direction_by_name():
    f, x, v = (lambda x, a=1.0: a * tf.reduce_sum(x**3)), np.array([3.0, 2.0]), np.array([1.0, 0.5])
    g = ng.hvp(f)
    calls = [g(x, v), g(x, v=v), g(x=x, v=v), g(v=v, x=x), tf.function(lambda x, v: g(x, v=v))(x, v)]
    for got in calls:
        np.testing.assert_allclose(got, 6 * x * v)
    for got in (g(x, 2.0, v), g(x, 2.0, v=v), g(x, a=2.0, v=v), g(x, v, a=2.0)):
        np.testing.assert_allclose(got, 12 * x * v)
    plain = ng.hvp(lambda x: tf.reduce_sum(x**3))
    for call in (plain, tf.function(plain)):
        np.testing.assert_allclose(call(tf.constant(x), v=tf.constant(v)), 6 * x * v)
    np.testing.assert_allclose(ng.taylor(lambda x: x[0] * x[1], 2)(x, v=v), [6.0, 3.5, 0.5])
    np.testing.assert_allclose(ng.laplacian(lambda x: tf.reduce_sum(x**3), estimate=True)(x, v=np.eye(2)), 15.0)
    named = ng.hvp(lambda x, v: v * tf.reduce_sum(x**3))  # v is a parameter of f
    np.testing.assert_allclose(named(x, 2.0, v), 12 * x * v)
