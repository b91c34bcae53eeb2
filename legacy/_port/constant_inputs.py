"""Rewrites models of constant inputs: `Input(tensor=...)`, `predict(x=None, steps=1)`, and derivatives in layers."""

from __future__ import annotations

from collections import Counter

import libcst as cst

from nthgrad.legacy._port.reading import Read, assigned, bound, free_name, keyword, names, old_forms
from nthgrad.legacy._port.tidying import tidied

_OF_GRAPHS = {  # what else a program does with constant inputs
    "keras.layers.Input(tensor=)",
    "keras.backend.function",
    "keras.backend.get_session",
    "keras.backend.gradients",
    "tf.Session",
    "tf.gradients",
}
_PREDICT = {"?.predict(None)", "?.predict(x=None)"}


def derivatives_in_layers(text: str) -> str:
    """Replaces `Lambda(lambda z: K.gradients(z[0], z[1]))([y, x])` by `ng.keras.grad(y, x)`; returns the program."""
    if "keras.backend.gradients" not in old_forms(text):
        return text
    read = Read(text)
    new = read.module.visit(_Grad(read)).code
    return tidied(text, new, ["import nthgrad as ng"]) if new != text else text


class _Grad(cst.CSTTransformer):
    def __init__(self, read: Read) -> None:
        super().__init__()
        self.read = read

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        pair = updated_node.args[0].value if len(updated_node.args) == 1 else None
        if not isinstance(pair, cst.List) or len(pair.elements) != 2 or not self.parameter(original_node.func):
            return updated_node
        made = cst.parse_expression("ng.keras.grad(y, x)")
        assert isinstance(made, cst.Call)
        y, x = (element.value for element in pair.elements)
        return made.with_changes(
            args=[made.args[0].with_changes(value=y), made.args[1].with_changes(value=x)],
            whitespace_before_args=updated_node.whitespace_before_args,
            lpar=updated_node.lpar,
            rpar=updated_node.rpar,
        )

    def leave_Assign(self, original_node: cst.Assign, updated_node: cst.Assign) -> cst.Assign:
        parameter = self.parameter(original_node.value)
        if not parameter:
            return updated_node
        function = cst.parse_expression(f"lambda {parameter}: ng.keras.grad({parameter}[0], {parameter}[1])")
        return updated_node.with_changes(value=function)

    def parameter(self, layer: cst.BaseExpression) -> str:
        """Returns the parameter of a `Lambda(lambda z: K.gradients(z[0], z[1]))`; empty for anything else."""
        function = layer.args[0].value if isinstance(layer, cst.Call) and layer.args else None
        if not isinstance(function, cst.Lambda) or len(function.params.params) != 1:
            return ""
        body = function.body
        if isinstance(body, cst.Subscript) and _index(body) == 0:
            body = body.value
        if not isinstance(body, cst.Call) or not self.read.calls(body, "keras.backend.gradients"):
            return ""
        name = function.params.params[0].name.value
        items = [(_index(arg.value), names(arg.value)) for arg in body.args]
        return name if items == [(0, {name}), (1, {name})] else ""


def _index(node: cst.BaseExpression) -> int | None:
    if not isinstance(node, cst.Subscript) or len(node.slice) != 1 or not isinstance(node.value, cst.Name | cst.Call):
        return None
    index = node.slice[0].slice
    return (
        index.value.evaluated_value if isinstance(index, cst.Index) and isinstance(index.value, cst.Integer) else None
    )


def without_constant_inputs(text: str) -> str:
    """Returns a program whose models are called with their constants; the same if it does anything else with them."""
    if not old_forms(text) & _PREDICT:
        return text
    read = Read(text)
    inputs: dict[str, cst.BaseExpression] = {}  # the constants, by the names of the inputs
    models: dict[str, cst.Call] = {}
    for statement in read.module.body:
        name, value = assigned(statement) or ("", None)
        if isinstance(value, cst.Call) and (tensor := keyword(value, "tensor")) and len(value.args) == 1:
            inputs[name] = tensor
        elif isinstance(value, cst.Call) and keyword(value, "inputs", 0) and keyword(value, "outputs", 1):
            models[name] = value
    times = Counter(name for statement in read.module.body for name in bound(statement))
    if any(times[name] > 1 for name in [*inputs, *models]):
        return text
    taken = names(read.module)
    values = {name: free_name(f"{name}_value", taken) for name in inputs}
    visitor = _Calling(read, inputs, models, values)
    new = read.module.visit(visitor).code
    if visitor.failed or old_forms(new) & _OF_GRAPHS:
        return text
    needed = {"import keras": "keras.config" in new, "import tensorflow as tf": "tf." in new}
    return tidied(text, new, [line for line, is_needed in needed.items() if is_needed])


