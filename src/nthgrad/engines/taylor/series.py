"""Truncated power series of tensors: x(t) = sum over k of x[k] t**k, k an index of as many numbers as t has.

The coefficients are normalised (x[k] is the k-th derivative over k!), computed when asked for, and remembered. None is
a coefficient that is zero by structure; every other has the shape and the dtype of the value x[0].
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

Index = tuple[int, ...]
Coefficient = tf.Tensor | None


class Series:
    """A tensor that varies: its value, and a function from an index to the coefficient there.

    Args:
        value: the coefficient of index 0.
        coefficient: gives the others; called once for each index.
        live: where this is False the tensor does not vary at all, as relu(x) where x < 0, whatever is made of it there:
            sqrt(relu(x)) has the derivative 0 there and not 0 / 0. None is True everywhere.
    """

    def __init__(self, value: tf.Tensor, coefficient: Callable[[Index], Coefficient], live: tf.Tensor | None = None):
        self.value = value
        self.live = live
        self._coefficient = coefficient
        self._known: dict[Index, Coefficient] = {}
        self._rates: dict[tuple[Index, int], Coefficient] = {}
        self.apart = False  # whether each coefficient should end a kernel, as a step says of its output
        self.functions: dict[str, Series] = {}  # of this series, by op type: the sine finds its cosine here

    def __getitem__(self, k: Index) -> Coefficient:
        if not any(k):
            return self.value
        if k not in self._known:
            c = self._coefficient(k)
            self._known[k] = c if c is None or self.live is None else tf.where(self.live, c, tf.zeros_like(c))
        return self._known[k]

    def meanwhile(self, k: Index, c: Coefficient) -> None:
        """Says what the coefficient at k is, while it is being made."""
        self._known[k] = c

    def rate(self, k: Index, axis: int) -> Coefficient:
        """Gives k x[k], k being the index's number on an axis: a coefficient of the derivative along that axis."""
        if k[axis] == 1 or self[k] is None:
            return self[k]
        if (k, axis) not in self._rates:
            self._rates[k, axis] = times(self[k], k[axis])
        return self._rates[k, axis]

    def __add__(self, other: Any) -> Series:
        return plus(self, other)

    __radd__ = __add__

    def __neg__(self) -> Series:
        return Negative(self)

    def __sub__(self, other: Any) -> Series:
        return plus(self, -other)

    def __rsub__(self, other: Any) -> Series:
        return -(self - other)

    def __mul__(self, other: Any) -> Series:
        return Series(
            self.value * value(other), convolution(tf.multiply, self, other, commutes=True), live(self, other)
        )

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Series:
        if not isinstance(other, Series):
            return Series(self.value / other, lambda k: None if self[k] is None else self[k] / other, self.live)
        return quotient(self, other)

    def __rtruediv__(self, other: Any) -> Series:
        return quotient(other, self)


class Negative(Series):
    """-x: a sum of products with it is made of x, and negated once."""

    def __init__(self, of: Series):
        super().__init__(-of.value, lambda k: minus(of[k]), of.live)
        self.of = of

    def __neg__(self) -> Series:
        return self.of

    def __mul__(self, other: Any) -> Series:
        return -(self.of * other)

    __rmul__ = __mul__


def value(x: Any) -> Any:
    """The value of a series; anything else is one."""
    return x.value if isinstance(x, Series) else x


def live(*xs: Any) -> tf.Tensor | None:
    """Where anything that is made of these, element by element, varies."""
    masks: list[Any] = [x.live for x in xs if isinstance(x, Series)]
    return None if any(m is None for m in masks) else functools.reduce(lambda m, n: m | n, masks)


def varying(x: Any, k: Index) -> Coefficient:
    """The coefficient k > 0 of a series, or of something that does not vary."""
    return x[k] if isinstance(x, Series) else None


def below(k: Index) -> Iterator[Index]:
    """All indices j with 0 <= j <= k in every place."""
    return itertools.product(*(range(n + 1) for n in k))


def minus(c: Coefficient, d: Coefficient = None) -> Coefficient:
    """-c, or d - c."""
    if c is None:
        return d
    return -c if d is None else d - c


def times(c: Coefficient, number: float) -> Coefficient:
    """A coefficient times a number."""
    return c if c is None or number == 1 else c * tf.constant(number, c.dtype)


def over_number(c: Coefficient, number: int, *, apart: bool = False) -> Coefficient:
    """A coefficient divided by a whole number.

    Args:
        c: the coefficient.
        number: what to divide by.
        apart: whether the quotient will lie in memory anyway, for a matrix product follows. XLA takes a sum of products
            for cheap and computes it again in every kernel that uses it, and those before it in turn: at order 10 of a
            tanh that is three times the work. A division it takes for expensive and does once, if it cannot see that
            the number is constant.
    """
    if c is None or abs(number) == 1:
        return c if number == 1 else minus(c)
    # Grappler collects the numbers of a long chain of products, and 1 / k! vanishes. A division parts the chain.
    if apart or number % (4 if c.dtype == tf.float16 else 16) == 0:
        return c / unseen(number, c.dtype)
    return times(c, 1 / number)


