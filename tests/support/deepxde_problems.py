"""Trains six DeepXDE problems with and without `accelerated`.

    DDE_BACKEND=tensorflow python tests/support/deepxde_problems.py FILE DTYPE [PROBLEM ...] [--xla]

DeepXDE chooses its backend when it is imported, so each backend requires a process of its own. FILE is an `.npz`. For
each problem and way, plain or accelerated, it gets two arrays: "PROBLEM/WAY/losses" before each step and after the last,
and "PROBLEM/WAY/coefficients" after the last. "PROBLEM/report" has the lines of the report of `accelerated`.
"""

import contextlib
import sys
from dataclasses import dataclass
from math import pi

import deepxde as dde
import numpy as np
import tensorflow as tf

import nthgrad as ng

STEPS, WIDTH, LAYERS = 10, 12, 3
SESSION = dde.backend.backend_name == "tensorflow.compat.v1"
POINTS = {"num_domain": 40, "num_boundary": 8, "num_initial": 8}


@dataclass(frozen=True)
class Trained:
    """A model to train.

    Attributes:
        model: the model, not yet compiled.
        coefficients: variables that are trained with it.
    """

    model: dde.Model
    coefficients: tuple = ()


def network(inputs, outputs, activation, kind=dde.nn.FNN):
    """A network of two hidden layers."""
    return kind([inputs, *[WIDTH] * (LAYERS - 1), outputs], activation, "Glorot uniform")


def space_and_time(low, high, end):
    """The domain of x in [low, high] and t in [0, end]."""
    return dde.geometry.GeometryXTime(dde.geometry.Interval(low, high), dde.geometry.TimeDomain(0, end))


def everywhere(_, on_boundary):
    return on_boundary


def burgers():
    """Order 2: u_t + u u_x = nu u_xx, a wave that steepens between two walls."""
    domain = space_and_time(0, 2, 0.5)

    def residual(x, u):
        u_x, u_t = dde.grad.jacobian(u, x, i=0, j=0), dde.grad.jacobian(u, x, i=0, j=1)
        return u_t + u * u_x - 0.02 * dde.grad.hessian(u, x, i=0, j=0)

    walls = dde.icbc.DirichletBC(domain, lambda z: np.zeros_like(z[:, :1]), everywhere)
    start = dde.icbc.IC(domain, lambda z: np.sin(pi * z[:, :1]), everywhere)
    data = dde.data.TimePDE(domain, residual, [walls, start], **POINTS)
    return Trained(dde.Model(data, network(2, 1, "tanh")))


def allen_cahn():
    """Order 2, u_t = d u_xx + 4 (u - u**3); the transformed output satisfies the conditions by its form."""
    domain = space_and_time(-1, 1, 1)

    def residual(x, u):
        u_t, u_xx = dde.grad.jacobian(u, x, j=1), dde.grad.hessian(u, x, i=0, j=0)
        return u_t - 0.01 * u_xx - 4 * (u - u**3)

    def satisfy(x, u):
        place, time = x[:, 0:1], x[:, 1:2]
        return dde.backend.cos(pi * place) / 2 + time * (1 - place**2) * u

    net = network(2, 1, "sigmoid")
    net.apply_output_transform(satisfy)
    return Trained(dde.Model(dde.data.TimePDE(domain, residual, [], num_domain=40), net))


def kuramoto_sivashinsky():
    """Order 4: u_t + u u_x + u_xx + u_xxxx = 0 with period 4; the slopes at both ends are compared, too."""
    domain = space_and_time(0, 4, 1)

    def residual(x, u):
        u_x, u_t = dde.grad.jacobian(u, x, i=0, j=0), dde.grad.jacobian(u, x, i=0, j=1)
        u_xx = dde.grad.hessian(u, x, i=0, j=0)
        return u_t + u * u_x + u_xx + dde.grad.hessian(u_xx, x, i=0, j=0)

    ends = [dde.icbc.PeriodicBC(domain, 0, everywhere, derivative_order=n) for n in (0, 1)]
    start = dde.icbc.IC(domain, lambda z: np.cos(pi / 2 * z[:, :1]), everywhere)
    data = dde.data.TimePDE(domain, residual, [*ends, start], **POINTS)
    return Trained(dde.Model(data, network(2, 1, "sin")))


