"""Random expressions of one or two variables: as code, as 50-digit numbers, and with the error that they may have.

An expression is drawn from the leaves up with its values at the points known, so only functions whose domain holds
those values are applied: nothing is drawn in vain, and nothing is near a singularity.
"""

from dataclasses import dataclass, field
from math import factorial
from types import SimpleNamespace
from typing import Any

import mpmath as mp
from hypothesis import strategies as st


@dataclass(frozen=True)
class Function:
    """A function: in mpmath, the values that it is given, and the radius about one within which it is analytic."""

    exact: Any
    domain: Any = lambda u: abs(u) < 4
    radius: Any = lambda u: mp.mpf(4)


def _positive(u):
    return 0.2 < u < 20


def _most(u):
    return abs(u) * 3 / 4


FUNCTIONS = {
    "exp": Function(mp.exp, lambda u: -4 < u < 2),
    "expm1": Function(mp.expm1, lambda u: -4 < u < 2),
    "log": Function(mp.log, _positive, _most),
    "log1p": Function(mp.log1p, lambda u: -0.7 < u < 20, lambda u: (1 + u) * 3 / 4),
    "sqrt": Function(mp.sqrt, _positive, _most),
    "rsqrt": Function(lambda u: 1 / mp.sqrt(u), _positive, _most),
    "reciprocal": Function(lambda u: 1 / u, lambda u: 0.2 < abs(u) < 20, _most),
    "square": Function(lambda u: u**2),
    "sin": Function(mp.sin),
    "cos": Function(mp.cos),
    "tan": Function(mp.tan, lambda u: abs(u) < 1.2, lambda u: (mp.pi / 2 - abs(u)) * 3 / 4),
    "asin": Function(mp.asin, lambda u: abs(u) < 0.8, lambda u: (1 - abs(u)) * 3 / 4),
    "acos": Function(mp.acos, lambda u: abs(u) < 0.8, lambda u: (1 - abs(u)) * 3 / 4),
    "atan": Function(mp.atan, radius=lambda u: mp.mpf(0.75)),
    "sinh": Function(mp.sinh, lambda u: abs(u) < 2),
    "cosh": Function(mp.cosh, lambda u: abs(u) < 2),
    "tanh": Function(mp.tanh, radius=lambda u: mp.mpf(1.2)),
    "asinh": Function(mp.asinh, radius=lambda u: mp.mpf(0.75)),
    "sigmoid": Function(lambda u: 1 / (1 + mp.exp(-u)), radius=lambda u: mp.mpf(2.4)),
    "softplus": Function(lambda u: mp.log(1 + mp.exp(u)), radius=lambda u: mp.mpf(2.4)),
    "erf": Function(mp.erf, lambda u: abs(u) < 2),
}
MATH = SimpleNamespace(math=SimpleNamespace(**{name: f.exact for name, f in FUNCTIONS.items()}))


@dataclass(frozen=True)
class Expression:
    """Code in x and y that calls tf.math, and the steps that it takes, each naming earlier ones by index."""

    code: str
    steps: tuple = field(repr=False)

    def exact(self, x, y, by, order):
        """The derivatives of order 0 to `order` by x (by = 0) or y (by = 1), to 50 digits."""
        with mp.workdps(50):
            point = [mp.mpf(x), mp.mpf(y)]

            def along(t):
                point[by] = t
                return eval(self.code, {"tf": MATH, "x": point[0], "y": point[1]})

            return [factorial(k) * c for k, c in enumerate(mp.taylor(along, point[by], order))]

    def error(self, x, y, by, eps, order):
        """A bound of the rounding errors of the derivatives 0 to `order`, from eps and the sizes met.

        Every step carries a majorant a of its Taylor coefficients and a bound e of their errors, by the rules of
        running error analysis (Wilkinson, 1963): a sum adds, a product convolves, a function has the majorant
        max |f| / r^k of Cauchy's estimate on the best of some circles about its argument, in which it is analytic.
        """
        n = order + 1
        done = []
        for kind, value, operands in self.steps:
            v = abs(mp.mpf(value(x, y)))
            inputs = [done[i] for i in operands]
            if kind in ("x", "y", "number"):
                a = [v, mp.mpf(1 if kind == "xy"[by] else 0), *[mp.mpf(0)] * n][:n]
                e = [v * eps if kind == "number" else mp.mpf(0), *[mp.mpf(0)] * order]
            elif kind in "+-":
                (a1, e1), (a2, e2) = inputs
                a, e = _add(a1, a2), _add(e1, e2)
            elif kind == "*":
                (a1, e1), (a2, e2) = inputs
                a, e = _times(a1, a2), _add(_times(a1, e2), _times(e1, a2))
            else:
                (a1, e1) = inputs[0]
                f, u = FUNCTIONS[kind], mp.mpf(self.steps[operands[0]][1](x, y))
                coefficients = _cauchy(f.exact, u, f.radius(u), n)
                slopes = [(k + 1) * c for k, c in enumerate(coefficients[1:])]
                a, e = _compose(coefficients, a1), _times(_compose(slopes, a1), e1)
            # An op is within 4 units in the last place. With tapes every order makes each op over again about twice;
            # a power series adds up k products, and each of the k lower coefficients has done so before it.
            growth = [4 * max(2**k, (k + 1) ** 2) for k in range(n)]
            done.append((a, [ek + g * eps * ak for ek, g, ak in zip(e, growth, a, strict=True)]))
        return [float(factorial(k) * e) for k, e in enumerate(done[-1][1])]


