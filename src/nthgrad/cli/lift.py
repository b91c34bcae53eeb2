"""The command `nthgrad lift`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from nthgrad.cli import options


@click.command(short_help="Write a TensorFlow 1 / Keras 2 model, with derivatives, as SavedModel.")
@click.argument("source", type=click.Path())
@click.option("--out", metavar="FOLDER", required=True, help="The folder to create; it must not exist.")
@click.option("--inputs", metavar="NAMES", help="Tensors that become arguments: x:0 or t,x.")
@click.option("--outputs", metavar="NAMES", help="Tensors to return.")
@click.option(
    "--signature",
    metavar="NAME",
    help="The signature of a SavedModel to read.  [default: serving_default, or the only one]",
)
@click.option("--checkpoint", metavar="PATH", help="The checkpoint of a .meta file, if it has another name.")
@click.option("--weights", metavar="FILE", help="The weights of a .json file.")
@click.option("--feed", multiple=True, metavar="NAME=VALUE", help="Fixes another placeholder. May be repeated.")
@click.option("--training/--inference", default=False, help="Keras's learning phase.  [default: inference]")
@click.option("--unsafe", is_flag=True, help="Trust SOURCE: let it run code and read or write other files.")
@options.derivative(
    order="Adds the output and its derivatives up to this order.",
    partials="Adds partial derivatives: t,x,xx. An empty one is u itself: ,t,xx.",
    coords="With --partials: the columns of the only input, tx.",
    laplacian="Adds the Laplacian, by the columns of the only input.",
)
@click.option("--jit/--no-jit", default=None, help="Compile the derivatives with XLA when they run.")
@options.method
def command(
    *,
    source: str,
    out: str,
    inputs: str | None,
    outputs: str | None,
    signature: str | None,
    checkpoint: str | None,
    weights: str | None,
    feed: Sequence[str],
    training: bool,
    unsafe: bool,
    jit: bool | None,
    method: str,
    **asked: Any,
) -> int:
    """Write a TensorFlow 1 / Keras 2 model, with derivatives, as a SavedModel of TensorFlow 2.

    SOURCE is a frozen graph (.pb), a .meta file with its checkpoint, the folder of a SavedModel, a Keras .h5 file, or a
    .json file with --weights. The signature serving_default of the result is the model. The requested derivative is a
    second signature: derivatives, partials or laplacian.

    \b
    Examples:
      nthgrad lift net.pb --out net --inputs x:0 --outputs y:0 --order 4
      nthgrad lift a.ckpt.meta --out net --inputs t,x --outputs u --partials t,xx
      nthgrad lift model.h5 --out net --laplacian
    """  # noqa: D301
    from nthgrad._files import free_folder
    from nthgrad.cli import lifting
    from nthgrad.cli.wanted import Wanted

    wanted = Wanted(**asked)
    wanted.check(needed=False)
    free_folder(out)
    model = lifting.read(
        source, inputs, outputs, feed,
        signature=signature, checkpoint=checkpoint, weights=weights, training=training,
        safe_mode=not unsafe,
    )  # fmt: skip
    derivative = None
    if (name := wanted.name) is not None:
        derivative = name, wanted.of(model, method=method, jit_compile=jit)
    click.echo(lifting.write(model, derivative, out))
    return 0
