"""x as a structure of tensors: closed forms, and JAX's pytrees on the weights of a network."""

import collections
import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.exports import elsewhere
from support.refusals import check_refused

import nthgrad as ng
from nthgrad import errors

RNG = np.random.default_rng(0)
A, B, S = RNG.normal(size=3), RNG.normal(size=(2, 3)), np.float64(0.75)
Pair = collections.namedtuple("Pair", "matrix scale")
FORMS = {"a dict": lambda a, b, s: {"a": a, "b": Pair(b, s)}, "a list": lambda a, b, s: [a, (b, s)]}


def parts(x):
    """The tensors of both forms."""
    a, (b, s) = (x["a"], x["b"]) if isinstance(x, dict) else x
    return a, b, s


def f(x):
    a, b, s = parts(x)
    return s * tf.reduce_sum(a**3) + tf.reduce_sum(tf.linalg.matvec(b**2, a))


# The derivatives of f by hand, in the order a, b, s.
GRADIENT = [3 * S * A**2 + (B**2).sum(0), 2 * B * A, (A**3).sum()]
_AB = np.einsum("ij,jk->kij", 2 * B, np.eye(3))
_BB = np.einsum("ik,jl,j->ijkl", np.eye(2), np.eye(3), 2 * A)
HESSIAN = [
    [np.diag(6 * S * A), _AB, 3 * A**2],
    [np.transpose(_AB, (1, 2, 0)), _BB, np.zeros((2, 3))],
    [3 * A**2, np.zeros((2, 3)), np.zeros(())],
]
DA, DB, DS = RNG.normal(size=3), RNG.normal(size=(2, 3)), np.float64(-0.5)
HVP = [sum(np.tensordot(h, d, d.ndim) for h, d in zip(row, (DA, DB, DS), strict=True)) for row in HESSIAN]
SERIES = [
    S * (A**3).sum() + (B**2 @ A).sum(),
    sum((g * d).sum() for g, d in zip(GRADIENT, (DA, DB, DS), strict=True)),
    sum((h * d).sum() for h, d in zip(HVP, (DA, DB, DS), strict=True)) / 2,
    S * (DA**3).sum() + DS * (3 * A * DA**2).sum() + (DB**2 @ DA).sum(),
]


def pair(x):
    """Two outputs: of shape [2], and of shape []."""
    a, b, s = parts(x)
    return {"y": tf.linalg.matvec(b, a), "z": s**2}


JACOBIAN = {
    "y": [B, np.einsum("ik,l->ikl", np.eye(2), A), np.zeros(2)],
    "z": [np.zeros(3), np.zeros((2, 3)), 2 * S],
}


def sixth(x):
    a, b, s = parts(x)
    return tf.reduce_sum(b**6) + s**2 * tf.reduce_sum(a**4)


def field(x):
    """Of the structure of x."""
    a, b, s = parts(x)
    return tf.nest.pack_sequence_as(x, [s * a**2, b**3, s * tf.reduce_sum(a)])


LAPLACIAN = [6 * S * A.sum() + 4 * A.sum()]
BIHARMONIC = [360 * (B**2).sum() + 72 * S**2 + 48 * (A**2).sum()]
DIVERGENCE = [2 * S * A.sum() + 3 * (B**2).sum() + A.sum()]
_AS = (A**2 + S) / 2
SYMMETRIC = [
    *(np.diag(2 * S * A), np.zeros((3, 2, 3)), _AS),
    *(np.zeros((2, 3, 3)), np.einsum("ik,jl,ij->ijkl", np.eye(2), np.eye(3), 3 * B**2), np.zeros((2, 3))),
    *(_AS, np.zeros((2, 3)), A.sum()),
]


def units(x):
    """The unit directions of the ten coordinates, on the first axis of each tensor."""
    a, _, _ = parts(x)
    rows = tf.eye(10, dtype=a.dtype)
    return tf.nest.pack_sequence_as(x, [rows[:, :3], tf.reshape(rows[:, 3:9], [10, 2, 3]), rows[:, 9]])


