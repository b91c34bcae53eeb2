"""What is proved of the rows of a batch, against what happens to other rows when an element of one is changed."""

import functools
import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad import errors
from nthgrad.engines.graph import row_rules, rows, trace
from nthgrad.engines.graph.places import Mixed, Unknown

N = 3
R = tf.raw_ops
V, C, M, S = [N], [N, 1], [N, 2], [N, 2, 2]  # shapes of x


def slice_gradient(x, **masks):
    """The gradient of y[0:N, 1:3] or y[:, 1:3]."""
    shape = tf.concat([tf.shape(x)[:1], [4]], 0)
    return R.StridedSliceGrad(shape=shape, begin=[0, 1], end=[N, 3], strides=[1, 1], dy=x, **masks)


def raw(name, x, **attributes):
    """An elementwise op on x and constants."""
    op = getattr(R, name)
    needed = [p.name for p in inspect.signature(op).parameters.values() if p.default is p.empty]
    names = [n for n in needed if n not in ("DstT", "message")]
    attributes |= {"Tout": tf.float64} if name in ("Angle", "ComplexAbs", "Imag", "Real") else {}
    attributes |= {"DstT": tf.float32} if "DstT" in needed else {"message": ""} if "message" in needed else {}
    others = [tf.fill([2], tf.constant(0.7, x.dtype)) if len(names) == 2 else tf.constant(0.7, x.dtype)] * len(names)
    grads = "Grad" in name  # whose inputs have one shape
    return op(**dict(zip(names, [x, *(x if grads else c for c in others[1:])], strict=True)), **attributes)


COMPLEX = ["Angle", "ComplexAbs", "Conj", "Imag", "Real"]
LISTS = ["AddN", "IdentityN"]
CONSTANT = ["OnesLike", "Sign", "StopGradient"]  # on no path


def complex_(x):
    return tf.complex(x, x * x)


def single(x):
    return tf.cast(x, tf.float32)


def solid(x):
    return tf.einsum("nij,nkj->nik", x, x) + tf.eye(2, dtype=x.dtype)


def fused(version, training):
    def f(x):
        one, zero = tf.ones([1]), tf.zeros([1])
        op = getattr(R, f"FusedBatchNorm{version}")
        image = single(x)[:, :, None, None]
        return op(x=image, scale=one, offset=zero, mean=zero, variance=one, is_training=training)[0]

    return f


def listed(x):
    return tf.map_fn(lambda row: row * row[0], x)


def branches(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: x**2)


def one_branch(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x - tf.reduce_mean(x, 0), lambda: x)


def mixing_branches(x):
    return tf.cond(tf.reduce_sum(x) > 0, lambda: x - tf.reduce_mean(x, 0), lambda: x * tf.reduce_sum(x, 0))


def loop(step):
    return lambda x: tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, step(y, x)), [0, x])[1]


def called(x):
    inner = tf.function(lambda y: tf.nn.softmax(y), autograph=False)
    return inner(x) + inner(x * 2)


def called_along_rows(x):
    return tf.transpose(tf.function(lambda y: tf.nn.softmax(y), autograph=False)(tf.transpose(x)))


def carried(x):
    return tf.scan(lambda before, row: before + row, x)


def last(x):
    return x * tf.foldl(lambda before, row: row, x)


def einsum_net(x):
    trunk, branch = tf.tanh(x @ tf.ones([2, 5], x.dtype)), tf.ones([4, 5], x.dtype)
    return tf.einsum("np,bp->nb", trunk, branch)


