"""The traceback of an error: the user's own frames and one of nthgrad's; all frames where TensorFlow is asked for them."""

import textwrap
import traceback
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad import errors

NTHGRAD = str(Path(ng.__file__).parent)


class CustomError(Exception):
    def __init__(self, text, number):
        super().__init__(text)
        self.number = number


def helper(x):
    raise ValueError("mine")


def calls(x):
    y = tf.sin(x)
    return helper(y)


def branches(x):
    for i in range(2):
        if i == 1:
            helper(x)
    return x


def chains(x):
    try:
        return {}["key"]
    except KeyError as error:
        raise RuntimeError("mine") from error


def custom(x):
    raise CustomError("mine", 3)


def wrong_shape(x):
    return tf.matmul(x, tf.ones([3, 3], x.dtype))


@tf.autograph.experimental.do_not_convert
def unconverted(x):
    return helper(x)


def sums(x):
    return tf.reduce_sum(x)


def constant(x):
    return tf.ones([3], x.dtype)


class Layer(keras.layers.Layer):
    def call(self, x):
        return helper(x)


def in_a_layer(x):
    return Layer()(x)


class Object:
    def method(self, x):
        return helper(x)

    def __call__(self, x):
        return helper(x)


IN_A_LAMBDA = lambda x: helper(x)  # noqa: E731

X = np.ones(3)
LISTS = [tf.ones([2, 3]), tf.ones([3])]

# What is called, the exception, and the functions of this file on the way from the call to the error.
CASES = {
    "f calls a function": (lambda: ng.derivative(calls)(X), ValueError, ["calls", "helper"]),
    "f a lambda": (lambda: ng.derivative(IN_A_LAMBDA)(X), ValueError, ["<lambda>", "helper"]),
    "f a method": (lambda: ng.derivative(Object().method)(X), ValueError, ["method", "helper"]),
    "f an object": (lambda: ng.derivative(Object())(X), ValueError, ["__call__", "helper"]),
    "f a tf.function": (lambda: ng.derivative(tf.function(calls))(X), ValueError, ["calls", "helper"]),
    "f branches": (lambda: ng.derivative(branches)(X), ValueError, ["branches", "helper"]),
    "f by tapes": (lambda: ng.derivative(calls, 2, method="tape")(X), ValueError, ["calls", "helper"]),
    "f by XLA": (lambda: ng.derivatives(calls, 2, jit_compile=True)(X), ValueError, ["calls", "helper"]),
    "f with a name": (lambda: ng.derivative(calls)(x=X), ValueError, ["calls", "helper"]),
    "a derivative's f": (lambda: ng.derivative(ng.derivative(calls))(X), ValueError, ["calls", "helper"]),
    "an operator's f": (lambda: ng.laplacian(calls)(X), ValueError, ["calls", "helper"]),
    "partials' f": (lambda: ng.partials(calls, ["x"])(X), ValueError, ["calls", "helper"]),
    "a chain": (lambda: ng.derivative(chains)(X), RuntimeError, ["chains"]),
    "a class of the user's": (lambda: ng.derivative(custom)(X), CustomError, ["custom"]),
    "an op's": (lambda: ng.derivative(wrong_shape)(X), ValueError, ["wrong_shape"]),
    "code that is not converted": (lambda: ng.derivative(unconverted)(X), ValueError, ["unconverted", "helper"]),
    "a layer": (lambda: ng.derivative(in_a_layer)(X), ValueError, ["in_a_layer", "call", "helper"]),
    "an output": (lambda: ng.derivative(sums)(X), errors.OutputError, []),
    "an output by tapes": (lambda: ng.derivative(sums, 2, method="tape")(X), errors.OutputError, []),
    "dependence": (lambda: ng.derivative(constant)(X), errors.DependenceError, []),
    "a derivative's output": (lambda: ng.derivative(ng.derivative(sums))(X), errors.OutputError, []),
    "an argument": (lambda: ng.derivative(calls, -1), errors.ArgumentError, []),
    "an argument of g": (lambda: ng.derivative(calls, argnum=2)(X), errors.ArgumentError, []),
    "a point": (lambda: ng.gradient(calls)(1), errors.InputError, []),
    "no tensor": (lambda: ng.gradient(calls)({"a": object()}), errors.InputError, []),
    "several tensors": (lambda: ng.curl(calls)(LISTS), errors.InputError, []),
    "a direction": (lambda: ng.hvp(calls)(X), errors.ArgumentError, []),
}