EXACT = {
    "gradient": (lambda x, v, o: ng.gradient(f, **o)(x), GRADIENT),
    "gradient, by tapes": (lambda x, v, o: ng.gradient(f, method="tape", **o)(x), GRADIENT),
    "hessian": (lambda x, v, o: ng.hessian(f, **o)(x), [h for row in HESSIAN for h in row]),
    "hessian, in chunks": (lambda x, v, o: ng.hessian(f, chunk_size=3, **o)(x), [h for row in HESSIAN for h in row]),
    "hessian, by tapes": (lambda x, v, o: ng.hessian(f, method="tape", **o)(x), [h for row in HESSIAN for h in row]),
    "hvp": (lambda x, v, o: ng.hvp(f, **o)(x, v), HVP),
    "hvp, by name": (lambda x, v, o: ng.hvp(f, **o)(x=x, v=v), HVP),
    "jacobian": (lambda x, v, o: ng.jacobian(pair, **o)(x), [*JACOBIAN["y"], *JACOBIAN["z"]]),
    "jacobian, in chunks": (lambda x, v, o: ng.jacobian(pair, chunk_size=2, **o)(x), [*JACOBIAN["y"], *JACOBIAN["z"]]),
    "taylor": (lambda x, v, o: ng.taylor(f, 3, **o)(x, v), SERIES),
    "jvp": (lambda x, v, o: ng.jvp(f, **o)(x, v), SERIES[1:2]),
    "vjp": (lambda x, v, o: ng.vjp(f, **o)(x, tf.constant(2, v.dtype if tf.is_tensor(v) else parts(v)[0].dtype)),
            [2 * g for g in GRADIENT]),
    "laplacian": (lambda x, v, o: ng.laplacian(f, **o)(x), LAPLACIAN),
    "laplacian, by tapes": (lambda x, v, o: ng.laplacian(f, method="tape", **o)(x), LAPLACIAN),
    "laplacian, estimated": (
        lambda x, v, o: 10 * ng.laplacian(f, estimate=True, chunk_size=4, **o)(x, units(x)), LAPLACIAN),
    "biharmonic": (lambda x, v, o: ng.biharmonic(sixth, **o)(x), BIHARMONIC),
    "divergence": (lambda x, v, o: ng.divergence(field, **o)(x), DIVERGENCE),
    "divergence, by tapes": (lambda x, v, o: ng.divergence(field, method="tape", **o)(x), DIVERGENCE),
    "symmetric gradient": (lambda x, v, o: ng.symmetric_gradient(field, **o)(x), SYMMETRIC),
    "directional": (lambda x, v, o: ng.directional(f, 2, **o)(x, v), [2 * SERIES[2]]),
}  # fmt: skip


def compared(got, want, dtype):
    leaves = tf.nest.flatten(got)
    assert [t.shape.as_list() for t in leaves] == [list(np.shape(w)) for w in want]
    assert {t.dtype for t in leaves} == {tf.as_dtype(dtype)}
    size = max(np.abs(w).max() for w in want)
    for t, w in zip(leaves, want, strict=True):
        np.testing.assert_allclose(t, w, rtol=0, atol=100 * np.finfo(dtype).eps * size)


def given(form, dtype, *arrays):
    return FORMS[form](*(tf.constant(a, dtype) for a in arrays))


WAYS = [("a dict", "eager", "float32"), ("a list", "in a tf.function", "float64"), ("a dict", "XLA", "float64")]


PLAIN = [name for name in EXACT if "," not in name]


# With options in a tf.function, without them in each of the ways, in turn.
@pytest.mark.parametrize(
    ("name", "form", "how", "dtype"),
    [(name, *WAYS[1 if name not in PLAIN else PLAIN.index(name) % 3]) for name in EXACT],
)
def test_closed_forms(name, form, how, dtype):
    call, want = EXACT[name]
    x, v = given(form, dtype, A, B, S), given(form, dtype, DA, DB, DS)

    def run(x, v):
        return call(x, v, {"jit_compile": True if how == "XLA" else None})

    compared((tf.function(run) if how == "in a tf.function" else run)(x, v), want, dtype)


