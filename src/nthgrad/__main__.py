"""The command line: `nthgrad demo`, `eval`, `export`, `lift`, `run` and `scan`.

What a command needs is imported when it runs: help, and refusing what is mistyped, do not wait for TensorFlow.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from nthgrad.errors import ArgumentError, NthgradError

MAX_ORDER = 100  # no method keeps a digit there


class Order(click.ParamType):
    """An order of differentiation."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The integer, or a usage error."""
        try:
            order = int(value)
        except ValueError:
            order = -1
        if not 0 <= order <= MAX_ORDER:
            self.fail(f"{value} is no order of differentiation. Give an integer from 0 to {MAX_ORDER}.")
        return order


@click.group(invoke_without_command=True)
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.pass_context
def cli(context: click.Context, version: bool) -> int:
    """nth-order derivatives in TensorFlow 2, and TensorFlow 1 / Keras 2 programs, still running.

    \b
    Examples:
      nthgrad demo
      nthgrad eval "log(x + 2)" --at x=1 --order 4
      nthgrad export model.keras --partials t,x,xx --coords tx --out derivatives
      nthgrad run old_script.py --epochs 3
      nthgrad scan old_code/
    """  # noqa: D301
    if version:
        click.echo(f"nthgrad {_version()}")
        context.exit()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 0


@cli.command(short_help="Differentiate log(x + 2) in every way there is.")
def demo() -> int:
    """Differentiate log(x + 2) at x = 1 in every way there is.

    Orders 0 to 4, by power series (compiled with XLA) and by nested tapes in float32, by finite differences in float64,
    by tf.gradients in a TensorFlow 1 session and by K.gradients in a Keras 2 model, beside the exact values. The exit
    status is 1 if a column is off by more than it is allowed to be.

    \b
    Example:
      nthgrad demo
    """  # noqa: D301
    from nthgrad.cli import demo as every_way
    from nthgrad.cli import table

    outcome = every_way.results()
    table.show(every_way.table(outcome))
    for result in outcome:
        if result.failure is not None:
            title = result.way.title.replace("\n", " ")
            _complain(f"{title} failed: {type(result.failure).__name__}: {result.failure}")
    return 0 if all(result.right for result in outcome) else 1


