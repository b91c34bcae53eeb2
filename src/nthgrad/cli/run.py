"""The command `nthgrad run`."""

from __future__ import annotations

from collections.abc import Sequence

import click


@click.command(
    short_help="Run a TensorFlow 1 / Keras 2 program, unchanged.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--control-flow",
    type=click.Choice(["v1", "v2"]),
    default="v1",
    show_default=True,
    help="v2 has second derivatives through loops, unlike TensorFlow 1.",
)
@click.option("--accelerate", is_flag=True, help="Compute gradients of gradients by series, with the same numbers.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, control_flow: str, accelerate: bool, file: str, arguments: Sequence[str]) -> int:  # noqa: FBT001
    """Run a TensorFlow 1 / Keras 2 program, unchanged.

    All arguments after FILE are passed to the program. The exit status, signals and input are the program's.

    \b
    Examples:
      nthgrad run old_script.py
      nthgrad run old_script.py --epochs 3
      nthgrad run --control-flow v2 recurrent.py
      nthgrad run --accelerate beam_equation.py
    """  # noqa: D301
    if context.obj:  # this process has nothing else to do
        from nthgrad.legacy._runtime.process import become as run
    else:
        from nthgrad.legacy import run
    return run(file, list(arguments), control_flow, accelerate=accelerate)
