"""Names whose formulas in Keras 2.2.4 differ from tf_keras's, by module, with their paths (see `paths`)."""

from nthgrad.legacy._keras_224.arithmetic.aliases import LOSS_ALIASES

_METRICS = """binary_accuracy categorical_accuracy sparse_categorical_accuracy top_k_categorical_accuracy
    sparse_top_k_categorical_accuracy get deserialize"""
_OPTIMIZERS = "SGD RMSprop Adagrad Adadelta Adam Adamax Nadam"
_INITIALIZERS = """RandomNormal TruncatedNormal RandomUniform VarianceScaling Orthogonal Identity lecun_uniform
    lecun_normal glorot_normal glorot_uniform he_normal he_uniform"""
_INITIALIZER_ALIASES = {
    "normal": "RandomNormal",
    "random_normal": "RandomNormal",
    "uniform": "RandomUniform",
    "random_uniform": "RandomUniform",
    "truncated_normal": "TruncatedNormal",
    "orthogonal": "Orthogonal",
    "identity": "Identity",
}
_CROSSENTROPIES = "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy"


def _of(module: str, names: dict[str, str]) -> dict[str, str]:
    return {name: f"nthgrad.legacy._keras_224.arithmetic.{module}:{there}" for name, there in names.items()}


NAMES: dict[str, dict[str, str]] = {
    "losses": _of("losses", {**LOSS_ALIASES, "get": "get", "deserialize": "deserialize"}),
    "metrics": {**_of("losses", LOSS_ALIASES), **_of("metrics", {name: name for name in _METRICS.split()})},
    "optimizers": _of(
        "optimizers",
        {
            **{name: name for name in f"{_OPTIMIZERS} Optimizer TFOptimizer get deserialize".split()},
            **{name.lower(): name for name in _OPTIMIZERS.split()},
        },
    ),
    "initializers": _of(
        "initializers",
        {**{name: name for name in _INITIALIZERS.split()}, **_INITIALIZER_ALIASES, "deserialize": "deserialize"},
    ),
    "backend": _of("losses", {name: f"backend_{name}" for name in _CROSSENTROPIES.split()}),
    "activations": _of("activations", {name: name for name in ("deserialize", "selu")}),
    "engine.training_utils": _of("weighting", {"weighted_masked_objective": "weighted"}),
}
NAMES["backend.tensorflow_backend"] = NAMES["backend"]
NAMES["objectives"], NAMES["initializations"] = NAMES["losses"], NAMES["initializers"]
