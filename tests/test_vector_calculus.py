"""Vector calculus against closed forms, identities, and an exact solution of the Navier-Stokes equations."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

RNG = np.random.default_rng(17)
X = RNG.normal(size=(5, 3))
V = RNG.normal(size=(5, 3))
K = RNG.normal(size=(3, 4))
A = RNG.normal(size=(4, 3))  # of a vector field
B = RNG.normal(size=(4, 2, 3))  # of matrices that are not square
Z = X @ K


def near(got, want, factor=100):
    """Equal to rounding: in units of the dtype's, of the largest value."""
    got = np.asarray(got)
    np.testing.assert_allclose(got, want, rtol=0, atol=factor * np.finfo(got.dtype).eps * max(1, np.abs(want).max()))


def waves(x):
    return tf.sin(tf.linalg.matmul(x, tf.constant(K, x.dtype)))


def field(x):
    return tf.linalg.matmul(waves(x), tf.constant(A, x.dtype))


def flat(x):
    """A field in the plane, of points of which the third coordinate is fixed."""
    third = tf.constant(X[:, 2:], x.dtype)[: tf.shape(x)[0]]
    return field(tf.concat([x, third], -1))[:, :2]


def matrices(x):
    return tf.einsum("bk,kij->bij", waves(x), tf.constant(B, x.dtype))


SLOPES = np.einsum("bk,jk,ki->bij", np.cos(Z), K, A)  # of component i by coordinate j
CURL = np.stack([SLOPES[:, j, i] - SLOPES[:, i, j] for i, j in ((1, 2), (2, 0), (0, 1))], -1)

# The operator on points in a dtype, and its exact value.
EXACT = {
    "curl": (lambda x, **o: ng.curl(field, **o)(x), CURL),
    "curl in the plane": (lambda x, **o: ng.curl(flat, **o)(x[:, :2]), CURL[:, 2]),
    "symmetric gradient": (
        lambda x, **o: ng.symmetric_gradient(field, **o)(x),
        (SLOPES + SLOPES.transpose(0, 2, 1)) / 2,
    ),
    "divergence of matrices": (
        lambda x, **o: ng.divergence(matrices, **o)(x),
        np.einsum("bk,jk,kij->bi", np.cos(Z), K, B),
    ),
    "directional, order 0": (lambda x, **o: ng.directional(field, 0, **o)(x, cast(V, x)), np.sin(Z) @ A),
    "directional": (lambda x, **o: ng.directional(field, **o)(x, cast(V, x)), (np.cos(Z) * (V @ K)) @ A),
    "directional, order 3": (
        lambda x, **o: ng.directional(field, 3, **o)(x, cast(V, x)),
        -(np.cos(Z) * (V @ K) ** 3) @ A,
    ),
    "directional, of matrices": (
        lambda x, **o: ng.directional(matrices, 2, **o)(x, v=cast(V, x)),
        -np.einsum("bk,kij->bij", np.sin(Z) * (V @ K) ** 2, B),
    ),
}


def cast(v, x):
    return tf.constant(v, x.dtype)


# Each operator once by each method, in turn in one of two ways.
WAYS = [("float32", "taylor", "eager"), ("float64", "tape", "in a tf.function"),
        ("float64", "taylor", "XLA"), ("float32", "tape", "eager")]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "dtype", "method", "how"),
    [(name, *way) for i, name in enumerate(EXACT) for way in WAYS[i % 2 * 2 :][:2]],
)
def test_closed_forms(name, dtype, method, how):
    call, want = EXACT[name]
    options = {"method": method, "jit_compile": True if how == "XLA" else None}
    run = tf.function(lambda x: call(x, **options)) if how == "in a tf.function" else lambda x: call(x, **options)
    got = run(tf.constant(X, dtype))
    assert (got.dtype, got.shape) == (dtype, want.shape)
    near(got, want)


@pytest.mark.quick
def test_the_number_of_points():
    run = tf.function(
        lambda x, v: (ng.curl(field)(x), ng.divergence(matrices)(x), ng.directional(field, 2)(x, v)),
        input_signature=[tf.TensorSpec([None, 3], tf.float64)] * 2,
    )
    wants = (CURL, EXACT["divergence of matrices"][1], -(np.sin(Z) * (V @ K) ** 2) @ A)
    for count in (0, 1, 5):
        for got, want in zip(run(X[:count], V[:count]), wants, strict=True):
            np.testing.assert_allclose(got, want[:count], rtol=1e-12, atol=1e-12)


