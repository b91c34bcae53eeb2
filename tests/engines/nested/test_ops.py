"""Functions of a gradient, op by op: their gradients of two orders are TensorFlow's own."""

import numpy as np
import pytest
import tensorflow as tf
from support.gradients import accelerated, chain, compare, outcome, points

C = tf.constant(points(4, 1, seed=2))
PLANE = tf.constant(points(2, 2, seed=3))
S = tf.math.special
# f, of a gradient g of shape [4, 1] of numbers between 1 and 3.
OPS = {
    "zeta by x": lambda g: tf.math.zeta(2 + g, C + 1),
    "zeta by q": lambda g: tf.math.zeta(C + 2, g),
    "polygamma by n": lambda g: tf.math.polygamma(0 * g + 1, g),
    "polygamma": lambda g: tf.math.polygamma(0 * C + 1, g),
    "betainc by a": lambda g: tf.math.betainc(g, C, C),
    "betainc by b": lambda g: tf.math.betainc(C, g, C),
    "betainc by x": lambda g: tf.math.betainc(C, C, tf.sigmoid(g)),
    "betainc in a function": lambda g: tf.function(lambda g: tf.math.betainc(g, C, tf.sigmoid(g)), autograph=False)(g),
    "igamma": lambda g: tf.math.igamma(C, g),
    "igammac": lambda g: tf.math.igammac(C, g),
    "floormod": lambda g: tf.math.floormod(g * 5, 1 + g * g),
    "nextafter": lambda g: tf.math.nextafter(g, C) * g,
    "round": lambda g: tf.round(g) * g,
    "sign": lambda g: tf.sign(g) * g * g,
    "lbeta": lambda g: tf.math.lbeta(tf.concat([g, C], 1)),
    "ndtri": lambda g: tf.math.ndtri(tf.sigmoid(g)),
    "erfinv": lambda g: tf.math.erfinv(tf.tanh(g) * 0.5),
    "divide_no_nan": lambda g: tf.math.divide_no_nan(g * g, C + g),
    "multiply_no_nan": lambda g: tf.math.multiply_no_nan(g * g, C + g),
    "xlogy": lambda g: tf.math.xlogy(g * g, g),
    "xlog1py": lambda g: tf.math.xlog1py(C, g * g),
    "xdivy": lambda g: tf.math.xdivy(g, C + g * g),
    "atan2": lambda g: tf.atan2(g, C),
    "angle": lambda g: tf.math.angle(tf.complex(g, C)),
    "pow": lambda g: g**g,
    "lgamma": tf.math.lgamma,
    "Bessel": lambda g: tf.math.bessel_i0(g) + tf.math.bessel_i1e(g) + S.bessel_j0(g) + S.bessel_k0(g),
    "integrals": lambda g: S.dawsn(g) + S.fresnel_cos(g) + S.spence(g) + S.expint(g),
    "relu6": lambda g: tf.nn.relu6(g * 3) ** 2,
    "crelu": lambda g: tf.nn.crelu(g - 2) ** 2,
    "cross entropies": lambda g: tf.nn.sigmoid_cross_entropy_with_logits(C, g)
    + tf.nn.softmax_cross_entropy_with_logits(tf.concat([C, 1 - C], 1), tf.concat([g, C], 1))[:, None],
    "sparse cross entropy": lambda g: tf.nn.sparse_softmax_cross_entropy_with_logits([0, 1, 0, 1], tf.concat([g, C], 1)),
    "checks": lambda g: tf.debugging.check_numerics(g * g, "g") + tf.debugging.assert_all_finite(g * g, "g"),
    "bits": lambda g: tf.bitcast(tf.bitcast(g, tf.int64), tf.float64) * g,
    "integers": lambda g: tf.cast(tf.cast(g * 3, tf.int32), tf.float64) * g * g,
    "argmax": lambda g: tf.cast(tf.argmax(tf.concat([g, C], 1), 1), tf.float64)[:, None] * g * g,
    "sort": lambda g: tf.sort(tf.concat([g, C], 1), 1) ** 2,
    "rows by a permutation": lambda g: tf.gather(g, tf.argsort(g[:, 0])) ** 2,
    "prod": lambda g: tf.reduce_prod(tf.concat([g, C, g], 1), 1),
    "cumprod": lambda g: tf.math.cumprod(tf.concat([g, C, g], 1), 1),
    "logsumexp": lambda g: tf.math.cumulative_logsumexp(tf.concat([g, C, g], 1), 1) + tf.reduce_logsumexp(g, 1)[:, None],
    "norms": lambda g: tf.norm(tf.concat([g, C], 1), axis=1) + tf.math.reduce_std(tf.concat([g, C], 1), 1),
    "equal maxima": lambda g: tf.reduce_max(tf.concat([g, g, C], 1), 1) ** 2 + tf.maximum(g, g * 1)[:, 0] ** 2,
    "segments": lambda g: tf.math.segment_sum(g * g, [0, 1, 2, 3]) + tf.math.unsorted_segment_max(g * g, [3, 2, 1, 0], 4),
    "linspace": lambda g: tf.linspace(g, g * g, 3, axis=1)[..., 0],
    "polyval": lambda g: tf.math.polyval([g, C, g], C),
    "meshgrid": lambda g: tf.meshgrid(g, C)[0] ** 2,
    "l2_normalize": lambda g: tf.nn.l2_normalize(tf.concat([g, C], 1), 1),
    "identity_n": lambda g: tf.identity_n([g, C])[0] ** 2,
    "resize": lambda g: tf.cast(tf.image.resize(g[:, :, None, None] * PLANE[..., None], [3, 3]), g.dtype) ** 2,
    "singular values": lambda g: tf.linalg.svd(g[..., None] * tf.eye(2, dtype=g.dtype) + C[..., None] * PLANE, compute_uv=False),
    "eigenvalues": lambda g: tf.linalg.eigvalsh(g[..., None] * tf.linalg.diag(PLANE[0]) + C[..., None] * tf.ones_like(PLANE)),
    "logdet": lambda g: tf.linalg.slogdet(g[..., None] ** 2 * tf.eye(2, dtype=g.dtype) + C[..., None] * PLANE)[1],
    "expm": lambda g: tf.linalg.expm(g[..., None] * PLANE),
    "dynamic_partition": lambda g: tf.dynamic_partition(g**3, [0, 0, 1, 1], 2)[1],
    "tensor_scatter_nd_update": lambda g: tf.tensor_scatter_nd_update(g**3, [[0, 0]], tf.constant([0.0], g.dtype)),
    "boolean_mask": lambda g: tf.boolean_mask(g**3, [True, False, True, True]),
}  # fmt: skip


# The third derivative of expm's loops and branches takes as long as ten others'; TensorFlow 2.16 has none of a resize.
TO_FIRST_ORDER = ("expm", "resize") if tf.__version__.startswith("2.16.") else ("expm",)


@pytest.mark.parametrize("name", OPS)
def test_functions_of_a_gradient(name):
    def program(x):
        (g,) = tf.gradients(tf.exp(x), x)
        g = 1.5 + tf.sin(g)
        first = chain(tf.gradients, OPS[name](g), x, 1)
        return [first] if name in TO_FIRST_ORDER else [first, chain(tf.gradients, first, x, 1)]

    want = outcome(program, [points(4, 1)])
    assert not isinstance(want, str), want
    assert all(v is None or np.all(np.isfinite(v)) for v in want)
    compare(accelerated(program, [points(4, 1)])[0], want)
