"""`tf.contrib.framework`: argument scopes, and the variables of a graph by name."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1
_defaults: ContextVar[Mapping[str, Mapping[str, Any]] | None] = ContextVar("_defaults", default=None)

get_global_step = v1.train.get_global_step
get_or_create_global_step = v1.train.get_or_create_global_step
create_global_step = v1.train.create_global_step
assert_global_step = v1.train.assert_global_step
is_tensor = v1.is_tensor
load_variable = v1.train.load_variable
list_variables = v1.train.list_variables
load_checkpoint = v1.train.load_checkpoint
init_from_checkpoint = v1.train.init_from_checkpoint
nest = v1.nest


def _key(function: Any) -> str:
    return getattr(function, "_key_op", str(function))


def add_arg_scope(function: Callable) -> Callable:
    """Decorates a function so that `arg_scope` sets its default arguments."""

    @wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{**(_defaults.get() or {}).get(_key(inner), {}), **kwargs})

    inner._key_op = f"{function.__module__}.{function.__qualname__}"  # pyright: ignore[reportAttributeAccessIssue]
    return inner


def has_arg_scope(function: Any) -> bool:
    """Whether `arg_scope` can set default arguments of the function."""
    return hasattr(function, "_key_op")


@contextlib.contextmanager
def arg_scope(list_ops_or_scope: Any, **kwargs: Any) -> Iterator[Mapping[str, Mapping[str, Any]]]:
    """Sets default arguments of functions in a block.

    Args:
        list_ops_or_scope: the functions, or the scope of an earlier block.
        **kwargs: the default arguments.
    """
    before = _defaults.get() or {}
    if isinstance(list_ops_or_scope, Mapping):
        if kwargs:
            raise ValueError("When attempting to re-use a scope by suppling adictionary, kwargs must be empty.")
        scope = dict(list_ops_or_scope)
    else:
        if not isinstance(list_ops_or_scope, list | tuple):
            raise TypeError("list_ops_or_scope must either be a list/tuple or reused scope (i.e. dict)")
        scope = dict(before)
        for function in list_ops_or_scope:
            if not has_arg_scope(function):
                raise ValueError(f"{function} is not decorated with @add_arg_scope")
            scope[_key(function)] = {**scope.get(_key(function), {}), **kwargs}
    token = _defaults.set(scope)
    try:
        yield scope
    finally:
        _defaults.reset(token)


@add_arg_scope
def variable(name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, **kwargs: Any) -> Any:
    """Returns the variable of that name, created if it does not exist, and adds it to the collections."""
    kwargs.pop("device", None)
    collections = list(kwargs.pop("collections", None) or [v1.GraphKeys.GLOBAL_VARIABLES])
    if v1.GraphKeys.GLOBAL_VARIABLES not in collections and v1.GraphKeys.LOCAL_VARIABLES not in collections:
        collections.append(v1.GraphKeys.GLOBAL_VARIABLES)
    getter = kwargs.pop("custom_getter", None) or v1.get_variable
    return getter(
        name, shape=shape, dtype=dtype, initializer=initializer, collections=list(dict.fromkeys(collections)), **kwargs
    )


@add_arg_scope
def model_variable(name: str, *args: Any, collections: Any = None, **kwargs: Any) -> Any:
    """Returns a variable of the model."""
    collections = [*(collections or []), v1.GraphKeys.GLOBAL_VARIABLES, v1.GraphKeys.MODEL_VARIABLES]
    return variable(name, *args, collections=collections, **kwargs)


def get_variables(
    scope: Any = None, suffix: str | None = None, collection: str = v1.GraphKeys.GLOBAL_VARIABLES
) -> list[Any]:
    """Returns the variables of a collection whose names match `scope`, a regular expression, and end with `suffix`."""
    if isinstance(scope, v1.VariableScope):
        scope = scope.name
    if suffix is not None:
        scope = f"{scope or ''}.*{suffix if ':' in suffix else suffix + ':'}"
    return v1.get_collection(collection, scope)


def get_model_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Returns the variables of the model."""
    return get_variables(scope, suffix, v1.GraphKeys.MODEL_VARIABLES)


def get_trainable_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Returns the trainable variables."""
    return get_variables(scope, suffix, v1.GraphKeys.TRAINABLE_VARIABLES)


def get_local_variables(scope: Any = None, suffix: str | None = None) -> list[Any]:
    """Returns the local variables, which are not saved."""
    return get_variables(scope, suffix, v1.GraphKeys.LOCAL_VARIABLES)


def get_variables_by_suffix(suffix: str, scope: Any = None) -> list[Any]:
    """Returns the variables whose names end with `suffix`."""
    return get_variables(scope, suffix)


def get_variables_by_name(given_name: str, scope: Any = None) -> list[Any]:
    """Returns the variables whose names end with `given_name`."""
    return get_variables(scope, given_name)


def get_unique_variable(var_op_name: str) -> Any:
    """Returns the variable of that full name.

    Raises:
        ValueError: if there is none.
    """
    found = get_variables(var_op_name)
    if not found:
        raise ValueError(f"Couldn't find variable {var_op_name}")
    for candidate in found:
        if candidate.op.name == var_op_name:
            return candidate
    raise ValueError(f"Variable {var_op_name} does not uniquely identify a variable")


def get_variables_to_restore(include: Sequence[str] | None = None, exclude: Sequence[str] | None = None) -> list[Any]:
    """Returns the variables in the scopes `include`, without those in the scopes `exclude`."""
    chosen = get_variables() if include is None else [each for scope in include for each in get_variables(scope)]
    left_out = {id(each) for scope in exclude or () for each in get_variables(scope)}
    return [each for each in chosen if id(each) not in left_out]