# f, the shape of x. The rows are along the first axis.
INDEPENDENT = {
    **{f"{name} of a complex number": (lambda x, n=name: raw(n, complex_(x)), M) for name in COMPLEX},
    "Complex": (complex_, M),
    "AddN": (lambda x: tf.add_n([x, x * x]), M),
    "IdentityN": (lambda x: tf.identity_n([x, x * x])[1], M),
    "Select": (lambda x: R.Select(condition=x > 0.5, x=x, y=x * x), M),
    "SelectV2": (lambda x: tf.where(x > 0.5, x, 0.0 * x), M),
    "EnsureShape": (lambda x: tf.ensure_shape(x, [None, 2]), M),
    "MatrixBandPart": (lambda x: tf.linalg.band_part(x[:, None] * x[:, :, None], 0, 0), M),
    "LogSoftmax": (tf.nn.log_softmax, M),
    "Softmax": (tf.nn.softmax, M),
    "TopKV2": (lambda x: tf.math.top_k(x, 1)[0], M),
    "LRN": (lambda x: tf.nn.lrn(single(x)[:, :, None, None]), M),
    **{f"FFT {n}": (lambda x, f=f: tf.math.real(f(complex_(x))), [N, 2, 2, 2]) for n, f in enumerate(
        [tf.signal.fft, tf.signal.ifft, tf.signal.fft2d, tf.signal.ifft2d, tf.signal.fft3d, tf.signal.ifft3d])},
    **{f"RFFT {n}": (lambda x, f=f: tf.math.real(f(x)), [N, 2, 2, 2]) for n, f in enumerate(
        [tf.signal.rfft, tf.signal.rfft2d, tf.signal.rfft3d])},
    **{f"IRFFT {n}": (lambda x, f=f: f(complex_(x)), [N, 2, 2, 2]) for n, f in enumerate(
        [tf.signal.irfft, tf.signal.irfft2d, tf.signal.irfft3d])},
    **{f"matrices {n}": (lambda x, f=f: f(solid(x)), S) for n, f in enumerate([
        tf.linalg.cholesky, tf.linalg.det, tf.linalg.expm, tf.linalg.inv, tf.linalg.sqrtm,
        lambda a: tf.linalg.slogdet(a)[1], lambda a: tf.linalg.qr(a)[1], lambda a: tf.linalg.eigh(a)[0],
        lambda a: tf.linalg.svd(a, compute_uv=False), lambda a: tf.linalg.solve(a, a * a),
        lambda a: tf.linalg.triangular_solve(a, a * a),
    ])},
    "columns of a right-hand side": (lambda x: tf.linalg.solve(tf.eye(2, dtype=x.dtype), tf.transpose(x)), M),
    "Reverse": (lambda x: R.Reverse(tensor=x, dims=[False, True]), M),
    "reversed twice": (lambda x: tf.reverse(tf.exp(tf.reverse(x, [0])) ** 2, [0]), M),
    "x[::-1] twice": (lambda x: tf.transpose(tf.transpose(x[::-1]) * 2.0)[::-1], M),
    "rolled back": (lambda x: tf.roll(tf.sin(tf.roll(x, 2, 0)), -2, 0), M),
    "Cumsum": (lambda x: tf.cumsum(x, 1), M),
    "Cumprod": (lambda x: tf.math.cumprod(x, -1), M),
    "CumulativeLogsumexp": (lambda x: tf.math.cumulative_logsumexp(x, 1), M),
    "ReverseV2": (lambda x: tf.reverse(x, [1]), M),
    "Roll": (lambda x: tf.roll(x, 1, 1), M),
    "Roll by nothing": (lambda x: tf.roll(x, 0, 0), M),
    **{f"reduction {n}": (lambda x, f=f: f(x, 1), M) for n, f in enumerate([
        tf.reduce_sum, tf.reduce_mean, tf.reduce_prod, tf.reduce_max, tf.reduce_min, tf.math.reduce_euclidean_norm,
        tf.reduce_logsumexp])},
    "a sum over an axis of length 1": (lambda x: tf.reduce_sum(x, -1, keepdims=True), C),
    "MatMul": (lambda x: x @ tf.ones([2, 4], x.dtype), M),
    "MatMul, transposed": (lambda x: tf.matmul(tf.ones([4, 2], x.dtype), x, transpose_b=True), M),
    "BatchMatMul": (lambda x: R.BatchMatMul(x=x, y=x), S),
    "BatchMatMulV2": (lambda x: R.BatchMatMulV2(x=x, y=tf.ones([2, 2], x.dtype)), S),
    "BatchMatMulV3": (lambda x: R.BatchMatMulV3(x=x, y=x, Tout=tf.float64, adj_x=True), S),
    "Einsum": (lambda x: tf.einsum("...i,...i,ij->...j", x, x, tf.ones([2, 3], x.dtype)), M),
    "a quadratic form by the diagonal": (lambda x: tf.linalg.diag_part(x @ tf.transpose(x)), M),
    "BroadcastTo": (lambda x: tf.broadcast_to(x, [2, N, 2]), M),
    "ExpandDims": (lambda x: x[:, None] + tf.expand_dims(x, 1), M),
    "Squeeze": (lambda x: tf.squeeze(x, 1) + tf.squeeze(x, [-1]), C),
    "Reshape": (lambda x: tf.reshape(x, [-1, 4]), S),
    "a network on elements": (lambda x: tf.reshape(tf.nn.softmax(tf.reshape(x, [-1, 1]) @ tf.ones([1, 3], x.dtype)),
                                                   [-1, 2, 3]), M),
    "Shape": (lambda x: tf.reshape(tf.reshape(x, [-1, 2, 2]), tf.shape(x)), [N, 4]),
    "Tile": (lambda x: tf.tile(x, [1, 2]), M),
    "tf.repeat": (lambda x: tf.repeat(x, 2, 1), M),
    "Cross": (lambda x: tf.linalg.cross(tf.repeat(x, 2, 1)[:, :3] ** 2, tf.repeat(x, 2, 1)[:, 1:]), M),
    "Transpose": (lambda x: tf.transpose(tf.nn.softmax(tf.transpose(x), 0)), M),
    "softmax along another axis": (lambda x: tf.nn.softmax(tf.transpose(x), 0), M),
    "Pad": (lambda x: tf.pad(x, [[0, 1], [1, 0]])[:, 1:], M),
    "PadV2": (lambda x: tf.pad(x, [[0, 0], [1, 0]], constant_values=2.0), M),
    "MirrorPad": (lambda x: tf.pad(x, [[0, 0], [1, 0]], "REFLECT"), M),
    "GatherV2": (lambda x: tf.gather(x, [1, 0, 0], axis=1), M),
    "GatherNd": (lambda x: tf.gather_nd(tf.transpose(x), [[1], [0]]), M),
    "Pack": (lambda x: tf.stack([x, x * x], 1), M),
    "Slice": (lambda x: tf.slice(x, [0, 1], [-1, 1]), M),
    "StridedSlice": (lambda x: x[..., 1, None] + x[:, ::-1], M),
    "StridedSliceGrad": (lambda x: slice_gradient(x, begin_mask=1, end_mask=1), M),
    "Unpack": (lambda x: tf.unstack(x, axis=1)[1], M),
    "Split": (lambda x: tf.split(x, 2, 1)[1], M),
    "SplitV": (lambda x: tf.split(x, [1, 1], -1)[0], M),
    "Concat": (lambda x: R.Concat(concat_dim=1, values=[x, x]), M),
    "ConcatV2": (lambda x: tf.concat([x, tf.ones_like(x)], 1), M),
    "points on a boundary": (lambda x: tf.concat([x, tf.ones([2, 2], x.dtype)], 0), M),
    **{f"MatrixDiag {n}": (lambda x, f=f: f(x), M) for n, f in enumerate([
        lambda x: R.MatrixDiag(diagonal=x), tf.linalg.diag,
        lambda x: R.MatrixDiagV2(diagonal=x, k=0, num_rows=-1, num_cols=-1, padding_value=tf.zeros([], x.dtype))])},
    **{f"MatrixDiagPart {n}": (lambda x, f=f: f(x), S) for n, f in enumerate([
        lambda x: R.MatrixDiagPart(input=x), tf.linalg.diag_part,
        lambda x: R.MatrixDiagPartV2(input=x, k=0, padding_value=tf.zeros([], x.dtype))])},
    "BiasAdd": (lambda x: tf.nn.bias_add(x, tf.ones([2], x.dtype)), M),
    "Conv2D": (lambda x: tf.nn.conv2d(x[..., None], tf.ones([2, 2, 1, 1], x.dtype), 1, "SAME"), S),
    "Conv2DBackpropInput": (lambda x: tf.nn.conv2d_transpose(x[..., None], tf.ones([2, 2, 1, 1], x.dtype), [
        N, 2, 2, 1], 1), S),
    "Conv3D": (lambda x: tf.nn.conv3d(x[..., None, None], tf.ones([2, 2, 1, 1, 1], x.dtype), [1] * 5, "SAME"), S),
    "Conv3DBackpropInputV2": (lambda x: tf.nn.conv3d_transpose(x[..., None, None], tf.ones([2, 2, 1, 1, 1], x.dtype), [
        N, 2, 2, 1, 1], [1] * 5), S),
    "DepthwiseConv2dNative": (lambda x: tf.nn.depthwise_conv2d(x[..., None], tf.ones([2, 2, 1, 1], x.dtype), [1] * 4,
                                                               "SAME"), S),
    "AvgPool": (lambda x: tf.nn.avg_pool2d(x[..., None], 2, 1, "SAME"), S),
    "MaxPool": (lambda x: tf.nn.max_pool2d(x[..., None], 2, 1, "SAME"), S),
    "AvgPool3D": (lambda x: tf.nn.avg_pool3d(single(x)[..., None, None], 2, 1, "SAME"), S),
    "MaxPool3D": (lambda x: tf.nn.max_pool3d(single(x)[..., None, None], 2, 1, "SAME"), S),
    "DepthToSpace": (lambda x: tf.nn.depth_to_space(tf.tile(x[..., None], [1, 1, 1, 4]), 2), S),
    "SpaceToDepth": (lambda x: tf.nn.space_to_depth(x[..., None], 2), S),
    "ResizeBilinear": (lambda x: tf.image.resize(x[..., None], [3, 3]), S),
    "ResizeBicubic": (lambda x: tf.image.resize(x[..., None], [3, 3], "bicubic"), S),
    "ResizeNearestNeighbor": (lambda x: tf.image.resize(x[..., None], [3, 3], "nearest"), S),
    **{f"FusedBatchNorm{v}": (fused(v, False), M) for v in ("", "V2", "V3")},
    "map_fn": (listed, M),
    "branches": (branches, M),
    "a loop": (loop(lambda y, x: tf.sin(y) * x), M),
    "a function": (called, M),
    "a network of trunk and branch": (einsum_net, M),
    "moments along a row": (lambda x: (x - tf.nn.moments(x, [1], keepdims=True)[0]), M),
    "a constant by stop_gradient": (lambda x: x * tf.stop_gradient(tf.cast(tf.shape(x)[0], x.dtype)), M),
}  # fmt: skip


