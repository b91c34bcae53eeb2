"""`legacy.run`: a program unchanged, in a process of its own. cli/test_process.py has `nthgrad run`."""

import os
import textwrap

import pytest

from nthgrad import legacy
from nthgrad.errors import LegacyError
from nthgrad.legacy._runtime import process

# One process for all that needs no process of its own: each line of the program's output is a line of the table.
TOLD = {
    "__name__": "'__main__'",
    "__file__ == sys.argv[0]": "True",
    "sys.argv[1:]": "['--epochs', '3', 'a b']",
    "sys.path[0] == os.path.dirname(os.path.abspath(__file__))": "True",
    "beside.K is K": "True",
    "sys.modules['__main__'].__dict__ is globals()": "True",
    "(tf.__version__, keras.__version__)": "('1.15.5', '2.2.4')",
    "tf.executing_eagerly()": "False",
    "tf.constant(1.0).graph is tf.get_default_graph()": "True",
    "tf.zeros([3, 2]).shape[0].value": "3",
    "type(tf.Variable(1.0)).__name__": "'RefVariable'",
    "K.get_session().run(tf.log(3.0))": "1.0986123",
    "[np.float32(1 / 3), np.arange(2.0)]": "[0.33333334, array([0., 1.])]",
    "sys.modules['keras'] is keras": "True",
    "importlib.import_module('keras.layers').Dense is Dense": "True",
    "KerasDense is tf.keras.layers.Dense": "True",
    "framework.Tensor": "<class 'tensorflow.python.framework.tensor.Tensor'>",
    "compat.Session.__name__": "'Session'",
    "os.getcwd() == sys.argv[0]": "False",
    "pickle.loads(pickle.dumps(Mine())).__class__ is Mine": "True",
    "inspect.getsource(Mine).strip()": "'class Mine: pass'",
    "isinstance(Dense(1), Layer)": "True",
    "Lambda(lambda z: K.gradients(z ** 2, z))(Input(tensor=tf.constant([3.0]))).shape.as_list()": "[1]",
    "input()": "'typed'",
    "no_keras_ops()": "True",
    "[np.float, np.int(3.7), np.Inf, np.asscalar(np.ones(1)), np.product([2, 3]), np.rank([1])]": (
        "[<class 'float'>, 3, inf, 1.0, 6, 1]"
    ),
    "np.array([[1], [2, 3]]).dtype": "dtype('O')",
    "(np.copy([[1], [2, 3]]).dtype, np.shape([[1], [2, 3]]), np.sum([[1], [2, 3]]), np.where([[1], []]))": (
        "(dtype('O'), (2,), [1, 2, 3], (array([0]),))"
    ),
    "[np.append([[1], [2, 3]], [[4], [5, 6]]).tolist(), np.unique([[2, 3], [1]]).tolist(), np.size([[1], [2, 3]])]": (
        "[[[1], [2, 3], [4], [5, 6]], [[1], [2, 3]], 2]"
    ),
    "np.array(np.ones(2), np.float32, copy=False)": "array([1., 1.], dtype=float32)",
    "(isinstance([], collections.Iterable), time.clock() > 0)": "(True, True)",
    "inspect.getargspec(no_keras_ops)": "ArgSpec(args=[], varargs=None, keywords=None, defaults=None)",
    "('%.1f %s %d' % (one, one, one), '%(x)g' % {'x': one})": "('2.5 [2.5] 2', '2.5')",
    "(float(one), int(one), math.sqrt(one + 1.5))": "(2.5, 2, 2.0)",
    "stored(one)": "array([2.5, 5. , 0. ])",
    "beside.shown(one)": "'2.50'",
    "pattern % tf.Session().run(tf.constant([2.5]))": "'2.500'",
    "tf.Session().run({'a': [tf.constant([2.5])]})": "{'a': [array([2.5], dtype=float32)]}",
    "type(pickle.loads(pickle.dumps(tf.Session().run(tf.constant([2.5])))))": "<class 'numpy.ndarray'>",
    "xavier_initializer is tf.contrib.layers.xavier_initializer": "True",
    "refused('tensorflow.contrib.slim')": "'tf.contrib.slim'",
    "(FLAGS.log_dir, FLAGS.v, FLAGS.stderrthreshold, FLAGS.epochs)": "('logs', 7, 2.5, 3)",
    "refused_twice('log_dir')": "'DuplicateFlagError'",
    "spawned.get_command_line(pipe_handle=3)[-2].startswith('import runpy; script')": "True",
}
PROGRAM = """
import collections, importlib, inspect, math, multiprocessing.spawn as spawned, os, pickle, sys, time
import numpy as np
import keras
import keras.layers
import tensorflow as tf
import tensorflow.compat.v1 as compat
from keras import backend as K
from keras.engine.topology import Layer
from keras.layers import Dense, Input, Lambda
from tensorflow.contrib.layers import xavier_initializer
from tensorflow.keras.layers import Dense as KerasDense
from tensorflow.python.framework import tensor as framework

import beside

class Mine: pass

one, pattern = np.array([2.5]), "%.3f"

def stored(value):
    places = np.zeros(3)
    places[0] = value
    places[1] += 2 * value
    return places

def refused(name):
    try:
        importlib.import_module(name)
    except ImportError as error:
        return str(error).split()[0]

FLAGS = tf.app.flags.FLAGS
tf.flags.DEFINE_string("log_dir", "logs", "of absl, too")
tf.app.flags.DEFINE_integer("v", 7, "of absl, as a short name")
tf.app.flags.DEFINE_float("stderrthreshold", 2.5, "of absl, as a text")
tf.app.flags.DEFINE_integer("epochs", 1, "of the program")

def refused_twice(name):
    try:
        tf.flags.DEFINE_string(name, "", "of the program, twice")
    except Exception as error:
        return type(error).__name__

def no_keras_ops():
    try:
        import keras.ops
    except ImportError:
        return True

"""