@pytest.mark.quick
def test_results_have_the_structure_of_x():
    for form in FORMS:
        x = given(form, "float64", A, B, S)
        tf.nest.assert_same_structure(x, ng.gradient(f)(x))
        h = ng.hessian(f)(x)
        tf.nest.assert_same_structure(tf.nest.map_structure(lambda _, x=x: x, x), h)
        assert parts(parts(h)[0])[1].shape == (3, 2, 3)
        jacobian = ng.jacobian(pair)(x)
        assert jacobian.keys() == {"y", "z"}
        tf.nest.assert_same_structure(x, jacobian["z"])


@pytest.mark.quick
def test_what_is_a_structure():
    """A list of numbers is one tensor; a list of tensors, arrays or variables is a structure; so is every dict."""
    total = lambda x: tf.add_n([tf.reduce_sum(t**2) for t in tf.nest.flatten(x)])  # noqa: E731
    seen = []

    def g(x):
        seen.append(tf.is_tensor(x))
        return total(x)

    for x, one in [
        ([1.0, 2.0], True),
        ((1.0, 2), True),
        ([[1.0], [2.0]], True),
        ([np.float64(1), np.float64(2)], True),
        ([tf.constant(1.0), 2.0], False),
        ([np.ones(2), np.ones(2)], False),
        ((tf.Variable(1.0),), False),
        ([keras.Variable(1.0), keras.Variable([2.0])], False),
        ({"a": 1.0, "b": 2}, False),
        ({"a": {"b": [np.ones(3)]}}, False),
    ]:
        got = ng.gradient(g, batch_dims=0)(x)
        assert seen[-1] is one
        assert tf.is_tensor(got) is one
        want = [2 * np.asarray(v) for v in (tf.nest.flatten(x) if not one else [x])]
        for a, b in zip(tf.nest.flatten(got), want, strict=True):
            np.testing.assert_allclose(a, b)


def test_numbers_take_the_dtype_of_the_tensors_and_a_direction_may_hold_lists():
    x, v = {"a": tf.constant([1.0, 2.0], tf.float64), "b": 3.0}, {"a": [1.0, 0.0], "b": 2}
    got = ng.hvp(lambda x: x["b"] * tf.reduce_sum(x["a"] ** 2))(x, v)
    np.testing.assert_allclose(got["a"], [2 * 3 + 2 * 2, 2 * 2 * 2])
    assert got["b"].dtype == tf.float64
    assert float(got["b"]) == 2