# The same ops along the rows.
MIXED = {
    "Softmax": (tf.nn.softmax, V),
    "softmax along axis 0": (lambda x: tf.nn.softmax(x, 0), M),
    "LogSoftmax": (tf.nn.log_softmax, V),
    "Cross": (lambda x: tf.linalg.cross(x, x**2), V),
    "TopKV2": (lambda x: tf.math.top_k(x, N)[0] + tf.math.top_k(-x, N)[0], V),
    "sort": (lambda x: tf.sort(x, 0), M),
    "FFT": (lambda x: tf.math.real(tf.signal.fft(complex_(x))), V),
    "RFFT": (lambda x: tf.math.real(R.RFFT(input=x, fft_length=[N], Tcomplex=tf.complex128)), V),
    "FFT2D": (lambda x: tf.math.real(tf.signal.fft2d(complex_(x))), M),
    "IRFFT3D": (lambda x: R.IRFFT3D(input=complex_(x), fft_length=[N, 2, 2], Treal=tf.float64), S),
    "MatrixInverse": (lambda x: tf.linalg.inv(tf.linalg.diag([3.0, 4.0, 5.0]) + single(x)[:, :1]), M),
    "a right-hand side": (lambda x: tf.linalg.solve(tf.ones([N, N], x.dtype) + tf.eye(N, dtype=x.dtype), x), M),
    "Cumsum": (tf.cumsum, M),
    "Cumprod": (tf.math.cumprod, M),
    "CumulativeLogsumexp": (tf.math.cumulative_logsumexp, M),
    "ReverseV2": (lambda x: tf.reverse(x, [0]), M),
    "x[::-1]": (lambda x: x[::-1], M),
    "x and x reversed": (lambda x: tf.reverse(tf.reverse(x, [0]) * x, [0]), M),
    "rolled twice": (lambda x: tf.roll(tf.roll(x, 1, 0) ** 2, 1, 0), M),
    "Roll": (lambda x: tf.roll(x, [1, 0], [0, 1]), M),
    **{f"reduction {n}": (lambda x, f=f: f(x, 0), M) for n, f in enumerate([
        tf.reduce_sum, tf.reduce_mean, tf.reduce_prod, tf.reduce_max, tf.reduce_min, tf.math.reduce_euclidean_norm,
        tf.reduce_logsumexp])},
    "L2Loss": (lambda x: x * tf.nn.l2_loss(x), M),
    "x - x[0]": (lambda x: x - x[0], M),
    "x - x[:1]": (lambda x: x - x[:1], M),
    "x * x[-1]": (lambda x: x * x[-1], C),
    "x - tf.slice(x, ...)": (lambda x: x - tf.slice(x, [1, 0], [1, -1]), M),
    "rows of the Gram matrix": (lambda x: (x @ tf.transpose(x)) @ tf.ones([N, 1], x.dtype), M),
    "attention between rows": (lambda x: tf.nn.softmax(x @ tf.transpose(x)) @ x, M),
    "differences of rows": (lambda x: tf.reduce_sum(tf.abs(x[:, None] - x[None]), 1), M),
    "einsum": (lambda x: tf.einsum("ni,mi->n", x, x), M),
    "gather": (lambda x: tf.gather(x, [2, 1, 0]), M),
    "gather of one row": (lambda x: tf.gather(x, [0, 0, 0]), M),
    "convolution along rows": (
        lambda x: tf.nn.conv1d(x[None, :, None], tf.ones([3, 1, 1], x.dtype), 1, "SAME")[0, :, 0], V),
    "pooling along rows": (lambda x: tf.nn.avg_pool1d(x[None, :, None], 2, 1, "SAME")[0, :, 0], V),
    **{f"FusedBatchNorm{v}": (fused(v, True), M) for v in ("", "V2", "V3")},
    "scan": (carried, M),
    "scan from zeros": (lambda x: tf.scan(lambda y, row: y + row, x, tf.zeros([2], x.dtype)), M),
    "foldl": (last, M),
    "branches": (mixing_branches, M),
    "a loop": (loop(lambda y, x: y + tf.reduce_sum(x, 0)), M),
    "a function": (called_along_rows, M),
}  # fmt: skip

