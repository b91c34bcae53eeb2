"""The Taylor engine where derivatives are hard: zeros, corners, saturation, branches that are not finite, high orders.

Each point has the value that the mathematics has there, or the documented convention, in float32 and float64, plain to
order 4 and compiled to order 3.
"""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng

ORDER, LOWER_ORDER = 4, 3
INF = math.inf
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}  # relative: exp(-x**2) at x = 20 has lost a factor 400 of eps


def monomial(a, p):
    """Derivatives of a x**p, at 0 from the right."""

    def tower(x):
        found = []
        for k in range(ORDER + 1):
            c = a * math.prod(p - i for i in range(k))
            found.append(
                0.0 if c == 0 else c * 0.0 if x == 0 and k < p else INF * c if x == 0 and k > p else c * x ** (p - k)
            )
        return found

    return tower


def always(*tower):
    return lambda x: [*tower, *[0.0] * (ORDER + 1 - len(tower))]


def series(f):
    """By 50-digit mpmath."""

    def tower(x):
        with mp.workdps(50):
            return [float(math.factorial(k) * c) for k, c in enumerate(mp.taylor(f, mp.mpf(x), ORDER))]

    return tower


def apart(limit, rest):
    """Of limit + rest, each of which is one function for x < 0 and one for x > 0, so that rest is not lost beside 1."""

    def tower(x):
        with mp.workdps(50):
            a, b = (mp.taylor(f[x > 0], mp.mpf(x), ORDER, chop=False) for f in (limit, rest))
            return [float(math.factorial(k) * (p + q)) for k, (p, q) in enumerate(zip(a, b, strict=True))]

    return tower


def piecewise(where, yes, no):
    return lambda x: (yes if where(x) else no)(x)


ZERO, X, SQUARE, ROOT = always(), monomial(1, 1), monomial(1, 2), monomial(1, 0.5)
HALVES = piecewise(lambda x: x > 0, ROOT, SQUARE)
LOG = piecewise(lambda x: x > 0, series(mp.log), ZERO)


SHIFTED = lambda x: [x - 1, 1.0, 0.0, 0.0, 0.0]  # noqa: E731


def product(x):
    """Of x**2 (x + 1)."""
    return [x**3 + x**2, 3 * x**2 + 2 * x, 6 * x + 2, 6.0, 0.0]


def column(x):
    return tf.reshape(x, [-1, 1])


def pair(x, y):
    return tf.stack([x, y], -1)


