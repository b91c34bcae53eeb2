"""The functions of `keras.regularizers`, with their Keras 1 names; each returns an L1L2."""

from typing import Any

from nthgrad.legacy._internals import tf_keras


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> Any:
    """Returns the regularizer l1 * sum(abs(w)) + l2 * sum(w**2)."""
    return tf_keras.interface("regularizers").L1L2(l1=l1, l2=l2)


def get(identifier: Any) -> Any:
    """Returns the regularizer for a name or configuration; returns a regularizer unchanged."""
    today = tf_keras.interface("regularizers").get(identifier)
    return today if callable(identifier) else _both(today)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """Returns the regularizer for a name or configuration; custom objects replace Keras's names."""
    return _both(tf_keras.interface("regularizers").deserialize(config, custom_objects))


def _both(today: Any) -> Any:
    """Returns an L1L2 for tf_keras's L1 or L2."""
    name = type(today).__name__
    if name not in ("L1", "L2"):
        return today
    return tf_keras.interface("regularizers").L1L2(**{name.lower(): float(getattr(today, name.lower()))})


def l1(l: float = 0.01) -> Any:  # noqa: E741 programs pass it by this name
    """Returns the regularizer l * sum(abs(w))."""
    return l1_l2(l, 0.0)


def l2(l: float = 0.01) -> Any:  # noqa: E741
    """Returns the regularizer l * sum(w**2)."""
    return l1_l2(0.0, l)


def WeightRegularizer(l1: float = 0.0, l2: float = 0.0) -> Any:  # noqa: N802
    """Returns the regularizer of `l1_l2`; the default penalty is zero."""
    return l1_l2(l1, l2)


ActivityRegularizer = WeightRegularizer
l1l2 = activity_l1l2 = l1_l2
activity_l1, activity_l2 = l1, l2
