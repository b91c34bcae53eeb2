"""Truncated power series of tensors: x(t) = sum over k of x[k] t**k; t and the index k may have several components.

The coefficients are normalized (x[k] is the k-th derivative over k!), computed at first use, and stored. None is a
structural zero; all other coefficients have the shape and the dtype of the value x[0].
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import tensorflow as tf

Index = tuple[int, ...]
Coefficient = tf.Tensor | None


class Series:
    """A tensor that varies: its value, and a function that maps an index to its coefficient.

    Args:
        value: the coefficient of index 0.
        coefficient: returns the other coefficients; called once for each index.
        live: False where the tensor does not vary, as relu(x) where x < 0; None is True everywhere. Functions of it do
            not vary there either: sqrt(relu(x)) has the derivative 0, not 0 / 0.
    """

    def __init__(self, value: tf.Tensor, coefficient: Callable[[Index], Coefficient], live: tf.Tensor | None = None):
        self.value = value
        self.live = live
        self._coefficient = coefficient
        self._known: MutableMapping[Index, Coefficient] = {}
        self._rates: dict[tuple[Index, int], Coefficient] = {}
        self.boundary = False  # whether each coefficient is a kernel boundary; set by Step.output
        self.functions: dict[str, Series] = {}  # of this series, by op type: Sin reuses Cos

    def __getitem__(self, k: Index) -> Coefficient:
        if not any(k):
            return self.value
        if k not in self._known:
            c = self._coefficient(k)
            self._known[k] = c if c is None or self.live is None else tf.where(self.live, c, tf.zeros_like(c))
        return self._known[k]

    def store(self, k: Index, c: Coefficient) -> None:
        """Stores the coefficient at k, for use while its computation is not finished."""
        self._known[k] = c

    def share(self, known: MutableMapping[Index, Coefficient]) -> None:
        """Stores the coefficients in a mapping that several series of the same tensor use."""
        known.update(self._known)
        self._known = known

    def rate(self, k: Index, axis: int) -> Coefficient:
        """Returns x[k] times the order of k on an axis: a coefficient of the derivative by that variable."""
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
        if isinstance(other, (int, float)):
            return Series(other - self.value, lambda k: minus(self[k]), self.live)
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
    """-x: a sum of products with it is computed from x and negated once."""

    def __init__(self, of: Series):
        super().__init__(-of.value, lambda k: minus(of[k]), of.live)
        self.of = of

    def __neg__(self) -> Series:
        return self.of

    def __mul__(self, other: Any) -> Series:
        return -(self.of * other)

    __rmul__ = __mul__


def value(x: Any) -> Any:
    """Returns the value of a series; anything else unchanged."""
    return x.value if isinstance(x, Series) else x


def live(*xs: Any) -> tf.Tensor | None:
    """Returns where an elementwise function of these varies."""
    masks: list[Any] = [x.live for x in xs if isinstance(x, Series)]
    return None if any(m is None for m in masks) else functools.reduce(lambda m, n: m | n, masks)


def varying(x: Any, k: Index) -> Coefficient:
    """Returns the coefficient k > 0 of a series; None if x does not vary."""
    return x[k] if isinstance(x, Series) else None


def below(k: Index) -> Iterator[Index]:
    """Yields all indices j with 0 <= j <= k in every component."""
    return itertools.product(*(range(n + 1) for n in k))


def minus(c: Coefficient, d: Coefficient = None) -> Coefficient:
    """Returns -c, or d - c."""
    if c is None:
        return d
    return -c if d is None else d - c


def times(c: Coefficient, number: float) -> Coefficient:
    """Multiplies a coefficient by a number."""
    return c if c is None or number == 1 else c * tf.constant(number, c.dtype)


def over_number(c: Coefficient, number: int, *, boundary: bool = False) -> Coefficient:
    """Divides a coefficient by an integer.

    Args:
        c: the coefficient.
        number: the divisor.
        boundary: whether the quotient is a kernel boundary. XLA considers a sum of products cheap and repeats it in
            every kernel that uses it, with the sums before it: at order 10 of tanh that is three times the work. It
            considers a division expensive and computes it once, if the divisor is no constant.
    """
    if c is None or abs(number) == 1:
        return c if number == 1 else minus(c)
    # Grappler combines the constants of a long chain of products, and 1 / k! underflows. A division breaks the chain.
    if boundary or number % (4 if c.dtype == tf.float16 else 16) == 0:
        return c / unseen(number, c.dtype)
    return times(c, 1 / number)


_NUMBERS: weakref.WeakKeyDictionary[Any, dict[tuple[float, tf.DType], str]] = weakref.WeakKeyDictionary()
"""For each graph, the names of the tensors that `unseen` has created in it. The tensors would keep the graph alive."""


def unseen(number: float, dtype: tf.DType) -> tf.Tensor:
    """Returns a number times a captured 1, which is an argument of the function being traced, not a constant."""
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
    """Sums coefficients of one shape."""
    return None if not terms else terms[0] if len(terms) == 1 else tf.add_n(terms)


def convolution(
    product: Callable[[Any, Any], tf.Tensor], a: Any, b: Any, *, commutes: bool = False
) -> Callable[[Index], Coefficient]:
    """Returns the coefficients of a bilinear product, the sums of a[j] b[k - j]; a square computes each pair once."""
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
    """Returns a + b; where one has a structural zero, the coefficient of the other is broadcast."""

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


def quotient(a: Any, b: Series, *, boundary: bool = False) -> Series:
    """Returns q = a / b, from a = q b: q[k] = (a[k] - sum of b[j] q[k - j] over 0 < j <= k) / b[0]."""

    def coefficient(k: Index) -> Coefficient:
        c = minus(total(products(b, q, k, any)), varying(a, k))
        return None if c is None else divide(c)

    divide = division(b.value, boundary=boundary)
    q = Series(divide(value(a)), coefficient, live(a, b))
    return q


def division(b: tf.Tensor, *, boundary: bool = False) -> Callable[[Any], tf.Tensor]:
    """Returns a function that divides coefficients by b.

    A division of two tensors of one shape whose quotient has several uses is a kernel boundary of XLA: each coefficient
    would be written to memory and read back. A product with the inverse, which all coefficients share, is none. At
    order 8 of exp(-x**2) sin(3 x) / (1 + x**2) it takes a fifth of the time. It costs about half a unit in the last
    place per order. Where |b| is so large that 1 / b would be subnormal, b and the product are scaled by 1/4.

    Args:
        b: the divisor.
        boundary: whether each quotient is a kernel boundary.
    """
    if boundary or b.dtype not in (tf.float32, tf.float64):
        return lambda c: c / b
    part = tf.where(tf.abs(b) > b.dtype.max / 4, tf.constant(0.25, b.dtype), tf.constant(1, b.dtype))
    inverse = 1 / (b * part)
    return lambda c: c * inverse * part if getattr(c, "shape", None) == b.shape else c / b


def products(
    a: Any, b: Series, k: Index, where: Callable[[Index], bool], product: Callable[[Any, Any], Any] = tf.multiply
) -> list[tf.Tensor]:
    """Returns the terms a[j] b[k - j] of the product of two series, for the indices j > 0 that `where` selects."""
    pairs = ((varying(a, j), b[less(k, j)]) for j in below(k) if where(j))
    return [product(c, d) for c, d in pairs if c is not None and d is not None]


def less(k: Index, j: Index) -> Index:
    """Returns k - j, component by component."""
    return tuple(n - m for n, m in zip(k, j, strict=True))


def _covers(c: tf.Tensor, other: Any) -> bool:
    """Whether the shapes known while tracing show that c + other has the shape of c."""
    shape = getattr(other, "shape", tf.TensorShape([]))
    if c.shape.rank is None or shape.rank is None or shape.rank > c.shape.rank:
        return False
    pairs = zip(c.shape[::-1], shape[::-1], strict=False)
    return all(m == 1 or (m is not None and m == n) for n, m in pairs)


def shortest(k: Index) -> int:
    """Returns the axis on which k is least but not zero: the sums on it have the fewest terms."""
    return min((n, axis) for axis, n in enumerate(k) if n)[1]