# Points, and functions with the derivatives that they have there. The functions of a group make one graph.
GROUPS = {
    "powers": (
        [0.0, -2.0, 1.5],
        {
            "x**0": (lambda x: x**0 * x, X),
            "x**1": (lambda x: x**1, X),
            "x**2": (lambda x: x**2, SQUARE),
            "x**3": (lambda x: x**3, monomial(1, 3)),
            "float 2": (lambda x: tf.pow(x, 2.0), SQUARE),
            "float 3": (lambda x: tf.pow(x, 3.0), monomial(1, 3)),
            "a tensor": (lambda x: tf.pow(x, tf.ones_like(x) * 2), SQUARE),
            "square": (tf.square, SQUARE),
            "by multiplying": (lambda x: x * x * x, monomial(1, 3)),
        },
    ),
    "roots at 0": (
        [0.0, 2.25],
        {
            "sqrt": (tf.sqrt, ROOT),
            "x**0.5": (lambda x: x**0.5, ROOT),
            "x**2.5": (lambda x: x**2.5, monomial(1, 2.5)),
            "x**1.5": (lambda x: x**1.5, monomial(1, 1.5)),
        },
    ),
    "products": (
        [0.0, 1.0, -1.0],
        {
            "reduce_prod": (lambda x: tf.reduce_prod(tf.stack([x, x, x + 1], -1), -1), product),
            "cumprod": (lambda x: tf.math.cumprod(tf.stack([x, x, x + 1], -1), -1)[:, 2], product),
            "cumprod backwards": (
                lambda x: tf.math.cumprod(tf.stack([x, x, x + 1], -1), -1, exclusive=True, reverse=True)[:, 0],
                lambda x: [x**2 + x, 2 * x + 1, 2.0, 0.0, 0.0],
            ),
        },
    ),
    "branches that are not chosen": (
        [0.0, 2.25, -2.0],
        {
            "where": (lambda x: tf.where(x > 0, tf.sqrt(x), x * x), HALVES),
            "where, log": (lambda x: tf.where(x > 0, tf.math.log(x), 0.0 * x), LOG),
            "reshape": (
                lambda x: tf.reshape(tf.where(column(x) > 0, tf.sqrt(column(x)), column(x * x)), [-1]),
                HALVES,
            ),
            "reduce_sum before": (
                lambda x: tf.where(x > 0, tf.reduce_sum(tf.sqrt(pair(x, x)) / 2, -1), x * x),
                HALVES,
            ),
            "reduce_sum after": (
                lambda x: tf.reduce_sum(tf.where(pair(x, -x) > 0, tf.sqrt(pair(x, -x)), 0 * pair(x, x)), -1),
                lambda x: (ZERO if x == 0 else ROOT if x > 0 else mirrored(ROOT))(x),
            ),
            "norm": (
                lambda x: tf.where(x > 0, tf.norm(pair(3 * x, 4 * x), axis=-1), x * x),
                piecewise(lambda x: x > 0, monomial(5, 1), SQUARE),
            ),
            "gather of a stack": (
                lambda x: tf.gather(pair(tf.sqrt(x), x * x), tf.cast(x <= 0, tf.int32), batch_dims=1),
                HALVES,
            ),
            "sqrt(relu)": (
                lambda x: tf.sqrt(tf.nn.relu(x)),
                lambda x: ROOT(x) if x > 0 else ZERO(x),
            ),
            "concat and split": (
                lambda x: tf.where(x > 0, tf.split(tf.concat([tf.sqrt(x), x], 0), 2)[0], x * x),
                HALVES,
            ),
        },
    ),
    "elements that are not selected": (
        [0.0, 0.25, 0.0625],
        {
            "reduce_max": (lambda x: tf.reduce_max(pair(x, tf.math.log(x)), -1), X),
            "reduce_min": (lambda x: tf.reduce_min(pair(x - 1, tf.sqrt(x)), -1), SHIFTED),
            "sort": (lambda x: tf.sort(pair(tf.sqrt(x) + 2, x - 1), -1)[:, 0], SHIFTED),
            "top_k": (lambda x: tf.math.top_k(pair(x, tf.sqrt(x) - 9), 1)[0][:, 0], X),
            "gather": (lambda x: tf.gather(pair(tf.sqrt(x), x), 1, axis=-1), X),
            "maximum": (lambda x: tf.maximum(tf.math.log(x), x), X),
            "minimum": (lambda x: tf.minimum(1 / x, x), X),
            "clip": (lambda x: tf.clip_by_value(tf.sqrt(x) + 5, -1.0, 1.0) * x, X),
        },
    ),
    "saturated": (
        [s * x for x in (20.0, 40.0, 100.0, 800.0) for s in (1, -1)],
        {
            "tanh": (
                tf.tanh,
                apart(
                    (lambda z: mp.mpf(-1), lambda z: mp.mpf(1)),
                    (lambda z: 2 / (1 + mp.exp(-2 * z)), lambda z: -2 / (1 + mp.exp(2 * z))),
                ),
            ),
            "sigmoid": (
                tf.sigmoid,
                apart(
                    (lambda z: mp.mpf(0), lambda z: mp.mpf(1)),
                    (lambda z: 1 / (1 + mp.exp(-z)), lambda z: -1 / (1 + mp.exp(z))),
                ),
            ),
            "softplus": (
                tf.math.softplus,
                apart(
                    (lambda z: mp.mpf(0), lambda z: z),
                    (lambda z: mp.log1p(mp.exp(z)), lambda z: mp.log1p(mp.exp(-z))),
                ),
            ),
            "log_sigmoid": (
                tf.math.log_sigmoid,
                apart(
                    (lambda z: z, lambda z: mp.mpf(0)),
                    (lambda z: -mp.log1p(mp.exp(z)), lambda z: -mp.log1p(mp.exp(-z))),
                ),
            ),
            "erf": (
                tf.math.erf,
                apart(
                    (lambda z: mp.mpf(-1), lambda z: mp.mpf(1)),
                    (lambda z: mp.erfc(-z), lambda z: -mp.erfc(z)),
                ),
            ),
        },
    ),
    "far and near": (
        [1e8, -1e8, 2.0**-20, -(2.0**-20), 0.0],
        {
            "asinh": (tf.asinh, series(mp.asinh)),
            "log1p": (lambda x: tf.math.log1p(tf.abs(x)), lambda x: flipped(x, series(mp.log1p))),
            "expm1": (
                lambda x: tf.math.expm1(tf.minimum(x, 1.0)),
                piecewise(lambda x: x < 1, series(mp.expm1), always(math.e - 1)),
            ),
            "atan": (tf.atan, series(mp.atan)),
        },
    ),
    "near 1": (
        [1 + 2.0**-10, 1 + 2.0**-4, 1 + 2.0**-20],
        {
            "acosh": (tf.acosh, series(mp.acosh)),
            "atanh": (lambda x: tf.atanh(2 - x), series(lambda z: mp.atanh(2 - z))),
            "asin": (lambda x: tf.asin(2 - x), series(lambda z: mp.asin(2 - z))),
        },
    ),
    "corners": (
        [0.0, 1.0, -1.0],
        {
            "relu": (tf.nn.relu, lambda x: X(x) if x > 0 else ZERO(x)),
            "abs": (tf.abs, lambda x: [abs(x), math.copysign(x != 0, x), 0.0, 0.0, 0.0]),
            "maximum, the first of two equal": (
                lambda x: tf.maximum(x, x * x),
                lambda x: (SQUARE if x < 0 else X)(x),
            ),
            "minimum, the first of two equal": (
                lambda x: tf.minimum(x * x, x),
                lambda x: (X if x < 0 else SQUARE)(x),
            ),
            "reduce_max, the mean of equals": (
                lambda x: tf.reduce_max(pair(x, x * x), -1),
                lambda x: SQUARE(x) if x < 0 else [x, (1 + 2 * x) / 2, 1.0, 0.0, 0.0],
            ),
            "sqrt(relu - 2)": (lambda x: tf.sqrt(tf.nn.relu(x - 2)), ZERO),
        },
    ),
    "no NaN": (
        [0.0, 2.0],
        {
            "multiply_no_nan(log x, 0)": (lambda x: x + tf.math.multiply_no_nan(tf.math.log(x), 0.0 * x), X),
            "divide_no_nan(1, x)": (
                lambda x: tf.math.divide_no_nan(tf.ones_like(x), x),
                lambda x: ZERO(x) if x == 0 else monomial(1, -1)(x),
            ),
            "divide_no_nan(x, 0)": (lambda x: x + tf.math.divide_no_nan(x, tf.zeros_like(x)), X),
            "xlogy(0, x)": (lambda x: x + tf.math.xlogy(tf.zeros_like(x), x), X),
            "xdivy(0, x)": (lambda x: x + tf.math.xdivy(tf.zeros_like(x), x), X),
        },
    ),
    "singularities that are none": (
        [0.0, 2.0],
        {
            "bessel_j0": (tf.math.special.bessel_j0, series(lambda z: mp.besselj(0, z))),
            "bessel_j1": (tf.math.special.bessel_j1, series(lambda z: mp.besselj(1, z))),
            "bessel_i0": (tf.math.bessel_i0, series(lambda z: mp.besseli(0, z))),
            "bessel_i1": (tf.math.bessel_i1, series(lambda z: mp.besseli(1, z))),
            "spence at 1": (
                lambda x: tf.math.special.spence(x + 1),
                lambda x: (
                    series(lambda z: mp.polylog(2, -z))(x)
                    if x
                    else [0.0, *(-((-1) ** (k + 1)) * math.factorial(k) / k**2 for k in range(1, ORDER + 1))]
                ),
            ),
        },
    ),
}