# Neither is proved: f, the shape of x, whether rows are independent.
UNKNOWN = {
    "one branch mixes": (one_branch, M),
    "rows by a permutation": (lambda x: tf.gather(x, tf.argsort(x[:, 0])), M),
    "the gradient of a slice of rows": (slice_gradient, M),
    "Tile": (lambda x: tf.tile(x, [2, 1]), M),
    "two copies": (lambda x: tf.split(tf.nn.softmax(tf.concat([x, -x], 0)), 2)[0], M),
    "an op without a rule": (lambda x: tf.math.unsorted_segment_sum(x, tf.range(N), N), M),
    "a diagonal matrix": (lambda x: tf.linalg.diag(x) @ tf.linalg.diag(x), V),
    "the diagonal of products": (lambda x: tf.reduce_sum(tf.linalg.band_part(x @ tf.transpose(x), 0, 0), 1), M),
    "the zeros of a pad": (lambda x: x + tf.pad(x, [[1, 0], [0, 0]])[0], M),
    "a part of the reversed rows": (lambda x: tf.concat([x[::-1][:1], x[1:]], 0), M),
    "reversed and rolled": (lambda x: tf.roll(tf.reverse(x, [0]), 1, 0), M),
    "every other row": (lambda x: tf.stack([x[::2], x[::2]], 1), M),
}