class _Calling(cst.CSTTransformer):
    """Creates inputs by shape, and calls models with the constants."""

    def __init__(
        self,
        read: Read,
        inputs: dict[str, cst.BaseExpression],
        models: dict[str, cst.Call],
        values: dict[str, str],
    ) -> None:
        super().__init__()
        self.read, self.inputs, self.models, self.values = read, inputs, models, values
        self.failed = False
        self.dtypes = False  # whether the default dtype is set

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> cst.SimpleStatementLine | cst.FlattenSentinel[cst.SimpleStatementLine]:
        name, _ = assigned(original_node) or ("", None)
        if name not in self.inputs or original_node not in self.read.module.body:
            return updated_node
        statement, value = updated_node.body[0], self.values[name]
        assert isinstance(statement, cst.Assign)
        assert isinstance(statement.value, cst.Call)
        constant = statement.with_changes(
            targets=[statement.targets[0].with_changes(target=cst.Name(value))], value=self.inputs[name].deep_clone()
        )
        lines = [cst.SimpleStatementLine([constant], leading_lines=updated_node.leading_lines)]
        if not self.dtypes and not _is_float32(self.inputs[name]):
            self.dtypes = True
            lines.append(_line(f"keras.config.set_dtype_policy({value}.dtype.name)  # layers cast to their own dtype"))
        shape = cst.parse_expression(f"f(shape={value}.shape[1:], dtype={value}.dtype.name)")
        assert isinstance(shape, cst.Call)
        called = statement.with_changes(value=statement.value.with_changes(args=shape.args))
        lines.append(updated_node.with_changes(body=[called], leading_lines=[]))
        return cst.FlattenSentinel(lines)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        call = original_node
        if not self.read.forms(call) & _PREDICT and not any(self.read.forms(arg) & _PREDICT for arg in call.args):
            return updated_node
        assert isinstance(call.func, cst.Attribute)
        assert isinstance(updated_node.func, cst.Attribute)
        owner = call.func.value
        model = self.models.get(owner.value) if isinstance(owner, cst.Name) else owner
        steps = keyword(call, "steps")
        if not isinstance(model, cst.Call) or not isinstance(steps, cst.Integer) or steps.evaluated_value != 1:
            self.failed = True
            return updated_node
        inputs, outputs = keyword(model, "inputs", 0), keyword(model, "outputs", 1)
        listed = [e.value for e in inputs.elements] if isinstance(inputs, cst.List) else [inputs]
        found = [self.values.get(one.value) if isinstance(one, cst.Name) else None for one in listed]
        if None in found or outputs is None:
            self.failed = True
            return updated_node
        values = ", ".join(str(one) for one in found)
        argument = f"[{values}]" if isinstance(inputs, cst.List) else values
        several = min(len(outputs.elements), 2) if isinstance(outputs, cst.List) else 0
        call_it = f"model({argument})"
        patterns = (
            f"tf.nest.map_structure(lambda y: y.numpy(), {call_it})",  # the outputs may be a list, or not
            f"tf.nest.flatten({call_it})[0].numpy()",
            f"[y.numpy() for y in {call_it}]",
        )
        made = cst.parse_expression(patterns[several])
        return made.visit(_Put(updated_node.func.value))  # type: ignore[return-value]


class _Put(cst.CSTTransformer):
    """Replaces the name `model`."""

    def __init__(self, model: cst.BaseExpression) -> None:
        super().__init__()
        self.model = model

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> cst.BaseExpression:
        return self.model.deep_clone() if original_node.value == "model" else updated_node


def _is_float32(constant: cst.BaseExpression) -> bool:
    """Tells whether a constant is sure to be of TensorFlow's default dtype."""
    if not isinstance(constant, cst.Call) or not constant.args or len(constant.args) > 1:
        return False
    value = constant.args[0].value
    while isinstance(value, cst.List | cst.UnaryOperation):
        if isinstance(value, cst.List) and not value.elements:
            return True
        value = value.elements[0].value if isinstance(value, cst.List) else value.expression
    return isinstance(value, cst.Float)


def _line(text: str) -> cst.SimpleStatementLine:
    statement = cst.parse_statement(text)
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement
