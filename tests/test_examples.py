"""The examples: their references against the equations, a short training of each, and what is refused before it."""

import importlib
import re
import runpy
import sys
import time

import click.testing
import numpy as np
import pytest
import tensorflow as tf

import nthgrad as ng

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


@pytest.mark.parametrize(("name", "bound"), [("burgers", 0.48), ("beam", 0.48), ("korteweg_de_vries", 0.4)])
def test_a_short_training(name, bound, tmp_path):
    done = run(name, "--steps", "120", "--plot", str(tmp_path / "a.png"), "--seed", "1")
    assert done.exit_code == 0, done.output
    (error,) = re.findall(r"^relative L2 error (\d\.\de[-+]\d\d) after 120 steps, \d+ s$", done.output, re.MULTILINE)
    assert float(error) < bound
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


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
        (["--steps", "0"], "Invalid value for '--steps': 0 is not in the range x>=1."),
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
    from nthgrad.examples import training

    monkeypatch.setattr(training, "train", lambda *_: pytest.fail("it trains"))
    done = run("beam", *arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_a_plot_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    done = run("beam", "--plot", "a.png")
    assert done.exit_code == 2
    assert "--plot needs matplotlib, which is not installed. Run pip install 'nthgrad[plot]'." in done.output


@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")  # runpy: another test has imported it
def test_run_as_python_runs_a_module(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["beam", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("nthgrad.examples.beam", run_name="__main__", alter_sys=True)
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for option in ("--steps", "--plot FILE", "--seed"):
        assert option in said


@pytest.mark.parametrize("name", NAMES)
def test_help_of_each(name):
    done = run(name, "--help")
    assert done.exit_code == 0
    assert " ".join(done.output.split()).startswith(
        "Usage: main [OPTIONS] " + example(name).__doc__.split("\n")[0][:40]
    )
