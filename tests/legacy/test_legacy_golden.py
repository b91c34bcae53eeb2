"""Every recorded program prints what TensorFlow 1.15.5 and Keras 2.2.4 printed for it, by both ways of running it."""

import ast
import contextlib
import io
from pathlib import Path
from types import CodeType

import pytest
from golden.compare import compare, tolerances

from nthgrad import legacy

GOLDEN = Path(__file__).parents[1] / "golden"
PROGRAMS = {path.stem: path for path in sorted((GOLDEN / "programs").glob("*.py"))}
RECORDED = GOLDEN / "recorded"

# Programs of what is not built yet.  Each must fail today: one that passes has to leave this list.
LATER = {
    "batch_norm_averages": "Keras 2's moving averages",
    "clipped_crossentropy": "Keras 2's crossentropies",
    "keras_one_arguments": "the arguments of Keras 1",
    "old_habits": "NumPy's and Python's old names",
    "scipy_minimizer": "tf.contrib",
    "seeded_draws": "TensorFlow 1's seeds",
    "weighted_losses": "Keras 2's crossentropies",
    "zero_weights": "Keras 2's weighting of losses",
}
# A process costs seconds, so script mode runs the four programs that everything began with, and one with loops.
IN_A_PROCESS = [name for name in PROGRAMS if name.startswith(("s1_", "s2_", "s3_", "s4_", "loops_"))]

_STAND_INS = {"tensorflow": "nthgrad.legacy.tensorflow", "keras": "nthgrad.legacy.keras"}


class _Imports(ast.NodeTransformer):
    """What a person does to run an old program in a session: other import lines, nothing else."""

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        lines: list[ast.stmt] = []
        for alias in node.names:
            top, _, below = alias.name.partition(".")
            new = _STAND_INS.get(top)
            if new is None:
                lines.append(ast.Import([alias]))
            elif alias.asname:
                lines.append(ast.Import([ast.alias(f"{new}.{below}" if below else new, alias.asname)]))
            else:  # `import keras.layers` binds the name `keras`
                package, _, name = new.rpartition(".")
                lines.append(ast.ImportFrom(package, [ast.alias(name, top)], 0))
        return [ast.copy_location(line, node) for line in lines]

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        top, _, below = (node.module or "").partition(".")
        new = _STAND_INS.get(top)
        if new is not None and not node.level:
            node.module = f"{new}.{below}" if below else new
        return node


def with_stand_ins(path: Path) -> CodeType:
    """Compiles a program with `tensorflow` and `keras` imported from `nthgrad.legacy`."""
    tree = _Imports().visit(ast.parse(path.read_text(encoding="utf-8"), path.name))
    return compile(ast.fix_missing_locations(tree), str(path), "exec")


def differences(name: str, printed: str) -> list[str]:
    recorded = (RECORDED / f"{name}.txt").read_text(encoding="utf-8")
    return compare(recorded, printed, **tolerances(PROGRAMS[name].read_text(encoding="utf-8")))


def test_there_are_programs():
    assert len(PROGRAMS) > 10
    assert len(IN_A_PROCESS) == 5
    assert PROGRAMS.keys() >= LATER.keys()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.xfail(reason=LATER[name], strict=True) if name in LATER else ())
        for name in PROGRAMS
    ],
)
def test_in_a_session(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), legacy.session():
        exec(with_stand_ins(PROGRAMS[name]), {"__name__": "__main__"})
    assert differences(name, printed.getvalue()) == []


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_in_a_process(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as on a user's machine
    status = legacy.run(PROGRAMS[name])
    printed, said = capfd.readouterr()
    assert (status, said) == (0, "")
    assert differences(name, printed) == []
