"""The command `nthgrad export`."""

from __future__ import annotations

from typing import Any

import click

from nthgrad.cli import options
from nthgrad.errors import ArgumentError


@click.command(short_help="Write the derivatives of a saved model as SavedModel or StableHLO.")
@click.argument("model", type=click.Path(exists=True))
@options.derivative(
    order="f and its derivatives up to this order.",
    partials="Partial derivatives: t,x,xx. An empty one is u itself: ,t,xx.",
    coords="With --partials: the columns of the input, tx, or t,theta (t,theta.theta).",
    laplacian="The Laplacian, by the columns of the input.",
)
@click.option("--out", metavar="PATH", required=True, help="The folder to create; it must not exist.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["savedmodel", "stablehlo"]),
    default="savedmodel",
    show_default=True,
    help="For TensorFlow, or for XLA and other compilers.",
)
@click.option("--batch", type=click.IntRange(1), metavar="N", help="The batch size; optional for a SavedModel.")
@click.option("--jit/--no-jit", default=None, help="Compile the SavedModel with XLA when it runs.")
@options.method
@click.option("--signature", metavar="NAME", help="The signature of a SavedModel to read.  [default: serving_default]")
def command(
    *,
    model: str,
    out: str,
    kind: str,
    batch: int | None,
    jit: bool | None,
    method: str,
    signature: str | None,
    **asked: Any,
) -> int:
    """Write the derivatives of a saved model, to run without nthgrad.

    MODEL is a .keras or .h5 file, or the folder of a SavedModel. StableHLO is written as text, with its weights in an
    .npz file and its arguments and outputs described in a .json file. It runs without TensorFlow.

    \b
    Examples:
      nthgrad export model.keras --order 2 --out curvature
      nthgrad export saved/ --signature serve --order 4 --out derivatives
      nthgrad export model.keras --partials t,x,xx --coords tx --out burgers
      nthgrad export a.keras --laplacian --format stablehlo --batch 64 --out net
    """  # noqa: D301
    from nthgrad._files import free_folder
    from nthgrad.cli import models
    from nthgrad.cli.wanted import Wanted, write

    wanted = Wanted(**asked)
    wanted.check()
    if kind == "stablehlo" and jit is not None:
        raise ArgumentError(f"--{'jit' if jit else 'no-jit'} goes with --format savedmodel. Leave it out.")
    free_folder(out)
    loaded = models.load(model, signature, batch)
    click.echo(write(wanted.of(loaded, method=method, jit_compile=jit), kind, out, loaded))
    return 0
