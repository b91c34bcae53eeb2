"""The names of Keras 2.2.4's losses."""

_LOSSES = """mean_squared_error mean_absolute_error mean_absolute_percentage_error mean_squared_logarithmic_error
    squared_hinge hinge categorical_hinge logcosh categorical_crossentropy sparse_categorical_crossentropy
    binary_crossentropy kullback_leibler_divergence poisson cosine_proximity"""
_SHORT = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
    "kld": "kullback_leibler_divergence",
}
LOSS_ALIASES = {
    **{name: name for name in _LOSSES.split()},
    **_SHORT,
    **{short.upper(): name for short, name in _SHORT.items()},
    "cosine": "cosine_proximity",
}