NOT_IN_XLA = {"singularities that are none"}  # XLA has no Bessel functions


def mirrored(tower):
    """Of f(-x)."""
    return lambda x: [(-1) ** k * d for k, d in enumerate(tower(-x))]


def flipped(x, tower):
    """Of f(|x|), whose derivatives at 0 are those that |x| has: none of odd order."""
    return mirrored(tower)(x) if x < 0 else tower(x) if x else [0.0] * (ORDER + 1)


def check(got, want, x, dtype, what):
    """Relative to the derivative; what underflows may be zero, and 0 is 0, infinity infinity of the right sign."""
    tiny, huge = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    for k, (g, w) in enumerate(zip(got, want, strict=True)):
        w = math.copysign(INF, w) if abs(w) > huge else w
        where = f"{what}, x = {x}, order {k}: {g!r} is not {w!r}"
        if math.isinf(w):
            assert g == w, where
        else:
            assert abs(g - w) <= TOLERANCE[dtype] * abs(w) + 4 * tiny, where


# Each group plain in one dtype and compiled in the other, to order 3, since what XLA compiles grows with the order; plain
# in both dtypes where rounding and the range of the numbers are what is hard, or where XLA has no such op, in the second
# to order 3 too.
BY_SIZE = {"saturated", "far and near", "near 1", *NOT_IN_XLA}


