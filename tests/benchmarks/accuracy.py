"""How exact the Taylor engine is, beside JAX's jet and nested tapes: `python tests/benchmarks/accuracy.py [--record]`.

Every function of `tests/support/functions.py` against 50-digit mpmath, in two tables:

* float64, orders 0 to 8: the largest relative error.
* float32, orders 0 to 8: the largest error over the points in units of 2**-23 times the largest derivative of that
  order, for the Taylor engine, for `jax.experimental.jet` and, to order 4, for nested tapes.

With `--record` what jet and the tapes have is written to tests/golden/jet_errors.json, which the tests hold the engine
to. JAX is needed (`pip install nthgrad[bench]`); one process, all in one run.
"""

import json
import math
import pathlib
import platform
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import jax
import mpmath
import numpy as np
import tensorflow as tf
from jax import nn
from jax import numpy as jnp
from jax.experimental.jet import jet
from jax.scipy import special
from rich.console import Console
from rich.table import Table
from support import functions
from support.functions import CASES, MORE

import nthgrad as ng

ORDER = 8
TAPES = 4
GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "jet_errors.json"

# The cases of `functions.CASES` in JAX, written as there.
IN_JAX = {
    "identity": lambda x: x,
    "square": jnp.square,
    "x**3": lambda x: x**3,
    "polynomial": lambda x: ((2 * x - 3) * x + 0.5) * x - 1,
    "x**7 - x**4": lambda x: x**7 - x**4,
    "x**2.5": lambda x: x**2.5,
    "x**-3": lambda x: x**-3.0,
    "1 / x": lambda x: 1 / x,
    "sqrt": jnp.sqrt,
    "rsqrt": jax.lax.rsqrt,
    "exp": jnp.exp,
    "expm1": jnp.expm1,
    "2**x": lambda x: 2.0**x,
    "log": jnp.log,
    "log1p": jnp.log1p,
    "log(x + 2)": lambda x: jnp.log(x + 2),
    "xlogy": lambda x: special.xlogy(x, x + 1),
    "xlog1py": lambda x: special.xlog1py(x, x),
    "x**x": lambda x: x**x,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "tan": jnp.tan,
    "asin": jnp.arcsin,
    "acos": jnp.arccos,
    "atan": jnp.arctan,
    "atan2(x, 2)": lambda x: jnp.arctan2(x, 2 * jnp.ones_like(x)),
    "sinh": jnp.sinh,
    "cosh": jnp.cosh,
    "tanh": jnp.tanh,
    "asinh": jnp.arcsinh,
    "acosh": jnp.arccosh,
    "atanh": jnp.arctanh,
    "sigmoid": nn.sigmoid,
    "log_sigmoid": nn.log_sigmoid,
    "softplus": nn.softplus,
    "softsign": nn.soft_sign,
    "relu": nn.relu,
    "elu": nn.elu,
    "selu": nn.selu,
    "gelu": lambda x: nn.gelu(x, approximate=False),
    "gelu, approximate": lambda x: nn.gelu(x, approximate=True),
    "swish": nn.silu,
    "x sigmoid(x)": lambda x: x * nn.sigmoid(x),
    "mish": lambda x: x * jnp.tanh(nn.softplus(x)),
    "erf": special.erf,
    "erfc": special.erfc,
    "erfinv": special.erfinv,
    "ndtri": special.ndtri,
    "lgamma": special.gammaln,
    "digamma": special.digamma,
    "polygamma(2, x)": lambda x: special.polygamma(2, x),
    "igamma(2.5, x)": lambda x: special.gammainc(2.5, x),
    "bessel_i0e": special.i0e,
    "bessel_i1e": special.i1e,
    "bessel_j0": lambda x: special.bessel_jn(x, v=1, n_iter=50)[0],
    "bessel_j1": lambda x: special.bessel_jn(x, v=1, n_iter=50)[1],
    "exp(-x**2)": lambda x: jnp.exp(-x * x),
    "exp(-x**2) cos(3x)": lambda x: jnp.exp(-x * x) * jnp.cos(3 * x),
    "sin(exp(x))": lambda x: jnp.sin(jnp.exp(x)),
    "exp(sin(x))": lambda x: jnp.exp(jnp.sin(x)),
    "x / (1 + x**2)": lambda x: x / (1 + x * x),
    "1 / (1 + 25 x**2)": lambda x: 1 / (1 + 25 * x * x),
    "log(cosh(x))": lambda x: jnp.log(jnp.cosh(x)),
    "sqrt(1 + x**2)": lambda x: jnp.sqrt(1 + x * x),
    "sin(x) / x": lambda x: jnp.sin(x) / x,
    "tanh of tanh": lambda x: jnp.tanh(2 * jnp.tanh(1.5 * x) - 0.5),
}


