"""Every op that nested tapes refuse, one by one: each would lose a part of the derivative without a word.

Each f multiplies what the op makes by x, so that a path on which TensorFlow gives a gradient is left: no None shows.
"""

import re

import numpy as np
import pytest
import tensorflow as tf
from support import registry

import nthgrad as ng
from nthgrad.engines.graph import opaque
from nthgrad.engines.graph.kinds import CONSTANT
from nthgrad.engines.tape import repairs
from nthgrad.errors import UnsupportedOpError

R = tf.raw_ops
HIDDEN = "TensorFlow registers no gradient for it although its output varies with its input"
ONCE = "its second derivative is silently lost"
COMPLEX = "its gradient is wrong for complex tensors"


def of(*shape):
    """Different numbers in a shape."""
    return np.linspace(0.2, 0.9, int(np.prod(shape))).reshape(shape).astype("float32")


def variants(x):
    return R.TensorListFromTensor(tensor=x * of(2, 3), element_shape=[3])


def stacked(handle):
    return R.TensorListStack(input_handle=handle, element_shape=[3], element_dtype=tf.float32)


def sparse(x):
    return {"indices": [[0, 0], [1, 1]], "values": x * of(2), "shape": [2, 2]}


def added(x):
    a, b = ({f"{side}_{key}": value for key, value in sparse(x).items()} for side in "ab")
    return R.SparseAdd(**a, **b, thresh=0.0)[1]


def looked_up(x):
    values = tf.lookup.KeyValueTensorInitializer(tf.constant([1], tf.int64), tf.constant([2.0]))
    table = tf.lookup.StaticHashTable(values, 0.0)
    y = R.LookupTableFindV2(table_handle=table.resource_handle, keys=tf.constant(3, tf.int64), default_value=x)
    return tf.ensure_shape(y, [])


def reduced(x):
    return tf.data.Dataset.range(2).reduce(x, lambda state, _: state * x)


def remapped(x):
    return R.LoadAndRemapMatrix(
        ckpt_path="there", old_tensor_name="w", row_remapping=[0], col_remapping=[0], initializing_values=x[None],
        num_rows=1, num_cols=1,
    )  # fmt: skip


