"""A legacy session leaves nothing behind: a list of behaviours of TensorFlow 2 is observed before and after."""

import contextlib
import sys
import threading
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from tensorflow.python.distribute import distribute_lib

import nthgrad.legacy.keras as old_keras
import nthgrad.legacy.tensorflow as tf1
from nthgrad import legacy
from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import switches
from nthgrad.legacy._internals import tf_keras as internals
from nthgrad.legacy._patches.tables import PATCHES

DATA, TARGET = np.linspace(-1.0, 1.0, 8, dtype=np.float32)[:, None], np.ones((8, 1), np.float32)


class Doubled(tf_keras.layers.Layer):
    def call(self, inputs):
        return 2 * inputs


def model(library, *layers):
    made = library.Sequential([library.Input((1,)), *layers, library.layers.Dense(1, kernel_initializer="ones")])
    made.compile(optimizer=library.optimizers.SGD(0.125), loss="mse")
    return made


# Models from before any session: they must go on, and start each observation with the same weights.
BEFORE = {
    "keras": model(keras),
    "tf_keras": model(tf_keras, tf_keras.layers.Dense(2, kernel_initializer="ones"), Doubled()),
}
CLASSES = internals.keras_versioned_classes()
START = {name: made.get_weights() for name, made in BEFORE.items()}


def trained(made, weights, *, predicts=True):
    made.set_weights(weights)
    loss = made.fit(DATA, TARGET, epochs=2, batch_size=8, shuffle=False, verbose=0).history["loss"]
    return loss, (made.predict(DATA, verbose=0) if predicts else made(DATA).numpy()).tolist()


def tape():
    x = tf.Variable(2.0)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        y = tf.math.log(x)
    return inner.gradient(y, x).numpy(), len(outer.watched_variables())


@tf.function
def traced_before(x):
    return tf.cond(x > 0, lambda: tf.sqrt(x), lambda: -x)


def backend_session():
    try:
        return type(tf_keras.src.backend.get_session())
    except Exception as error:
        return type(error), str(error)


def public():
    """Some functions that sessions patch, wherever TensorFlow's public modules show them."""
    names = ("gradients", "split", "random_uniform", "linspace")
    shown = [
        module for key, module in list(sys.modules.items()) if key.startswith(("tensorflow._api.", "tensorflow.compat"))
    ]
    return [id(vars(module)[name]) for module in shown for name in names if name in vars(module)]


