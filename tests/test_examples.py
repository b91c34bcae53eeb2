"""The examples: their references against the equations, a short training of each, and what is refused before it."""

import contextlib
import importlib
import inspect
import os
import re
import runpy
import signal
import subprocess
import sys
import time

import click.testing
import keras
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng
from nthgrad import optimize
from nthgrad._display import plot, quiet
from nthgrad.examples import commands, pictures, solution, training

NAMES = ("burgers", "beam", "korteweg_de_vries")
STENCILS = {1: [0, 1, -8, 0, 8, -1, 0], 2: [0, -1, 16, -30, 16, -1, 0], 3: [1, -8, 13, 0, -13, 8, -1]}
STENCILS[4] = [-1, 12, -39, 56, -39, 12, -1]
DIVISORS = {1: 12, 2: 12, 3: 8, 4: 6}


def example(name):
    return importlib.import_module(f"nthgrad.examples.{name}")


def run(name, *arguments):
    return click.testing.CliRunner().invoke(example(name).main, arguments)


# ---------- the references, by differences of fourth order


def difference(u, t, x, by_t=0, by_x=0, h=0.01):
    """A partial derivative of u at a grid of points, by t or by x."""
    order = by_t or by_x
    shifts = h * np.arange(-3, 4)
    values = [u(t + s, x) if by_t else u(t, x + s) for s in shifts]
    return sum(c * v for c, v in zip(STENCILS[order], values, strict=True)) / DIVISORS[order] / h**order


RESIDUALS = {
    "burgers": (lambda d, u: d(by_t=1) + u * d(by_x=1) - 0.05 / np.pi * d(by_x=2), (0.1, 1.0), 1.0, 0.004),
    "beam": (lambda d, u: np.pi**2 * d(by_t=2) + d(by_x=4), (0.0, 0.5), 1.0, 0.01),
    "korteweg_de_vries": (lambda d, u: d(by_t=1) + 6 * u * d(by_x=1) + d(by_x=3), (0.0, 1.0), 8.0, 0.01),
}


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_solves_the_equation(name):
    residual, (first, last), reach, h = RESIDUALS[name]
    u, t, x = example(name).reference, np.linspace(first, last, 7), np.linspace(-reach, reach, 41)
    size = np.abs(difference(u, t, x, by_t=1, h=h)).max()
    assert np.abs(residual(lambda **by: difference(u, t, x, h=h, **by), u(t, x))).max() < 1e-3 * size


def test_the_references_begin_and_end_where_they_should():
    x, t = np.linspace(-1, 1, 41), np.linspace(0.1, 1, 5)
    np.testing.assert_allclose(example("burgers").reference(np.array([1e-9]), x)[0], -np.sin(np.pi * x), atol=1e-6)
    np.testing.assert_allclose(example("burgers").reference(t, np.array([-1.0, 0, 1])), 0, atol=1e-12)
    beam = example("beam").reference
    np.testing.assert_allclose(beam(np.zeros(1), x)[0], np.sin(np.pi * x) + np.sin(2 * np.pi * x) / 4, atol=1e-15)
    np.testing.assert_allclose(difference(beam, np.zeros(1), x, by_t=1), 0, atol=1e-6)
    np.testing.assert_allclose(beam(t, np.array([0.0, 1.0])), 0, atol=1e-15)
    waves = example("korteweg_de_vries")
    for a in (waves.TALL, waves.LOW):  # far from the other, each is a soliton
        before = waves.reference(np.array([-40.0]), np.linspace(-120, 0, 120001))[0]
        assert any(abs(peak - a**2 / 2) < 1e-6 for peak in before[1:-1][np.diff(np.sign(np.diff(before))) < 0])


# ---------- training


OUTCOME = r"^relative L2 error (\d\.\de[-+]\d\d) after (\d+) steps of Adam and (\d+) iterations of L-BFGS, \d+ s$"