BOXES = {"image_size": [3, 3, 1]}
CTC = {"sequence_length": [2]}
REFUSED = {
    "CTCBeamSearchDecoder": lambda x: R.CTCBeamSearchDecoder(inputs=x * of(2, 1, 3), beam_width=1, top_paths=1, **CTC)[3],
    "CTCGreedyDecoder": lambda x: R.CTCGreedyDecoder(inputs=x * of(2, 1, 3), **CTC)[3],
    "DrawBoundingBoxes": lambda x: R.DrawBoundingBoxes(images=x * of(1, 3, 3, 1), boxes=of(1, 1, 4)),
    "EditDistance": lambda x: R.EditDistance(
        hypothesis_indices=[[0, 0]], hypothesis_values=x[None], hypothesis_shape=[1, 1], truth_indices=[[0, 0]],
        truth_values=[1.0], truth_shape=[1, 1],
    ),
    "ExtractGlimpse": lambda x: R.ExtractGlimpse(input=x * of(1, 3, 3, 1), size=[2, 2], offsets=[[0.0, 0.0]]),
    "FakeQuantWithMinMaxArgs": lambda x: R.FakeQuantWithMinMaxArgs(inputs=x),
    "FakeQuantWithMinMaxArgsGradient": lambda x: R.FakeQuantWithMinMaxArgsGradient(gradients=x, inputs=1.0),
    "FakeQuantWithMinMaxVars": lambda x: R.FakeQuantWithMinMaxVars(inputs=x, min=-6.0, max=6.0),
    "FakeQuantWithMinMaxVarsGradient": lambda x: R.FakeQuantWithMinMaxVarsGradient(
        gradients=x, inputs=1.0, min=-6.0, max=6.0
    )[0],
    "FakeQuantWithMinMaxVarsPerChannel": lambda x: R.FakeQuantWithMinMaxVarsPerChannel(
        inputs=x * of(2), min=[-6.0, -6.0], max=[6.0, 6.0]
    ),
    "FakeQuantWithMinMaxVarsPerChannelGradient": lambda x: R.FakeQuantWithMinMaxVarsPerChannelGradient(
        gradients=x * of(2), inputs=of(2), min=[-6.0, -6.0], max=[6.0, 6.0]
    )[0],
    "GenerateBoundingBoxProposals": lambda x: R.GenerateBoundingBoxProposals(
        scores=x * of(1, 2, 2, 1), bbox_deltas=of(1, 2, 2, 4), image_info=of(1, 5), anchors=of(2, 2, 4),
        nms_threshold=0.5, pre_nms_topn=3, min_size=1.0, post_nms_topn=3,
    )[0],
    "HSVToRGB": lambda x: R.HSVToRGB(images=x * of(2, 3)),
    "IsotonicRegression": lambda x: R.IsotonicRegression(input=x * of(2, 3))[0],
    "LinSpace": lambda x: R.LinSpace(start=x, stop=1.0, num=3),
    "LoadAndRemapMatrix": remapped,
    "LookupTableFindV2": looked_up,
    "OneHot": lambda x: R.OneHot(indices=[1], depth=3, on_value=x, off_value=0.0),
    "ParameterizedTruncatedNormal": lambda x: R.ParameterizedTruncatedNormal(
        shape=[1, 3], means=[x], stdevs=[1.0], minvals=[-1.0], maxvals=[1.0]
    ),
    "RaggedRange": lambda x: R.RaggedRange(starts=[x], limits=[9.0], deltas=[1.0])[1],
    "RandomShuffle": lambda x: R.RandomShuffle(value=x * of(3)),
    "Range": lambda x: R.Range(start=x, limit=9.0, delta=1.0),
    "ReduceDataset": reduced,
    "ResizeBilinearGrad": lambda x: R.ResizeBilinearGrad(grads=x * of(1, 3, 3, 1), original_image=of(1, 2, 2, 1)),
    "SampleDistortedBoundingBox": lambda x: R.SampleDistortedBoundingBox(bounding_boxes=x * of(1, 1, 4), **BOXES)[2],
    "SampleDistortedBoundingBoxV2": lambda x: R.SampleDistortedBoundingBoxV2(
        bounding_boxes=x * of(1, 1, 4), min_object_covered=0.1, **BOXES
    )[2],
    "SegmentProd": lambda x: R.SegmentProd(data=x * of(3), segment_ids=[0, 0, 1]),
    "SparseAdd": added,
    "SparseAddGrad": lambda x: R.SparseAddGrad(
        backprop_val_grad=x[None], a_indices=[[0, 0]], b_indices=[[0, 1]], sum_indices=[[0, 0]]
    )[0],
    "SparseConcat": lambda x: R.SparseConcat(
        **{key: [value, value] for key, value in zip(("indices", "values", "shapes"), sparse(x).values(), strict=True)},
        concat_dim=0,
    )[1],
    "StatelessRandomBinomial": lambda x: R.StatelessRandomBinomial(
        shape=[3], seed=[1, 2], counts=5.0, probs=x, dtype=tf.float32
    ),
    "StatelessRandomPoisson": lambda x: R.StatelessRandomPoisson(shape=[3], seed=[1, 2], lam=x, dtype=tf.float32),
    "TensorListConcatLists": lambda x: stacked(
        R.TensorListConcatLists(input_a=variants(x), input_b=variants(x), element_dtype=tf.float32)
    ),
    "TensorListPushBackBatch": lambda x: stacked(
        R.TensorListPushBackBatch(input_handles=tf.reshape(variants(x), [1]), tensor=x * of(1, 3))[0]
    ),
    "UnsortedSegmentProd": lambda x: R.UnsortedSegmentProd(data=x * of(3), segment_ids=[0, 0, 1], num_segments=2),
}  # fmt: skip


def said(f):
    """What a refusal says of the op, without its name and line."""
    with pytest.raises(UnsupportedOpError) as error:
        ng.derivative(lambda x: tf.reduce_sum(f(x)) * x, method="tape")(tf.constant(0.3))
    here = re.escape(__file__)
    match = re.fullmatch(
        rf"(\w+) \(named '\S+', made at {here}:\d+\) cannot be differentiated(.*)\. Use method=\"taylor\"\. Write that part "
        r"of f with other ops, or use nthgrad\.finite_difference\.",
        str(error.value),
    )
    assert match, str(error.value)
    return match.groups()


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(kind):
    reason = ONCE if registry.has_gradient(kind) else HIDDEN
    assert said(REFUSED[kind]) == (kind, f": {reason}")


def test_each_op_that_is_refused_stands_here():
    assert repairs.REFUSED.keys() == REFUSED.keys()


# What the series engine says of ops that no tf.function holds, or that have no derivative for other reasons.
ELSEWHERE = "reads or writes a state|TensorFlow 1|passes tensors between|has no op of that name|has no kernel"