OBSERVED = {
    "an eager op": lambda: (tf.constant([1.0, 2.0]) * 2).numpy().tolist(),
    "a tape": tape,
    "an older tf.function": lambda: traced_before(tf.constant(4.0)).numpy(),
    "a new tf.function": lambda: tf.function(lambda x: tf.while_loop(lambda i: i < 9, lambda i: 2 * i, [x]))(
        tf.constant(1)
    )[0].numpy(),
    "eager execution": tf.executing_eagerly,
    "eager outside functions": tf.compat.v1.executing_eagerly_outside_functions,
    "the main switch": tf.__internal__.tf2.enabled,
    "shape[0]": lambda: type(tf.TensorShape([3])[0]),
    "==": lambda: bool(tf.constant(1) == tf.constant(1)),
    "tf.Variable": lambda: type(tf.Variable(1.0)),
    "v1 variables": lambda: type(tf.compat.v1.get_variable("v", [], use_resource=None)),
    "resource variables": tf.compat.v1.resource_variables_enabled,
    "control flow": tf.compat.v1.control_flow_v2_enabled,
    "tf.data's own datasets": lambda: type(tf.data.Dataset.range(1).map(abs)).__mro__,
    "tf.data's internal name": lambda: (
        __import__("tensorflow.python.data.ops.dataset_ops", fromlist=["Dataset"]).Dataset
    ),
    "graphs on the stack": lambda: list(switches.ops._default_graph_stack.stack),
    "the global graph": lambda: switches.ops._default_graph_stack._global_default_graph,
    "sessions on the stack": lambda: list(switches.sessions._default_session_stack.stack),
    "nesting of graphs": lambda: switches.ops._default_graph_stack.enforce_nesting,
    "nesting of sessions": lambda: switches.sessions._default_session_stack.enforce_nesting,
    "a Keras 3 model from before": lambda: trained(BEFORE["keras"], START["keras"]),
    "a new Keras 3 model": lambda: trained(made := model(keras), made.get_weights(), predicts=False),
    "a tf_keras model from before": lambda: trained(BEFORE["tf_keras"], START["tf_keras"]),
    "a new tf_keras model": lambda: trained(made := model(tf_keras, Doubled()), made.get_weights(), predicts=False),
    "bases of tf_keras classes": lambda: [cls.__bases__ for cls in CLASSES],
    "floatx": tf_keras.backend.floatx,
    "epsilon": tf_keras.backend.epsilon,
    "image_data_format": tf_keras.backend.image_data_format,
    "autocast": lambda: tf_keras.layers.Dense(1)(np.zeros((1, 1))).dtype,
    "dtype policy": lambda: tf_keras.mixed_precision.global_policy().name,
    "learning phase": tf_keras.backend.learning_phase,
    "the phase that was set": lambda: tf_keras.src.backend.global_learning_phase_is_set(),
    "the graph of functional models": lambda: tf_keras.src.backend.get_graph(),
    "K.get_session": backend_session,
    "where K keeps learning phases": lambda: id(tf_keras.src.backend._GRAPH_LEARNING_PHASES),
    "where K keeps its session": lambda: tf_keras.src.backend._SESSION,
    "manual initialisation": lambda: tf_keras.src.backend._MANUAL_VAR_INIT,
    "ops made into layers": lambda: tf_keras.src.engine.base_layer_utils._UNSAFE_GRAPH_OP_LAYER_CREATION,
    "V2 dtypes": lambda: tf_keras.src.engine.base_layer_utils.V2_DTYPE_BEHAVIOR,
    "custom objects": lambda: dict(tf_keras.utils.get_custom_objects()),
    "logs of deprecated names": lambda: switches.deprecation._PRINT_DEPRECATION_WARNINGS,
    "public names of what sessions patch": public,
    "names that a script is given": lambda: [hasattr(np, name) for name in ("float", "asscalar", "Inf", "product")],
    "NumPy's print": lambda: (np.get_printoptions(), repr(np.float32(1.5))),
    "what sessions patch": lambda: [(patch.where, id(patch.current())) for patch in PATCHES if not patch.script_only],
    "filters of warnings": lambda: list(warnings.filters),
}


def observe(names):
    return {name: OBSERVED[name]() for name in names}


# These take as long as a scenario: they are observed after two scenarios, everything else after each.
TRAINING = [name for name in OBSERVED if name.endswith(("model", "model from before"))]
QUICK = [name for name in OBSERVED if name not in TRAINING]


def train_keras_2():
    K = old_keras.backend
    x = old_keras.layers.Input(shape=(1,))
    y = old_keras.layers.Dense(2, activation="tanh")(x)
    slope = old_keras.layers.Lambda(lambda z: K.gradients(z[0], z[1]))([y, x])
    made = old_keras.models.Model(x, slope)
    made.compile("sgd", "mse")
    made.fit(DATA, TARGET, verbose=0)
    assert made.predict(DATA).shape == (8, 1)
    sequential = old_keras.models.Sequential([old_keras.layers.Dense(1, input_shape=(1,)), Doubled()])
    sequential.compile("adam", "mse")
    sequential.fit(DATA, TARGET, verbose=0)


def one_session():
    with legacy.session() as sess:
        x = tf1.get_variable("v", initializer=1.0)
        sess.run(tf1.global_variables_initializer())
        assert sess.run(tf1.gradients(tf1.log(x + 2.0), x)) == [np.float32(1 / 3)]
        train_keras_2()


def two_sessions():
    one_session()
    one_session()


def nested():
    with legacy.session() as outer:
        x = tf1.constant(3.0)
        one_session()
        assert tf1.get_default_graph() is outer.graph
        assert outer.run(tf1.gradients(x * x, x)) == [6.0]
        train_keras_2()


