"""Writes functions as a SavedModel, or as StableHLO, which runs without TensorFlow.

Neither needs nthgrad or Python when it runs.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad import _version
from nthgrad._files import free_folder, whole_folder
from nthgrad.engines import grappler
from nthgrad.errors import ArgumentError, UnsupportedOpError
from nthgrad.export import describe

FUNCTION, DESCRIPTION, VALUES = "function.mlir", "function.json", "values.npz"


def saved_model(g: Callable[..., Any], path: str, *args: Any) -> None:
    """Writes a function as a SavedModel, with the variables that it uses.

    It calls `tf.saved_model.save` on a module with g and its variables. If you have such a module already, save that.
    `tf.saved_model.load(path)` returns a function with g's outputs. Its signature `"serving_default"`, for TensorFlow
    Serving, has named arguments and outputs, as in the JSON of `stablehlo`.

    Args:
        g: a function on tensors, such as the g of `nthgrad.derivative`. In its output, a dict key that is a tuple
            becomes a string: `("theta", "theta")` is `"theta.theta"`.
        path: a folder that does not exist. It appears complete or not at all.
        *args: for each argument of g a `tf.TensorSpec`, whose lengths may be open (None), or an example tensor or
            array.

    Raises:
        ArgumentError: path exists or cannot be written, or g uses a lookup table, which only your own module can hold.

    Example:
        >>> import tempfile
        >>> import tensorflow as tf, nthgrad as ng
        >>> f_xx = ng.derivative(lambda x: tf.math.log(x + 2.0), 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ng.export.saved_model(f_xx, f"{folder}/f_xx", tf.TensorSpec([None], tf.float32))
        ...     loaded = tf.saved_model.load(f"{folder}/f_xx")  # in any process
        ...     print([round(float(y), 6) for y in loaded(tf.constant([1.0, 2.0]))])
        [-0.111111, -0.0625]
    """
    specs = _specs(g, args)
    target = free_folder(path)
    module = _Holder()
    module.__call__ = tf.function(
        grappler.guarded(lambda *xs: describe.texts(g(*xs))), input_signature=specs, autograph=False
    )
    traced = module.__call__.get_concrete_function()
    module.variables_of_g = list(traced.graph.variables)
    names = [output["name"] for output in describe.outputs(traced.structured_outputs)]

    @tf.function(input_signature=specs, autograph=False)
    def by_name(*xs: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(zip(names, tf.nest.flatten(module.__call__(*xs)), strict=True))

    with whole_folder(target) as folder:
        try:
            tf.saved_model.save(module, str(folder), signatures={"serving_default": by_name})
        except AssertionError as error:
            raise ArgumentError(
                "g uses something that is no variable and has to be saved with it, such as a lookup table. Save a "
                "tf.Module that holds both, with tf.saved_model.save."
            ) from error


class _Holder(tf.Module):
    """The saved module: a function and its variables."""

    __call__: Any
    variables_of_g: list[tf.Variable]


def stablehlo(g: Callable[..., Any], path: str, *args: Any) -> None:
    """Writes a function as StableHLO, the portable input of XLA and of other compilers.

    The folder holds three files. `function.mlir` is the text of a module whose function `main` takes g's arguments,
    then the variables and tensors that g uses. `values.npz` has the values of the latter. `function.json` lists every
    argument, in order: its name, shape, dtype, kind (`input`, `variable` or `constant`) and its key in values.npz, if
    any. It also lists every output: its name, shape and dtype; and the structure of g's output, in which n means the
    n-th output. The text of StableHLO can be read by more versions than its binary form. It holds no weights.

    Args:
        g: a function on tensors that XLA can compile, such as the g of `nthgrad.derivative`.
        path: a folder that does not exist. It appears complete or not at all.
        *args: for each argument of g a `tf.TensorSpec` without open lengths, or a tensor or an array. g is called once
            with them (with ones for a spec), because its errors cannot be raised in XLA.

    Raises:
        ArgumentError: path exists or cannot be written, or a length is open.
        UnsupportedOpError: XLA cannot compile g, g changes a variable, or TensorFlow is older than 2.19.

    Example:
        >>> import json, os, tempfile
        >>> import tensorflow as tf, nthgrad as ng
        >>> f_xx = ng.derivative(lambda x: tf.math.log(x + 2.0), 2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     ng.export.stablehlo(f_xx, f"{folder}/f_xx", tf.TensorSpec([16, 1], tf.float32))
        ...     with open(f"{folder}/f_xx/function.json") as file:
        ...         print(json.load(file)["arguments"][0])
        {'name': 'x', 'kind': 'input', 'shape': [16, 1], 'dtype': 'float32'}
    """
    specs = _specs(g, args)
    for spec in specs:
        if not spec.shape.is_fully_defined():
            raise ArgumentError(
                f"{spec.name} has the shape {spec.shape}, but StableHLO has no open lengths. Give every length."
            )
    target = free_folder(path)
    g(*(tf.ones(a.shape, a.dtype) if isinstance(a, tf.TensorSpec) else tf.convert_to_tensor(a) for a in args))
    if tuple(map(int, tf.__version__.split(".")[:2])) < (2, 19):
        raise UnsupportedOpError(
            f"TensorFlow {tf.__version__} cannot write StableHLO. Install TensorFlow 2.19 or newer, or export a "
            "SavedModel."
        )
    compiled = tf.function(lambda *xs: g(*xs), autograph=False, jit_compile=True)
    traced = compiled.get_concrete_function(*specs)
    try:
        text = compiled.experimental_get_compiler_ir(*specs)(stage="stablehlo")
    except (ValueError, tf.errors.OpError) as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given.")
        raise UnsupportedOpError(
            f"TensorFlow {tf.__version__} has no StableHLO of g: {said} Write that part of g with ops that "
            "tf.function(jit_compile=True) compiles, or export a SavedModel."
        ) from error
    arguments, values = describe.arguments(traced, specs)
    outputs = describe.outputs(traced.structured_outputs)
    describe.complete(text, arguments, outputs)
    description = {
        "arguments": arguments,
        "outputs": outputs,
        "structure": describe.texts(describe.numbered(traced.structured_outputs)),
        "versions": {"nthgrad": _version.installed(), "tensorflow": tf.__version__},
    }
    with whole_folder(target) as folder:
        folder.mkdir()
        (folder / FUNCTION).write_text(text, encoding="utf-8")
        (folder / DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
        np.savez(folder / VALUES, **values)  # type: ignore[arg-type]


def _specs(g: Callable[..., Any], args: tuple[Any, ...]) -> list[tf.TensorSpec]:
    """Returns the signature of g, with a distinct name for every argument."""
    if not callable(g):
        raise ArgumentError(f"g is {g!r}, a {type(g).__name__}, which cannot be called. Give a function.")
    if not args:
        raise ArgumentError(
            "No argument of g is given. Give a tf.TensorSpec for each, for example tf.TensorSpec([None, 1])."
        )
    try:
        names = [p.name for p in inspect.signature(g).parameters.values() if p.kind <= p.POSITIONAL_OR_KEYWORD]
    except (TypeError, ValueError):
        names = []
    specs = [a if isinstance(a, tf.TensorSpec) else tf.TensorSpec.from_tensor(tf.convert_to_tensor(a)) for a in args]
    others = [f"x_{i}" for i in range(len(args))] if len(args) > 1 else ["x"]
    names = [s.name or (names[i] if i < len(names) else others[i]) for i, s in enumerate(specs)]
    return [tf.TensorSpec(s.shape, s.dtype, n) for s, n in zip(specs, describe.distinct(names), strict=True)]
