"""The command `nthgrad demo`."""

from __future__ import annotations

import click

from nthgrad.cli.complaints import complain


@click.command(short_help="Differentiate log(x + 2) in every available way.")
def command() -> int:
    """Differentiate log(x + 2) at x = 1 in every available way.

    Orders 0 to 4, by power series (compiled with XLA) and by nested tapes in float32, by finite differences in float64,
    by tf.gradients in a TensorFlow 1 session and by K.gradients in a Keras 2 model, with the exact values. The exit
    status is 1 if the error of a column is above its limit.

    \b
    Example:
      nthgrad demo
    """  # noqa: D301
    from nthgrad._display import table
    from nthgrad.cli import ways

    outcome = ways.results()
    table.show(ways.table(outcome))
    for result in outcome:
        if result.failure is not None:
            title = result.way.title.replace("\n", " ")
            complain(f"{title} failed: {type(result.failure).__name__}: {result.failure}")
    return 0 if all(result.right for result in outcome) else 1