@pytest.mark.quick
def test_the_divergence_goes_by_rows():
    """Of S = [[x y, y], [0, x]], rows have the divergences y + 1 and 0; columns have y and 1."""

    def matrix(x, y):
        return [[x * y, y], [tf.zeros_like(x), x]]

    x, y = np.array([[2.0], [3.0]]), np.array([[5.0], [7.0]])
    np.testing.assert_array_equal(ng.divergence(matrix, argnum=("x", "y"))(x, y), np.concatenate([y + 1, 0 * y], 1))


@pytest.mark.quick
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_the_divergence_of_higher_axes(chunk_size):
    """Points of shape [2, 3]: the last two axes of f(x) are summed, any before them are kept."""
    x = tf.constant(RNG.normal(size=(4, 2, 3)))
    f = lambda x: tf.stack([x**2, tf.sin(x)], 1)  # noqa: E731
    want = np.stack([2 * x.numpy().sum((1, 2)), np.cos(x).sum((1, 2))], -1)
    for method in ("taylor", "tape"):
        near(ng.divergence(f, method=method, chunk_size=chunk_size)(x), want)


def columns(dtype="float64"):
    return [tf.constant(c, dtype) for c in np.split(X, 3, 1)]


def named(x, y, z):
    return tf.unstack(field(tf.concat([x, y, z], -1)), 3, -1)


def number(x, y, z):
    return tf.reduce_sum(waves(tf.concat([x, y, z], -1)), -1, keepdims=True)


XYZ = ("x", "y", "z")

# Operators of functions of one argument for each coordinate, and the same of points.
NAMED = {
    "curl": (ng.curl(named, argnum=XYZ), CURL),
    "curl by positions": (ng.curl(named, argnum=(0, 1, 2)), CURL),
    "curl in the plane": (ng.curl(lambda x, y, z: named(x, y, z)[:2], argnum=("x", "y")), CURL[:, 2:]),
    "divergence": (ng.divergence(named, argnum=XYZ), np.trace(SLOPES, axis1=1, axis2=2)[:, None]),
    "symmetric gradient": (ng.symmetric_gradient(named, argnum=XYZ), EXACT["symmetric gradient"][1]),
    "gradient": (ng.gradient(number, argnum=XYZ), np.cos(Z) @ K.T),
    "gradient by two": (ng.gradient(number, argnum=("z", "x")), (np.cos(Z) @ K.T)[:, [2, 0]]),
    "hessian": (ng.hessian(number, argnum=XYZ), -np.einsum("bk,ik,jk->bij", np.sin(Z), K, K)[:, None]),
    "laplacian": (ng.laplacian(number, argnum=XYZ), -np.sin(Z) @ (K**2).sum(0)[:, None]),
    "laplacian by tapes": (ng.laplacian(number, argnum=XYZ, method="tape"), -np.sin(Z) @ (K**2).sum(0)[:, None]),
}


@pytest.mark.parametrize(("name", "compiled"), [(name, name in ("curl", "hessian", "laplacian")) for name in NAMED])
def test_coordinates_given_one_by_one(name, compiled):
    g, want = NAMED[name]
    got = (tf.function(g, jit_compile=True) if compiled else g)(*columns())
    assert got.shape == want.shape
    near(got, want)


def test_coordinates_in_other_shapes():
    whole = lambda x, y, z: tf.reduce_sum(tf.stack([x, y, z]) ** 3, 0)  # noqa: E731
    for at in (X.T, X[0], X.T[:, None]):  # [batch], [], [1, batch]
        np.testing.assert_allclose(ng.gradient(whole, argnum=XYZ)(*at), 3 * np.moveaxis(np.asarray(at), 0, -1) ** 2)
        np.testing.assert_allclose(ng.laplacian(whole, argnum=XYZ)(*at), 6 * np.sum(at, 0))
    mixed = ng.hvp(whole, argnum=("x", "z"))(X[:, 0], X[:, 1], 0.5, V[:, :2])  # a scalar is the same for every point
    np.testing.assert_allclose(mixed, 6 * np.stack([X[:, 0], np.full(5, 0.5)], -1) * V[:, :2])


