"""Exports as a SavedModel: what runs elsewhere gives the same numbers."""

import numpy as np
import pytest
import tensorflow as tf
from support.exports import CASES, compared, elsewhere, points

import nthgrad as ng

# Keras's own when it saves, under NumPy 2.5.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


PLAIN = ("taylor, Keras",)  # saved by TensorFlow alone as well


def test_a_saved_model_runs_in_a_process_without_nthgrad(tmp_path):
    lengths, hows = (0, 7), {name: ("", ", plain") if name in PLAIN else ("",) for name in CASES}
    for name, (make, build, d, dtype, _) in CASES.items():
        model, spec = build(), tf.TensorSpec([None, d], dtype)
        ng.export.saved_model(make(model), str(tmp_path / name), spec)
        if name in PLAIN:
            plain = tf.Module()
            plain.model, plain.__call__ = model, tf.function(make(model), input_signature=[spec])
            tf.saved_model.save(plain, str(tmp_path / f"{name}, plain"))
        for how in hows[name]:
            np.savez(tmp_path / f"{name}{how}.npz", *(points(d, n, dtype) for n in lengths))
    elsewhere(
        """
        import numpy as np
        import tensorflow as tf
        for path in sys.argv[1:]:
            function, given = tf.saved_model.load(path), np.load(f"{path}.npz")
            for key in given.files:
                np.savez(f"{path}, {key}.npz", *tf.nest.flatten(function(tf.constant(given[key]))))
        """,
        {"nthgrad"},
        *(f"{tmp_path}/{name}{how}" for name in CASES for how in hows[name]),
    )
    for name, (_, _, d, dtype, wanted) in CASES.items():
        for how in hows[name]:
            for i, length in enumerate(lengths):
                with np.load(tmp_path / f"{name}{how}, arr_{i}.npz") as file:
                    compared([file[key] for key in file.files], points(d, length, dtype), wanted)


@pytest.mark.quick
def test_a_saved_model_has_structure_and_a_signature_by_name(tmp_path):
    def u(theta, x):
        return {"u": theta**2 * x, "v": (x**3, theta * x)}

    g = ng.partials(u, [("theta", "x"), ("x", "x")])
    one = np.ones((3, 1))
    ng.export.saved_model(g, str(tmp_path / "g"), *[tf.TensorSpec([None, 1], tf.float64)] * 2)
    loaded = tf.saved_model.load(str(tmp_path / "g"))
    found = loaded(2 * one, 3 * one)
    assert set(found) == {"theta.x", "x.x"}
    np.testing.assert_allclose([found["theta.x"]["u"], found["x.x"]["v"][0]], [4 * one, 18 * one])
    named = loaded.signatures["serving_default"](theta=tf.constant(2 * one), x=tf.constant(3 * one))
    assert set(named) == {f"{p}_{leaf}" for p in ("theta.x", "x.x") for leaf in ("u", "v_0", "v_1")}
    np.testing.assert_allclose([named["theta.x_v_1"], named["x.x_v_0"]], [one, 18 * one])


def test_a_loaded_derivative_is_a_function_to_differentiate(tmp_path):
    ng.export.saved_model(ng.derivative(tf.sin, 2), str(tmp_path / "g"), tf.TensorSpec([None], tf.float64))
    x = np.array([0.0, 1.0])
    np.testing.assert_allclose(ng.derivative(tf.saved_model.load(str(tmp_path / "g")), 2)(x), np.sin(x), atol=1e-15)