def by_jet(case, x):
    """The derivatives by jet, or why there are none."""
    if case.name not in IN_JAX:
        return "not in JAX"
    x = jnp.asarray(x)
    try:
        y, rest = jax.jit(
            lambda x: jet(IN_JAX[case.name], (x,), ([jnp.ones_like(x), *[jnp.zeros_like(x)] * (ORDER - 1)],))
        )(x)
    except Exception as error:  # jet says a primitive without a rule as a KeyError, an AttributeError, ...
        return f"{type(error).__name__}: {error}".split(".")[0].splitlines()[0]
    return [np.asarray(c) for c in (y, *rest)]


def relative(got, want):
    """The largest relative error, and the order that it is of."""
    found, exact = np.array(got), np.where(want == 0, 1, want)
    errors = (np.abs(found - want) / np.abs(exact)).max(axis=1)
    return errors.max(), int(errors.argmax())


def numbers(errors):
    """Errors, or why there are none, as one cell."""
    return errors if isinstance(errors, str) else " ".join(f"{e:.3g}" for e in errors)


def main():
    """Prints the tables."""
    console = Console(width=200)
    versions = {"jax": jax.__version__, "tensorflow": tf.__version__, "python": platform.python_version()}
    title = ", ".join(f"{k} {v}" for k, v in versions.items()) + f", mpmath {mpmath.__version__}, {platform.machine()}"

    exact = Table(title=f"float64, {title}")
    for column in ("function", "largest relative error", "at order", "of the value alone"):
        exact.add_column(column)
    rows = []
    for case in (*CASES[1:], *MORE):
        want = functions.tower(case, case.points, ORDER)
        got = ng.derivatives(case.f, ORDER, method="taylor")(np.array(case.points))
        rows.append((*relative(got, want), relative(got[:1], want[:1])[0], case.name))
    for error, order, of_value, name in sorted(rows, reverse=True):
        exact.add_row(name, f"{error:.1e}", str(order), f"{of_value:.1e}")
    console.print(exact)

    table = Table(title=f"float32, in units of 2**-23, {title}")
    for column in ("function", "Taylor engine", "jet", "nested tapes"):
        table.add_column(column, no_wrap=column == "function")
    record, ratios = {}, {"jet": [], "tapes": []}
    for case in CASES[1:]:
        points = functions.around(case)
        want, x = functions.tower(case, points, ORDER), np.array(points, "float32")
        ours = functions.float32_errors(ng.derivatives(case.f, ORDER, method="taylor")(x), want)
        found = by_jet(case, x)
        peers = {
            "jet": found if isinstance(found, str) else functions.float32_errors(found, want),
            "tapes": functions.float32_errors(ng.derivatives(case.f, TAPES, method="tape")(x), want[: TAPES + 1]),
        }
        record[case.name] = {
            name: e if isinstance(e, str) else [float(f"{v:.3g}") if math.isfinite(v) else "nan" for v in e]
            for name, e in peers.items()
        }
        for name, e in peers.items():
            if not isinstance(e, str):
                ratios[name] += [max(a, 1) / max(b, 1) for a, b in zip(ours, e, strict=False) if math.isfinite(b)]
        table.add_row(case.name, numbers(ours), numbers(peers["jet"]), numbers(peers["tapes"]))
    console.print(table)
    for name, r in ratios.items():
        mean = math.exp(sum(map(math.log, r)) / len(r))
        console.print(f"errors beside {name}'s, geometric mean {mean:.2f}, at most {max(r):.2f} (of {len(r)})")
    if "--record" in sys.argv:
        lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(e)}" for name, e in record.items())
        GOLDEN.write_text(f'{{\n "versions": {json.dumps(versions)},\n "errors": {{\n{lines}\n }}\n}}\n')


if __name__ == "__main__":
    main()
