"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

MAX_ORDER = 100  # no method has a correct digit there


class Order(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]  generic in later versions only
    """An order of differentiation."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Returns the integer; raises a usage error."""
        try:
            order = int(value)
        except ValueError:
            order = -1
        if not 0 <= order <= MAX_ORDER:
            self.fail(f"{value} is no order of differentiation. Give an integer from 0 to {MAX_ORDER}.")
        return order


method = click.option("--method", type=click.Choice(["auto", "taylor", "tape"]), default="auto", show_default=True)


def derivative(*, order: str, partials: str, coords: str, laplacian: str) -> Callable[..., Any]:
    """Returns a decorator that adds the options for the derivative of a model; the arguments are their help texts."""
    options = [
        click.option("--order", type=Order(), metavar="N", help=order),
        click.option("--by", metavar="NAME", help="With --order: the input to differentiate by.  [default: the first]"),
        click.option("--partials", metavar="NAMES", help=partials),
        click.option("--coords", metavar="NAMES", help=coords),
        click.option("--laplacian", is_flag=True, help=laplacian),
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