def frames(tb):
    """The names of the functions of this file, "nthgrad" for a frame of nthgrad's, the file of any other."""
    names = {__file__: lambda frame: frame.name}
    return [
        "nthgrad"
        if frame.filename.startswith(NTHGRAD)
        else names.get(frame.filename, lambda frame: frame.filename)(frame)
        for frame in traceback.extract_tb(tb)
    ]


@pytest.mark.parametrize("name", CASES)
def test_the_frames_are_the_users_and_one_of_nthgrad(name):
    call, kind, inside = CASES[name]
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert type(error) is kind
    assert frames(error.__traceback__)[1:] == ["<lambda>", "nthgrad", *inside]
    assert isinstance(error, ng.NthgradError) or name in ("a layer", "an op's") or str(error) == "mine"
    shown = "".join(traceback.format_exception(error))
    assert shown.count("Traceback (most recent call last)") == 1 + (name == "a chain")
    assert "autograph" not in shown
    foreign = [line for line in shown.splitlines() if "site-packages" in line and NTHGRAD not in line]
    assert not foreign


def test_the_lines_are_those_of_the_functions():
    with pytest.raises(ValueError, match="mine") as caught:
        ng.derivative(branches)(X)
    lines = [frame.line for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert lines[2:] == ["helper(x)", 'raise ValueError("mine")']


def test_an_exception_keeps_what_it_holds_and_its_cause():
    with pytest.raises(CustomError) as caught:
        ng.derivative(custom)(X)
    assert caught.value.number == 3
    with pytest.raises(RuntimeError) as caught:
        ng.derivative(chains)(X)
    cause = caught.value.__cause__
    assert isinstance(cause, KeyError)
    assert frames(cause.__traceback__) == ["chains"]
    assert [frame.line for frame in traceback.extract_tb(cause.__traceback__)] == ['return {}["key"]']


def test_what_tensorflow_raised_is_not_shown_again():
    with pytest.raises(errors.InputError, match="which does not become a tensor") as caught:
        ng.derivative(tf.sin)(object())
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_derivative_where_another_error_is_handled_leaves_that_one_as_it_is():
    seen = []
    try:
        tf.reshape(X, [2])
    except tf.errors.InvalidArgumentError as handled:
        seen.append(frames(handled.__traceback__))
        with pytest.raises(errors.OutputError):
            ng.derivative(sums)(X)
        seen.append(frames(handled.__traceback__))
    assert seen[0] == seen[1]


@pytest.fixture
def unfiltered():
    tf.debugging.disable_traceback_filtering()
    yield
    tf.debugging.enable_traceback_filtering()


@pytest.mark.parametrize("name", CASES)
def test_all_frames_are_shown_where_tensorflow_is_asked_for_them(name, unfiltered):
    call, kind, _ = CASES[name]
    with pytest.raises(kind) as caught:
        call()
    assert frames(caught.value.__traceback__).count("nthgrad") > 1


def test_a_script_that_fails_shows_a_page(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import tensorflow as tf, nthgrad as ng

            def helper(x):
                raise ValueError("mine")

            def u(t, x):
                return helper(tf.sin(x))

            ng.partials(u, ["t", "xx"])(tf.zeros([3, 1]), tf.ones([3, 1]))
            """
        )
    )
    with pytest.raises(ValueError, match="mine") as caught:
        exec(compile(script.read_text(), str(script), "exec"), {"__name__": "__main__"})
    # As Python shows it; the first frame is this test's.
    said = "".join(traceback.format_exception(caught.value.with_traceback(caught.value.__traceback__.tb_next)))
    assert said.startswith("Traceback (most recent call last):\n")
    assert said.count("  File ") == 4
    assert said.count(f'  File "{script}"') == 3
    assert said.endswith('line 5, in helper\n    raise ValueError("mine")\nValueError: mine\n')
