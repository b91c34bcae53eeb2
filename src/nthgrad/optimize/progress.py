"""Shows the iteration, the loss and the time of a minimization, in a line of a terminal or a notebook."""

from __future__ import annotations

import contextlib
import importlib.util
from collections.abc import Callable, Generator


@contextlib.contextmanager
def shown(name: str, *, wanted: bool) -> Generator[Callable[[int, float], None]]:
    """Shows progress on the standard error, if that is a terminal, or below the cell of a notebook with ipywidgets.

    Args:
        name: the name of the method.
        wanted: whether to show progress.

    Yields:
        a function to call with the number of iterations and the loss.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    notebook = console.is_jupyter and importlib.util.find_spec("ipywidgets") is not None
    if not wanted or not (console.is_terminal or notebook):  # rich 13 ends a disabled line with an empty one
        yield lambda iteration, loss: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as line:
        task = line.add_task(name, total=None)

        def show(iteration: int, loss: float) -> None:
            line.update(task, description=f"{name}  iteration {iteration}  loss {loss:.3e}")

        yield show
