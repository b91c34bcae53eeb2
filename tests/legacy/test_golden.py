"""Every recorded program prints and saves what it did under TensorFlow 1.15.5 and Keras 2.2.4, by both ways to run it."""

import ast
import contextlib
import io
from pathlib import Path
from types import CodeType

import pytest

from nthgrad import legacy
from nthgrad.legacy._comparison.outcome import saved
from nthgrad.legacy._comparison.prints import compare, tolerances

GOLDEN = Path(__file__).parents[1] / "golden"
PROGRAMS = {path.stem: path for path in sorted((GOLDEN / "programs").glob("*.py"))}
RECORDED = GOLDEN / "recorded"

# What a session does not give: it leaves NumPy, and what the program itself does to an array, as they are.
NOT_IN_A_SESSION = {
    "old_habits": "NumPy's old names",
    "physics_kdv_discovery": "'%f' % an array of one element",
}
# What a program writes to standard error, as it did under TensorFlow 1.15.5, which said much else besides.
SAID = {
    "old_habits": "WARNING:tensorflow:Variable += will be deprecated. Use variable.assign_add if you want assignment to the variable value or 'x = x + y' if you want a new python Tensor object.\n"
}
# A process costs seconds, so script mode runs these, the four programs that everything began with, one with loops, and
# one whose parts of nthgrad are imported when `tensorflow` has its old meaning already.
SOME = ("s1_", "s2_", "s3_", "s4_", "loops_", "keras_losses_")
IN_A_PROCESS = [name for name in PROGRAMS if name.startswith(SOME) or name in NOT_IN_A_SESSION]

_STAND_INS = {"tensorflow": "nthgrad.legacy.tensorflow", "keras": "nthgrad.legacy.keras"}


def _stand_in(top: str, below: str) -> str | None:
    """The package to import from in the place of `top`; TensorFlow's private modules are today's."""
    return None if below.split(".")[0] == "python" else _STAND_INS.get(top)


class _Imports(ast.NodeTransformer):
    """What a person does to run an old program in a session: other import lines, nothing else."""

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        lines: list[ast.stmt] = []
        for alias in node.names:
            top, _, below = alias.name.partition(".")
            new = _stand_in(top, below)
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
        new = _stand_in(top, below)
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
    assert len(IN_A_PROCESS) == len(SOME) + len(NOT_IN_A_SESSION)
    assert PROGRAMS.keys() >= NOT_IN_A_SESSION.keys()


def in_a_session(program, folder):
    """What a compiled program prints and saves."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), legacy.session():
        exec(program, {"__name__": "__main__"})
    return printed.getvalue() + saved(folder)


@pytest.mark.filterwarnings("ignore")  # what Keras warned of, and files that old programs leave to Python to close
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in NOT_IN_A_SESSION])
def test_in_a_session(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert differences(name, in_a_session(with_stand_ins(PROGRAMS[name]), tmp_path)) == []


# A constant that is slightly wrong: in the program, as it would be in the library.
WRONG = {
    "a decay": ("contrib_layers", '"decay": 0.9', '"decay": 0.901'),
    "a decay that nothing is stated for": ("optimizers_step_by_step", "decay=0.9", "decay=0.9001"),
    "a momentum": ("keras_optimizers", "momentum=0.5", "momentum=0.5001"),
    "an epsilon of a variance": ("backend_networks", "epsilon=0.1", "epsilon=0.1001"),
    "an epsilon of an optimizer": ("keras_optimizers", "epsilon=1e-3", "epsilon=1.1e-3"),
    "an epsilon of batch normalization": ("learning_phase", "epsilon=0.01", "epsilon=0.0101"),
    "a norm to clip to": ("keras_optimizers", "clipnorm=0.5", "clipnorm=0.5001"),
    "a value to clip to": ("keras_optimizers", "clipvalue=0.5", "clipvalue=0.5001"),
    "a penalty": ("tf_contrib_layers", "l2_regularizer(0.1)", "l2_regularizer(0.1001)"),
    "a slope": ("backend_networks", "alpha=2.0", "alpha=2.0001"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("name", "right", "wrong"), WRONG.values(), ids=WRONG)
def test_a_wrong_constant_is_noticed(name, right, wrong, tmp_path, monkeypatch):
    source = PROGRAMS[name].read_text(encoding="utf-8")
    assert right in source
    path, folder = tmp_path / "program.py", tmp_path / "empty"
    path.write_text(source.replace(right, wrong), encoding="utf-8")
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert differences(name, in_a_session(with_stand_ins(path), folder)) != []


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_in_a_process(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as on a user's machine
    status = legacy.run(PROGRAMS[name])
    printed, said = capfd.readouterr()
    assert (status, said) == (0, SAID.get(name, ""))
    assert differences(name, printed + saved(tmp_path)) == []