def test_each_op_that_varies_and_has_no_gradient_is_refused():
    """TensorFlow takes the gradients of all these to be zero."""
    silent = {
        kind
        for kind in registry.names()
        if not registry.has_gradient(kind)
        and not registry.classify(kind).startswith("constant")
        and not re.search(ELSEWHERE, registry.classify(kind))
    }
    assert silent - repairs.REFUSED.keys() - opaque.PYTHON.keys() - CONSTANT == {
        "LookupTableFind",  # of the tables of TensorFlow 1
        "XlaVariadicReduce",  # in no public module
    }


INPUTS = {
    ("Betainc", 0): lambda x: R.Betainc(a=x, b=1.0, x=0.5),
    ("Betainc", 1): lambda x: R.Betainc(a=1.0, b=x, x=0.5),
    **{
        (f"FusedBatchNorm{version}", index): lambda x, version=version, index=index: getattr(R, f"FusedBatchNorm{version}")(
            **{"x": of(1, 2, 2, 1), "scale": of(1), "offset": of(1), "mean": of(1), "variance": of(1)}
            | {("mean", "variance")[index - 3]: x[None]},
            is_training=False,
        )[0]
        for version in ("", "V2", "V3")
        for index in (3, 4)
    },
    ("ImageProjectiveTransformV2", 1): lambda x: R.ImageProjectiveTransformV2(
        images=of(1, 2, 2, 1), transforms=x * of(1, 8), output_shape=[2, 2], interpolation="BILINEAR"
    ),
    ("ImageProjectiveTransformV3", 1): lambda x: R.ImageProjectiveTransformV3(
        images=of(1, 2, 2, 1), transforms=x * of(1, 8), output_shape=[2, 2], fill_value=0.0, interpolation="BILINEAR"
    ),
    ("ImageProjectiveTransformV3", 3): lambda x: R.ImageProjectiveTransformV3(
        images=of(1, 2, 2, 1), transforms=of(1, 8), output_shape=[2, 2], fill_value=x, interpolation="BILINEAR"
    ),
    ("PadV2", 2): lambda x: R.PadV2(input=of(2), paddings=[[1, 0]], constant_values=x),
    ("Polygamma", 0): lambda x: R.Polygamma(a=x, x=0.5),
    ("Zeta", 0): lambda x: R.Zeta(x=x + 2, q=0.5),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "index"), INPUTS)
def test_refused_by_one_input(kind, index):
    reason = f" by its input {index}: TensorFlow gives no gradient there although its output varies with it"
    assert said(INPUTS[kind, index]) == (kind, reason)


def test_each_input_that_is_refused_stands_here():
    assert {(kind, index) for kind, found in repairs.REFUSED_INPUTS.items() for index in found} == INPUTS.keys()


def twisted(x):
    """Complex numbers of which both parts vary: a matrix of full rank."""
    return tf.complex(x * of(2, 2) + np.eye(2, dtype="float32"), x * of(2, 2)[::-1])


REAL_ONLY = {
    "EuclideanNorm": lambda z: R.EuclideanNorm(input=z, axis=[0]),
    "LogMatrixDeterminant": lambda z: R.LogMatrixDeterminant(input=z)[1],
    "MatrixDeterminant": lambda z: R.MatrixDeterminant(input=z),
    "MatrixSquareRoot": lambda z: R.MatrixSquareRoot(input=z),
    "Sign": lambda z: R.Sign(x=z),
    "SquaredDifference": lambda z: R.SquaredDifference(x=z, y=0.5j),
    "Svd": lambda z: tf.cast(R.Svd(input=z)[0], z.dtype),
    "Xdivy": lambda z: R.Xdivy(x=z, y=z),
    "Xlog1py": lambda z: R.Xlog1py(x=z, y=z),
    "Xlogy": lambda z: R.Xlogy(x=z, y=z),
}


@pytest.mark.parametrize("kind", REAL_ONLY)
def test_refused_for_complex_numbers(kind):
    assert said(lambda x: tf.math.real(REAL_ONLY[kind](twisted(x)))) == (kind, f": {COMPLEX}")


def test_each_op_that_is_for_real_numbers_only_stands_here():
    assert REAL_ONLY.keys() == repairs.REAL_ONLY