@functools.cache
def traced(f, *shape):
    return tf.function(f, autograph=False).get_concrete_function(tf.TensorSpec(shape, tf.float64)).graph


def found(f, shape):
    graph = traced(f, *shape)
    return rows.states({graph.inputs[0].name: [0]}, graph.outputs)[0]


def point(shape):
    return np.random.default_rng(0).uniform(0.2, 0.8, shape)


def spilt(f, shape, axis):
    """Whether a change in a row of x changes another row of f(x)."""
    x = point(shape)
    before = np.moveaxis(np.asarray(f(tf.constant(x)), complex), axis, 0)
    for row in range(N):
        moved = x.copy()
        moved[row] *= np.linspace(1.1, 1.3, moved[row].size).reshape(moved[row].shape)
        after = np.moveaxis(np.asarray(f(tf.constant(moved)), complex), axis, 0)
        others = np.arange(len(before)) != row
        if not np.allclose(after[others], before[others], 1e-6, 1e-9, equal_nan=True):
            return True
    return False


def states(f, shape):
    """What is found where the number of rows is known, and where it is not."""
    return [found(f, shape), found(f, [None, *shape[1:]])]


ELEMENTWISE = [n for n in row_rules.ELEMENTWISE.split() if n not in COMPLEX + LISTS + CONSTANT + ["Complex"]]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_ops_keep_rows(name):
    def f(x):
        return raw(name, x)

    assert found(f, [None, 2]) == rows.Independent((0,))
    assert not spilt(f, M, 0)