@pytest.mark.parametrize(
    ("group", "dtype", "jit_compile", "order"),
    [
        *((name, [*TOLERANCE][i % 2], None, ORDER) for i, name in enumerate(GROUPS)),
        *((name, [*TOLERANCE][1 - i % 2], None, LOWER_ORDER) for i, name in enumerate(GROUPS) if name in BY_SIZE),
        *(
            (name, [*TOLERANCE][1 - i % 2], True, LOWER_ORDER)
            for i, name in enumerate(GROUPS)
            if name not in NOT_IN_XLA
        ),
    ],
    ids=lambda v: {None: "plain", True: "compiled"}.get(v, v),
)
def test_hard_points(group, dtype, jit_compile, order):
    points, functions = GROUPS[group]
    x = np.array(points, dtype)
    all_of_them = lambda x: {name: f(x) for name, (f, _) in functions.items()}  # noqa: E731
    got = ng.derivatives(all_of_them, order, method="taylor", jit_compile=jit_compile)(x)
    # What XLA makes of an op is its own: that of TensorFlow 2.16 has four digits of acosh near 1 in float32.
    own = tf.function(all_of_them, autograph=False, jit_compile=True)(x) if jit_compile else None
    wrong = []
    for name, (_, tower) in functions.items():
        for i, point in enumerate(x):
            want = list(tower(float(point)))[: order + 1]
            if own is not None:
                want[0] = float(own[name][i])
            try:
                check([float(g[name][i]) for g in got], want, point, dtype, name)
            except AssertionError as error:
                wrong.append(str(error).splitlines()[0])
    assert not wrong, "\n" + "\n".join(wrong)


def test_a_wrong_value_a_wrong_sign_and_a_lost_tail_are_noticed():
    right = [1.0, INF, -INF, 1e-30, 0.0]
    check(right, right, 0, "float64", "")
    for k, wrong in enumerate([1.0 + 1e-11, -INF, INF, 0.0, 1e-300]):
        with pytest.raises(AssertionError, match=f"order {k}"):
            check([*right[:k], wrong, *right[k + 1 :]], right, 0, "float64", "")
    with pytest.raises(AssertionError, match="order 0"):
        check([math.nan], [0.0], 0, "float64", "")


# High orders, and short floats.


