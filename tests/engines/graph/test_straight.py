"""Straight-line code is traced without AutoGraph; whatever AutoGraph would change, in a function or below it, is converted."""

import math

import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad.engines.graph.straight import is_straight

TWO = tf.constant(2.0)


def cube(x):
    square = x * x
    first, second = square, x
    return first * second


def of_a_closure(factor, g):
    return lambda x: factor * g(x)


def either_branch(x):
    if x > 1.0:  # AutoGraph's tf.cond
        return x**3
    return -x


def below(x):
    return either_branch(x) * 1.0


def doubled_until_large(x):
    while x < 8.0:
        x = 2 * x
    return x


def by_default(x, g=either_branch):
    return g(x)


def by_name(x, *, g=either_branch):
    return g(x)


FIRST, SECOND = of_a_closure(1.0, cube), of_a_closure(1.0, either_branch)


class Scale:
    def __call__(self, x):
        return either_branch(x)

    def method(self, x):
        return either_branch(x)


class Number(float):
    method = Scale.method


def with_an_attribute(x):
    return x


SCALE, NUMBER, WITH_AN_ATTRIBUTE = Scale(), Number(1.0), with_an_attribute
with_an_attribute.branches = either_branch

# A function, and its first derivative at 1.5.
STRAIGHT = {
    "a lambda": (lambda x: tf.sin(x), math.cos(1.5)),
    "local names": (cube, 6.75),
    "a straight function in a closure": (of_a_closure(2.0, cube), 13.5),
    "a tensor, a number and a slice": (lambda x: (TWO * x**2 + np.pi * x)[..., None][..., 0], 6 + math.pi),
    "an order": (lambda x: tf.where(x > 1.0, x * x, x), 3.0),
    "keywords and a list": (lambda x: tf.reduce_sum(tf.stack([x, 3 * x], axis=-1), axis=-1), 4.0),
}
CONVERTED = {
    "a branch": (either_branch, 6.75),
    "a branch two functions below": (below, 6.75),
    "a branch in a closure": (of_a_closure(1.0, either_branch), 6.75),
    "a branch of an expression": (lambda x: x**3 if x > 1.0 else -x, 6.75),
    "and": (lambda x: tf.where((x > 1.0) and (x < 2.0), x**3, -x), 6.75),
    "not": (lambda x: tf.where(not x > 1.0, -x, x**3), 6.75),
    "equality": (lambda x: tf.where(x == 1.5, x**3, -x), 6.75),
    "a loop": (doubled_until_large, 8.0),
    "a builtin function": (lambda x: abs(-x), 1.0),
    "a function inside": (lambda x: tf.map_fn(lambda t: t**3 if t > 1.0 else -t, x[None])[0], 6.75),
    "a dictionary": (lambda x: {"f": either_branch}["f"](x), 6.75),
    "an object": (lambda x: SCALE(x), 6.75),
    "a method": (lambda x: SCALE.method(x), 6.75),
    "a default": (by_default, 6.75),
    "a default of a keyword": (by_name, 6.75),
    "one code, another closure": (lambda x: FIRST(x) + SECOND(x), 13.5),
    "a number with a method": (lambda x: NUMBER.method(x), 6.75),
    "an attribute of a function": (lambda x: WITH_AN_ATTRIBUTE.branches(x), 6.75),
}


@pytest.mark.parametrize("name", [*STRAIGHT, *CONVERTED])
def test_its_derivative_is_right_with_and_without_a_conversion(name):
    f, slope = {**STRAIGHT, **CONVERTED}[name]
    assert is_straight(f, TWO) == (name in STRAIGHT)
    np.testing.assert_allclose(ng.derivative(f)(1.5), slope, rtol=1e-6)


def test_a_function_among_the_arguments_is_converted():
    def applied(x, g):
        return g(x)

    assert is_straight(applied, (TWO, 3.0))
    assert not is_straight(applied, (TWO, either_branch))
    np.testing.assert_allclose(ng.derivative(applied)(tf.constant(1.5), either_branch), 6.75, rtol=1e-6)


def test_what_a_name_stands_for_is_looked_up_at_each_trace():
    def f(x):
        return inner(x)

    assert not is_straight(f, TWO)  # `inner` has no value yet
    inner = cube
    assert is_straight(f, TWO)
    inner = either_branch
    assert not is_straight(f, TWO)
    np.testing.assert_allclose(ng.derivative(f)(1.5), 6.75, rtol=1e-6)