TRAINED = {name: of(2) for name in ("scale", "offset")} | {"mean": [], "variance": []}
OTHER = {
    **{
        kind: (
            lambda x, kind=kind: getattr(R, kind)(x=x * of(1, 2, 2, 2), is_training=True, **TRAINED)[0],
            "in training mode its third derivative is wrong, and those of its means and variances are lost",
        )
        for kind in ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
    },
    **{
        kind: (
            f,
            "if its output has the shape of its input, TensorFlow's kernel for its second derivative returns zeros",
        )
        for kind, f in {
            "MaxPool": lambda x: R.MaxPool(input=x * of(1, 2, 2, 1), ksize=[1] * 4, strides=[1] * 4, padding="SAME"),
            "MaxPoolV2": lambda x: R.MaxPoolV2(
                input=x * of(1, 2, 2, 1), ksize=[1] * 4, strides=[1] * 4, padding="SAME"
            ),
            "MaxPool3D": lambda x: R.MaxPool3D(
                input=x * of(1, 2, 2, 2, 1), ksize=[1] * 5, strides=[1] * 5, padding="SAME"
            ),
        }.items()
    },
}


@pytest.mark.parametrize("kind", OTHER)
def test_refused_as_it_is_used(kind):
    f, reason = OTHER[kind]
    assert said(f) == (kind, f": {reason}")


AXES = {"Prod": tf.reduce_prod, "Cumprod": tf.math.cumprod, "CumulativeLogsumexp": tf.math.cumulative_logsumexp}


@pytest.mark.parametrize("kind", AXES)
def test_axes_that_are_unknown_when_f_is_traced(kind):
    def f(x):
        return tf.reduce_sum(AXES[kind](tf.stack([x, x]), tf.cast(0 * x, tf.int32))) * x

    with pytest.raises(UnsupportedOpError) as error:
        ng.derivative(f, method="tape")(tf.constant(0.3))
    begin = (
        rf"TensorFlow has no derivative of order 1 of {kind} \(named '{kind}', made at {re.escape(__file__)}:\d+\): "
    )
    assert re.match(begin + f"nothing differentiates {kind}Grad. Use", str(error.value))


def without_gradient(x):
    @tf.custom_gradient
    def f(x):
        return x * 1.0, lambda dy: None

    return tf.sin(f(x))


def that_raises(x):
    @tf.custom_gradient
    def f(x):
        def gradient(dy):
            raise LookupError("none of these")

        return x * 1.0, gradient

    return f(x)


LOST = {
    "no gradient": (
        without_gradient,
        "TensorFlow returns no derivative of order 1, although that of order 0 depends on x through these ops: IdentityN, "
        "Mul, Sin.",
    ),
    "a gradient that raises": (
        that_raises,
        "TensorFlow has no derivative of order 1 of an op of f: nothing differentiates none of these.",
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_a_gradient_of_the_users_own_that_is_none(name):
    f, text = LOST[name]
    with pytest.raises(UnsupportedOpError) as error:
        ng.derivative(f, method="tape")(tf.constant(0.3))
    assert str(error.value).startswith(f'{text} Use method="taylor". ')


@pytest.mark.parametrize("method", ["tape", "taylor"])
def test_a_coordinate_that_f_does_not_depend_on(method):
    u = lambda t, x: t * t + tf.floor(x)  # noqa: E731  # without any path it would be zero
    with pytest.raises(ng.errors.DependenceError) as error:
        ng.partials(u, ["t", "x"], method=method)(tf.ones([2, 1]), tf.ones([2, 1]))
    assert str(error.value).startswith("f(t, x) does not depend on x through any differentiable path: ")


STEPS = {
    "Ceil": tf.math.ceil,
    "Floor": tf.floor,
    "FloorDiv": lambda x: x // 0.3,
    "OnesLike": lambda x: R.OnesLike(x=x),
    "Rint": tf.math.rint,
    "Round": tf.round,
    "Sign": tf.sign,
    "StopGradient": tf.stop_gradient,
    "TruncateDiv": lambda x: R.TruncateDiv(x=x, y=0.3),
    "ZerosLike": lambda x: R.ZerosLike(x=x),
}


@pytest.mark.parametrize("method", ["tape", "taylor"])
@pytest.mark.parametrize("kind", STEPS)
def test_steps_are_constant_between_their_jumps(kind, method):
    with pytest.raises(ng.errors.DependenceError, match=rf": only through {kind} \(named '.*', made at .*\), whose "):
        ng.derivative(STEPS[kind], method=method)(tf.constant(0.4))
    value = float(STEPS[kind](tf.constant(0.4)))
    assert float(ng.derivative(lambda x: STEPS[kind](x) * x, method=method)(tf.constant(0.4))) == value


def test_each_step_stands_here():
    assert STEPS.keys() == CONSTANT
