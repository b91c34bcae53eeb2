"""Reduces forms: replaces the aliases of modules, and the constructors of a value by its kind, such as `<Layer>`."""

from __future__ import annotations

import re
from functools import lru_cache

from nthgrad.legacy._scan.expanding import expand

TENSOR = "<Tensor>"

# Several names of one module. The old modules of Keras are idioms themselves; names imported from them also have the
# idioms of `keras.layers`.
ALIASES = {
    "tensorflow": "tf",
    "tf.compat.v1": "tf",
    "tf.keras": "keras",
    "tf.python.keras": "keras",
    "tf.contrib.keras": "keras",
    "numpy": "np",
    **dict.fromkeys(
        expand(
            """
            keras.layers.{core, convolutional, pooling, recurrent, normalization, merge, advanced_activations,
                embeddings, noise, wrappers, local, convolutional_recurrent, cudnn_recurrent}
            keras.engine.{topology, base_layer}
            """
        ),
        "keras.layers",
    ),
    **dict.fromkeys(expand("keras.engine keras.engine.{training, network, sequential}"), "keras.models"),
    "keras.backend.tensorflow_backend": "keras.backend",
    "keras.objectives": "keras.losses",
    "keras.initializations": "keras.initializers",
    "keras.Input": "keras.layers.Input",
    "keras.Model": "keras.models.Model",
    "keras.Sequential": "keras.models.Sequential",
    "keras.models.Input": "keras.layers.Input",
    "keras.layers.Model": "keras.models.Model",
}

# Values that are no tensors, of functions of `tf`.
_NO_TENSORS = """gradients|hessians|function|device|name_scope|variable_scope|control_dependencies|get_default_graph
    |get_default_session|get_collection\\w*|\\w*_variables|\\w*_initializer|group|no_op|make_template|get_variable\\w*
    |get_logger|while_loop|split|unstack|meshgrid|import_graph_def|py_func|set_random_seed|reset_default_graph"""
_OF_TENSORS = "nn|math|linalg|layers|losses|image|random|sparse|signal|contrib\\.layers"

# The kinds of values, by the forms that make them; a kind may use those above it.
_KINDS = [
    ("<Optimizer>", r"tf\.(train|contrib\.opt)\.\w*Optimizer(<:)*\(\)"),
    ("<Model>", r"keras\.models\.(Model|Sequential|load_model|model_from_\w+|clone_model)(<:)*\(\)"),
    ("<Model>", r"keras\.applications\.([\w.]+\.)?[A-Z]\w*\(\)"),
    ("<Layer>", r"keras\.layers\.(?!Input\()[A-Z]\w*(<:)*\(\)|<Model>\.(get_layer\(\)|layers\[\])"),
    ("<History>", r"<Model>\.fit(_generator)?\(\)"),
    ("<Symbol>", r"keras\.layers\.(Input|[a-z]\w*)\(\)|(<Layer>|<Model>)\(\)|<Model>\.(in|out)put"),
    ("<Variable>", r"tf\.(Variable|get_variable)\(\)"),
    (
        "<Operation>",
        r"<Optimizer>\.(minimize|apply_gradients)\(\)|<Variable>\.initializer|"
        r"tf\.(group|no_op|\w+_initializer|initialize_\w+)\(\)",
    ),
    (TENSOR, r"tf\.(gradients|hessians)\(\)\[\]"),
    (TENSOR, rf"tf\.(({_OF_TENSORS})\.)?(?!({''.join(_NO_TENSORS.split())})\()[a-z]\w*\(\)"),
    ("<Operation>", r"(<Tensor>|<Variable>)\.op\b"),
]
_PATTERNS = [(kind, re.compile(pattern)) for kind, pattern in _KINDS]


@lru_cache(maxsize=2**14)
def stages(form: str) -> tuple[str, ...]:
    """Returns a form and the forms that it is reduced to, one replacement after another.

    Example:
        >>> stages("tensorflow.keras.Sequential().layers[].output_shape")[-1]
        '<Layer>.output_shape'
    """
    found = [form]
    while (shorter := _reduced(found[-1])) is not None:
        found.append(shorter)
    return tuple(found)


def is_tensor(form: str) -> bool:
    """Tells whether a form is that of a tensor or a variable."""
    return stages(form)[-1] in (TENSOR, "<Variable>")


def _reduced(form: str) -> str | None:
    end = re.match(r"[\w.]*", form).end()  # type: ignore[union-attr]
    while end > 0:
        if form[:end] in ALIASES:
            return ALIASES[form[:end]] + form[end:]
        end = form.rfind(".", 0, end)
    for kind, pattern in _PATTERNS:
        if made := pattern.match(form):
            return kind + form[made.end() :]
    return None