# Each plain; one of each dtype compiled. The factorials of 40 and 12 are no float32 and no float16.
HIGH = {
    "exp(sin x), 20": (lambda x: tf.exp(tf.sin(x)), 0.5, 20, lambda z: mp.exp(mp.sin(z)), "float64", 1e-12),
    "sin, 12, float16": (tf.sin, 0.5, 12, mp.sin, "float16", 1e-2),
    "sin, 40": (tf.sin, 0.5, 40, mp.sin, "float32", 2e-5),
    "1 / (1 - x), 30": (lambda x: 1 / (1 - x), 0.25, 30, lambda z: 1 / (1 - z), "float64", 1e-13),
    "1 / (1 - x), 30, float32": (lambda x: 1 / (1 - x), 0.25, 30, lambda z: 1 / (1 - z), "float32", 2e-5),
}


@pytest.mark.parametrize(
    ("name", "jit_compile"),
    [
        *((name, None) for name in HIGH),
        *((name, True) for name in ("sin, 12, float16", "sin, 40", "1 / (1 - x), 30")),
    ],
    ids=lambda v: {None: "plain", True: "compiled"}.get(v, v),
)
def test_high_orders(name, jit_compile):
    f, x, order, exact, dtype, allowed = HIGH[name]
    got = ng.derivative(f, order, method="taylor", jit_compile=jit_compile)(np.array([x], dtype))
    with mp.workdps(80):
        want = float(mp.factorial(order) * mp.taylor(exact, mp.mpf(x), order)[order])
    assert got.dtype == dtype
    assert abs(float(got[0]) - want) <= allowed * abs(want)


# A function with a pair of poles nearest to 0.3125, their distance, and the sum of the sizes of their residues.
POLES = {
    "tanh": (tf.tanh, mp.tanh, lambda x: mp.sqrt(x**2 + (mp.pi / 2) ** 2), 2),
    "1 / (1 + x**2)": (lambda x: 1 / (1 + x * x), lambda z: 1 / (1 + z * z), lambda x: mp.sqrt(1 + x**2), 1),
}


# The ops grow with the square of the order: all orders of a function are of one graph, and the quotient has the highest.
@pytest.mark.parametrize(
    ("name", "orders", "dtype"),
    [
        ("tanh", (30,), "float64"),
        ("1 / (1 + x**2)", (30, 60, 100), "float64"),
        *((name, (20,), "float32") for name in POLES),
    ],
)
def test_orders_from_twenty_to_a_hundred(name, orders, dtype):
    """A rounding an order, in units of the largest that the poles make of the derivative: its sign turns with them."""
    f, exact, distance, residues = POLES[name]
    x = 0.3125
    got = ng.derivatives(f, orders[-1], method="taylor")(np.array([x], dtype))
    with mp.workdps(150):
        series = mp.taylor(exact, mp.mpf(x), orders[-1])
        for order in orders:
            want = mp.factorial(order) * series[order]
            size = residues * mp.factorial(order) / distance(mp.mpf(x)) ** (order + 1)
            assert abs(mp.mpf(float(got[order][0])) - want) <= order * float(np.finfo(dtype).eps) * size


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16], ids=lambda d: d.name)
def test_short_floats(dtype):
    x = np.array([-1.25, 0.5, 0.75])
    f = lambda x: {"sin": tf.sin(x), "exp": tf.exp(x), "tanh": tf.tanh(x), "x**3": x**3}  # noqa: E731
    t = np.tanh(x)
    want = {
        "sin": [np.sin(x), np.cos(x), -np.sin(x), -np.cos(x)],
        "exp": [np.exp(x)] * 4,
        "tanh": [t, 1 - t * t, -2 * t * (1 - t * t), (1 - t * t) * (6 * t * t - 2)],
        "x**3": [x**3, 3 * x**2, 6 * x, 6 + 0 * x],
    }
    got = ng.derivatives(f, 3, method="taylor")(tf.constant(x, dtype))
    unit = 2.0**-10 if dtype == tf.float16 else 2.0**-7
    for name, tower in want.items():
        for k in range(4):
            assert got[k][name].dtype == dtype
            np.testing.assert_allclose(tf.cast(got[k][name], tf.float64), tower[k], rtol=8 * unit, atol=4 * unit)