_NUMBERS: weakref.WeakKeyDictionary[Any, dict[tuple[float, tf.DType], str]] = weakref.WeakKeyDictionary()
"""For each graph, the names of the tensors that `unseen` has made in it. The tensors would keep the graph alive."""


def unseen(number: float, dtype: tf.DType) -> tf.Tensor:
    """A number times a 1 that is captured by the function being traced: an argument of it, not a constant in it."""
    graph = tf.compat.v1.get_default_graph()
    names = _NUMBERS.setdefault(graph, {})
    if (number, dtype) in names:
        return graph.get_tensor_by_name(names[number, dtype])
    with tf.init_scope():
        one = tf.constant(1, dtype)
    made = one * number
    names[number, dtype] = made.name
    return made


def total(terms: list[tf.Tensor]) -> Coefficient:
    """The sum of coefficients of one shape."""
    return None if not terms else terms[0] if len(terms) == 1 else tf.add_n(terms)


def convolution(
    product: Callable[[Any, Any], tf.Tensor], a: Any, b: Any, *, commutes: bool = False
) -> Callable[[Index], Coefficient]:
    """The coefficients of a bilinear product: Cauchy's sum of a[j] b[k - j]; the square takes each pair once."""
    if not isinstance(a, Series):
        return lambda k: None if b[k] is None else product(a, b[k])
    if not isinstance(b, Series):
        return lambda k: None if a[k] is None else product(a[k], b)

    def coefficient(k: Index) -> Coefficient:
        twice: list[Any] = []
        once: list[Any] = []
        for j in below(k):
            i = less(k, j)
            if commutes and a is b and j > i:
                continue
            if a[j] is not None and b[i] is not None:
                (twice if commutes and a is b and j < i else once).append(product(a[j], b[i]))
        doubled = times(total(twice), 2)
        return total(once if doubled is None else [*once, doubled])

    return coefficient


def plus(a: Series, b: Any) -> Series:
    """Gives a + b, the coefficients of the one broadcast where the other has none."""

    def coefficient(k: Index) -> Coefficient:
        c, d = a[k], varying(b, k)
        if c is not None and d is not None:
            return c + d
        if c is None:
            c, other = d, a.value
        else:
            other = value(b)
        return c if c is None or _covers(c, other) else c + tf.zeros_like(y.value)  # c may be a stack of many

    y = Series(a.value + value(b), coefficient, live(a, b))
    return y


def quotient(a: Any, b: Series, *, apart: bool = False) -> Series:
    """The quotient q = a / b, from a = q b: q[k] = (a[k] - sum of b[j] q[k - j] over 0 < j <= k) / b[0]."""

    def coefficient(k: Index) -> Coefficient:
        c = minus(total(products(b, q, k, any)), varying(a, k))
        return None if c is None else divide(c)

    divide = division(b.value, apart=apart)
    q = Series(divide(value(a)), coefficient, live(a, b))
    return q


def division(b: tf.Tensor, *, apart: bool = False) -> Callable[[Any], tf.Tensor]:
    """Division by b, for all coefficients of a quotient.

    XLA ends a kernel at every division of two tensors of one shape whose quotient has several uses, so a function of
    divisions would be read from memory and written again for each coefficient. A product with the inverse, which is one
    for all, stays in the kernel: at order 8 of exp(-x**2) sin(3 x) / (1 + x**2) that takes a fifth of the time. It
    costs some half a unit in the last place an order. Where |b| is so great that 1 / b would be lost among the numbers
    too small to be normal, a quarter of b is taken, and of the product.

    Args:
        b: the divisor.
        apart: whether each quotient should end a kernel.
    """
    if apart or b.dtype not in (tf.float32, tf.float64):
        return lambda c: c / b
    part = tf.where(tf.abs(b) > b.dtype.max / 4, tf.constant(0.25, b.dtype), tf.constant(1, b.dtype))
    inverse = 1 / (b * part)
    return lambda c: c * inverse * part if getattr(c, "shape", None) == b.shape else c / b


def products(
    a: Any, b: Series, k: Index, where: Callable[[Index], bool], product: Callable[[Any, Any], Any] = tf.multiply
) -> list[tf.Tensor]:
    """The terms a[j] b[k - j] of the product of two series, for those j > 0 that are wanted."""
    pairs = ((varying(a, j), b[less(k, j)]) for j in below(k) if where(j))
    return [product(c, d) for c, d in pairs if c is not None and d is not None]


def less(k: Index, j: Index) -> Index:
    """The difference k - j, place by place."""
    return tuple(n - m for n, m in zip(k, j, strict=True))


def _covers(c: tf.Tensor, other: Any) -> bool:
    """Whether c + other surely has the shape of c, as far as it can be seen while tracing."""
    shape = getattr(other, "shape", tf.TensorShape([]))
    if c.shape.rank is None or shape.rank is None or shape.rank > c.shape.rank:
        return False
    pairs = zip(c.shape[::-1], shape[::-1], strict=False)
    return all(m == 1 or (m is not None and m == n) for n, m in pairs)


def shortest(k: Index) -> int:
    """The axis along which k is least but not zero: the sums along it have the fewest terms."""
    return min((n, axis) for axis, n in enumerate(k) if n)[1]
