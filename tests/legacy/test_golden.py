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

# What a session does not give: it leaves NumPy, what the program itself does to an array, and classes as they are.
NOT_IN_A_SESSION = {
    "old_arrays_and_files": "NumPy's old arguments, h5py's old ways",
    "class_names": "the names of classes, by which the program around a session pickles them",
    "old_habits": "NumPy's old names",
    "physics_kdv_discovery": "'%f' % an array of one element",
    "tf_eager_contrib": "eager execution",
    "tf_eager_tapes": "eager execution",
    "tf_private_layers": "tf.layers under TensorFlow's private names",
}
# What a program writes to standard error, as it did under TensorFlow 1.15.5, which said much else besides.
SAID = {
    "old_habits": "WARNING:tensorflow:Variable += will be deprecated. Use variable.assign_add if you want assignment to the variable value or 'x = x + y' if you want a new python Tensor object.\n"
}
# A process costs seconds, so script mode runs these, one whose parts of nthgrad are imported when `tensorflow` has its
# old meaning already, and one with eager execution, which has to begin a program; and in one process one with loops, the
# four programs that everything began with, one that imports private modules, and the others that no session runs. The
# last of them leaves files.
SOME = ("keras_losses_", "tf_eager_")
IN_A_PROCESS = [name for name in PROGRAMS if name.startswith(SOME)]
FIRST = ("loops_", "s1_", "s2_", "s3_", "s4_", "tf_python_")
TOGETHER = [
    *(name for name in PROGRAMS if name.startswith(FIRST)),
    *(name for name in reversed(NOT_IN_A_SESSION) if name not in IN_A_PROCESS),
]
BETWEEN = """
import keras, tensorflow as tf
keras.backend.clear_session()
tf.reset_default_graph()
print("-" * 72)
"""

_STAND_INS = {"tensorflow": "nthgrad.legacy.tensorflow", "keras": "nthgrad.legacy.keras"}


def _stand_in(top: str, below: str) -> str | None:
    """The package to import from in the place of `top`; TensorFlow's private modules are today's, but for Keras."""
    private = below.split(".")[0] == "python" and below.split(".")[1:2] != ["keras"]
    return None if private else _STAND_INS.get(top)


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
    assert all(any(name.startswith(first) for name in IN_A_PROCESS) for first in SOME)
    assert len(TOGETHER) == len(FIRST) + len(NOT_IN_A_SESSION.keys() - IN_A_PROCESS)
    assert PROGRAMS.keys() >= NOT_IN_A_SESSION.keys()


def in_a_session(program, folder, **options):
    """What a compiled program prints and saves."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), legacy.session(**options):
        exec(program, {"__name__": "__main__"})
    return printed.getvalue() + saved(folder)


@pytest.mark.filterwarnings("ignore")  # what Keras warned of, and files that old programs leave to Python to close
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in NOT_IN_A_SESSION])
def test_in_a_session(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert differences(name, in_a_session(with_stand_ins(PROGRAMS[name]), tmp_path)) == []


# Programs that differentiate a gradient, or weight one, or where something keeps a gradient TensorFlow's own; of the
# networks that solve equations, one of a kind. Those that register a gradient cannot run twice in a process.
ACCELERATED = (  # noqa: SIM905  a list would take thirty lines
    "batch_second_derivative contrib_layers custom_layer dense_input_gradient float64_fourth_order grad_ys "
    "gradient_penalty hessians_several input_tensor_float64 integer_branches lambda_several_outputs "
    "layers_derivatives matmul_and_prod mixed_partials pde_deep_ritz "
    "physics_burgers physics_hamiltonian s1_lambda_chain s2_session_chain "
    "s3_hessians saver_and_metagraph stop_gradients tf_recurrent unconnected where_and_cond"
).split()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ACCELERATED)
def test_accelerated(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert differences(name, in_a_session(with_stand_ins(PROGRAMS[name]), tmp_path, accelerate=True)) == []


# Constants that are slightly wrong, in the program as they would be in the library: of a program, a line that it prints
# and the constant that changes this line.
WRONG = {
    "backend_networks": {3: ("alpha=2.0", "alpha=2.0001"), 25: ("epsilon=0.1", "epsilon=0.1001")},
    "contrib_layers": {44: ('"decay": 0.9', '"decay": 0.901')},
    "keras_optimizers": {
        1: ("clipvalue=0.5", "clipvalue=0.5001"),
        2: ("clipnorm=0.5", "clipnorm=0.5001"),
        3: ("epsilon=1e-3", "epsilon=1.1e-3"),
        21: ("momentum=0.5", "momentum=0.5001"),
    },
    "learning_phase": {4: ("epsilon=0.01", "epsilon=0.0101")},
    "optimizers_step_by_step": {5: ("decay=0.9", "decay=0.9001")},  # a program that states no tolerance
    "tf_contrib_layers": {43: ("l2_regularizer(0.1)", "l2_regularizer(0.1001)")},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_constant_is_noticed(name, tmp_path, monkeypatch):
    source = PROGRAMS[name].read_text(encoding="utf-8")
    for right, wrong in WRONG[name].values():
        assert right in source
        source = source.replace(right, wrong)
    path, folder = tmp_path / "program.py", tmp_path / "empty"
    path.write_text(source, encoding="utf-8")
    folder.mkdir()
    monkeypatch.chdir(folder)
    found = differences(name, in_a_session(with_stand_ins(path), folder))
    assert {int(text.split()[1].rstrip(":")) for text in found} >= WRONG[name].keys(), found


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_in_a_process(name, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as on a user's machine
    status = legacy.run(PROGRAMS[name])
    printed, said = capfd.readouterr()
    assert (status, said) == (0, "")
    assert differences(name, printed + saved(tmp_path)) == []


def test_together_in_a_process(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as on a user's machine
    script = tmp_path / "together.py"
    script.write_text(BETWEEN.join(PROGRAMS[name].read_text(encoding="utf-8") for name in TOGETHER), encoding="utf-8")
    status = legacy.run(script)
    printed, said = capfd.readouterr()
    script.unlink()
    assert (status, said) == (0, "".join(SAID.get(name, "") for name in TOGETHER))
    parts = (printed + saved(tmp_path)).split("-" * 72 + "\n")
    for name, part in zip(TOGETHER, parts, strict=True):
        assert differences(name, part) == [], name