@pytest.mark.parametrize("name", INDEPENDENT)
def test_what_is_proved_is_so(name):
    f, shape = INDEPENDENT[name]
    both = states(f, shape)
    for state in both:
        assert isinstance(state, rows.Independent), trace.describe(state.op)
    for axis in {state.axes[0] for state in both}:
        assert not spilt(f, shape, axis)


@pytest.mark.quick
@pytest.mark.parametrize("name", MIXED)
def test_what_mixes_is_found(name):
    f, shape = MIXED[name]
    for state in states(f, shape):
        assert isinstance(state, Mixed), state
    y = f(tf.constant(point(shape)))
    assert all(spilt(f, shape, axis) for axis, n in enumerate(y.shape) if n == N)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_proved_is_unknown(name):
    f, shape = UNKNOWN[name]
    for state in states(f, shape):
        assert isinstance(state, Unknown)


def test_every_rule_is_tested():
    seen = {*ELEMENTWISE, *CONSTANT}
    for f, shape in [*INDEPENDENT.values(), *MIXED.values(), *UNKNOWN.values()]:
        graph = traced(f, *shape)
        seen |= {op.type for op in trace.with_bodies(graph.get_operations())}
    assert set(row_rules.RULES) - seen == set()


NETWORKS = {
    "Dense": lambda: [keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)],
    "Dense on sequences": lambda: [keras.layers.Reshape([2, 1]), keras.layers.Dense(4, "gelu"), keras.layers.Flatten()],
    "Conv1D": lambda: [keras.layers.Reshape([2, 1]), keras.layers.Conv1D(3, 2), keras.layers.GlobalAveragePooling1D()],
    "LSTM": lambda: [keras.layers.Reshape([2, 1]), keras.layers.LSTM(3, return_sequences=True), keras.layers.LSTM(2)],
    "GRU": lambda: [keras.layers.Reshape([2, 1]), keras.layers.Bidirectional(keras.layers.GRU(2))],
    "LayerNormalization": lambda: [keras.layers.Dense(4), keras.layers.LayerNormalization(), keras.layers.Dense(1)],
    "BatchNormalization": lambda: [keras.layers.Dense(4), keras.layers.BatchNormalization(), keras.layers.Dense(1)],
    "Dropout": lambda: [keras.layers.Dense(4, "softmax"), keras.layers.Dropout(0.5), keras.layers.Dense(1)],
}


def network(layers):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input([2]), *layers])


def attention():
    x = keras.Input([2])
    y = keras.layers.Reshape([2, 1])(x)
    y = keras.layers.MultiHeadAttention(2, 3)(y, y)
    return keras.Model(x, keras.layers.Flatten()(y))