@pytest.mark.parametrize("jit_compile", [None, True], ids=["plain", "compiled"])
def test_points_in_several_tensors(jit_compile):
    """With batch_dims, each tensor has a row for each point, of any shape."""
    n = 4
    t, x, m = RNG.normal(size=n), RNG.normal(size=(n, 3)), RNG.normal(size=(n, 2, 2))
    u = lambda p: p["t"] ** 2 * tf.reduce_sum(p["x"], -1) + tf.reduce_sum(p["m"] ** 3, [1, 2])  # noqa: E731
    options = {"batch_dims": 1, "jit_compile": jit_compile}
    g, h = ng.gradient(u, **options), ng.hessian(u, **options)
    # Of two fields at once, on an axis before the coordinates.
    flow = lambda p: {k: tf.stack([tf.sin(t), t**2], 1) for k, t in p.items()}  # noqa: E731
    for count in (n, 3):
        p = {"t": t[:count], "x": x[:count], "m": m[:count]}
        s = p["x"].sum(-1)
        got = g(p)
        np.testing.assert_allclose(got["t"], 2 * p["t"] * s)
        np.testing.assert_allclose(got["x"], np.repeat(p["t"][:, None] ** 2, 3, 1))
        np.testing.assert_allclose(got["m"], 3 * p["m"] ** 2)
        blocks = h(p)
        np.testing.assert_allclose(blocks["t"]["t"], 2 * s)
        np.testing.assert_allclose(blocks["t"]["x"], np.repeat(2 * p["t"][:, None], 3, 1))
        assert blocks["m"]["m"].shape == (count, 2, 2, 2, 2)
        sums = 2 * s + 6 * p["m"].sum((1, 2))
        np.testing.assert_allclose(ng.laplacian(u, **options)(p), sums)
        np.testing.assert_allclose(ng.directional(u, 2, **options)(p, p)[0], np.sum(  # x is a direction, too
            6 * p["m"][0] ** 3) + 6 * p["t"][0] ** 2 * s[0])  # fmt: skip
        total = lambda f, p=p: sum(f(a).reshape(len(a), -1).sum(1) for a in p.values())  # noqa: E731
        want = np.stack([total(np.cos), total(lambda a: 2 * a)], 1)
        np.testing.assert_allclose(ng.divergence(flow, **options)(p), want)
    spec = {"t": tf.TensorSpec([None], tf.float64), "x": tf.TensorSpec([None, 3], tf.float64),
            "m": tf.TensorSpec([None, 2, 2], tf.float64)}  # fmt: skip
    got = tf.function(g, input_signature=[spec])({"t": t, "x": x, "m": m})
    np.testing.assert_allclose(got["m"], 3 * m**2)
    data = ({"t": t, "x": x, "m": m},)
    for given, size in ((data, 3), (tf.data.Dataset.from_tensor_slices(data).batch(2), None)):
        many = ng.evaluate(g, given, batch_size=size, progress=False)
        np.testing.assert_allclose(many["x"], np.repeat(t[:, None] ** 2, 3, 1))


def test_training_through_a_structure():
    """Of the squared norm of the gradient of c f, and its Laplacian: by c, and by a variable in the structure x."""
    c = tf.Variable(2.0, dtype=tf.float64)
    x = [tf.Variable(A), (tf.Variable(B), tf.Variable(S))]
    g, laplacian = (operator(lambda x: c * f(x)) for operator in (ng.gradient, ng.laplacian))

    def step():
        with tf.GradientTape() as tape:
            loss = tf.add_n([tf.reduce_sum(t**2) for t in tf.nest.flatten(g(x))]) + laplacian(x)
        return tape.gradient(loss, [c, x[0]])

    norm = sum((d**2).sum() for d in GRADIENT)
    by_a = 2 * 4 * sum(np.tensordot(d, HESSIAN[i][0], d.ndim) for i, d in enumerate(GRADIENT))
    for run in (step, tf.function(step), tf.function(step, jit_compile=True)):
        by_c, by_x = run()
        np.testing.assert_allclose(by_c, 2 * 2 * norm + LAPLACIAN[0], rtol=1e-12)
        np.testing.assert_allclose(by_x, by_a + 2 * (6 * S + 4), rtol=1e-12)


def test_complex_numbers_of_a_structure():
    """Derivatives by a structure have the complex dtype of f(x), whose parts are differentiated alike."""
    x = given("a dict", "float64", A, B, S)
    z = lambda x: tf.complex(y := f(x), 2 * y)  # noqa: E731
    for got, want in [
        (ng.gradient(z)(x), GRADIENT),
        (ng.laplacian(z)(x), LAPLACIAN),
        (ng.divergence(lambda x: tf.nest.map_structure(lambda t: tf.complex(t, 2 * t), field(x)))(x), DIVERGENCE),
    ]:
        for a, b in zip(tf.nest.flatten(got), want, strict=True):
            np.testing.assert_allclose(a, (1 + 2j) * b, rtol=1e-12, atol=1e-12)


def test_a_structure_is_traced_once():
    traces = []

    def g(x):
        traces.append(1)
        return tf.reduce_sum(x["a"] ** 2) * x["b"]

    h = ng.hessian(g)
    h({"a": np.ones(2), "b": 1.0})
    before = len(traces)
    for k in range(3):
        h({"b": float(k), "a": np.full(2, float(k))})
    assert len(traces) == before
    h({"a": np.ones(3), "b": 1.0})
    assert len(traces) > before


