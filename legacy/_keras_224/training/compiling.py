"""`Model.compile`: builds the loss and metric tensors of a model.

Losses and metrics are one number a batch, averaged over an epoch by batch size. tf_keras keeps sums and counts over the
epoch instead. The attributes are those of Keras 2.2.4 (`total_loss`, `targets`, `metrics_names`, `metrics_tensors`),
because programs append to them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import ops, tf_keras
from nthgrad.legacy._keras_224.arithmetic import losses, metrics, optimizers
from nthgrad.legacy._keras_224.arithmetic.weighting import weighted


@tf_keras.untracked
def compile(  # noqa: A001 as Keras calls it
    self: Any,
    optimizer: Any,
    loss: Any = None,
    metrics: Any = None,
    loss_weights: Any = None,
    sample_weight_mode: Any = None,
    weighted_metrics: Any = None,
    target_tensors: Any = None,
    **kwargs: Any,
) -> None:
    """`Model.compile` of Keras 2.2.4; `kwargs` go to `Session.run`."""
    loaded = kwargs.pop("from_serialized", False)
    self.optimizer = optimizers.get(optimizer)
    if loaded:
        self.optimizer.model = self  # load_model fills weights that the model's training function creates
    self.loss = loss or []
    self.metrics = metrics or []
    self.loss_weights, self.sample_weight_mode = loss_weights, sample_weight_mode
    self.weighted_metrics = weighted_metrics
    self._compile_metrics, self._compile_weighted_metrics = metrics or [], weighted_metrics  # for saving
    self._v1_compile_was_called = True
    self._function_kwargs = kwargs
    self.train_function = self.test_function = self.predict_function = None
    if not self.built or not self.inputs:
        return  # compiled again by the first data, which show the numbers of inputs and outputs
    self._is_compiled = True
    with tf_keras.keras_backend().get_graph().as_default():
        _losses(self, loss)
        _targets(self, target_tensors)
        _sample_weights(self, sample_weight_mode)
        _total_loss(self, _per_output(self, loss_weights, "loss_weights", 1.0))
        _metrics(self, metrics, weighted_metrics)
    self._collected_trainable_weights = self.trainable_weights


def _per_output(model: Any, given: Any, what: str, default: Any = None) -> list[Any]:
    """Returns one entry for each output, from a list or a dict by output names."""
    names = model.output_names
    if given is None:
        return [default for _ in names]
    if isinstance(given, Mapping):
        for name in given:
            if name not in names:
                raise ValueError(
                    f'Unknown entry in {what} dictionary: "{name}". Only expected the following keys: {names}'
                )
        return [given.get(name, default) for name in names]
    if isinstance(given, list):
        if len(given) != len(names):
            raise ValueError(
                f"When passing a list as {what}, it should have one entry per model output. The model has "
                f"{len(names)} outputs, but you passed {what.strip('`')}={given}"
            )
        return given
    raise TypeError(f"Could not interpret {what} argument: {given} - expected a list or a dict.")


def _losses(model: Any, loss: Any) -> None:
    each = _per_output(model, loss, "loss") if isinstance(loss, (Mapping, list)) else [loss] * len(model.outputs)
    model.loss_functions = [losses.get(one) for one in each]


def _targets(model: Any, given: Any) -> None:
    """Creates `targets`, None for an output without loss, and the lists of targets to feed."""
    backend = tf_keras.keras_backend()
    if tf.is_tensor(given):
        if len(model.outputs) != 1:
            raise ValueError(
                f"The model has {len(model.outputs)} outputs, but you passed a single tensor as `target_tensors`. "
                "Expected a list or a dict of tensors."
            )
        given = [given]
    model.targets, fed = [], []
    given = _per_output(model, given, "`target_tensors`")
    rows = zip(model.outputs, model.output_names, given, model.loss_functions, strict=True)
    for index, (output, name, target, function) in enumerate(rows):
        if function is None:
            model.targets.append(None)
            continue
        if target is None:
            target = backend.placeholder(
                ndim=len(output.shape), name=f"{name}_target", sparse=backend.is_sparse(output), dtype=output.dtype.name
            )
        model.targets.append(target)
        if backend.is_placeholder(target):
            fed.append(index)
    model._fed_outputs = fed
    model._targets = model.targets
    model._feed_targets = [model.targets[i] for i in fed]
    model._feed_outputs = [model.outputs[i] for i in fed]
    model._feed_output_names = [model.output_names[i] for i in fed]
    model._feed_output_shapes = [backend.int_shape(model.outputs[i]) for i in fed]
    model._feed_loss_fns = [model.loss_functions[i] for i in fed]


def _sample_weights(model: Any, mode: Any) -> None:
    """Creates a placeholder of sample weights for every target that is fed."""
    backend = tf_keras.keras_backend()
    modes = _per_output(model, mode, "sample_weight_mode") if isinstance(mode, (Mapping, list)) else None
    if isinstance(mode, Mapping):
        for index in model._fed_outputs:
            if model.output_names[index] not in mode:
                raise ValueError(f'Output "{model.output_names[index]}" missing from sample_weight_modes dictionary')
    model.sample_weights, model.sample_weight_modes = [], []
    for index, name in enumerate(model.output_names):
        one = (modes[index] if modes else mode) if index in model._fed_outputs else None
        temporal = one == "temporal"
        model.sample_weight_modes.append("temporal" if temporal else None)
        model.sample_weights.append(
            backend.placeholder(ndim=2 if temporal else 1, name=f"{name}_sample_weights")
            if index in model._fed_outputs
            else None
        )
    model._sample_weight_modes = model.sample_weight_modes
    model._feed_sample_weights = [model.sample_weights[i] for i in model._fed_outputs]
    model._feed_sample_weight_modes = [model.sample_weight_modes[i] for i in model._fed_outputs]


def _with_loss(model: Any) -> Iterator[tuple[int, Any, Any, Any]]:
    """Yields index, target, output and mask of every output that has a loss."""
    for index, (target, output) in enumerate(zip(model.targets, model.outputs, strict=True)):
        if model.loss_functions[index] is not None:
            yield index, target, output, getattr(output, "_keras_mask", None)


def _total_loss(model: Any, loss_weights: list[float]) -> None:
    backend = tf_keras.keras_backend()
    model.metrics_names, model.metrics_tensors = ["loss"], []
    total = None
    with backend.name_scope("loss"):
        for index, target, output, mask in _with_loss(model):
            name = f"{model.output_names[index]}_loss"
            with backend.name_scope(name):
                loss = weighted(model.loss_functions[index])(target, output, model.sample_weights[index], mask)
            if len(model.outputs) > 1:
                model.metrics_names.append(name)
                model.metrics_tensors.append(loss)
            total = loss_weights[index] * loss + (0.0 if total is None else total)
        found = model.get_losses_for(None) + model.get_losses_for(model.inputs)
        own = list(dict.fromkeys(each for each in found if tf.is_tensor(each)))
        own += [each for each in found if not tf.is_tensor(each)]  # numbers may be equal
        if total is None:
            if not own:
                raise ValueError("The model cannot be compiled because it has no loss to optimize.")
            total = 0.0
        for loss in own:
            total += loss
    model.total_loss = total


def _metrics(model: Any, plain: Any, with_weights: Any) -> None:
    backend = tf_keras.keras_backend()
    model.metrics_updates, model.stateful_metric_names, model.stateful_metric_functions = [], [], []
    plain, with_weights = _metrics_per_output(model, plain), _metrics_per_output(model, with_weights)
    with backend.name_scope("metrics"):
        for index, target, output, mask in _with_loss(model):
            weights = model.sample_weights[index]
            for metric in plain[index]:
                _metric(model, index, metric, "", lambda f, t=target, o=output, m=mask: weighted(f)(t, o, None, m))
            for metric in with_weights[index]:
                prefix = "weighted_" if weights is not None else ""
                _metric(
                    model,
                    index,
                    metric,
                    prefix,
                    lambda f, t=target, o=output, m=mask, w=weights: weighted(f)(t, o, w, m),
                )


def _metrics_per_output(model: Any, given: Any) -> list[list[Any]]:
    if not given:
        return [[] for _ in model.output_names]
    if isinstance(given, list):
        return [list(given) for _ in model.output_names]  # every metric for every output
    if isinstance(given, Mapping):
        found = [given.get(name, []) for name in model.output_names]
        return [one if isinstance(one, list) else [one] for one in found]
    raise TypeError(f"Type of `metrics` argument not understood. Expected a list or dictionary, found: {given}")


def _metric(model: Any, index: int, metric: Any, prefix: str, measured: Callable[[Callable], Any]) -> None:
    """Adds a metric's name and tensor."""
    shape = tf_keras.keras_backend().int_shape(model.outputs[index])
    name, function = metrics.resolve(metric, shape, model.loss_functions[index])
    name = prefix + name
    with tf_keras.keras_backend().name_scope(name):
        result = measured(function)
    if len(model.output_names) > 1:
        name = f"{model.output_names[index]}_{name}"
    base, number = name, 1
    while name in model.metrics_names:
        name, number = f"{base}_{number}", number + 1
    model.metrics_names.append(name)
    model.metrics_tensors.append(result)
    if getattr(function, "stateful", False):  # a layer that counts over batches
        model.stateful_metric_names.append(name)
        model.stateful_metric_functions.append(function)
        for update in function.updates:
            ops.run_after(update, result)
        model.metrics_updates += function.updates
