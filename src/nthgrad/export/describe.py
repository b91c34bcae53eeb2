"""Describes the arguments and outputs of a traced function: names, shapes and dtypes."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import Any

import numpy as np
import tensorflow as tf

from nthgrad.errors import UnsupportedOpError

NUMBERS = {
    "i1": "bool", **{f"i{n}": f"int{n}" for n in (8, 16, 32, 64)}, **{f"ui{n}": f"uint{n}" for n in (8, 16, 32, 64)},
    "bf16": "bfloat16", **{f"f{n}": f"float{n}" for n in (16, 32, 64)},
    "complex<f32>": "complex64", "complex<f64>": "complex128",
}  # fmt: skip
"""MLIR's names of dtypes, and those of TensorFlow and NumPy."""


def arguments(traced: Any, specs: list[tf.TensorSpec]) -> tuple[list[dict[str, Any]], dict[str, np.ndarray]]:
    """Returns the arguments of `main`: those of g, then its variables and constants; and the values of the latter."""
    variables = {id(v.handle): v for v in traced.graph.variables}
    arguments = [{"name": s.name, "kind": "input", "shape": s.shape.as_list(), "dtype": s.dtype.name} for s in specs]
    values = {}
    for captured in traced.captured_inputs:
        variable = variables.get(id(captured))
        if variable is None and captured.dtype == tf.resource:
            raise UnsupportedOpError(
                "g uses something that is neither a variable nor a tensor, such as a lookup table, which StableHLO "
                "lacks. Remove it from g, or export a SavedModel."
            )
        value = captured if variable is None else variable.read_value()
        key = f"{len(arguments)}"
        values[key] = value.numpy()
        arguments.append({
            "name": f"constant_{key}" if variable is None else variable.name.partition(":")[0],
            "kind": "constant" if variable is None else "variable",
            "shape": value.shape.as_list(), "dtype": value.dtype.name, "key": key,
        })  # fmt: skip
    return arguments, values


def outputs(structure: Any) -> list[dict[str, Any]]:
    """Returns the names, shapes and dtypes of the tensors in a structure, in their order."""
    names = {}

    def name(part: Any, path: tuple[str, ...]) -> None:
        if isinstance(part, dict):
            for key, inner in part.items():
                name(inner, (*path, _text(key) or "value"))
        elif isinstance(part, (list, tuple)):
            for i, inner in enumerate(part):
                name(inner, (*path, str(i)))
        else:
            names[part] = "_".join(path if path and not path[0].isdigit() else ("output", *path))

    name(numbered(structure), ())
    leaves = tf.nest.flatten(structure)
    return [
        {"name": n, "shape": None if y.shape.rank is None else list(y.shape), "dtype": y.dtype.name}
        for n, y in zip(distinct([names[i] for i in range(len(leaves))]), leaves, strict=True)
    ]


def complete(text: str, arguments: list[dict[str, Any]], outputs: list[dict[str, Any]]) -> None:
    """Compares `main` with the arguments and outputs, and fills in lengths that were unknown while tracing.

    TensorFlow does not promise the order of arguments and outputs. A variable that g writes is an additional output.
    """
    head = next(line for line in text.splitlines() if "@main(" in line).partition(") -> ")
    takes, gives = ([_parsed(t) for t in re.findall(r"tensor<((?:[^<>]|<[^<>]*>)*)>", part)] for part in head[::2])
    if takes != [(a["shape"], a["dtype"]) for a in arguments]:
        raise UnsupportedOpError(
            f"The StableHLO of TensorFlow {tf.__version__} takes other arguments than g and the variables that it "
            "uses. Export a SavedModel."
        )
    if [dtype for _, dtype in gives] != [o["dtype"] for o in outputs]:
        raise UnsupportedOpError(
            "g changes a variable, as BatchNormalization does in training mode, and StableHLO has no variables. Call "
            "the model with training=False, or export a SavedModel."
        )
    for output, (shape, _) in zip(outputs, gives, strict=True):
        output["shape"] = shape


def _parsed(text: str) -> tuple[list[int], str]:
    """Parses the shape and dtype of a type such as `2x3xf32`."""
    lengths, dtype = re.fullmatch(r"((?:\d+x)*)(.*)", text).groups()  # type: ignore[union-attr]
    return [int(n) for n in lengths.split("x")[:-1]], NUMBERS.get(dtype, dtype)


def numbered(structure: Any) -> Any:
    """Returns the structure with the numbers 0, 1, ... for its tensors."""
    return tf.nest.pack_sequence_as(structure, list(range(len(tf.nest.flatten(structure)))))


def texts(structure: Any) -> Any:
    """Returns the structure with strings for the keys of its dicts, as SavedModel and JSON require."""
    if isinstance(structure, dict):
        return {_text(key): texts(part) for key, part in structure.items()}
    if type(structure) in (list, tuple):
        return type(structure)(map(texts, structure))
    return structure


def _text(key: Any) -> str:
    return ".".join(map(str, key)) if isinstance(key, tuple) else str(key)


def identifier(name: str) -> str:
    """Converts a name of TensorFlow's to one that Python can give to an argument."""
    made = re.sub(r"\W|^(?=\d)", "_", name)
    return f"{made}_" if iskeyword(made) else made


def distinct(names: list[str]) -> list[str]:
    """Returns the names; adds a number to a repeated one."""
    found: list[str] = []
    for name in names:
        others = (f"{name}_{i}" for i in range(1, len(names) + 1))
        found.append(name if name not in found else next(n for n in others if n not in found))
    return found