def wave(x, k, a):
    """A potential with amplitudes a of any number of plane waves k."""
    return tf.reduce_sum(a[:, 0] * tf.sin(tf.linalg.matmul(x, k, transpose_b=True)), -1)


def flow(x, k, a):
    return tf.linalg.matmul(tf.sin(tf.linalg.matmul(x, k, transpose_b=True)), a)


CURL_GRAD = ng.curl(ng.gradient(wave))
DIV_CURL = ng.divergence(ng.curl(flow))
CURL_CURL = ng.curl(ng.curl(flow))
GRAD_DIV = ng.gradient(ng.divergence(flow))
LAPLACIAN = ng.laplacian(flow)
numbers = arrays(np.float64, (4, 3), elements=st.floats(-4, 4, width=32))


@settings(max_examples=25, deadline=None)
@given(x=numbers, k=numbers, a=numbers)
def test_identities(x, k, a):
    """Of second derivatives, sums of a k k sin(k x): rounding is in units of its terms' sizes, and k x is rounded."""
    size = np.abs(a).sum() * (np.abs(k).max() ** 2) * (1 + np.abs(x).max() * np.abs(k).max())
    near = {"rtol": 0, "atol": 100 * np.finfo(np.float64).eps * size + np.finfo(np.float64).tiny}
    x, k, a = map(tf.constant, (x, k, a))
    np.testing.assert_allclose(CURL_GRAD(x, k, a), np.zeros((4, 3)), **near)
    np.testing.assert_allclose(DIV_CURL(x, k, a), np.zeros(4), **near)
    np.testing.assert_allclose(CURL_CURL(x, k, a), GRAD_DIV(x, k, a) - LAPLACIAN(x, k, a), **near)


# The exact solution of C. Ethier and D. Steinman, Exact fully 3D Navier-Stokes solutions for benchmarking, 1994: a
# Beltrami flow, of viscosity 1.
a, d = np.pi / 4, np.pi / 2


def velocity(t, x, y, z):
    exp, sin, cos = tf.exp, tf.sin, tf.cos
    return tf.concat(
        [
            -a * (exp(a * x) * sin(a * y + d * z) + exp(a * z) * cos(a * x + d * y)),
            -a * (exp(a * y) * sin(a * z + d * x) + exp(a * x) * cos(a * y + d * z)),
            -a * (exp(a * z) * sin(a * x + d * y) + exp(a * y) * cos(a * z + d * x)),
        ],
        -1,
    ) * tf.exp(-(d**2) * t)


def pressure(t, x, y, z):
    def term(x, y, z):
        return tf.exp(2 * a * x) + 2 * tf.sin(a * x + d * y) * tf.cos(a * z + d * x) * tf.exp(a * (y + z))

    return -(a**2) / 2 * (term(x, y, z) + term(y, z, x) + term(z, x, y)) * tf.exp(-2 * d**2 * t)


def convective(t, x, y, z):
    """The residual with the material derivative, and the sizes of its terms."""
    at = (t, x, y, z)
    along = tf.concat([tf.ones_like(t), velocity(*at)], -1)
    terms = [
        ng.directional(velocity, argnum=("t", *XYZ))(*at, along),
        ng.gradient(pressure, argnum=XYZ)(*at),
        -ng.laplacian(velocity, argnum=XYZ)(*at),
    ]
    return tf.add_n(terms), terms


def conservative(t, x, y, z):
    """The residual with the divergences of the momentum's flux and of the stress."""

    def flux(t, x, y, z):
        u = velocity(t, x, y, z)
        return u[:, :, None] * u[:, None, :]

    def stress(t, x, y, z):
        strain = ng.symmetric_gradient(velocity, argnum=XYZ)(t, x, y, z)
        return 2 * strain - pressure(t, x, y, z)[:, :, None] * tf.eye(3, dtype=t.dtype)

    at = (t, x, y, z)
    terms = [
        ng.directional(velocity, argnum=("t",))(*at, tf.ones_like(t)),
        ng.divergence(flux, argnum=XYZ)(*at),
        -ng.divergence(stress, argnum=XYZ)(*at),
    ]
    return tf.add_n(terms), terms


