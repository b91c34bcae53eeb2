"""The command line: `nthgrad compare`, `demo`, `differentiate`, `export`, `lift`, `port`, `run` and `scan`.

Each command is a file of `nthgrad.cli`. It imports its modules when it runs: help and errors in the command line do
not wait for TensorFlow.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import ClassVar

import click

from nthgrad._display import echo
from nthgrad.cli.complaints import complain
from nthgrad.errors import ArgumentError, NthgradError


class _Commands(click.Group):
    """A group whose commands are files, imported when they are named."""

    names = ("compare", "demo", "differentiate", "export", "lift", "port", "run", "scan")
    former: ClassVar = {"eval": "differentiate"}  # runs still; neither help nor completion shows it

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = self.former.get(cmd_name, cmd_name)
        if cmd_name not in self.names:
            return None
        command: click.Command = import_module(f"nthgrad.cli.{cmd_name}").command
        command.name = cmd_name
        return command


@click.group(cls=_Commands, invoke_without_command=True)
@click.option("--version", is_flag=True, help="Show the version and exit.")
@click.pass_context
def cli(context: click.Context, *, version: bool) -> int:
    """nth-order derivatives in TensorFlow 2, and TensorFlow 1 / Keras 2 programs, still running.

    \b
    Examples:
      nthgrad demo
      nthgrad differentiate "log(x + 2)" --at x=1 --order 4
      nthgrad export model.keras --partials t,x,xx --coords tx --out derivatives
      nthgrad run old_script.py --epochs 3
      nthgrad scan old_code/
      nthgrad port old_script.py
      nthgrad compare old_script.py new_script.py

    \b
    Completion of commands, options and files, for the start-up file of a shell:
      bash  eval "$(_NTHGRAD_COMPLETE=bash_source nthgrad)"
      zsh   eval "$(_NTHGRAD_COMPLETE=zsh_source nthgrad)"
      fish  _NTHGRAD_COMPLETE=fish_source nthgrad | source
    """  # noqa: D301
    if version:
        from nthgrad import _version

        click.echo(f"nthgrad {_version.installed()}")
        context.exit()
    if context.invoked_subcommand is None:
        click.echo(context.get_help())
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line.

    Args:
        argv: the arguments; by default those of the process.

    Returns:
        the exit status: 0; 1 for an error of the computation; 2 for an error in the command line; 130 after Ctrl-C. For
        `nthgrad run`, the status of the program.
    """
    arguments, own_process = None if argv is None else list(argv), argv is None
    try:
        with echo.any_encoding(sys.stdout):
            return cli.main(arguments, prog_name="nthgrad", standalone_mode=False, obj=own_process) or 0
    except (click.Abort, KeyboardInterrupt):
        return 130
    except click.ClickException as error:
        complain(error.format_message())
        return error.exit_code
    except ArgumentError as error:  # the commands pass the typed arguments on
        complain(str(error))
        return 2
    except NthgradError as error:
        complain(str(error))
        return 1
    except OSError as error:  # the standard output is full or closed
        complain(f"The output cannot be written: {error.strerror or error}. Check where it goes.")
        return 1


if __name__ == "__main__":
    sys.exit(main())