def test_what_f_names_is_fixed_in_a_graph():
    """In a function that calls g, a depends on x, but f(t) depends on x through t only."""
    cases = {
        "derivative": (lambda f, x, a: ng.derivative(f)(x), 2 * A),
        "jvp": (lambda f, x, a: ng.jvp(f)(x, a), 4 * A**2),
        "taylor": (lambda f, x, a: ng.taylor(f, 1)(x, a)[1], 4 * A**2),
        "vjp": (lambda f, x, a: ng.vjp(f)(x, a), 4 * A**2),
        "gradient": (lambda f, x, a: ng.gradient(lambda t: tf.reduce_sum(f(t), 1))(x[None])[0], 2 * A),
    }
    for name, (call, want) in cases.items():

        def caller(x, call=call):
            a = 2.0 * x
            return call(lambda t: t * a, x, a)

        np.testing.assert_allclose(tf.function(caller, autograph=False)(A), want, rtol=1e-12, err_msg=name)


JAX = """
import jax, numpy as np
from jax import numpy as jnp
jax.config.update("jax_enable_x64", True)
file = np.load(sys.argv[1])
given = [[file[f"w{i}"] for i in range(4)], [file[f"v{i}"] for i in range(4)], file["x"], file["y"]]
net = lambda w, x: jnp.tanh(x @ w[0] + w[1]) @ w[2] + w[3]
cost = lambda z, y: jnp.mean(jnp.log(1 + jnp.exp(z)) - y * z)
loss = lambda w, x, y: cost(net(w, x), y)
@jax.jit
def derivatives(w, v, x, y):
    z, push = jax.linearize(lambda w: net(w, x), w)
    _, pull = jax.vjp(lambda w: net(w, x), w)
    line = lambda s: loss([a + s * b for a, b in zip(w, v)], x, y)
    return {
        "gradient": jax.grad(loss)(w, x, y),
        "hessian": jax.hessian(loss)(w, x, y),
        "hvp": jax.jvp(lambda w: jax.grad(loss)(w, x, y), (w,), (v,))[1],
        "jacobian": jax.jacobian(net)(w, x),
        "taylor": [line(0.0), jax.grad(line)(0.0), jax.grad(jax.grad(line))(0.0) / 2],
        "jvp": push(v),
        "vjp": pull(jnp.sin(z))[0],
        "gauss_newton_vp": pull(jax.jvp(lambda z: jax.grad(cost)(z, y), (z,), (push(v),))[1])[0],
        "per_example": jax.vmap(jax.grad(lambda w, x, y: loss(w, x[None], y[None])), (None, 0, 0))(w, x, y),
    }


made = derivatives(*given).items()
np.savez(sys.argv[2], **{f"{k} {i}": a for k, t in made for i, a in enumerate(jax.tree.leaves(t))})
"""


def test_the_weights_of_a_keras_model_against_jax(tmp_path):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, 3)), rng.integers(0, 2, size=(6, 2)).astype(float)
    layers = [keras.layers.Dense(4, "tanh", dtype="float64"), keras.layers.Dense(2, dtype="float64")]
    model = keras.Sequential([keras.Input([3], dtype="float64"), *layers])
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    w = model.trainable_variables
    v = [rng.normal(size=t.shape) for t in w]

    def net(w, x):
        return model.stateless_call(w, model.non_trainable_variables, x)[0]

    def cost(z, y):
        return tf.reduce_mean(tf.nn.softplus(z) - y * z)

    def loss(w, x, y):
        return cost(net(w, x), y)

    z = net(w, x)
    made = {
        "gradient": ng.gradient(loss)(w, x, y),
        "hessian": ng.hessian(loss, chunk_size=5)(w, x, y),
        "hvp": ng.hvp(loss)(w, x, y, v),
        "jacobian": ng.jacobian(net)(w, x),
        "taylor": ng.taylor(loss, 2)(w, x, y, v),
        "jvp": ng.jvp(net)(w, x, v),
        "vjp": ng.vjp(net)(w, x, tf.sin(z)),
        "gauss_newton_vp": ng.gauss_newton_vp(net, lambda z: cost(z, y))(w, x, v),
        "per_example": ng.per_example(loss, chunk_size=4)(w, x, y),
    }
    given = {f"w{i}": t.numpy() for i, t in enumerate(w)} | {f"v{i}": t for i, t in enumerate(v)}
    np.savez(tmp_path / "given.npz", x=x, y=y, **given)
    elsewhere(JAX, {"tensorflow", "nthgrad"}, str(tmp_path / "given.npz"), str(tmp_path / "found.npz"))
    with np.load(tmp_path / "found.npz") as found:
        assert len(found.files) == sum(len(tf.nest.flatten(t)) for t in made.values())
        for name, t in made.items():
            for i, a in enumerate(tf.nest.flatten(t)):
                np.testing.assert_allclose(a, found[f"{name} {i}"], rtol=0, atol=1e-13, err_msg=f"{name} {i}")


