"""Complex ops under an outer tape: gradients by trained real and imaginary parts, plain and compiled, against mpmath.

TensorFlow's gradients of some complex ops are wrong: XLA's kernels of SqrtGrad and others miss a conjugate.
"""

from functools import cache

import mpmath as mp
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng

R = tf.raw_ops
POINTS = np.array([-0.75, 0.25, 1.1])
WEIGHTS = np.array([0.5, -0.35, 0.3, 0.75])
FACTORS = np.array([0.7 - 0.3j, -0.2 + 1j, 1.5 + 0.25j])
NUMBER = 1.5 - 0.5j


def number(z):
    return tf.constant(NUMBER, z.dtype)


def by_tape(f):
    """The gradient of the real part, as a tape in f computes it."""

    def gradient(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            y = tf.math.real(f(z))
        return tape.gradient(y, z)

    return gradient


OPS = {
    "Abs": (lambda z: tf.complex(tf.abs(z), 0 * tf.abs(z)), abs),
    "Acos": (tf.acos, mp.acos),
    "Acosh": (tf.acosh, mp.acosh),
    "Angle": (lambda z: tf.complex(tf.math.angle(z), 0 * tf.abs(z)), mp.arg),
    "Asin": (tf.asin, mp.asin),
    "Asinh": (tf.asinh, mp.asinh),
    "Atan": (tf.atan, mp.atan),
    "Atanh": (tf.atanh, mp.atanh),
    "Conj": (lambda z: tf.math.conj(z) * z * z, lambda z: mp.conj(z) * z * z),
    "Cos": (tf.cos, mp.cos),
    "Cosh": (tf.cosh, mp.cosh),
    "Div": (lambda z: number(z) / z, lambda z: NUMBER / z),
    "DivNoNan": (lambda z: tf.math.divide_no_nan(number(z), z), lambda z: NUMBER / z),
    "Exp": (tf.exp, mp.exp),
    "Expm1": (tf.math.expm1, mp.expm1),
    "Inv": (lambda z: R.Inv(x=z), lambda z: 1 / z),
    "Log": (tf.math.log, mp.log),
    "Log1p": (tf.math.log1p, lambda z: mp.log(1 + z)),
    "MulNoNan": (lambda z: tf.math.multiply_no_nan(z, z), lambda w: w * w),
    "Pow, of x": (lambda z: tf.pow(z, number(z)), lambda z: z ** mp.mpc(NUMBER)),
    "Pow, to x": (lambda z: tf.pow(number(z), z), lambda z: mp.mpc(NUMBER) ** z),
    "Pow, to -2": (lambda z: z**-2, lambda z: z**-2),
    "Reciprocal": (tf.math.reciprocal, lambda z: 1 / z),
    "Rsqrt": (tf.math.rsqrt, lambda z: 1 / mp.sqrt(z)),
    "Sigmoid": (tf.sigmoid, lambda z: 1 / (1 + mp.exp(-z))),
    "Sign": (tf.sign, mp.sign),
    "Sin": (tf.sin, mp.sin),
    "Sinh": (tf.sinh, mp.sinh),
    "Sqrt": (tf.sqrt, mp.sqrt),
    "Square": (tf.square, lambda z: z * z),
    "SquaredDifference": (lambda z: tf.math.squared_difference(z, number(z)), lambda z: abs(z - NUMBER) ** 2),
    "Tan": (tf.tan, mp.tan),
    "Tanh": (tf.tanh, mp.tanh),
    "Xdivy": (lambda z: tf.math.xdivy(z, 1 + z), lambda z: z / (1 + z)),
    "Xlog1py": (lambda z: tf.math.xlog1py(z, z), lambda z: z * mp.log(1 + z)),
    "Xlogy": (lambda z: tf.math.xlogy(z, z), lambda z: z * mp.log(z)),
    "ReciprocalGrad": (by_tape(tf.math.reciprocal), lambda z: mp.conj(-1 / z**2)),
    "RsqrtGrad": (by_tape(tf.math.rsqrt), lambda z: mp.conj(-1 / (2 * z * mp.sqrt(z)))),
    "SqrtGrad": (by_tape(tf.sqrt), lambda z: mp.conj(1 / (2 * mp.sqrt(z)))),
}
# The gradients of TensorFlow are wrong without XLA too; the engines that take gradients backward refuse them.
SERIES_ONLY = {"MulNoNan", "Sign", "SquaredDifference", "Xdivy", "Xlog1py", "Xlogy"}

# f(x) of the weights: an op of x, and an op of weights only.
FORMS = {
    "of x": lambda op, a, b, x: op(a * x + b),
    "of weights": lambda op, a, b, x: op(a + b) * x * x,
}


def fields(weights, rows):
    """F of x, which returns an op in a form for each row of the weights."""

    def f(x):
        x = tf.complex(x, tf.zeros_like(x))
        return [
            FORMS[form](OPS[name][0], tf.complex(w[0], w[1]), tf.complex(w[2], w[3]), x)
            for (form, name), w in zip(rows, tf.unstack(weights), strict=True)
        ]

    return f


@cache
def exact(form, name, order):
    """The gradient by the four weights of the sum of real(FACTORS y), of the derivative y, to 20 digits."""
    of, op = FORMS[form], OPS[name][1]
    at = [mp.mpf(float(w)) for w in WEIGHTS]

    def y(x, w, i):
        ws = [*at[:i], w, *at[i + 1 :]]
        return of(op, mp.mpc(ws[0], ws[1]), mp.mpc(ws[2], ws[3]), x)

    with mp.workdps(30):
        return [
            float(sum(mp.re(mp.mpc(c) * mp.diff(lambda x, w, i=i: y(x, w, i), (mp.mpf(x), at[i]), (order, 1)))
                      for c, x in zip(FACTORS, POINTS, strict=True)))
            for i in range(4)
        ]  # fmt: skip


# The order of the derivative, and how to compute it from f.
FUNCTIONS = {
    "derivative": (1, lambda f, x: ng.derivative(f, 1)(x)),
    "derivatives": (1, lambda f, x: ng.derivatives(f, 2)(x)[1]),
    "partials": (2, lambda f, x: ng.partials(lambda t: f(t), ["tt"])(x)["tt"]),
    "taylor": (1, lambda f, x: ng.taylor(f, 1)(x, tf.ones_like(x))[1]),
    "gradient": (1, lambda f, x: ng.gradient(lambda p: f(p[:, 0]))(x[:, None])),
    "tape": (1, lambda f, x: ng.derivative(f, 1, method="tape")(x)),
}
WITH_XLA = ["Acosh", "Asin", "Asinh", "Log", "Rsqrt", "RsqrtGrad", "Sqrt", "ReciprocalGrad"]
FEW = ["Reciprocal", "SqrtGrad"]
BOTH = [(form, name) for name in FEW for form in FORMS]


def spread(names):
    """Each op of x, which takes a third of a second of tracing and compilation, and every fourth of weights too."""
    return [(form, name) for i, name in enumerate(names) for form in [*FORMS][: 1 if i % 4 else 2]]


# All functions but the first are compiled together, each with one op in one form, and the four pairs of those in turn.
RUNS = {
    "compiled": ("compiled", {"derivative": spread(WITH_XLA)}),
    "eager": ("eager", {"derivative": spread(sorted(SERIES_ONLY))}),
    "graph": ("graph", {"derivative": BOTH}),
    "every function compiled": ("compiled", {
        function: [BOTH[i % 4]] for i, function in enumerate(FUNCTIONS) if function != "derivative"
    }),
}  # fmt: skip


def gradients(how, rows):
    @tf.autograph.experimental.do_not_convert
    def step(weights):
        found = {}
        for function in rows:
            with tf.GradientTape() as tape:
                tape.watch(weights[function])
                ys = FUNCTIONS[function][1](fields(weights[function], rows[function]), tf.constant(POINTS))
                loss = tf.add_n([tf.math.real(tf.reduce_sum(FACTORS * tf.reshape(y, [-1]))) for y in ys])
            found[function] = tape.gradient(loss, weights[function])
        return found

    run = step if how == "eager" else tf.function(step, jit_compile=how == "compiled")
    return run({function: tf.constant(np.tile(WEIGHTS, (len(of), 1))) for function, of in rows.items()})


@pytest.mark.parametrize("run", RUNS)
def test_gradients_by_weights(run):
    how, rows = RUNS[run]
    got, wrong = gradients(how, rows), []
    for function, of in rows.items():
        for row, (form, name) in zip(got[function].numpy(), of, strict=True):
            want = np.array(exact(form, name, FUNCTIONS[function][0]))
            if not np.allclose(row, want, rtol=0, atol=1e-9 * np.abs(want).max()):
                wrong.append(f"{function} {form} {name}: {row} is not {want}")
    assert not wrong, "\n".join(wrong)


def test_values_stay(tmp_path):
    """The values are those of the op to the last bit; a saved derivative trains as before."""
    x = tf.constant(POINTS)
    z = tf.complex(x, x * x)
    f = lambda x: tf.sqrt(tf.complex(x, x * x))  # noqa: E731
    np.testing.assert_array_equal(ng.derivatives(f, 1)(x)[0], tf.sqrt(z))

    module = tf.Module()
    module.w = tf.Variable([0.5, -0.35], dtype=tf.float64)
    g = ng.derivative(lambda x: tf.sqrt(tf.complex(module.w[0] * x, module.w[1] * x + 1)))
    module.__call__ = tf.function(g, input_signature=[tf.TensorSpec([None], tf.float64)], autograph=False)
    module.__call__(x)
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))

    def slopes(module, jit_compile):
        @tf.function(jit_compile=jit_compile)
        def step():
            with tf.GradientTape() as tape:
                loss = tf.math.real(tf.reduce_sum(FACTORS * module.__call__(tf.constant(POINTS))))
            return tape.gradient(loss, module.w)

        return step()

    want = slopes(module, None)
    for found in (slopes(module, True), slopes(loaded, None), slopes(loaded, True)):
        np.testing.assert_allclose(found, want, rtol=1e-12)
