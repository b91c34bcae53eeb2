"""Runs the code of a notebook, without Jupyter."""

import ast
import contextlib
import io
import json
import linecache
from pathlib import Path
from typing import Any, NamedTuple


class Cell(NamedTuple):
    """A cell of code after its run."""

    number: int
    printed: str
    recorded: str  # what the notebook says that it printed
    figure: Any  # the value of its last line, if that is a figure of matplotlib


def run(path: Path) -> list[Cell]:
    """Runs the cells of code, in order and with shared variables, and returns them.

    The value of the last line is shown as Jupyter shows it, if it is a figure; cells print everything else.
    """
    variables: dict[str, Any] = {"__name__": "__main__"}
    cells = []
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"]):
        if cell["cell_type"] != "code":
            continue
        code, name = "".join(cell["source"]), f"<{path.name}, cell {number}>"
        linecache.cache[name] = (
            len(code),
            None,
            code.splitlines(keepends=True),
            name,
        )  # AutoGraph reads functions there
        tree, printed, figure = ast.parse(code), io.StringIO(), None
        last = ast.Expression(tree.body.pop().value) if isinstance(tree.body[-1], ast.Expr) else None
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, name, "exec"), variables)
            if last is not None:
                value = eval(compile(last, name, "eval"), variables)
                figure = value if hasattr(value, "savefig") else None
        recorded = "".join("".join(output["text"]) for output in cell["outputs"])
        cells.append(Cell(number, printed.getvalue(), recorded, figure))
    return cells
