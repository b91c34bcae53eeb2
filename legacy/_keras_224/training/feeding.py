"""Converts the arguments of `fit` to the list of arrays fed to a model's function."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.arithmetic import losses

Arrays = list[Any]


def standardized(
    model: Any,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    class_weight: Any = None,
    batch_size: int | None = None,
) -> tuple[Arrays, Arrays, Arrays]:
    """Returns the arrays to feed: inputs, targets and sample weights.

    Args:
        model: the model; built and compiled from the data if its inputs are not known yet.
        x: an array, a list of arrays, a dict by input names, or None if every input has a tensor.
        y: the same for the outputs that have a loss.
        sample_weight: weights of samples, or of time steps if the model was compiled for them.
        class_weight: weights by class, one dict or one for each output.
        batch_size: must divide the number of samples of a stateful model.

    Raises:
        ValueError: if they do not fit each other, or the model.
    """
    if _built_on_tensors(model, x, y):
        return [], [], []
    x = _arrays(x, model._feed_input_names, model._feed_input_shapes if model._is_graph_network else None, "input")
    weights: Arrays = []
    if y is None:
        y = []
    else:
        names = model._feed_output_names
        shapes = _target_shapes(model)
        y = _arrays(y, names, shapes, "target")
        by_sample = _weights_by_output(sample_weight, names, "sample_weight")
        by_class = _weights_by_output(class_weight, names, "class_weight")
        rows = zip(y, by_sample, by_class, model._feed_sample_weight_modes, strict=True)
        weights = [weights_of(*row) for row in rows if row[0] is not None]
        _check_lengths(x, y, weights)
        if shapes is not None:
            for target, function, shape in zip(y, model._feed_loss_fns, shapes, strict=True):
                _check_target(target, function, shape)
    if model.stateful and batch_size and shape_of(x[0])[0] % batch_size:
        raise ValueError(
            "In a stateful network, you should only pass inputs with a number of samples that can be divided by the "
            f"batch size. Found: {shape_of(x[0])[0]} samples"
        )
    return x, y, weights


def _weights_by_output(given: Any, names: list[str], what: str) -> list[Any]:
    """Returns one entry for each output; other keys of a dict are ignored."""
    if given is None or len(given) == 0:
        return [None for _ in names]
    if len(names) == 1:
        if isinstance(given, dict) and names[0] in given:
            named: dict[str, Any] = given
            return [named[names[0]]]
        alone: list[Any] = given if isinstance(given, list) and len(given) == 1 else [given]
        return alone
    if isinstance(given, dict):
        return [given.get(name) for name in names]
    if not isinstance(given, list):
        raise TypeError(
            f"The model has multiple outputs, so `{what}` should be either a list or a dict. "
            f"Provided `{what}` type not understood: {given}"
        )
    if len(given) != len(names):
        raise ValueError(
            f"Provided `{what}` was a list of {len(given)} elements, but the model has {len(names)} outputs. "
            f"You should provide one `{what}` array per model output."
        )
    return given


def check_loss_and_target_compatibility(targets: Arrays, loss_fns: list[Any], output_shapes: list[Any]) -> None:
    """Raises if a loss would broadcast its targets wrongly; those that are None are not checked."""
    for row in zip(targets, loss_fns, output_shapes, strict=False):
        _check_target(*row)


def shape_of(values: Any) -> Any:
    """Returns the shape of an array or tensor as a tuple of numbers."""
    return tuple(values.shape.as_list()) if tf.is_tensor(values) else values.shape


def _arrays(data: Any, names: list[str], shapes: list[Any] | None, what: str) -> Arrays:
    """Returns one array or tensor for each name; only the batch size of tensors is checked."""
    given: list[Any]
    if isinstance(data, Mapping):
        given = [data.get(name) for name in names]
    else:
        given = list(data) if isinstance(data, (list, tuple)) else [data]
    for each in given:
        if tf.is_tensor(each) and (each.shape.rank is None or shape_of(each)[:1] == (None,)):
            raise ValueError(
                "When feeding symbolic tensors to a model, we expect the tensors to have a static batch size. "
                f"Got tensor with shape: {each.shape}"
            )
    if shapes is not None and data is not None and len(given) == len(names):
        shapes = [None if tf.is_tensor(each) else shape for each, shape in zip(given, shapes, strict=True)]
    elif len(given) > len(names) and not isinstance(given[0], (int, float)):  # numbers are one array
        shapes = None  # with shapes, tf_keras drops the arrays that are too many
    return tf_keras.checks_of_data().standardize_input_data(
        data, names, shapes, check_batch_axis=False, exception_prefix=what
    )


def _built_on_tensors(model: Any, x: Any, y: Any) -> bool:
    """Builds and compiles a model that has no inputs yet.

    Returns:
        whether its inputs are the tensors of x from now on, so that nothing is fed.
    """
    given = list(x) if isinstance(x, (list, tuple)) else [x]
    symbolic = any(tf.is_tensor(each) for each in given)
    built = not model.inputs
    if built:
        if isinstance(x, Mapping):
            raise ValueError("Please do not pass a dictionary as model inputs.")
        if any(not isinstance(each, np.ndarray) and not tf.is_tensor(each) for each in given):
            raise ValueError(
                f"Please provide as model inputs either a single array or a list of arrays. You passed: x={x}"
            )
        if not isinstance(model, tf_keras.interface("models").Sequential):
            model._set_inputs(x)
        elif len(given) == 1:
            model.build((None, *shape_of(given[0])[1:]))  # on a placeholder, also for a tensor
        else:
            raise ValueError(f"A Sequential model has one input. You passed {len(given)} arrays: x={x}")
    if y is not None:
        if not model.optimizer:
            raise RuntimeError(
                "You must compile a model before training/testing. Use `model.compile(optimizer, loss)`."
            )
        if not model._is_compiled:
            targets = list(y) if isinstance(y, (list, tuple)) else [y]
            tensors = [each for each in targets if tf.is_tensor(each)]
            if (symbolic or tensors) and not all(tf.is_tensor(each) for each in given + targets):
                raise ValueError(
                    f"Do not pass inputs that mix Numpy arrays and symbolic tensors. You passed: x={x}; y={y}"
                )
            if model._feed_inputs:
                tensors = []  # fed, as the inputs are
            model.compile(
                model.optimizer, model.loss, model.metrics, model.loss_weights, target_tensors=tensors or None
            )
    return built and not model._feed_inputs


def _target_shapes(model: Any) -> list[Any] | None:
    if not model._is_graph_network:
        return None
    shapes: list[Any] = []
    for shape, function in zip(model._feed_output_shapes, model._feed_loss_fns, strict=True):
        if function is losses.sparse_categorical_crossentropy:
            first = tf_keras.keras_backend().image_data_format() == "channels_first" and len(shape) in (4, 5)
            shapes.append((shape[0], 1, *shape[2:]) if first else (*shape[:-1], 1))
        elif function not in losses.LOSSES.values():
            shapes.append(None)  # a program's own loss may accept any shape
        else:
            shapes.append(shape)
    return shapes


def weights_of(target: Any, by_sample: Any, by_class: Any, mode: str | None) -> np.ndarray:
    """Returns one weight for each sample, or for each time step.

    Raises:
        ValueError: if the weights do not fit the targets.
    """
    shape = shape_of(target)
    _check_mode(shape, by_sample, mode)
    if by_sample is not None:
        if by_class is not None:
            warnings.warn(
                "Found both `sample_weight` and `class_weight`: `class_weight` argument will be ignored.", stacklevel=2
            )
        if shape[: by_sample.ndim] != by_sample.shape:
            raise ValueError(
                f"Found a sample_weight array with shape {by_sample.shape} for an input with shape {shape}. "
                "sample_weight cannot be broadcast."
            )
        return by_sample
    if isinstance(by_class, Mapping):
        if tf.is_tensor(target):
            raise ValueError("`class_weight` needs the values of the targets, which are a tensor here.")
        if len(shape) > 2:
            raise ValueError("`class_weight` not supported for 3+ dimensional targets.")
        classes = np.argmax(target, axis=1) if shape[1] > 1 else np.reshape(target, shape[0])
        missing = set(classes.tolist()) - set(by_class)
        if missing:
            raise ValueError(
                f"`class_weight` must contain all classes in the data. The classes {missing} exist in the data but not "
                "in `class_weight`."
            )
        return np.asarray([by_class[one] for one in classes])
    return np.ones(shape[: 2 if mode == "temporal" else 1], dtype=tf_keras.keras_backend().floatx())


def _check_mode(shape: tuple[int, ...], by_sample: Any, mode: str | None) -> None:
    if mode is None:
        if by_sample is not None and by_sample.ndim != 1:
            raise ValueError(
                f"Found a sample_weight array with shape {by_sample.shape}. In order to use timestep-wise sample "
                'weights, you should specify sample_weight_mode="temporal" in compile(). If you just mean to use '
                "sample-wise weights, make sure your sample_weight array is 1D."
            )
        return
    if mode != "temporal":
        raise ValueError(f'"sample_weight_mode should be None or "temporal". Found: {mode}')
    if len(shape) < 3:
        raise ValueError(
            f"Found a sample_weight array for an input with shape {shape}. Timestep-wise sample weighting (use "
            'of sample_weight_mode="temporal") is restricted to outputs that are at least 3D, i.e. that have a time '
            "dimension."
        )
    if by_sample is not None and by_sample.ndim != 2:
        raise ValueError(
            f"Found a sample_weight array with shape {by_sample.shape}. In order to use timestep-wise sample "
            "weighting, you should pass a 2D sample_weight array."
        )


def _check_lengths(x: Arrays, y: Arrays, weights: Arrays) -> None:
    counts = []
    for arrays, what in ((x, "input arrays (x)"), (y, "target arrays (y)"), (weights, "sample_weight arrays")):
        found = sorted({shape_of(each)[0] for each in arrays if hasattr(each, "shape") and len(each.shape)})
        if len(found) > 1:
            raise ValueError(
                f"All {what} should have the same number of samples. "
                f"Got array shapes: {[shape_of(each) for each in arrays]}"
            )
        counts.append(found)
    inputs, targets, weighed = counts
    if inputs and targets and inputs != targets:
        raise ValueError(
            "Input arrays should have the same number of samples as target arrays. "
            f"Found {inputs[0]} input samples and {targets[0]} target samples."
        )
    if targets and weighed and targets != weighed:
        raise ValueError(
            "Sample_weight arrays should have the same number of samples as target arrays. "
            f"Got {targets[0]} input samples and {weighed[0]} target samples."
        )


def _check_target(target: Any, function: Any, shape: Any) -> None:
    """Raises if a loss would broadcast the targets wrongly."""
    if target is None or shape is None:
        return
    given = shape_of(target)
    if function is losses.categorical_crossentropy and given[-1] == 1:
        raise ValueError(
            f"You are passing a target array of shape {given} while using as loss `categorical_crossentropy`. "
            "`categorical_crossentropy` expects targets to be binary matrices (1s and 0s) of shape (samples, classes). "
            "If your targets are integer classes, convert them with `keras.utils.to_categorical`, or use the loss "
            "function `sparse_categorical_crossentropy` instead, which does expect integer targets."
        )
    if function in (losses.mean_squared_error, losses.binary_crossentropy, losses.categorical_crossentropy):
        for wanted, found in zip(shape[1:], given[1:], strict=False):
            if wanted is not None and wanted != found:
                raise ValueError(
                    f"A target array with shape {given} was passed for an output of shape {shape} while using "
                    f"as loss `{function.__name__}`. This loss expects targets to have the same shape as the output."
                )
