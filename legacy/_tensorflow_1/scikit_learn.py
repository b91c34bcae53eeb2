"""`tf.keras.wrappers.scikit_learn` of TensorFlow 1.15: Keras 2.2.4's wrappers, with more arguments of the methods."""

from nthgrad.legacy._keras_224 import scikit_learn as _keras_224

_QUEUE = "max_queue_size workers use_multiprocessing"
_ARGUMENTS = _keras_224.of_methods(
    f"""x y batch_size epochs verbose callbacks validation_split validation_data shuffle class_weight sample_weight
    initial_epoch steps_per_epoch validation_steps validation_freq {_QUEUE}""",
    f"x batch_size verbose steps callbacks {_QUEUE}",
    f"x y batch_size verbose sample_weight steps callbacks {_QUEUE}",
)


class BaseWrapper(_keras_224.BaseWrapper):
    """See `_keras_224.scikit_learn.BaseWrapper`."""

    _arguments = _ARGUMENTS


class KerasClassifier(_keras_224.KerasClassifier, BaseWrapper):
    """See `_keras_224.scikit_learn.KerasClassifier`."""

    _accuracy = "accuracy", "acc"


class KerasRegressor(_keras_224.KerasRegressor, BaseWrapper):
    """See `_keras_224.scikit_learn.KerasRegressor`."""