@pytest.mark.parametrize("name", [*NETWORKS, "MultiHeadAttention"])
def test_rows_of_networks_are_proved_independent(name):
    model = attention() if name == "MultiHeadAttention" else network(NETWORKS[name]())
    assert found(lambda x: model(x, training=False), [None, 2]) == rows.Independent((0,))


def test_an_embedding_of_other_arguments_is_no_part_of_the_rows():
    table = keras.layers.Embedding(5, 2)
    g = ng.derivative(lambda x, i: tf.reduce_sum(x * table(i), -1, keepdims=True))
    assert g(tf.ones([3, 1]), tf.constant([0, 1, 2])).shape == [3, 1]


X = tf.constant(point(C))
METHODS = pytest.mark.parametrize("method", ["taylor", "tape"])


@METHODS
@pytest.mark.parametrize(
    "name", ["softmax along axis 0", "Cumsum", "ReverseV2", "Roll", "sort", "gather", "x - x[0]", "scan"]
)
def test_ops_that_mix_are_refused(name, method):
    f, _ = MIXED[name]
    g, h = ng.derivative(f, method=method), ng.partials(lambda t, x: t * f(x), ["x"], method=method)
    for call in (g, lambda x: h(x, x)):
        with pytest.raises(errors.MixingError, match=r"^f mixes the rows of a batch: "):
            call(X)
        if name not in ("Cumsum", "scan"):  # an op and a loop; inside a graph f is traced by the same code for all
            continue
        with pytest.raises(errors.MixingError):
            tf.function(call, autograph=False)(X)
        with pytest.raises(errors.MixingError):
            tf.function(call, autograph=False, input_signature=[tf.TensorSpec([None, 1], tf.float64)])(X)


@pytest.mark.quick
def test_the_error_names_the_op_and_the_line():
    line = inspect.currentframe().f_lineno + 1
    g = ng.derivative(lambda x: tf.cumsum(x * 2))
    with pytest.raises(errors.MixingError) as error:
        g(X)
    assert str(error.value) == (
        f"f mixes the rows of a batch: Cumsum (named 'Cumsum', made at {__file__}:{line}) combines them, so that no "
        "row has a derivative of its own. Take it out of f (a BatchNormalization: call the model with training=False)."
    )


def square_plus_transpose(x):
    return x + tf.transpose(x)


@pytest.mark.parametrize(
    "f", [tf.transpose, square_plus_transpose, tf.nn.softmax, lambda x: x @ tf.ones([2, 2], x.dtype)]
)
def test_elements_of_a_square_are_rows_of_their_own(f):
    with pytest.raises(errors.MixingError):
        ng.derivative(f)(tf.constant(point([2, 2])))


def test_an_operator_lets_coordinates_mix_and_no_rows():
    x = tf.constant(point([2, 2]))
    assert ng.laplacian(lambda x: tf.nn.softmax(x)[:, 0])(x).shape == [2]
    with pytest.raises(errors.MixingError):
        ng.laplacian(lambda x: tf.nn.softmax(x, 0)[:, 0])(x)


# f, and its derivative at x of shape [3, 1]. Nothing in them mixes rows, or there is no proof.
LET_THROUGH = {
    "code that no output uses": (lambda x: (tf.cumsum(x), x**2)[1], lambda x: 2 * x),
    "elements in one axis": (lambda x: tf.reshape(tf.reshape(x, [-1]) ** 2, tf.shape(x)), lambda x: 2 * x),
    "a permutation and its inverse": (
        lambda x: tf.gather(tf.gather(x, tf.argsort(x[:, 0])) ** 2, tf.argsort(tf.argsort(x[:, 0]))), lambda x: 2 * x),
    "the maximum, held fixed": (lambda x: x * tf.stop_gradient(tf.reduce_max(x)), lambda x: 0 * x + tf.reduce_max(x)),
    "a predicate of all rows": (lambda x: tf.cond(tf.reduce_any(x < 0), lambda: x, lambda: x**2), lambda x: 2 * x),
}  # fmt: skip


@METHODS
@pytest.mark.parametrize("name", LET_THROUGH)
def test_no_false_alarm(name, method):
    f, slope = LET_THROUGH[name]
    np.testing.assert_allclose(ng.derivative(f, method=method)(X), slope(X), rtol=1e-12)