@pytest.mark.parametrize(("function", "shift"), [("xlogy", 0), ("xlog1py", -1), ("xdivy", 0)])
def test_complex_numbers_where_both_arguments_end(function, shift):
    """Zero times what is not finite is zero, to first order too, where z**2 log z and z**2 / z vanish."""

    def f(x):
        z = tf.complex(x, 0 * x)
        return tf.math.real(getattr(tf.math, function)(z * z, z + shift))

    x = np.array([0.0, 0.5, 2.0])
    log = np.log(np.where(x == 0, 1, x))
    want = [x, np.sign(x)] if function == "xdivy" else [x**2 * log, 2 * x * log + x]
    for got, exact in zip(ng.derivatives(f, 1, method="taylor")(x), want, strict=True):
        np.testing.assert_allclose(got, exact, rtol=1e-14, atol=1e-15)


# The steps, the means of the logits, and the labels, where a class is chosen nearly always: one that is no label, so that
# each step takes a factor exp(-15); or the blank, the last one, so that the path of the labels is far less probable than
# the path of blanks.
SMALL_CHANCES = {
    "of every path": (4, [0, 0, 10, 0], [0, 1]),
    "of the path of the labels": (4, [0, 0, 28], [0, 1]),
}


@pytest.mark.parametrize("name", SMALL_CHANCES)
def test_a_path_of_small_chances_is_no_chance_of_zero(name):
    """CTC's sums over paths fall below the smallest number, unless each is scaled by itself."""
    steps, means, labels = SMALL_CHANCES[name]
    logits = np.random.default_rng(0).normal(means, size=(steps, 1, len(means))).astype("float32")
    blank = len(means) - 1
    paths = [
        path
        for path in itertools.product(range(len(means)), repeat=steps)
        if [k for k, _ in itertools.groupby(path) if k != blank] == labels
    ]

    def f(x):
        loss, _ = tf.raw_ops.CTCLoss(
            inputs=x * logits, labels_indices=[[0, i] for i in range(len(labels))], labels_values=labels,
            sequence_length=[steps],
        )  # fmt: skip
        return loss[0]

    def exact(x):
        z = [[x * mp.mpf(float(v)) for v in step] for step in logits[:, 0]]
        logs = [[v - mp.log(mp.fsum(map(mp.exp, step))) for v in step] for step in z]
        return -mp.log(mp.fsum(mp.exp(mp.fsum(logs[t][k] for t, k in enumerate(path))) for path in paths))

    x = 2.75
    want = [float(mp.diff(exact, x, k)) for k in range(3)]
    assert want[0] > -np.log(np.finfo("float32").tiny)
    got = ng.derivatives(f, 2, method="taylor")(tf.constant(x))
    # Each step adds roundings of the logits, and of their products in the second derivative.
    largest = np.abs(logits).max()
    for y, exact_y, size in zip(got, want, (x * largest, largest, largest**2), strict=True):
        np.testing.assert_allclose(y, exact_y, atol=4 * steps * np.finfo("float32").eps * size)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("f", "points"),
    [
        (tf.atan, [np.inf, -np.inf]),
        (tf.asinh, [np.inf, -np.inf]),
        (tf.acosh, [np.inf]),
        (tf.tanh, [np.inf, -np.inf]),
        (tf.math.log, [np.inf]),
        (lambda x: 1 / x, [np.inf, -np.inf]),
    ],
    ids=["atan", "asinh", "acosh", "tanh", "log", "1 / x"],
)
def test_a_slope_that_goes_to_zero_is_zero_at_infinity(f, points, dtype):
    assert not np.any(ng.derivative(f, 1)(np.array(points, dtype)))


def test_a_norm_that_keeps_its_axis():
    x = np.array([[0.5], [-2.0], [3.0]])
    f = lambda x: tf.math.reduce_euclidean_norm(x * [3.0, 4.0], 1, keepdims=True)  # noqa: E731
    for got, want in zip(ng.derivatives(f, 2, method="taylor")(x), (5 * abs(x), 5 * np.sign(x), 0 * x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-14)
