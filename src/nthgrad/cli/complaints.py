"""Writes errors of the command line to standard error."""

from __future__ import annotations

import click

from nthgrad._display import echo


def complain(message: str) -> None:
    """Writes a message to standard error, in one line."""
    click.echo(f"nthgrad: {echo.message(message)}", err=True)