def test_intermediate_tensors_and_several_inputs():
    @tf.function(autograph=False)
    def f(x, w):
        middle = tf.cumsum(x)
        return middle, tf.tanh(middle) @ w, x * 2, tf.transpose(middle), w

    graph = f.get_concrete_function(tf.TensorSpec([None, 2]), tf.TensorSpec([2, 2])).graph
    found = rows.states({graph.inputs[0].name: [0]}, graph.outputs)
    assert found == [Mixed(), Mixed(), rows.Independent((0,)), Mixed(), rows.Independent(None)]
    (middle,) = [op.outputs[0] for op in graph.get_operations() if op.type == "Cumsum"]
    found = rows.states({middle.name: [0]}, graph.outputs)
    assert [s.axes for s in found] == [(0,), (0,), None, (1,), None]
    found = rows.states({t.name: [0] for t in (graph.inputs[0], middle)}, graph.outputs[1:3])
    assert found == [rows.Independent((0,))] * 2


def test_the_cost_is_linear():
    def f(depth):
        def inner(x):
            for _ in range(depth):
                y = x
                x = tf.sin(y) + tf.cos(y)
            return x

        return inner

    calls = {}
    for depth in (50, 200):
        graph = traced(f(depth), None, 1)
        rule, count = row_rules.RULES["AddV2"], []
        row_rules.RULES["AddV2"] = lambda op, states, rule=rule, count=count: (count.append(op), rule(op, states))[1]
        try:
            rows.states({graph.inputs[0].name: [0]}, graph.outputs)
        finally:
            row_rules.RULES["AddV2"] = rule
        calls[depth] = len(count)
    assert calls == {50: 50, 200: 200}


TABLE = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
VALUES = {  # f, and the axis of the rows; None if they are mixed or nothing is proved
    "stop": (lambda x: x * tf.stop_gradient(tf.floor(x)), 0),
    "mask": (lambda x: tf.where((x > 0) & ~tf.math.is_nan(x), x, 0.0), 0),
    "largest": (lambda x: tf.cast(tf.argmax(x, 1), tf.float32), 0),
    "vectors": (lambda x: tf.gather(TABLE, tf.cast(x[:, 0], tf.int32)), 0),
    "one_hot": (lambda x: tf.one_hot(tf.cast(x[:, 0] > 0, tf.int32), 3), 0),
    "one_hot first": (lambda x: tf.one_hot(tf.cast(x[:, 0] > 0, tf.int32), 3, axis=0), 1),
    "entropy": (lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(tf.argmax(x, 1), x), 0),
    "all": (lambda x: tf.cast(tf.reduce_all(x > 0, 1), tf.float32), 0),
    "branch": (lambda x: tf.cond(tf.random.uniform([]) > 0, lambda: x, lambda: 2 * x), 0),
    "stopped mean": (lambda x: x - tf.stop_gradient(tf.reduce_mean(x, 0)), None),
    "any row": (lambda x: x * tf.cast(tf.reduce_any(x > 0), tf.float32), None),
    "best row": (lambda x: tf.gather(TABLE, tf.argmax(x, 0)), None),
    "branch by rows": (lambda x: tf.cond(x[0, 0] > 0, lambda: x, lambda: 2 * x), None),
    "loop by rows": (lambda x: tf.while_loop(lambda y: tf.reduce_max(y) < 9, lambda y: (2 * y,), (x,))[0], None),
}


@pytest.mark.parametrize(("f", "axis"), VALUES.values(), ids=VALUES)
def test_where_values_count(f, axis):
    graph = tf.function(f, autograph=False).get_concrete_function(tf.TensorSpec([7, 2])).graph
    x, (y,) = graph.inputs[0], graph.outputs
    (found,) = rows.states({x.name: [0]}, [y], values=True)
    assert getattr(found, "axes", None) == (None if axis is None else (axis,))
    assert axis is None or isinstance(found, rows.Independent)
    assert axis is not None or isinstance(found, (Mixed, Unknown))