@cli.command(
    "eval",
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
@click.option("--order", type=Order(), metavar="N", default=1, show_default=True, help="The highest order.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float64", show_default=True)
@click.option(
    "--method",
    type=click.Choice(["auto", "taylor", "tape", "difference"]),
    default="auto",
    show_default=True,
    help="Power series, nested tapes, or finite differences; auto takes what nthgrad.derivatives takes.",
)
@click.option("--out", metavar="FILE", help="Write a .csv or .npz file instead of showing a table.")
@click.option("--plot", metavar="FILE", help="Draw f and its derivatives: a .png, .pdf or .svg file.")
def evaluate(
    function: str,
    points: Sequence[str],
    by: str | None,
    order: int,
    dtype: str,
    method: str,
    out: str | None,
    plot: str | None,
) -> int:
    """Derivatives of an expression, or of a function of your own, at points.

    An expression is written as in Python: + - * / **, parentheses, the constants pi and e, and functions such as log,
    exp, sin, tanh, erf. MODULE:FUNCTION is a function of one or more tensors; modules in the current folder are found.

    \b
    Examples:
      nthgrad eval "log(x + 2)" --at x=1 --order 4
      nthgrad eval "sin(x*y)" --at x=0.5,1,2 --at y=3 --by y --order 2
      nthgrad eval mymodule:f --at x=points.csv --out derivatives.csv
      nthgrad eval "exp(-x**2)" --at x=-2,2 --order 3 --plot bell.png
    """  # noqa: D301
    from nthgrad.cli import evaluate as work
    from nthgrad.cli import plot as picture
    from nthgrad.cli import points as given
    from nthgrad.cli import table, write

    if out is not None:
        write.check(out, (".csv", ".npz"))
    if plot is not None:
        write.check(plot, picture.KINDS)
        picture.check()
    values = given.parsed(points, dtype)
    by = next(iter(values)) if by is None else by
    if by not in values:
        raise ArgumentError(f"--by {by} is none of the variables {', '.join(values)}. Name one that --at gives.")
    f, variables = work.function(function, list(values), dtype)
    names = [*values, *work.names(by, order)]
    if len(set(names)) < len(names):
        clash = next(name for name in names if names.count(name) > 1)
        raise ArgumentError(f"The variable {clash} has the name of a result. Give it another name.")
    if out is None and len(values[by]) > table.MAX_ROWS:
        raise ArgumentError(f"{len(values[by])} points are too many for a table. Add --out FILE.csv.")

    index = variables.index(by)
    at = [values[name] for name in variables]
    tower = work.derivatives(f, at, index, order, method)
    if plot is not None:
        alone = all((v == v[0]).all() for name, v in values.items() if name != by)

        def curve(x):  # the other variables are constant
            others = [v[:1].repeat(len(x)) for v in at]
            return work.derivatives(f, [*others[:index], x, *others[index + 1 :]], index, order, method)

        picture.draw(plot, function, by, values[by], tower, curve if alone else None)
    columns = [*values.values(), *tower]
    if out is not None:
        write.columns(out, names, columns)
    else:
        table.show(*table.of_points(names, columns, len(values)))
    return 0


@cli.command(short_help="Write the derivatives of a saved model as SavedModel or StableHLO.")
@click.argument("model", type=click.Path(exists=True))
@click.option("--order", type=Order(), metavar="N", help="f and its derivatives up to this order.")
@click.option("--by", metavar="NAME", help="With --order: the input to differentiate by.  [default: the first]")
@click.option("--partials", metavar="NAMES", help="Partial derivatives: t,x,xx. An empty one is u itself: ,t,xx.")
@click.option(
    "--coords", metavar="NAMES", help="With --partials: the columns of the input, tx, or t,theta (t,theta.theta)."
)
@click.option("--laplacian", is_flag=True, help="The Laplacian, by the columns of the input.")
@click.option("--out", metavar="PATH", required=True, help="The folder to write, which is not there yet.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["savedmodel", "stablehlo"]),
    default="savedmodel",
    show_default=True,
    help="For TensorFlow, or for XLA and other compilers.",
)
@click.option("--batch", type=click.IntRange(1), metavar="N", help="The batch size; a SavedModel may leave it open.")
@click.option("--jit/--no-jit", default=None, help="Compile a SavedModel with XLA where it is run.")
@click.option("--method", type=click.Choice(["auto", "taylor", "tape"]), default="auto", show_default=True)
@click.option("--signature", metavar="NAME", help="Of a SavedModel to read.  [default: serving_default]")
def export(
    model: str,
    order: int | None,
    by: str | None,
    partials: str | None,
    coords: str | None,
    laplacian: bool,
    out: str,
    kind: str,
    batch: int | None,
    jit: bool | None,
    method: str,
    signature: str | None,
) -> int:
    """Write the derivatives of a saved model, to be run without nthgrad.

    MODEL is a .keras or .h5 file, or the folder of a SavedModel. StableHLO is written as text, with its weights in an
    .npz file and a .json file that says what the arguments and outputs are; it runs where TensorFlow is not.

    \b
    Examples:
      nthgrad export model.keras --order 2 --out curvature
      nthgrad export saved/ --signature serve --order 4 --out derivatives
      nthgrad export model.keras --partials t,x,xx --coords tx --out burgers
      nthgrad export model.keras --laplacian --format stablehlo --batch 1024 --out laplacian
    """  # noqa: D301
    from nthgrad import folders
    from nthgrad.cli import export as work
    from nthgrad.cli import models

    work.check(order, partials, coords, laplacian, by)
    if kind == "stablehlo" and jit is not None:
        raise ArgumentError(f"--{'jit' if jit else 'no-jit'} goes with --format savedmodel. Leave it out.")
    folders.free(out)
    loaded = models.load(model, signature, batch)
    g = work.derivative(loaded, order, partials, coords, by, method=method, jit_compile=jit)
    click.echo(work.write(g, kind, out, loaded))
    return 0


@cli.command(
    short_help="Run a TensorFlow 1 / Keras 2 program, unchanged.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.option(
    "--control-flow",
    type=click.Choice(["v1", "v2"]),
    default="v1",
    show_default=True,
    help="v2 has second derivatives through loops, which TensorFlow 1 had not.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def run(control_flow: str, file: str, arguments: Sequence[str]) -> int:
    """Run a TensorFlow 1 / Keras 2 program, unchanged, in a process of its own.

    All that follows FILE is the program's. The exit status is the program's.

    \b
    Examples:
      nthgrad run old_script.py
      nthgrad run old_script.py --epochs 3
      nthgrad run --control-flow v2 recurrent.py
    """  # noqa: D301
    from nthgrad import legacy

    return legacy.run(file, list(arguments), control_flow)


@cli.command(short_help="Find the old idioms in source files, and how to port them.")
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of lines: findings, and unread.")
def scan(paths: Sequence[str], as_json: bool) -> int:
    """Find TensorFlow 1, Keras 2 and Python 2 idioms, and the sections of MIGRATION.md that say how to port them.

    PATHS are files, and folders whose .py files are read; hidden folders and virtual environments are passed over. A
    line is FILE:LINE:COLUMN: IDIOM: what it is (MIGRATION.md#section).

    A file or folder that cannot be read does not stop the scan. It is listed on standard error, and with --json under
    "unread", with the reason: it is no Python, is not in the encoding that it names, has more than 10,000,000 bytes, is
    nested too deeply, is a pipe, a socket or a device, or the system refuses it.

    The exit status is 2 if something could not be read, else 1 if there are findings, else 0.

    \b
    Examples:
      nthgrad scan old_script.py
      nthgrad scan old_code/ --json > findings.json
    """  # noqa: D301
    from nthgrad.cli import scan as work

    return work.report(paths, as_json, _complain)


@cli.command(short_help="Write a TensorFlow 1 / Keras 2 model, with derivatives, as SavedModel.")
@click.argument("source", type=click.Path())
@click.option("--out", metavar="FOLDER", required=True, help="The folder to write, which is not there yet.")
@click.option("--inputs", metavar="NAMES", help="Tensors that become arguments: x:0 or t,x.")
@click.option("--outputs", metavar="NAMES", help="Tensors to return.")
@click.option(
    "--signature", metavar="NAME", help="Of a SavedModel to read.  [default: serving_default, or the only one]"
)
@click.option("--checkpoint", metavar="PATH", help="Of a .meta file, if it has another name.")
@click.option("--weights", metavar="FILE", help="Of a .json file.")
@click.option("--feed", multiple=True, metavar="NAME=VALUE", help="Fixes another placeholder. As often as needed.")
@click.option("--training/--inference", default=False, help="Keras's learning phase.  [default: inference]")
@click.option("--unsafe", is_flag=True, help="Trust SOURCE: let it run code and read or write other files.")
@click.option("--order", type=Order(), metavar="N", help="Adds the output and its derivatives up to this order.")
@click.option("--by", metavar="NAME", help="With --order: the input to differentiate by.  [default: the first]")
@click.option("--partials", metavar="NAMES", help="Adds partial derivatives: t,x,xx. An empty one is u itself: ,t,xx.")
@click.option("--coords", metavar="NAMES", help="With --partials: the columns of the only input, tx.")
@click.option("--laplacian", is_flag=True, help="Adds the Laplacian, by the columns of the only input.")
@click.option("--jit/--no-jit", default=None, help="Compile the derivatives with XLA where they are run.")
@click.option("--method", type=click.Choice(["auto", "taylor", "tape"]), default="auto", show_default=True)
def lift(
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
    order: int | None,
    by: str | None,
    partials: str | None,
    coords: str | None,
    laplacian: bool,
    jit: bool | None,
    method: str,
) -> int:
    """Write a TensorFlow 1 / Keras 2 model, with derivatives, as a SavedModel of TensorFlow 2.

    SOURCE is a frozen graph (.pb), a .meta file with its checkpoint, the folder of a SavedModel, a Keras .h5 file, or a
    .json file with --weights. What is written has the model as its signature serving_default, and what is asked for as
    one more: derivatives, partials or laplacian.

    \b
    Examples:
      nthgrad lift net.pb --out net --inputs x:0 --outputs y:0 --order 4
      nthgrad lift model.ckpt.meta --out net --inputs t,x --outputs u --partials t,x,xx
      nthgrad lift model.h5 --out net --laplacian
    """  # noqa: D301
    from nthgrad import folders
    from nthgrad.cli import export as derived
    from nthgrad.cli import lift as work

    work.check(order, partials, coords, laplacian, by)
    folders.free(out)
    model = work.read(
        source, inputs, outputs, feed,
        signature=signature, checkpoint=checkpoint, weights=weights, training=training,
        safe_mode=not unsafe,
    )  # fmt: skip
    name = "derivatives" if order is not None else "partials" if partials is not None else "laplacian"
    derivative = None
    if order is not None or partials is not None or laplacian:
        derivative = name, derived.derivative(model, order, partials, coords, by, method=method, jit_compile=jit)
    click.echo(work.write(model, derivative, out))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line.

    Args:
        argv: the arguments; by default those of the process.

    Returns:
        The exit status: 0; 1 for what went wrong on the way; 2 for what was mistyped; 130 after Ctrl-C. Of
        `nthgrad run`, what the program ended with.
    """
    try:
        return cli.main(None if argv is None else list(argv), prog_name="nthgrad", standalone_mode=False) or 0
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        _complain(error.format_message())
        return error.exit_code
    except ArgumentError as error:  # the command line hands on what was typed
        _complain(str(error))
        return 2
    except NthgradError as error:
        _complain(str(error))
        return 1
    except OSError as error:  # the screen, or the pipe, is full or closed
        _complain(f"The output cannot be written: {error.strerror or error}. Check where it goes.")
        return 1


def _complain(message: str) -> None:
    from nthgrad.cli import echo

    click.echo(f"nthgrad: {echo.message(message)}", err=True)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nthgrad")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