ONES = {"a": tf.ones([2, 3]), "b": tf.ones([2])}

CASES = {
    "nothing in it": (
        lambda: ng.gradient(f)({}),
        errors.InputError,
        "x is a dict that holds no tensor. Give at least one.",
    ),
    "two dtypes": (
        lambda: ng.hessian(f)([np.ones(2), tf.ones([2])]),
        errors.InputError,
        "x[0] is float64 and x[1] is float32. Nothing is cast for you: cast one to the dtype of the other.",
    ),
    "an integer": (
        lambda: ng.gradient(lambda w: w, argnum="w")({"a": tf.ones([2]), "b": np.arange(2)}),
        errors.InputError,
        "w['b'] is int64; derivatives need floating point. Write tf.cast(w['b'], tf.float32), or 1.0 for 1.",
    ),
    "a None": (
        lambda: ng.gradient(f)([tf.ones([2]), None]),
        errors.InputError,
        "x[1] is NoneType, which does not become a tensor: Attempt to convert a value (None) with an unsupported type "
        "(<class 'NoneType'>) to a Tensor.. Give a floating-point tensor, array or number.",
    ),
    "too few axes": (
        lambda: ng.gradient(f, batch_dims=2)(ONES),
        errors.ArgumentError,
        "batch_dims is 2, but x['b'] has the shape (2,). Give 1 at most.",
    ),
    "other points": (
        lambda: ng.gradient(f, batch_dims=1)({"a": tf.ones([2, 3]), "b": tf.ones([3])}),
        errors.InputError,
        "x['a'] has the shape (2, 3) and x['b'] the shape (3,), but batch_dims is 1: these axes count the same points in "
        "all tensors. Give each tensor one row for each point, or batch_dims=0 if all of x is one point.",
    ),
    "mixed rows": (
        lambda: ng.gradient(lambda x: x["b"] + tf.reduce_sum(x["a"] - tf.reduce_mean(x["a"], 0), 1), batch_dims=1)(
            ONES
        ),
        errors.MixingError,
        "f mixes the rows of a batch: Mean (named 'Mean', made at HERE) combines them, so that no row has a derivative "
        "of its own. Take it out of f (a BatchNormalization: call the model with training=False).",
    ),
    "a direction of another structure": (
        lambda: ng.hvp(f)(ONES, [tf.ones([2, 3]), tf.ones([2])]),
        errors.InputError,
        "v is a list with [0], [1], but x is a dict with ['a'], ['b']. Give a direction of the structure of x.",
    ),
    "a direction that is one tensor": (
        lambda: ng.taylor(f, 2)(ONES, tf.ones([8])),
        errors.InputError,
        "v is one tensor, but x is a dict with ['a'], ['b']. Give a direction of the structure of x.",
    ),
    "directions of other points": (
        lambda: ng.laplacian(f, estimate=True)(ONES, {"a": tf.ones([2, 3]), "b": tf.ones([3, 2])}),
        errors.InputError,
        "v['a'] is float32 of shape (2, 3), but a point in x['a'] is float32 of shape (2, 3). Give the directions on the "
        "first axis of v['a'], in the dtype of x.",
    ),
    "other numbers of directions": (
        lambda: ng.biharmonic(f, estimate=True)(ONES, {"a": tf.ones([4, 2, 3]), "b": tf.ones([3, 2])}),
        errors.InputError,
        "v['a'] has 4 directions, but v['b'] has 3. Give the same number in each tensor, on its first axis.",
    ),
    "curl": (
        lambda: ng.curl(lambda x: x)({"x": tf.ones([2]), "y": tf.ones([2])}),
        errors.InputError,
        "x is a dict with ['x'], ['y']. The sign of a curl depends on the order of the coordinates, which a structure does "
        'not say. Give one tensor of points; or write f with an argument for each coordinate, and argnum=("x", "y", '
        '"z").',
    ),
    "a field of another structure": (
        lambda: ng.divergence(lambda x: [x["a"], x["b"]])(ONES),
        errors.OutputError,
        "f(x) is a list with [0], [1], but x is a dict with ['a'], ['b']. Return a component for each coordinate: the "
        "structure of x.",
    ),
    "a field of other shapes": (
        lambda: ng.symmetric_gradient(lambda x: {"a": x["a"], "b": x["a"]})(ONES),
        errors.OutputError,
        "f(x)['b'] has the shape (2, 3), but a point in x['b'] the shape (2,). Return a component for each coordinate: the "
        "shapes of x.",
    ),
    "a field of two dtypes": (
        lambda: ng.divergence(lambda x: {"a": x["a"], "b": tf.cast(x["b"], tf.float64)})(ONES),
        errors.OutputError,
        "f(x)['a'] is float32 and f(x)['b'] is float64. Return one dtype.",
    ),
    "a direction of another shape": (
        lambda: ng.jvp(f)(ONES, {"a": tf.ones([2, 3]), "b": tf.ones([3])}),
        errors.InputError,
        "v['b'] is float32 of shape (3,), but x['b'] is float32 of shape (2,). Give a direction of the dtypes and the "
        "shapes of x.",
    ),
    "no direction": (
        lambda: ng.hvp(f)(ONES),
        errors.ArgumentError,
        "The direction v is missing. Give it after the arguments of f.",
    ),
    "no dependence": (
        lambda: ng.gradient(lambda x: tf.constant(1.0))(ONES),
        errors.DependenceError,
        "f(x) does not depend on x through any differentiable path: there is no path of floating-point ops. Check that f "
        "uses its argument, in TensorFlow ops and without casts to integers.",
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", CASES)
def test_refused(name):
    check_refused(CASES[name], __file__)


def test_lengths_unknown_while_tracing():
    for shape, text in [
        (None, "The rank of x['a'] is unknown while tracing. Give it a rank with tf.ensure_shape."),
        ([None], "x['a'] has the shape (None,), so the number of coordinates is unknown while tracing. Give it its shape with "
         "tf.ensure_shape."),
    ]:  # fmt: skip
        with pytest.raises(errors.InputError) as caught:
            tf.function(ng.gradient(lambda x: tf.reduce_sum(x["a"] ** 2))).get_concrete_function(
                {"a": tf.TensorSpec(shape, tf.float32)}
            )
        assert text in str(caught.value)


def test_blocks_of_the_hessian_are_transposes():
    """The same numbers in other shapes: of a network's weights, by a pure function of them."""
    shapes = [(3, 4), (4,), (4, 1)]
    w = [tf.constant(RNG.normal(size=s)) for s in shapes]
    x = RNG.normal(size=(5, 3))
    h = ng.hessian(lambda w: tf.reduce_sum((tf.tanh(x @ w[0] + w[1]) @ w[2]) ** 2))(w)
    for i, j in itertools.product(range(3), repeat=2):
        assert h[i][j].shape == (*shapes[i], *shapes[j])
        turned = np.moveaxis(h[j][i].numpy(), range(len(shapes[j])), range(-len(shapes[j]), 0))
        np.testing.assert_allclose(h[i][j], turned, rtol=1e-12, atol=1e-12)
