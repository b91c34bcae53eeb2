"""The command `nthgrad differentiate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from nthgrad.cli import options
from nthgrad.errors import ArgumentError


@click.command(
    "differentiate",
    short_help="Derivatives of an expression or a function at points.",
    context_settings={"ignore_unknown_options": True},  # -x**2 is an expression
)
@click.argument("function", metavar="EXPRESSION|MODULE:FUNCTION")
@click.option(
    "--at",
    "points",
    multiple=True,
    metavar="NAME=VALUES",
    help="Points: x=1, x=0.5,1,2, x=points.npy, or x=points.csv (its only column, or the one called x). Once each.",
)
@click.option("--by", metavar="NAME", help="The variable to differentiate by.  [default: the first]")
@click.option("--order", type=options.Order(), metavar="N", default=1, show_default=True, help="The highest order.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float64", show_default=True)
@click.option(
    "--method",
    type=click.Choice(["auto", "taylor", "tape", "difference"]),
    default="auto",
    show_default=True,
    help="Power series, nested tapes, or finite differences; auto is that of nthgrad.derivatives.",
)
@click.option("--out", metavar="FILE", help="Write a .csv or .npz file instead of showing a table.")
@click.option("--plot", metavar="FILE", help="Draw f and its derivatives: a .png, .pdf or .svg file.")
def command(
    *,
    function: str,
    points: Sequence[str],
    by: str | None,
    order: int,
    dtype: str,
    method: str,
    out: str | None,
    plot: str | None,
) -> int:
    """Derivatives of an expression, or of your own function, at points.

    An expression is written as in Python: + - * / **, parentheses, the constants pi and e, and functions such as log,
    exp, sin, tanh, erf. MODULE:FUNCTION is a function of one or more tensors; modules in the current folder are found.

    \b
    Examples:
      nthgrad differentiate "log(x + 2)" --at x=1 --order 4
      nthgrad differentiate "sin(x*y)" --at x=0.5,1,2 --at y=3 --by y --order 2
      nthgrad differentiate mymodule:f --at x=points.csv --out derivatives.csv
      nthgrad differentiate "exp(-x**2)" --at x=-2,2 --order 3 --plot bell.png
    """  # noqa: D301
    from nthgrad._display import plot as picture
    from nthgrad._display import table
    from nthgrad._files import refuse_file, write_columns
    from nthgrad.cli import functions
    from nthgrad.cli import points as given

    if out is not None:
        refuse_file(out, (".csv", ".npz"))
    if plot is not None:
        refuse_file(plot, picture.KINDS)
        picture.check()
    values = given.parsed(points, dtype)
    by = next(iter(values)) if by is None else by
    if by not in values:
        raise ArgumentError(f"--by {by} is none of the variables {', '.join(values)}. Name one that --at gives.")
    f, variables = functions.function(function, list(values), dtype)
    names = [*values, *functions.names(by, order)]
    if len(set(names)) < len(names):
        clash = next(name for name in names if names.count(name) > 1)
        raise ArgumentError(f"The variable {clash} has the name of a result. Give it another name.")
    if out is None and len(values[by]) > table.MAX_ROWS:
        raise ArgumentError(f"{len(values[by])} points are too many for a table. Add --out FILE.csv.")

    index = variables.index(by)
    at = [values[name] for name in variables]
    tower = functions.derivatives(f, at, index, order, method)
    if plot is not None:
        alone = all((v == v[0]).all() for name, v in values.items() if name != by)

        def curve(x: Any) -> Any:  # the other variables are constant
            others = [v[:1].repeat(len(x)) for v in at]
            return functions.derivatives(f, [*others[:index], x, *others[index + 1 :]], index, order, method)

        picture.draw(plot, function, by, values[by], tower, curve if alone else None)
    columns = [*values.values(), *tower]
    if out is not None:
        write_columns(out, names, columns)
    else:
        table.show(*table.of_points(names, columns, len(values)))
    return 0
