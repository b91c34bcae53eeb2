"""TensorFlow's switches between versions 1 and 2, and its stacks of graphs and sessions."""

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import tensorflow as tf

# tf.compat.v1.enable_v2_behavior and disable_v2_behavior set the next seven permanently. A session must restore them,
# and no public function reads them.
from tensorflow.python import tf2  # the main switch: shapes, saving formats and tf_keras read it
from tensorflow.python.compat import v2_compat  # its list of names that tf.data rebinds with the main switch
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
from tensorflow.python.util import deprecation  # old programs use deprecated functions throughout

_KEEP = object()


class Flag(NamedTuple):
    """An attribute with effect on the whole process, and its value in TensorFlow 1."""

    owner: Any
    name: str
    value: Any = _KEEP  # only restored: programs set it themselves

    @contextlib.contextmanager
    def turned(self) -> Iterator[None]:
        """Sets the TensorFlow 1 value for the block, then restores the previous one."""
        before = getattr(self.owner, self.name, None)
        if self.value is not _KEEP:
            setattr(self.owner, self.name, self.value)
        try:
            yield
        finally:
            setattr(self.owner, self.name, before)


def tensorflow_1_behavior() -> bool:
    """Returns whether TensorFlow 1's behavior is on: in a session, or always in a script's own process."""
    return not tf2.enabled()


@contextlib.contextmanager
def tensorflow_1_switch() -> Iterator[None]:
    """Turns the main switch off for the block; tf.data rebinds its names."""
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
    """Suppresses the deprecation warnings and logs of TensorFlow and tf_keras."""
    deprecation._PRINT_DEPRECATION_WARNINGS = False
    warnings.filterwarnings("ignore", module=r"(tensorflow|tf_keras)\.")  # warnings about their own code
    warnings.filterwarnings("ignore", message=r"`[^`]+` is deprecated and\s+will be removed", category=UserWarning)
    warnings.filterwarnings("ignore", message=r"`[\w.]+updates` will be removed", category=UserWarning)


def graph_mode() -> contextlib.AbstractContextManager:
    """Puts this thread in graph mode with an empty stack, so that tf.reset_default_graph may be called."""
    return context.graph_mode()


@contextlib.contextmanager
def default_graph_and_session(graph: tf.Graph, session: Any) -> Iterator[None]:
    """Makes these the default of this thread, at the bottom of new stacks, whatever the caller has open.

    The graph becomes the global one and is not on the stack, as at the start of a TensorFlow 1 program. With
    `graph.as_default()`, tf.reset_default_graph and K.clear_session would raise.
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
    """Removes a session from the bottom of the stack, where `default_graph_and_session` put it."""
    stack = sessions._default_session_stack.stack
    if stack and stack[0] is session:
        del stack[0]


def tensorflow_flags() -> list[Flag]:
    """Returns TensorFlow's flags, except the main switch."""
    return [
        Flag(tensor_shape, "_TENSORSHAPE_V2_OVERRIDE", False),
        Flag(resource_variables_toggle, "_DEFAULT_USE_RESOURCE", False),
        Flag(tf.Tensor, "_USE_EQUALITY", False),  # a tensor is a key of feed_dict, and == compares identity
        Flag(control_flow_util, "ENABLE_CONTROL_FLOW_V2", False),
        Flag(deprecation, "_PRINT_DEPRECATION_WARNINGS"),
    ]