def exceptions():
    with contextlib.suppress(ZeroDivisionError), legacy.session():
        train_keras_2()
        raise ZeroDivisionError
    with legacy.session(), contextlib.suppress(ZeroDivisionError), legacy.session():
        raise ZeroDivisionError


def everything_turned():
    """What programs turn themselves, and do not turn back."""
    with legacy.session():
        K = old_keras.backend
        K.set_floatx("float64")
        K.set_epsilon(1e-3)
        K.set_image_data_format("channels_first")
        K.set_learning_phase(1)
        K.manual_variable_initialization(True)
        old_keras.utils.get_custom_objects()["Mine"] = Doubled
        tf1.enable_resource_variables()
        tf1.enable_control_flow_v2()
        tf1.enable_v2_tensorshape()
        tf1.enable_tensor_equality()
        np.set_printoptions(precision=2)
        warnings.simplefilter("always")


def cleared():
    with legacy.session():
        train_keras_2()
        old_keras.backend.clear_session()
        train_keras_2()
        tf1.reset_default_graph()
        train_keras_2()
        old_keras.backend.set_session(tf1.Session())
        train_keras_2()


LEFT = []  # what a program's namespace holds long after the block


def left_open():
    with legacy.session():
        graph = tf1.Graph()
        LEFT.append(tf1.InteractiveSession(graph=graph))
        LEFT.append(tf1.Session(graph=graph).__enter__())
        tf1.Session().__enter__()
    LEFT.clear()


SCENARIOS = [two_sessions, nested, exceptions, everything_turned, cleared, left_open]


def test_outside_stays_tensorflow_2():
    """One test: to observe takes as long as what is observed, and once before all scenarios is enough."""
    before = observe(OBSERVED)
    for scenario in SCENARIOS:
        scenario()
        after = observe(OBSERVED if scenario in (everything_turned, SCENARIOS[-1]) else QUICK)
        changed = {name for name in after if before[name] != after[name]}
        assert changed == set(), scenario.__name__


def test_the_default_strategy_is_tensorflow_2s_also_if_it_is_asked_for_first_inside(monkeypatch):
    for made in distribute_lib._defaults:
        monkeypatch.setitem(distribute_lib._defaults, made, None)
    with legacy.session():
        tf.distribute.get_strategy()
    assert hasattr(tf.distribute.get_strategy(), "experimental_distribute_values_from_function")


@pytest.mark.quick
def test_inside_is_tensorflow_1():
    with legacy.session() as sess:
        assert not tf.executing_eagerly()
        assert not tf.compat.v1.executing_eagerly_outside_functions()
        assert tf1.TensorShape([3])[0].value == 3
        assert (tf1.constant(1) == tf1.constant(1)) is False
        assert type(tf1.Variable(1.0)).__name__ == "RefVariable"
        assert tf1.cond(tf1.constant(True), lambda: 1.0, lambda: 2.0).op.type == "Merge"
        assert old_keras.backend.get_session() is tf1.get_default_session() is sess
        assert tf1.get_default_graph() is sess.graph
        assert tf1.constant([3.0]).eval().tolist() == [3.0]
        assert repr(np.float32(1.5)) == "1.5"


def test_settings_outside_do_not_reach_inside_and_stay():
    backend = tf_keras.src.backend
    tf_keras.mixed_precision.set_global_policy("mixed_bfloat16")
    backend.deprecated_internal_set_learning_phase(1)
    try:
        with legacy.session() as sess:
            x = old_keras.layers.Input(tensor=tf1.constant([2.0], dtype=tf1.float64))
            y = old_keras.layers.Dropout(0.5)(old_keras.layers.Lambda(lambda t: t * 3.0)(x))
            assert y.dtype == tf1.float64
            assert sess.run(y).tolist() == [6.0]
            assert tf_keras.mixed_precision.global_policy().name == "_infer"
            old_keras.backend.clear_session()
        assert tf_keras.mixed_precision.global_policy().name == "mixed_bfloat16"
        assert backend.global_learning_phase_is_set()
        assert backend.learning_phase() == 1
    finally:
        tf_keras.mixed_precision.set_global_policy(None)
        backend.deprecated_internal_set_learning_phase(0)
        backend._DUMMY_EAGER_GRAPH.learning_phase_is_set = False


