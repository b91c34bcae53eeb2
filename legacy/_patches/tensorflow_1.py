"""Patches of TensorFlow: seeds, gradient functions, variables and moved names as in TensorFlow 1."""

import importlib
import operator
from collections.abc import Callable
from typing import Any

from nthgrad.legacy._patches.patch import Patch
from nthgrad.legacy._tensorflow_1 import functions, loops, randomness, slopes

_OPS = "tensorflow.python.ops"
_FUNCTIONS = "nthgrad.legacy._tensorflow_1.functions"
_LAYERS = "tf_keras.src.layers"
_DATA = "tensorflow.python.data.ops"


def _new_tensor(operation: Callable[[Any, Any], Any]) -> Callable[[Any], Callable]:
    """Binds the name in `variable += value` to a tensor; the variable stays unchanged, as with reference variables."""
    return lambda today: lambda self, other: operation(self, other)


_IN_PLACE = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "truediv": operator.truediv}

# From private names that programs imported to their places today.
_MOVED = {
    f"{_OPS}.control_flow_ops:case": "tensorflow.compat.v1:case",
    f"{_OPS}.control_flow_ops:cond": "tensorflow.compat.v1:cond",
    f"{_OPS}.control_flow_ops:while_loop": "tensorflow.compat.v1:while_loop",
    f"{_OPS}.array_ops:stack": "tensorflow.compat.v1:stack",
    f"{_OPS}.array_ops:unstack": "tensorflow.compat.v1:unstack",
    f"{_OPS}.custom_gradient:get_dependent_variables": f"{_FUNCTIONS}:get_dependent_variables",
    f"{_OPS}.variables:RefVariable": "tensorflow.python.ops.ref_variable:RefVariable",
    f"{_OPS}.variables:VariableV1": "tensorflow.compat.v1:Variable",
    "tensorflow.python.eager.function:defun": f"{_FUNCTIONS}:defun",
    "tensorflow.python.framework.ops:IndexedSlices": "tensorflow.compat.v1:IndexedSlices",
    "tensorflow.python.framework.ops:IndexedSlicesValue": (
        "tensorflow.python.framework.indexed_slices:IndexedSlicesValue"
    ),
    "tensorflow.python.framework.ops:Tensor": "tensorflow.python.framework.ops:SymbolicTensor",
    "tensorflow.python.framework.graph_util:convert_variables_to_constants": (
        "tensorflow.compat.v1.graph_util:convert_variables_to_constants"
    ),
}


def _found(place: str) -> Callable[[Any], Any]:
    module, _, name = place.partition(":")
    return lambda today: getattr(importlib.import_module(module), name)


PATCHES: list[Patch] = [
    *[Patch(old, _found(now), "it has moved since") for old, now in _MOVED.items()],
    *[
        Patch(
            f"{_OPS}.resource_variable_ops:BaseResourceVariable.__i{name}__",
            _new_tensor(operation),
            "it made a tensor; Keras's weights are resource variables here, which raise",
        )
        for name, operation in _IN_PLACE.items()
    ],
    Patch(
        f"{_OPS}.variables:VariableMetaclass.__instancecheck__",
        functions.of_every_variable,
        "programs ask isinstance(variable, tf.Variable); Keras's weights are resource variables",
    ),
    Patch(
        "tensorflow.python.framework.random_seed:get_seed",
        randomness.get_seed,
        "the default seed was the number of ops in the graph; today it counts random ops only",
    ),
    Patch(
        f"{_OPS}.gradients_impl:gradients", loops.gradients, "a second derivative through a loop raised, or was None"
    ),
    Patch(f"{_OPS}.random_ops:random_uniform", randomness.random_uniform, "it made five more ops for 0 to 1"),
    Patch(f"{_OPS}.random_ops:random_gamma", randomness.random_gamma, "it made two fewer ops"),
    Patch(f"{_OPS}.nn_ops:_dropout", randomness.dropout, "it made ten more ops, and 0 * inf was nan"),
    Patch(f"{_OPS}.math_ops:linspace_nd", randomness.linspace, "it was one op, and differed in the last digit"),
    Patch(f"{_OPS}.array_ops:matrix_diag", randomness.matrix_diag, "it was one op"),
    Patch(f"{_OPS}.array_ops:matrix_diag_part", randomness.matrix_diag_part, "it was one op"),
    Patch(f"{_OPS}.array_ops:matrix_set_diag", randomness.matrix_set_diag, "it was one op"),
    Patch(f"{_OPS}.math_ops:_ReductionDims", randomness.reduction_dims, "it made three fewer ops for a scalar"),
    Patch(f"{_OPS}.array_ops:split", randomness.split, "it made one more op"),
    Patch(f"{_OPS}.tensor_array_ops:_GraphTensorArray.size", randomness.size, "it was an op even for a known size"),
    Patch(f"{_OPS}.nn_ops:convolution", randomness.convolution, "it made one more op"),
    Patch(
        f"{_DATA}.dataset_ops:DatasetV2._apply_debug_options", randomness.making(3), "an iterator made three more ops"
    ),
    Patch(
        f"{_OPS}.variable_scope:_VariableStore._get_single_variable",
        randomness.get_single_variable,
        "a regularizer was called once; its loss was a tensor, which Session.run takes",
    ),
    *[
        Patch(f"{_OPS}.stateless_random_ops:{name}", randomness.making(-2), "it made two fewer ops")
        for name in ("stateless_random_uniform", "stateless_random_normal", "stateless_truncated_normal")
    ],
    Patch(f"{_OPS}.clip_ops:clip_by_global_norm", randomness.making(1), "it made one more op"),
    Patch(
        "tensorflow.python.keras.optimizer_v2.legacy_learning_rate_decay:polynomial_decay",
        randomness.polynomial_decay,
        "it made more ops",
    ),
    Patch(f"{_OPS}.image_ops_impl:_flip", randomness.flip, "it made ops that check shapes"),
    Patch(f"{_LAYERS}.convolutional.base_conv:Conv.build", randomness.making(1), "it made one more op"),
    Patch(f"{_LAYERS}.convolutional.conv2d_transpose:Conv2DTranspose.call", randomness.upsampling, "it made more ops"),
    Patch(f"{_LAYERS}.reshaping.flatten:Flatten.call", randomness.flatten, "it made six more ops"),
    Patch(
        f"{_LAYERS}.normalization.batch_normalization:BatchNormalizationBase._fused_batch_norm",
        randomness.fused_batch_norm,
        "it made two more ops",
    ),
    Patch("tensorflow.python.training.ftrl:FtrlOptimizer._prepare", randomness.making(-9), "it made nine fewer ops"),
    Patch("tensorflow.python.training.ftrl:FtrlOptimizer._zeros_slot", randomness.making(-2), "it made two fewer ops"),
    *[
        Patch(
            f"tensorflow.python.framework.ops:gradient_registry._registry.{kind}.type",
            slopes.of(kind),
            "gradients made more ops, and the first input of Maximum(x, x) had the whole gradient",
        )
        for kind in slopes.FUNCTIONS
    ],
]