# The last lines of the program: its exception is shown as one that ends it.
FAILING = """
def product(x):
    return tf.matmul(x, x)

try:
    try:
        product(tf.zeros([2, 3]))
    except ValueError:
        raise KeyError("not é")
except KeyError:
    sys.excepthook(*sys.exc_info())
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)  # as on a user's machine
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "beside.py").write_text("from keras import backend as K\ndef shown(x): return '%.2f' % x\n")
    return tmp_path


def write(folder, text, name="program.py"):
    path = folder / "sub" / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_a_program_finds_what_it_found(folder, capfd, monkeypatch):
    path = write(
        folder, PROGRAM + "\n".join(f"print(repr({told}))" for told in TOLD) + FAILING + "\nsys.exit('said')\n"
    )
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONWARNINGS", "ignore:inspect.getargspec:DeprecationWarning")  # of Python 3.10
    (folder / "tensorflow.py").write_text("raise ImportError('the current folder is not on the path')")
    reading, writing = os.pipe()
    os.write(writing, b"typed\n")
    os.close(writing)
    keyboard = os.dup(0)
    os.dup2(reading, 0)
    try:
        status = legacy.run(path, argv=["--epochs", "3", "a b"])
    finally:
        os.dup2(keyboard, 0)
        os.close(keyboard)
        os.close(reading)
    out, err = capfd.readouterr()
    assert dict(zip(TOLD, out.splitlines(), strict=False)) == TOLD, err
    *lines, last = err.splitlines()
    assert (status, last) == (1, "said")
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "KeyError: 'not é'"
    files = [line.split('"')[1] for line in lines if line.startswith("  File ")]
    assert set(files) == {str(path)}
    assert "    return tf.matmul(x, x)" in lines
    assert any(line.startswith("ValueError: Dimensions must be equal, but are 3 and 2") for line in lines)
    assert "During handling of the above exception, another exception occurred:" in lines


@pytest.mark.quick
def test_a_syntax_error(folder, capfd, monkeypatch):
    """It is found before TensorFlow is imported, which is not there."""
    path = write(folder, "x = 1\nprint 'one'\n")
    (folder / "tensorflow.py").write_text("raise ImportError('it is imported')")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    assert legacy.run(path) == 1
    _, err = capfd.readouterr()
    assert err.splitlines()[0] == f'  File "{path}", line 2'
    assert "SyntaxError" in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("program", "status"),
    [("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137), ("raise SystemExit(7)", 7)],
)
def test_the_status(program, status, folder, capfd, monkeypatch):
    """Of a process in the place of that which imports TensorFlow. Of a program that ends by a text: above."""
    start = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"
    monkeypatch.setattr(process, "_START", start)
    assert (legacy.run(str(write(folder, program))), capfd.readouterr().err) == (status, "")


MISSING = "There is no program at 'nothing.py'. Give the path of a Python file."


def test_a_missing_file(tmp_path):
    with pytest.raises(LegacyError) as caught:
        legacy.run("nothing.py")
    assert str(caught.value) == MISSING
    with pytest.raises(LegacyError, match="There is no program at"):
        legacy.run(tmp_path)