# By L-BFGS: to compile a step of Adam takes as long. Below, the process takes one, and small networks take many.
@pytest.mark.parametrize(("name", "bound"), [("burgers", 0.2), ("beam", 0.1), ("korteweg_de_vries", 0.15)])
def test_a_short_training(name, bound, tmp_path):
    path = tmp_path / "a.png"
    picture = ["--plot", str(path)] if name == "beam" else []  # to draw takes two seconds
    done = run(name, "--steps", "0", "--iterations", "60", "--seed", "1", *picture)
    assert done.exit_code == 0, done.output
    ((error, *numbers),) = re.findall(OUTCOME, done.output, re.MULTILINE)
    assert numbers == ["0", "60"]
    assert float(error) < bound
    assert not picture or path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert keras.config.floatx() == "float32"


def fit(steps, iterations, target=lambda p: p[:, :1] * p[:, 1:]):
    """Trains a small network on a function; returns its history and its mean square error at the fixed points."""
    keras.utils.set_random_seed(0)
    model = training.network(2, 6, 1)
    history = training.train(model, lambda p: model(p) - target(p), 64, training.Plan(steps, iterations))
    points = training.spread(64)
    return history, np.mean((model(points).numpy() - target(points)) ** 2)


def test_the_history_has_the_loss_of_each_step_and_iteration():
    history, loss = fit(30, 40)
    assert str(history) == "30 steps of Adam and 40 iterations of L-BFGS"
    assert history.setting == "network of 25 weights in float64, 64 points"
    assert (len(history.adam), len(history.lbfgs), history.stopped) == (30, 40, False)
    assert history.lbfgs == sorted(history.lbfgs, reverse=True)
    assert history.lbfgs[-1] < 1e-2 * history.adam[-1]
    np.testing.assert_allclose(history.lbfgs[-1], loss, rtol=1e-6)


def test_a_phase_may_be_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)  # Adam alone does not need it
    history, loss = fit(30, 0)
    assert (len(history.adam), history.lbfgs) == (30, [])
    assert fit(0, 0)[1] > loss


@pytest.mark.parametrize(("phase", "numbers"), [("Adam", (7, 0)), ("L-BFGS", (0, 7))])
def test_ctrl_c_keeps_what_was_found(phase, numbers, monkeypatch):
    @contextlib.contextmanager
    def shown(name, total):
        def show(losses):
            if name == phase and len(losses) == 7:
                signal.raise_signal(signal.SIGINT)

        yield show

    monkeypatch.setattr(training, "_shown", shown)
    history, loss = fit(10 if phase == "Adam" else 0, 20)
    assert history.stopped
    assert (len(history.adam), len(history.lbfgs)) == numbers
    if phase == "L-BFGS":
        np.testing.assert_allclose(loss, history.lbfgs[-1], rtol=1e-6)


def test_the_points_cover_the_square_evenly():
    points = training.spread(1024)
    counts, _, _ = np.histogram2d(*points.T, bins=16, range=[[0, 1], [0, 1]])
    assert points.shape == (1024, 2)
    assert (counts.min(), counts.max()) >= (2, 4)
    assert counts.max() <= 7  # of random points, some of the 256 squares have none, and some more than ten


def test_a_compiled_step_is_compiled_once_whatever_the_points():
    w = tf.Variable([[0.5, 0.7], [0.2, -0.3]])

    def u(t, x):
        return tf.reduce_sum(tf.tanh(tf.concat([t, x], 1) @ w), 1, keepdims=True)

    partials = ng.partials(u, ["t", "xx"])

    @tf.function(jit_compile=True)
    def step(t, x):
        with tf.GradientTape() as tape:
            d = partials(t, x)
            loss = tf.reduce_mean((d["t"] - d["xx"]) ** 2)
        return tape.gradient(loss, w)

    times = []
    for _ in range(6):
        t, x = tf.unstack(tf.random.uniform([2, 16, 1]))
        start = time.perf_counter()
        step(t, x)
        times.append(time.perf_counter() - start)
    assert min(times[1:]) < times[0] / 5