def beam():
    """Order 4 of one coordinate: w'''' = 1 + x, clamped at 0, free at 1, where w'' and w''' are zero."""
    domain = dde.geometry.Interval(0, 1)

    def bend(x, w):
        return dde.grad.hessian(w, x)

    def residual(x, w):
        return dde.grad.hessian(bend(x, w), x) - 1 - x

    def at(end):
        return lambda x, on_boundary: on_boundary and np.isclose(x[0], end)

    conditions = [
        dde.icbc.DirichletBC(domain, lambda x: np.zeros_like(x), at(0)),
        dde.icbc.NeumannBC(domain, lambda x: np.zeros_like(x), at(0)),
        dde.icbc.OperatorBC(domain, lambda x, w, _: bend(x, w), at(1)),
        dde.icbc.OperatorBC(domain, lambda x, w, _: dde.grad.jacobian(bend(x, w), x), at(1)),
    ]
    data = dde.data.PDE(domain, residual, conditions, num_domain=20, num_boundary=2)
    return Trained(dde.Model(data, network(1, 1, "tanh")))


def diffusion_reaction():
    """Order 2, two unknowns, each by layers of its own: a predator that diffuses, its prey that diffuses more."""
    domain = space_and_time(0, 1, 1)

    def residual(x, y):
        prey, predator = y[:, 0:1], y[:, 1:2]
        met = prey * predator
        return [
            dde.grad.jacobian(y, x, i=k, j=1) - d * dde.grad.hessian(y, x, component=k, i=0, j=0) - growth
            for k, (d, growth) in enumerate([(0.1, prey * (1 - prey) - met), (0.03, met - predator / 2)])
        ]

    conditions = [
        dde.icbc.NeumannBC(domain, lambda z: np.zeros_like(z[:, :1]), everywhere, component=k) for k in (0, 1)
    ]
    conditions += [
        dde.icbc.IC(domain, lambda z: np.cos(pi * z[:, :1]) ** 2, everywhere, component=0),
        dde.icbc.IC(domain, lambda z: np.exp(-z[:, :1]), everywhere, component=1),
    ]
    data = dde.data.TimePDE(domain, residual, conditions, **POINTS)
    net = dde.nn.PFNN([2, *[[WIDTH] * 2] * (LAYERS - 1), 2], "tanh", "Glorot uniform")
    return Trained(dde.Model(data, net))


def dispersion():
    """Order 3, inverse: a and b of u_t + u u_x + a u_xxx - b u_xxt = 0 from values of u; u_xxt is a mixed derivative."""
    domain = space_and_time(-2, 2, 1)
    a, b = (dde.Variable(v, dtype=dde.config.default_float()) for v in (0.5, 0.1))

    def residual(x, u):
        u_x, u_t = dde.grad.jacobian(u, x, i=0, j=0), dde.grad.jacobian(u, x, i=0, j=1)
        u_xx = dde.grad.hessian(u, x, i=0, j=0)
        u_xxx, u_xxt = dde.grad.jacobian(u_xx, x, i=0, j=0), dde.grad.jacobian(u_xx, x, i=0, j=1)
        return u_t + u * u_x + a * u_xxx - b * u_xxt

    places, times = np.meshgrid(np.linspace(-2, 2, 7), np.linspace(0, 1, 3))
    seen = np.stack([places.ravel(), times.ravel()], 1)
    values = np.cosh(seen[:, :1] - seen[:, 1:] / 2) ** -2.0
    known = dde.icbc.PointSetBC(seen, values)
    data = dde.data.TimePDE(domain, residual, [known], num_domain=40)
    return Trained(dde.Model(data, network(2, 1, "tanh")), (a, b))


PROBLEMS = {f.__name__: f for f in (burgers, allen_cahn, kuramoto_sivashinsky, beam, diffusion_reaction, dispersion)}


def train(problem):
    """Trains a problem from fixed seeds; returns what the module's docstring lists."""
    dde.gradients.clear()  # DeepXDE would keep the tensors of all graphs
    dde.config.set_random_seed(0)
    trained = problem()
    model, coefficients = trained.model, list(trained.coefficients)
    model.compile("adam", lr=1e-2, external_trainable_variables=coefficients, verbose=0)
    watched = [dde.callbacks.VariableValue(coefficients)] if coefficients else []
    history, _ = model.train(STEPS, display_every=1, callbacks=watched, verbose=0)
    return {
        "losses": history.loss_train,
        "coefficients": [callback.get_value() for callback in watched],
    }


def main(file, dtype, *names):
    """As described above."""
    dde.config.set_default_float(dtype)
    if "--xla" in names:
        dde.config.enable_xla_jit()
    found = {}
    for name in [name for name in names if name in PROBLEMS] or PROBLEMS:
        report: list[str] = []
        for way, context in (
            ("plain", contextlib.nullcontext()),
            ("accelerated", ng.accelerated(report=report.append)),
        ):
            with tf.Graph().as_default() if SESSION else contextlib.nullcontext(), context:
                found |= {f"{name}/{way}/{key}": value for key, value in train(PROBLEMS[name]).items()}
        found[f"{name}/report"] = report
    np.savez(file, **found)


if __name__ == "__main__":
    main(*sys.argv[1:])