@pytest.mark.parametrize(
    ("residual", "how", "dtype"),
    [(convective, "in a tf.function", "float64"), (conservative, "eager", "float32")],  # tracing takes seconds
)
def test_beltrami_flow(residual, how, dtype):
    rng = np.random.default_rng(0)
    at = [tf.constant(c, dtype) for c in (rng.uniform(0, 0.5, (20, 1)), *rng.uniform(-1, 1, (3, 20, 1)))]
    if how == "in a tf.function":
        residual = tf.function(residual)
    left, terms = residual(*at)
    size = sum(np.abs(t) for t in terms).max()
    np.testing.assert_allclose(left, np.zeros((20, 3)), rtol=0, atol=30 * np.finfo(dtype).eps * size)


def test_a_beltrami_flow_is_its_own_curl():
    at = [tf.constant(c) for c in np.random.default_rng(0).uniform(-1, 1, (4, 20, 1))]
    near(ng.curl(velocity, argnum=XYZ)(*at), d * velocity(*at).numpy())
    near(ng.divergence(velocity, argnum=XYZ)(*at), np.zeros((20, 1)))


@pytest.mark.parametrize(("how", "method"), [("eager", "taylor"), ("graph", "tape"), ("compiled", "taylor")])
def test_training(how, method):
    """Of half the sum of squares, by amplitudes on which the operators depend linearly."""
    w = tf.Variable(A)
    f = lambda x: tf.linalg.matmul(waves(x), w)  # noqa: E731
    curl, directional = ng.curl(f, method=method), ng.directional(f, 2, method=method)

    def step():
        with tf.GradientTape() as tape:
            loss = (tf.reduce_sum(curl(tf.constant(X)) ** 2) + tf.reduce_sum(directional(tf.constant(X), V) ** 2)) / 2
        return tape.gradient(loss, w)

    # Component i of the curl is the sum of e_ijl k_j cos(k x) a_l; the second derivative that of -(k v)**2 sin(k x) a.
    signs = np.zeros((3, 3, 3))
    for i, j, l in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):  # noqa: E741
        signs[i, j, l], signs[i, l, j] = 1, -1
    second = -np.sin(Z) * (V @ K) ** 2
    want = np.einsum("bi,ijl,jk,bk->kl", CURL, signs, K, np.cos(Z)) + second.T @ (second @ A)
    run = {"eager": step, "graph": tf.function(step), "compiled": tf.function(step, jit_compile=True)}[how]
    near(run(), want, 1000)


def test_a_corner_is_met_as_by_derivative():
    """The direction may be zero, or lead along a kink."""
    f = lambda x: tf.reduce_sum(tf.nn.relu(x) ** 2, -1)  # noqa: E731
    x, v = np.array([[1.0, -1.0], [2.0, 3.0]]), np.array([[0.0, 1.0], [0.0, 0.0]])
    np.testing.assert_array_equal(ng.directional(f)(x, v), [0.0, 0.0])