def test_layer_names_go_on_after_clear_session():
    number = int(tf_keras.layers.Dense(1).name.split("_")[-1])
    seen = tf_keras.src.backend.OBSERVED_NAMES
    seen.add("mine")
    with legacy.session():
        old_keras.backend.clear_session()
        assert seen == set()
        assert old_keras.layers.Dense(1).name == "dense_1"
    assert tf_keras.layers.Dense(1).name == f"dense_{number + 1}"
    assert "mine" in seen
    seen.discard("mine")


def test_functional_models_from_before_clear_session_go_on():
    x = tf_keras.Input((1,))
    with legacy.session():
        old_keras.backend.clear_session()
    made = tf_keras.Model(x, tf_keras.layers.Dense(1, kernel_initializer="ones")(x))
    assert made(DATA).numpy().tolist() == DATA.tolist()


def test_a_graph_is_used_again():
    with legacy.session():
        old_keras.backend.clear_session()
        graph = tf1.get_default_graph()
        x = old_keras.layers.Input(shape=(1,), name="x")
        dropped = old_keras.layers.Dropout(0.5)(x)
        made = old_keras.models.Model(x, old_keras.layers.Dense(1, kernel_initializer="ones")(dropped))
        phase = old_keras.backend.learning_phase()
        names = [layer.name for layer in made.layers]
    assert BEFORE["tf_keras"].predict(DATA, verbose=0).shape == (8, 1)
    with legacy.session(graph=graph) as second:
        assert second.graph is graph
        assert old_keras.backend.learning_phase() is phase
        assert old_keras.layers.Dropout(0.5).name not in names
        second.run(tf1.global_variables_initializer())
        assert made.predict(DATA).tolist() == DATA.tolist()
        made.compile("sgd", "mse")
        made.fit(DATA, TARGET, verbose=0)


@pytest.mark.quick
def test_the_session_is_closed():
    with legacy.session() as sess:
        x = tf1.constant(1.0)
    with pytest.raises(RuntimeError, match="closed Session"):
        sess.run(x)


def test_its_options_arrive():
    config = tf.compat.v1.ConfigProto(intra_op_parallelism_threads=1)
    with legacy.session(config=config) as sess:
        assert sess._config.intra_op_parallelism_threads == 1


def in_thread(call):
    """What `call` returns or raises in a thread named "second"."""
    result = []

    def work():
        try:
            result.append(call())
        except Exception as error:
            result.append(error)

    thread = threading.Thread(target=work, name="second")
    thread.start()
    thread.join()
    return result[0]


def test_a_second_thread_is_refused():
    def second():
        with legacy.session() as sess:
            return sess.run(tf1.constant(2.0) * 3.0).item()

    with legacy.session() as sess:
        error = in_thread(second)
        assert isinstance(error, LegacyError)
        assert str(error) == (
            "Thread 'second' opens a legacy session while thread 'MainThread' has one open. TensorFlow 1's switches "
            "belong to the whole process. Close that session first, or run the program with legacy.run, which gives it "
            "a process of its own."
        )
        error = in_thread(lambda: tf1.placeholder(tf1.float32))
        assert isinstance(error, LegacyError)
        assert str(error) == (
            "tf.placeholder was called in thread 'second', but the legacy session that is open belongs to thread "
            "'MainThread'. Call it there, or inside `with sess.graph.as_default():`."
        )
        assert not tf.executing_eagerly()
        assert sess.run(tf1.constant(2.0)).item() == 2.0
    assert in_thread(second) == 6.0
    one_session()


def test_inside_a_function_it_is_refused():
    @tf.function(autograph=False)
    def traced():
        with legacy.session():
            pass

    with pytest.raises(LegacyError) as caught:
        traced()
    assert str(caught.value) == (
        "A legacy session was opened inside a tf.function, whose graph it cannot share. Open it outside, and pass what "
        "it computed to the function."
    )
    one_session()