# ---------- the command line


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "-1"], "Invalid value for '--steps': -1 is not in the range x>=0."),
        (["--iterations", "-1"], "Invalid value for '--iterations': -1 is not in the range x>=0."),
        (["--steps", "many"], "Invalid value for '--steps': 'many' is not a valid integer range."),
        (["--seed", "-1"], "Invalid value for '--seed': -1 is not in the range x>=0."),
        (
            ["--plot", "a.txt"],
            "Invalid value for '--plot': a.txt has an unknown ending. Write a file that ends with .png or .pdf or .svg.",
        ),
        (["--size", "3"], "No such option"),
    ],
)
def test_what_is_mistyped_is_refused_before_training(arguments, message, monkeypatch):
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it trains"))
    done = run("beam", *arguments)
    assert done.exit_code == 2
    assert message in done.output


@pytest.mark.parametrize(
    ("module", "option", "check"),
    [
        ("matplotlib", ["--plot", "a.png"], plot.check),
        ("scipy", ["--seed", "0"], optimize.scipy_optimize),
    ],
)
def test_what_is_not_installed_is_said_before_training(module, option, check, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it trains"))
    with pytest.raises(ng.errors.ArgumentError, match=r"which is not installed\. Run pip install ") as error:
        check()
    done = run("beam", *option)
    assert done.exit_code == 2
    assert f": {error.value}" in done.output


def test_ctrl_c_ends_with_the_outcome_and_its_own_status(tmp_path):
    def solve(plan):
        history = training.History("", [1.0] * plan.steps, [], stopped=True)
        return solution.Solution("", T, X, FIELD, FIELD + 1e-3, history)

    main = commands.command("", solve, steps=3, iterations=2)
    of_click_81 = {"mix_stderr": False} if "mix_stderr" in inspect.signature(click.testing.CliRunner).parameters else {}
    done = click.testing.CliRunner(**of_click_81).invoke(main, ["--plot", str(tmp_path / "a.png")])
    assert re.search(OUTCOME, done.stdout, re.MULTILINE)
    assert (done.exit_code, done.stderr) == (130, "stopped by Ctrl-C\n")
    assert (tmp_path / "a.png").exists()


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # runpy: another test has imported it
def test_run_as_python_runs_a_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["beam", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("nthgrad.examples.beam", run_name="__main__", alter_sys=True)
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for option in ("--steps", "--iterations", "--plot FILE", "--seed"):
        assert option in said


def test_an_example_as_a_process_prints_its_outcome_and_nothing_else(tmp_path):
    """In pipes, a C locale, without colors and without a home that can be written."""
    own = (quiet.LEVEL, "KERAS_HOME", "PYTHONUTF8", "PYTHONIOENCODING")
    environment = {k: v for k, v in os.environ.items() if k not in own}
    environment |= {"HOME": "/proc/none", "LC_ALL": "C", "NO_COLOR": "1"}
    line = [sys.executable, "-m", "nthgrad.examples.burgers", "--steps", "1", "--iterations", "0"]
    done = subprocess.run(line, capture_output=True, cwd=tmp_path, env=environment, timeout=300, check=False)
    said = done.stderr.decode().splitlines()
    if tf.__version__.startswith("2.16."):  # whose XLA says that it begins, whatever the level
        of_xla = r"WARNING: All log messages before absl::InitializeLog.*|I0000 .*(service\.cc|device_compiler\.h).*"
        said = [line for line in said if not re.fullmatch(of_xla, line)]
    assert (done.returncode, said) == (0, [])
    (shown,) = done.stdout.decode("ascii").splitlines()
    assert re.fullmatch(OUTCOME, shown)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
def test_help_of_each(name):
    done = run(name, "--help")
    assert done.exit_code == 0
    assert " ".join(done.output.split()).startswith(
        "Usage: main [OPTIONS] " + example(name).__doc__.split("\n")[0][:40]
    )


# ---------- the picture

T, X = np.linspace(0, 1, 11), np.linspace(-1, 1, 21)
FIELD = np.exp(-T)[:, None] * np.sin(np.pi * X)


@pytest.fixture(scope="module")
def axes(tmp_path_factory):
    """The axes of a picture whose error is 2e-3 sin(pi x) t, by what they are."""
    from matplotlib.figure import Figure

    path, saved, save = tmp_path_factory.mktemp("picture") / "a.pdf", [], Figure.savefig
    history = training.History("network of 7 weights", [1.0, 0.5, 0.1], [1e-2, 1e-3])
    off = 2e-3 * T[:, None] * np.sin(np.pi * X)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda self, *a, **k: (saved.append(self), save(self, *a, **k)))
        pictures.draw(solution.Solution("$u_t = u$", T, X, FIELD + off, FIELD, history), 5, str(path))
    assert path.read_bytes().startswith(b"%PDF")
    (figure,) = saved
    names = ("field", "error", "profiles", "losses", "errors", "bar of the field", "bar of the error")
    return dict(zip(names, figure.axes, strict=True))


def test_signed_fields_are_white_at_zero(axes):
    for name, most in (("field", FIELD.max()), ("error", 2e-3)):
        (mesh,) = axes[name].collections
        assert (mesh.cmap.name, mesh.norm.vmin) == ("RdBu_r", -mesh.norm.vmax)
        np.testing.assert_allclose(mesh.norm.vmax, most, rtol=1e-2)
        np.testing.assert_allclose(mesh.cmap(mesh.norm(0.0))[:3], 0.97, atol=0.01)


def test_every_axis_has_a_name(axes):
    for name, panel in axes.items():
        assert panel.get_ylabel(), name
        assert name.startswith("bar") or panel.get_xlabel(), name
        assert name == "losses" or "dimensionless" in panel.get_ylabel() + panel.get_xlabel(), name


def test_the_title_has_the_equation_and_the_parameters(axes):
    error = np.sqrt(np.sum((2e-3 * T[:, None] * np.sin(np.pi * X)) ** 2) / np.sum(FIELD**2))
    digits, power = f"{error:.1e}".split("e-0")
    assert axes["field"].figure.figure.get_suptitle() == (
        "$u_t = u$\nnetwork of 7 weights, 3 steps of Adam and 2 iterations of L-BFGS, seed 5: "
        rf"relative $L^2$ error ${digits} \times 10^{{-{power}}}$"
    )


def test_losses_and_errors_are_on_logarithmic_axes(axes):
    assert axes["losses"].get_yscale() == axes["errors"].get_yscale() == "log"
    adam, lbfgs, border = axes["losses"].lines
    assert (adam.get_xdata().tolist(), adam.get_ydata().tolist()) == ([1, 2, 3], [1.0, 0.5, 0.1])
    assert (lbfgs.get_xdata().tolist(), lbfgs.get_ydata().tolist()) == ([4, 5], [1e-2, 1e-3])
    assert border.get_xdata() == [3, 3]
    assert [text.get_text() for text in axes["losses"].get_legend().get_texts()] == ["Adam", "L-BFGS"]
    each, whole = axes["errors"].lines
    assert each.get_xdata().tolist() == T[1:].tolist()  # no error at t = 0
    mean = np.sum(each.get_ydata() ** 2) / len(T)
    np.testing.assert_allclose(mean, whole.get_ydata()[0] ** 2, rtol=1e-12)


def test_the_times_are_told_apart_without_colors(axes):
    lines = [line for line in axes["profiles"].lines if line.get_linestyle() != "None" and len(line.get_xdata())]
    marks = [line for line in axes["profiles"].lines if line.get_linestyle() == "None"]
    assert len({line.get_linestyle() for line in lines}) == len({line.get_marker() for line in marks}) == 4