CASES = {
    "curl of four coordinates": (
        lambda: ng.curl(lambda x: x**2)(np.ones((2, 4))),
        errors.InputError,
        "x has the shape (2, 4), and a point the shape (4,), but a curl requires points of 2 or 3 coordinates. Give x the "
        "shape [batch, d], or batch_dims.",
    ),
    "curl of matrices as points": (
        lambda: ng.curl(lambda x: x**2, batch_dims=0)(np.ones((2, 3))),
        errors.InputError,
        "x has the shape (2, 3), and a point the shape (2, 3), but a curl requires points of 2 or 3 coordinates. Give x "
        "the shape [batch, d], or batch_dims.",
    ),
    "curl of a number": (
        lambda: ng.curl(lambda x: tf.reduce_sum(x**2, -1))(X),
        errors.OutputError,
        "f maps shape (5, 3) to shape (5,), but a curl requires as many components as coordinates. Return a tensor of the "
        "shape of x, or use nthgrad.jacobian.",
    ),
    "symmetric gradient of a scalar": (
        lambda: ng.symmetric_gradient(lambda x: x**2)(1.0),
        errors.InputError,
        "x has the shape (), and a point the shape (), but a symmetric gradient requires points of one axis of "
        "coordinates. Give x the shape [batch, d], or batch_dims.",
    ),
    "symmetric gradient of waves": (
        lambda: ng.symmetric_gradient(waves)(X),
        errors.OutputError,
        "f maps shape (5, 3) to shape (5, 4), but a symmetric gradient requires as many components as coordinates. Return "
        "a tensor of the shape of x, or use nthgrad.jacobian.",
    ),
    "divergence of columns": (
        lambda: ng.divergence(lambda x: x[:, :, None] * x[:, None, :2])(X),
        errors.OutputError,
        "f maps shape (5, 3) to shape (5, 3, 2), but a divergence requires as many components as coordinates. Return a "
        "tensor of the shape of x, or for each point a matrix with rows of that length; or use nthgrad.jacobian.",
    ),
    "components of several shapes": (
        lambda: ng.curl(lambda x: [x[:, 0], x[:, 1], x])(X),
        errors.OutputError,
        "f returns the 3 components of a vector field as tensors of shapes (5,), (5,), (5, 3). Give them one shape and one "
        "dtype.",
    ),
    "no direction": (
        lambda: ng.directional(field)(X),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "one direction for all points": (
        lambda: ng.directional(field)(X, V[0]),
        errors.InputError,
        "v is float64 of shape (3,), but x is float64 of shape (5, 3). Give a direction of the dtype and the shape of x.",
    ),
    "directions of coordinates given one by one": (
        lambda: ng.directional(named, argnum=XYZ)(*columns(), columns()[0]),
        errors.InputError,
        "v is float64 of shape (5, 1), but x is float64 of shape (5, 3). Give a direction of the dtype and the shape of x.",
    ),
    "order": (
        lambda: ng.directional(field, -1),
        errors.ArgumentError,
        "order is -1; derivatives have no negative order. Give an integer of 0 or more.",
    ),
    "method": (
        lambda: ng.curl(field, method="jet"),
        errors.ArgumentError,
        "method is 'jet'. The methods are 'auto', 'tape', 'taylor'.",
    ),
    "mixed rows": (
        lambda: ng.directional(lambda x: field(x - tf.reduce_mean(x, 0)))(X, V),
        errors.MixingError,
        "f mixes the rows of a batch: Mean (named 'Mean', made at HERE) combines them, so that no row has a derivative "
        "of its own. Take it out of f (a BatchNormalization: call the model with training=False).",
    ),
    "mixed rows of coordinates given one by one": (
        lambda: ng.curl(lambda x, y: [x - tf.reduce_mean(x, 0), y], argnum=("x", "y"))(*columns()[:2]),
        errors.MixingError,
        "f mixes the rows of a batch: Mean (named 'Mean', made at HERE) combines them, so that no row has a derivative "
        "of its own. Take it out of f (a BatchNormalization: call the model with training=False).",
    ),
    "no dependence": (
        lambda: ng.curl(lambda x, y: [tf.ones_like(x), tf.ones_like(y)], argnum=("x", "y"))(*columns()[:2]),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops. Check that f "
        "uses its argument, in TensorFlow ops and without casts to integers.",
    ),
    "a coordinate twice": (
        lambda: ng.curl(named, argnum=("x", "x")),
        errors.ArgumentError,
        "argnum is ('x', 'x'). Name each coordinate of a point once.",
    ),
    "no coordinate": (
        lambda: ng.gradient(named, argnum=()),
        errors.ArgumentError,
        "argnum is (). Name each coordinate of a point once.",
    ),
    "batch_dims of coordinates given one by one": (
        lambda: ng.curl(named, argnum=("x", "y"), batch_dims=1),
        errors.ArgumentError,
        "batch_dims is 1, but argnum is ('x', 'y'): of coordinates given one by one, all axes count points. Leave out "
        "batch_dims.",
    ),
    "coordinates of several shapes": (
        lambda: ng.curl(named, argnum=XYZ)(X[:, :1], X[:, 1], X[:, 2:]),
        errors.InputError,
        "x has the shape (5, 1) and y the shape (5,). Nothing is broadcast for you: give both the same shape, one element "
        "for each point, for example by tf.broadcast_to.",
    ),
    "coordinates of several dtypes": (
        lambda: ng.divergence(named, argnum=(0, 1, 2))(*columns()[:2], columns("float32")[2]),
        errors.InputError,
        "argument 0 is float64 and argument 2 is float32. Nothing is cast for you: cast one to the dtype of the other.",
    ),
    "a coordinate that f does not have": (
        lambda: ng.gradient(number, argnum=("x", "w"))(*columns()),
        errors.ArgumentError,
        "argnum is 'w', but the call has 3 positional arguments and the names [], and f takes ['x', 'y', 'z']. Give the "
        "position or the name of an argument that is there.",
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)
