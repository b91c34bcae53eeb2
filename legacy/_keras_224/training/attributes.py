"""Attributes and methods of layers and models that tf_keras lacks or has changed since Keras 2.2.4."""

from typing import Any

import tensorflow as tf

from nthgrad.legacy._internals import tf_keras
from nthgrad.legacy._keras_224.training.phase import reaches, uses_learning_phase
from nthgrad.legacy._runtime import dialect


class Settable:
    """An attribute that programs set; tf_keras's class computes it until then."""

    def __init__(self, name: str, computed: Any) -> None:
        self.name, self.computed = name, computed

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if self.name in instance.__dict__:
            return instance.__dict__[self.name]
        if self.computed is None:
            raise AttributeError(f"{type(instance).__name__!r} object has no attribute {self.name!r}")
        return self.computed.__get__(instance, owner)

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.name] = value


def model_updates(model: Any) -> list[Any]:
    """`Model.updates`: updates of its layers that depend on its inputs; none of a frozen model or layer."""
    every = _unfrozen(model)
    if not model.inputs or not every:
        return every
    inputs = {each.op for each in model.inputs}
    return [
        each
        for each in every
        if getattr(each, "_unconditional_update", True) or reaches([getattr(each, "op", each)], inputs)
    ]


def _unfrozen(model: Any) -> list[Any]:
    if not model.trainable and not model.stateful:
        return []
    found: list[Any] = []
    for layer in model.layers:
        found += _unfrozen(layer) if hasattr(layer, "layers") and hasattr(layer, "outputs") else layer.updates
    return list(dict.fromkeys(found))


def model_losses(today: Any) -> Any:
    """`Model.losses`: without those that depend on the inputs of other calls of its layers."""

    def get(model: Any) -> list[Any]:
        every = today.__get__(model)
        if not dialect.keras_224(model) or not model.inputs:
            return every
        inputs = {each.op for each in model.inputs}
        return [each for each in every if each._unconditional_loss or reaches([each.op], inputs)]

    return property(get)


def state_updates(model: Any) -> list[Any]:
    """`Model.state_updates`: updates of layers that keep a state between batches."""
    return [update for layer in model.layers if getattr(layer, "stateful", False) for update in layer.updates]


def model_weights(model: Any) -> list[Any]:
    """`Model.weights`: trainable weights first."""
    return model.trainable_weights + model.non_trainable_weights


def get_weights(model: Any) -> list[Any]:
    """`Model.get_weights`: layer by layer, trainable weights of a layer first."""
    return tf_keras.keras_backend().batch_get_value(_by_layer(model))


def set_weights(model: Any, weights: list[Any]) -> None:
    """`Model.set_weights`: in the order of `get_weights`.

    Raises:
        ValueError: if the model has another number of weights.
    """
    own = _by_layer(model)
    if len(own) != len(weights):
        raise ValueError(
            f"You called `set_weights(weights)` on model {model.name!r} with a list of {len(weights)} weights, but the "
            f"model was expecting {len(own)} weights."
        )
    tf_keras.keras_backend().batch_set_value(list(zip(own, weights, strict=True)))


def _by_layer(model: Any) -> list[Any]:
    # Without duplicates of a layer used twice, but with those of a layer in two inner models.
    return [weight for layer in model.layers for weight in layer.trainable_weights + layer.non_trainable_weights]


def layers_by_depth(model: Any) -> dict[int, list[Any]]:
    """`Model._layers_by_depth`: the layers at each distance from the outputs."""
    found: dict[int, list[Any]] = {}
    seen: set[int] = set()
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            if id(node.layer) not in seen:
                seen.add(id(node.layer))
                found.setdefault(depth, []).append(node.layer)
    return found


def sole(today: Any) -> Any:
    """Unpacks a property's list of one."""

    def get(self: Any) -> Any:
        value = today.__get__(self)
        return value[0] if isinstance(value, list) and len(value) == 1 and dialect.keras_224(self) else value

    return property(get, today.fset)


def keras_shape(tensor: Any) -> tuple[int | None, ...]:
    """`tensor._keras_shape`: the sizes, None if unknown."""
    return tuple(tensor.shape.as_list())


def tensor_uses_learning_phase(tensor: Any) -> bool:
    """`tensor._uses_learning_phase`."""
    return uses_learning_phase([tensor])


def activity_regularization(today: Any) -> Any:
    """Adds the penalty of an output unchanged; tf_keras divides it by the number of samples."""

    def inner(self: Any, inputs: Any, outputs: Any) -> None:
        regularizer = getattr(self, "_activity_regularizer", None)
        if regularizer is None or not dialect.keras_224(self):
            today(self, inputs, outputs)
            return
        for output in tf.nest.flatten(outputs):
            self.add_loss(regularizer(output), inputs=inputs)

    return inner


def predict_classes(self: Any, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
    """`Sequential.predict_classes`: the index of the largest output, or whether a single one is above 0.5."""
    probabilities = self.predict(x, batch_size=batch_size, verbose=verbose)
    if probabilities.shape[-1] > 1:
        return probabilities.argmax(axis=-1)
    return (probabilities > 0.5).astype("int32")


def predict_proba(self: Any, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
    """`Sequential.predict_proba`: same as `predict`."""
    return self.predict(x, batch_size=batch_size, verbose=verbose)


def itself(self: Any) -> Any:
    """`Sequential.model`: the model itself; in Keras 1 an inner one."""
    return self


def run_internal_graph(model: Any, inputs: list[Any], masks: Any = None) -> tuple[list[Any], list[Any], list[Any]]:
    """`Model.run_internal_graph`: the outputs for other inputs, their masks and their shapes."""
    single = len(inputs) == 1
    given = masks[0] if masks and single else masks
    outputs = tf.nest.flatten(model._run_internal_graph(inputs[0] if single else inputs, mask=given))
    return outputs, [getattr(each, "_keras_mask", None) for each in outputs], [keras_shape(each) for each in outputs]


def node_attribute(today: Any) -> Any:
    """Numbers a model's own inputs and outputs as its first node, its calls as the others."""

    def inner(self: Any, index: int, attribute: str, name: str) -> Any:
        if not dialect.keras_224(self) or not self.inputs:
            return today(self, index, attribute, name)
        if index:
            return today(self, index - 1, attribute, name)
        tensors = self.inputs if attribute.startswith("input") else self.outputs
        values = [keras_shape(each) for each in tensors] if attribute.endswith("shapes") else tensors
        return values[0] if len(values) == 1 else values

    return inner


def add_loss_of_model(today: Any) -> Any:
    """Adds a loss without creating layers; tf_keras creates layers, which the model then contains."""

    def inner(self: Any, loss: Any) -> None:
        if not dialect.keras_224(self):
            today(self, loss)
            return
        loss._unconditional_loss = True
        self._losses.append(loss)

    return inner


def columns_of_log(today: Any) -> Any:
    """Writes only existing columns; tf_keras's CSVLogger always adds validation columns."""

    def on_epoch_end(self: Any, epoch: int, logs: Any = None) -> None:
        if self.keys is None and dialect.keras_224(self.model):
            self.keys = sorted(logs or {})
        today(self, epoch, logs)

    return on_epoch_end
