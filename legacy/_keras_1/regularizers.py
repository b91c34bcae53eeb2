"""The functions of `keras.regularizers`, which all make an L1L2, and Keras 1's names for them."""

from typing import Any

from nthgrad.legacy._internals import tf_keras


def l1_l2(l1: float = 0.01, l2: float = 0.01) -> Any:
    """The sum of absolute values times `l1`, and of squares times `l2`."""
    return tf_keras.interface("regularizers").L1L2(l1=l1, l2=l2)


def get(identifier: Any) -> Any:
    """The regularizer of a name or configuration, or the one that was given."""
    regularizers = tf_keras.interface("regularizers")
    today = regularizers.get(identifier)
    name = type(today).__name__
    if name not in ("L1", "L2") or callable(identifier):
        return today
    return regularizers.L1L2(**{name.lower(): float(getattr(today, name.lower()))})


def l1(l: float = 0.01) -> Any:  # noqa: E741 the name that programs give it by
    """The sum of absolute values times `l`."""
    return l1_l2(l, 0.0)


def l2(l: float = 0.01) -> Any:  # noqa: E741
    """The sum of squares times `l`."""
    return l1_l2(0.0, l)


def WeightRegularizer(l1: float = 0.0, l2: float = 0.0) -> Any:  # noqa: N802
    """`l1_l2`, of nothing by default."""
    return l1_l2(l1, l2)


ActivityRegularizer = WeightRegularizer
l1l2 = activity_l1l2 = l1_l2
activity_l1, activity_l2 = l1, l2