def _add(a, b):
    return [p + q for p, q in zip(a, b, strict=True)]


def _times(a, b):
    return [sum(a[i] * b[k - i] for i in range(k + 1)) for k in range(len(a))]


def _cauchy(f, u, radius, n):
    """Majorants of f's Taylor coefficients about u: max |f| on a circle over r^k, the least over several circles."""
    circles = []
    for r in (radius, radius / 2, radius / 4):
        circles.append((r, max(abs(f(u + r * mp.expjpi(mp.mpf(i) / 8))) for i in range(16))))
    return [min(m / r**k for r, m in circles) for k in range(n + 1)]


def _compose(coefficients, a):
    n = len(a)
    inner, power = [mp.mpf(0), *a[1:]], [mp.mpf(1)] + [mp.mpf(0)] * (n - 1)
    total = [mp.mpf(0)] * n
    for c in coefficients[:n]:
        total = _add(total, [c * p for p in power])
        power = _times(power, inner)
    return total


@st.composite
def expressions(draw, points, depth=4):
    """Draws an expression that is inside the domains of its functions at the points, a list of pairs (x, y)."""
    steps: list[tuple] = []

    def add(kind, code, value, *operands):
        steps.append((kind, value, operands))
        return code, value, len(steps) - 1

    def leaf():
        kind = draw(st.sampled_from(["x", "x", "y", "y", "number"]))
        if kind == "number":
            c = draw(st.integers(-12, 12)) / 4
            return add("number", f"({c})", lambda x, y: mp.mpf(c))
        return add(kind, kind, (lambda x, y: mp.mpf(x)) if kind == "x" else (lambda x, y: mp.mpf(y)))

    def apply(name, node):
        code, value, i = node
        return add(name, f"tf.math.{name}({code})", lambda x, y: FUNCTIONS[name].exact(value(x, y)), i)

    def tree(levels):
        if levels == 0:
            return leaf()
        if draw(st.sampled_from(["function", "function", "operator"])) == "function":
            node = tree(levels - 1)
            if "x" not in node[0] and "y" not in node[0]:
                return node  # TensorFlow would make a float32 of a bare number
            values = [node[1](x, y) for x, y in points]
            fits = [name for name, f in FUNCTIONS.items() if all(f.domain(v) for v in values)]
            return apply(draw(st.sampled_from(fits)), node) if fits else node
        (c1, v1, i1), (c2, v2, i2) = tree(levels - 1), tree(draw(st.integers(0, levels - 1)))
        sign = draw(st.sampled_from(["+", "-", "*"]))
        combined = {
            "+": lambda x, y: v1(x, y) + v2(x, y),
            "-": lambda x, y: v1(x, y) - v2(x, y),
            "*": lambda x, y: v1(x, y) * v2(x, y),
        }[sign]
        return add(sign, f"({c1} {sign} {c2})", combined, i1, i2)

    body = tree(draw(st.integers(2, depth)))
    # A sine of each variable, so that no derivative is zero by structure: TensorFlow 1 says None there, Keras stops.
    waves = [
        apply("sin", add(v, v, value)) for v, value in (("x", lambda x, y: mp.mpf(x)), ("y", lambda x, y: mp.mpf(y)))
    ]
    total = body
    for wave in waves:
        (c1, v1, i1), (c2, v2, i2) = total, wave
        total = add("+", f"{c1} + {c2}", lambda x, y, v1=v1, v2=v2: v1(x, y) + v2(x, y), i1, i2)
    return Expression(total[0], tuple(steps))
