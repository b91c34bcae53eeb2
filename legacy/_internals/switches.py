"""TensorFlow's switches between versions 1 and 2, and its stacks of graphs and sessions."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf

# tf.compat.v1.enable_v2_behavior and disable_v2_behavior turn the next seven for good; a session must also turn them
# back, and to what they were, which no public function tells.
from tensorflow.python import tf2  # the main switch: shapes, saving formats and tf_keras ask it
from tensorflow.python.compat import v2_compat  # its list of what tf.data rebinds when the main switch is turned
from tensorflow.python.eager import context  # graph_mode: a thread in graph mode without a graph on the stack
from tensorflow.python.framework import (
    ops,  # the stack of default graphs and the global graph beneath it
    tensor_shape,  # shape[0] is a Dimension
)
from tensorflow.python.framework import stack as sessions  # the stack of default sessions
from tensorflow.python.ops import (
    control_flow_util,  # tf.cond builds Switch and Merge
    resource_variables_toggle,  # tf.Variable makes a reference variable
)
from tensorflow.python.util import deprecation  # old programs use what is deprecated, and know it

_KEEP = object()


class Flag(NamedTuple):
    """An attribute that means something to the whole process, and what TensorFlow 1 had there."""

    owner: Any
    name: str
    value: Any = _KEEP  # only put back, since programs turn it themselves

    @contextlib.contextmanager
    def turned(self) -> Iterator[None]:
        """Gives the attribute its TensorFlow 1 value for the block, then what it had before."""
        before = getattr(self.owner, self.name, None)
        if self.value is not _KEEP:
            setattr(self.owner, self.name, self.value)
        try:
            yield
        finally:
            setattr(self.owner, self.name, before)


def tensorflow_1_behaviour() -> bool:
    """Whether TensorFlow 1's behaviour is on: in a session, or for good in a script's own process."""
    return not tf2.enabled()


@contextlib.contextmanager
def tensorflow_1_switch() -> Iterator[None]:
    """Turns the main switch for the block, and with it what tf.data binds to its names."""
    before = tf2.enabled()
    _turn(enabled=False)
    try:
        yield
    finally:
        _turn(enabled=before)


def _turn(*, enabled: bool) -> None:
    (tf2.enable if enabled else tf2.disable)()
    callbacks = v2_compat._DATA_V2_CALLBACKS
    for name in callbacks.list():
        callbacks.lookup(name)()


def hush_deprecations() -> None:
    """Stops the warnings and logs by which TensorFlow and tf_keras advise against what old programs are made of."""
    deprecation._PRINT_DEPRECATION_WARNINGS = False
    warnings.filterwarnings("ignore", module=r"(tensorflow|tf_keras)\.")  # what they say about their own code
    warnings.filterwarnings("ignore", message=r"`[^`]+` is deprecated and\s+will be removed", category=UserWarning)
    warnings.filterwarnings("ignore", message=r"`[\w.]+updates` will be removed", category=UserWarning)


def graph_mode() -> contextlib.AbstractContextManager:
    """Puts this thread in graph mode with an empty stack, where tf.reset_default_graph may be called."""
    return context.graph_mode()


@contextlib.contextmanager
def default_graph_and_session(graph: tf.Graph, session: Any) -> Iterator[None]:
    """Makes these the default of this thread, at the bottom of stacks of their own, whatever the caller had open.

    The graph is the global one and not on the stack, as in a TensorFlow 1 program that has just started; with
    `graph.as_default()` tf.reset_default_graph and K.clear_session would refuse to work.
    """
    graphs: Any = ops._default_graph_stack
    defaults: Any = sessions._default_session_stack
    before = graphs.stack, graphs._global_default_graph, graphs.enforce_nesting
    before_sessions = defaults.stack, defaults.enforce_nesting
    graphs.stack, graphs._global_default_graph = [], graph
    defaults.stack = [session]
    try:
        yield
    finally:
        graphs.stack, graphs._global_default_graph, graphs.enforce_nesting = before
        defaults.stack, defaults.enforce_nesting = before_sessions


def withdraw_default_session(session: Any) -> None:
    """Takes a session from the bottom of the stack, where `default_graph_and_session` put it."""
    stack = sessions._default_session_stack.stack
    if stack and stack[0] is session:
        del stack[0]


def tensorflow_flags() -> list[Flag]:
    """TensorFlow's own attributes, beside the main switch."""
    return [
        Flag(tensor_shape, "_TENSORSHAPE_V2_OVERRIDE", False),
        Flag(resource_variables_toggle, "_DEFAULT_USE_RESOURCE", False),
        Flag(tf.Tensor, "_USE_EQUALITY", False),  # a tensor is a key of feed_dict, and == compares identity
        Flag(control_flow_util, "ENABLE_CONTROL_FLOW_V2", False),
        Flag(deprecation, "_PRINT_DEPRECATION_WARNINGS"),
    ]
