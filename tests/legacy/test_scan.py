"""`legacy.scan`: what MIGRATION.md treats is found, and nothing in programs of today."""

from __future__ import annotations

import ast
import functools
import inspect
import re
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from support.lines_run import lines_run

from nthgrad import legacy
from nthgrad.legacy import _scan
from nthgrad.legacy._scan.bindings import MOST, Binder, History
from nthgrad.legacy._scan.cycles import components
from nthgrad.legacy._scan.idioms import BY_COMPAT, IDIOMS, PYTHON_2

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "MIGRATION.md").read_text(encoding="utf-8")
CHAPTERS = dict(part.split("\n", 1) for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:])
TREATED = {t: c for t, c in CHAPTERS.items() if t not in ("Names", "Without porting", "How to read the sections")}
SECTIONS = {idiom.section for idiom in [*IDIOMS, PYTHON_2]}

# What the cells of the tables take for granted.  Old modules in it are old idioms themselves.
PRELUDE = """
import collections, fractions, inspect, itertools, math, time
import cPickle, StringIO, urllib2
import memory_saving_gradients
import numpy as np
import scipy.misc
import tensorflow
import tensorflow as tf
import keras
from keras import backend as K, ops
from keras.layers import *
from keras.models import *
from keras.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from keras.preprocessing.image import ImageDataGenerator
model = Sequential()
"""


def blocks(text: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def cells() -> list[tuple[str, str, str]]:
    """Title, column, and code, of everything between backticks in the first two columns of the tables."""
    found = []
    for title, text in TREATED.items():
        if "\n### old\n" in text:
            continue
        for line in re.findall(r"^\| `.*\|$", text, re.MULTILINE):
            old, new = line.strip("| ").split(" | ")[:2]
            found += [(title, "old", one) for one in re.findall(r"`([^`]+)`", old)]
            found += [(title, "new", one) for one in re.findall(r"`([^`]+)`", new) if not one.endswith("*")]
    return found


CELLS = cells()


@pytest.fixture
def scanned(tmp_path):
    """Scans a program that is given as text."""

    def scan(text: str | bytes) -> list[_scan.Finding]:
        path = tmp_path / "program.py"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return legacy.scan([path])

    return scan


def short(findings):
    return [(one.line, one.column, one.idiom) for one in findings]


# MIGRATION.md and the table of idioms -----------------------------------------------------------------------------------


def test_every_section_has_a_finding_and_every_finding_a_section():
    assert set(TREATED) == SECTIONS
    assert len(CELLS) > 500


@pytest.mark.quick
@pytest.mark.parametrize("title", [title for title, text in TREATED.items() if "\n### old\n" in text])
def test_programs_on_the_page(title, scanned):
    old, new = blocks(TREATED[title])
    assert title in {one.section for one in scanned(old)}
    assert scanned(new) == []


@pytest.mark.parametrize("title", sorted({title for title, _, _ in CELLS}))
def test_cells_on_the_page(title, scanned):
    """One file for all cells of a table: each old one leads to the table, no new one to anything."""
    own = [(column, cell) for section, column, cell in CELLS if section == title]
    first = PRELUDE.count("\n") + 1
    found = scanned(PRELUDE + "".join(cell + "\n" for _, cell in own))
    for line, (column, cell) in enumerate(own, first):
        sections = {one.section for one in found if one.line == line and (column == "old" or one.severity == "breaks")}
        assert (title in sections) if column == "old" else (sections == set()), (cell, sections)


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: f"{idiom.section}: {idiom.what}")
def test_what_is_found_stands_in_the_section(idiom):
    for form in idiom.all_forms:
        name = re.findall(r"[A-Za-z_]\w+", form.removesuffix(".*"))[-1]
        assert re.search(rf"\b{name}\b", TREATED[idiom.section]), form


# Names that TensorFlow 2 has, and that are old idioms nevertheless.
STILL_THERE = {"tf.gradients", "tf.hessians"}
ROOTS = {"tf": tf, "keras": keras, "np": np}
NUMPY_1 = np.__version__.startswith("1.")  # it has the names that NumPy 2 dropped


def today(name: str) -> object:
    """What the name is today; None if there is no such name."""
    root, *rest = name.split(".")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that there was such a name
            return functools.reduce(getattr, rest, ROOTS[root])
    except AttributeError:
        return None


def test_no_name_of_today_is_an_old_idiom():
    names = [
        form
        for idiom in IDIOMS
        if not idiom.inside and not idiom.requires
        for form in idiom.all_forms
        if re.fullmatch(r"(tf|keras|np)\.[\w.]+(\.\*)?", form)
    ]
    assert len(names) > 400
    # `tf.python` is there and private; keras.backend of tf.keras keeps old functions, under the name of legacy ones.
    kept = {name for name in names if today(name.removesuffix(".*")) is not None}
    if NUMPY_1:
        kept = {name for name in kept if not name.startswith("np.")}
    assert {name for name in kept if not name.startswith("tf.python.")} == STILL_THERE


def test_no_argument_of_today_is_an_old_idiom():
    forms = [re.fullmatch(r"((?:tf|keras)\.[\w.]+)\((\w+)=\)", form) for i in IDIOMS for form in i.all_forms]
    pairs = [(found[1], found[2]) for found in forms if found]
    assert len(pairs) > 150
    taken = set()
    for name, argument in pairs:
        thing = today(name)
        if thing is not None and argument in inspect.signature(thing).parameters:  # type: ignore[arg-type]
            taken.add(f"{name}({argument}=)")
    tape = {"grad_ys", "stop_gradients", "gate_gradients", "aggregation_method", "unconnected_gradients"}
    assert taken == {f"tf.gradients({name}=)" for name in tape} | {"keras.layers.Input(tensor=)"}


# Programs of today ------------------------------------------------------------------------------------------------------

# The library itself walks graphs, and says so: by file, the idioms that it means.
MEANT = {
    "_call/rows.py": {"tf.get_default_graph"},
    "acceleration.py": {"tf.gradients"},
    "cli/ways.py": {".predict(x=None)"},
    "engines/_private.py": {".gradient_override_map", "tf.get_default_graph"},
    "engines/graph/trace.py": {"tf.get_variable_scope"},
    "engines/nested/__init__.py": {"tf.get_default_graph"},
    "engines/own.py": {"tf.gradients"},
    "engines/taylor/series.py": {"tf.get_default_graph"},
    "keras/__init__.py": {"tf.get_default_graph"},
    "keras/traced.py": {"tf.get_default_graph"},
    "products.py": {"tf.get_default_graph"},
    "tensors.py": {"tf.get_default_graph"},
}


def test_the_library_and_its_examples():
    source = ROOT / "src" / "nthgrad"
    found: dict[str, set[str]] = {}
    for one in legacy.scan([source]):
        found.setdefault(Path(one.file).relative_to(source).as_posix(), set()).add(one.idiom)
    assert found == MEANT


MODERN = """
import collections.abc
import numpy as np
import tensorflow as tf
import keras
import tf_keras
from keras import backend, layers, ops
from tensorflow.keras.layers import BatchNormalization, Dense, Input
from tensorflow.keras.optimizers import Adam

gradients = tf.function(lambda x: x)
print(gradients(1.0), np.bool_, np.float32(1), np.bool(1), collections.abc.Iterable)
x = Input((3,))
h = BatchNormalization()(layers.Subtract()([x, x]))
model = keras.Model(inputs=x, outputs=Dense(3, kernel_initializer="ones")(h))
model.compile(Adam(learning_rate=1e-3), "mse")
model.fit(x, x, epochs=3, sample_weight=x)
model.evaluate(x, x, sample_weight=x)
w = tf.Variable(1.0)
w.assign_add(1.0)
class Session:
    def run(self, log): return log.value
session = Session()
session.run(log=x.shape[0])
tf.while_loop(lambda i: i < 3, lambda i: [i + 1], [0])
tf.map_fn(lambda t: t, x)
backend.floatx(), keras.backend.epsilon(), keras.backend.clear_session()
K = ops
K.square(x), K.log(x), tf_keras.backend.square(x)
log = tf.math.log
log(x), tf.summary.scalar("a", 1.0, step=1), tf.train.Checkpoint(), tf.io.gfile.exists("a")
def xrange(n): return range(n)
xrange(3)
for value in {}.items(): value.shape[0]
enum.value, config["shape"].value, x.get_shape().as_list()
print(w, end="") >> 3
"""


@pytest.mark.quick
def test_a_program_of_today(scanned):
    assert scanned(MODERN) == []


# Old programs -----------------------------------------------------------------------------------------------------------

WRITTEN = {
    "import tensorflow as tf\nw = tf.Variable(1.0)\nw += 1.0\nw = 3\nw += 1.0": [(3, 1, "tf.Variable()+=")],
    "import tensorflow as tf\nfor i in a:\n    w = tf.Variable(1.0)\n    w += 1.0\n    w = 3": [
        (4, 5, "tf.Variable()+=")
    ],
    "import tensorflow as T\nT.log(x)": [(2, 1, "tf.log")],
    "import tensorflow.compat.v1 as tf\ntf.log(x)": [(2, 1, "tf.log")],
    "import tensorflow as tf\ntf.compat.v1.Session()": [(2, 1, "tf.Session")],
    "import tensorflow as tf\nl = tf.log\nl(x)": [(2, 5, "tf.log"), (3, 1, "tf.log")],
    "from tensorflow import log as l\nl(x)": [(1, 24, "tf.log"), (2, 1, "tf.log")],
    "from tensorflow import (\n    log,\n)": [(2, 5, "tf.log")],
    "import tensorflow as tf\nt = tf\nt.log(x)": [(3, 1, "tf.log")],
    "import tensorflow as t\nif a: t = u\nu = t\nu.log(x)": [(4, 1, "tf.log")],
    "import tensorflow\ntensorflow.contrib.layers.flatten(x)": [(2, 1, "tf.contrib.layers.flatten")],
    "from tensorflow.contrib import slim\nslim.conv2d(x)": [
        (1, 32, "tf.contrib.slim"),
        (2, 1, "tf.contrib.slim.conv2d"),
    ],
    "from keras import backend as K\nK.function([x], [y])": [(2, 1, "keras.backend.function")],
    "import keras.backend as K\nK.get_session()": [(2, 1, "keras.backend.get_session")],
    "from tensorflow.keras import backend as K\nK.square(x)": [(2, 1, "keras.backend.square")],
    "from keras.layers import Dense as D\nD(init='one')": [(2, 3, "keras.layers.Dense(init=)")],
    "from keras.layers.core import Dense\nDense(output_dim=2)": [
        (1, 31, "keras.layers.core.Dense"),
        (2, 7, "keras.layers.Dense(output_dim=)"),
    ],
    "from keras.layers import *\nDense(3, bias=False)": [(2, 10, "keras.layers.Dense(bias=)")],
    "from keras.engine import topology": [(1, 26, "keras.engine.topology")],
    "import keras.engine.topology as t\nt.InputSpec()": [
        (1, 8, "keras.engine.topology"),
        (2, 1, "keras.engine.topology.InputSpec"),
    ],
    "try:\n    import tensorflow.compat.v1 as tf\nexcept ImportError:\n    import tensorflow as tf\ntf.log(x)": [
        (5, 1, "tf.log")
    ],
    "from keras.optimizers import Adam\nAdam(lr=1e-3,\n     decay=0.1)": [
        (2, 6, "keras.optimizers.Adam(lr=)"),
        (3, 6, "keras.optimizers.Adam(decay=)"),
    ],
    "model.fit(x, nb_epoch=3)": [(1, 14, ".fit(nb_epoch=)")],
    "self.sess.run(y, feed_dict=d)": [(1, 18, ".run(feed_dict=)")],
    "n = x.get_shape()[1].value": [(1, 5, ".get_shape()[].value")],
    "n = int(x.shape[-1].value)": [(1, 9, ".shape[].value")],
    "import tensorflow as tf\nclass A:\n    def f(self):\n        self.w = tf.Variable(1.0)\n    def g(self):\n        self.w += 1.0": [
        (6, 9, "tf.Variable()+=")
    ],
    "import tensorflow as tf\nwith tf.Session() as s:\n    s.run(y)": [
        (2, 6, "tf.Session"),
        (3, 5, "tf.Session().run"),
    ],
    "from keras import backend as K\nfrom keras.layers import Lambda\nLambda(lambda z: K.gradients(z, z))": [
        (3, 18, "keras.backend.gradients")
    ],
    "# é\nz = 'é'; import time; time.clock()": [(2, 23, "time.clock")],
    "import numpy as np\nnp.array(x, dtype=np.float)": [(2, 19, "np.float")],
    "for i in xrange(3): pass": [(1, 10, "xrange")],
    "print >>log, x": [(1, 1, "print>>")],
    "import tensorflow as tf\nx = tf.log(x) if x else [tf.log(t) for t in x]": [(2, 5, "tf.log"), (2, 26, "tf.log")],
}


@pytest.mark.parametrize("program", WRITTEN)
def test_places_and_names(program, scanned):
    assert short(scanned(program)) == WRITTEN[program]


IN_A_LAMBDA = """
from keras import backend as K
from keras.layers import Lambda

def slope(z):
    return K.gradients(z[0], z[1])

Lambda(slope)([y, x])
Lambda(lambda z: K.gradients(z[0], z[1]))([y, x])
K.gradients(y, x)
"""


def test_where_it_stands_decides(scanned):
    assert [(one.line, one.section) for one in scanned(IN_A_LAMBDA)] == [
        (6, "`K.gradients` in a `Lambda`"),
        (9, "`K.gradients` in a `Lambda`"),
        (10, "Gradient of a model by its input"),
    ]
    loop = "import tensorflow as tf\ntf.while_loop(c, b, [x])\n"
    assert short(scanned(loop)) == []
    assert (2, 1, "tf.while_loop") in short(scanned(loop + "tf.gradients(y, x)"))


# Values are followed from the constructors that make them.
KERAS = "from keras.models import Sequential, Model\nfrom keras.layers import Dense\n"
FOLLOWED = {
    "import tensorflow as tf\nloss = tf.losses.mean_squared_error(a, b)": "tf.losses.mean_squared_error",
    "model.save_weights('w.h5')": ".save_weights('.h5')",
    "model.save_weights(folder + '/w_%d.h5' % i)": ".save_weights('.h5')",
    "model.save_weights(os.path.join(folder, f'{name}.hdf5'))": ".save_weights('.hdf5')",
    "model.save_weights('{}'.format(name))": ".save_weights('')",
    "import keras\nkeras.callbacks.ModelCheckpoint('best.h5', save_weights_only=True)": "keras.callbacks.ModelCheckpoint('.h5')",
    KERAS + "layer = Dense(2)\nlayer.output_shape": "Layer.output_shape",
    KERAS + "layer = Dense(2)\ny = layer(x)\nlayer.input_shape": "Layer.input_shape",
    KERAS + "m = Sequential()\nm.updates": "Model.updates",
    KERAS + "m = Sequential()\nfor one in m.layers:\n    one.output_shape": "Layer.output_shape",
    KERAS
    + "def net():\n    m = Model(x, y)\n    return m\nm = net()\nm.get_layer('a').output_shape": "Layer.output_shape",
    KERAS + "class Net(Model): pass\nm = Net()\nm.layers[0].output_shape": "Layer.output_shape",
    KERAS
    + "class A:\n    def net(self):\n        return Model(x, y)\n    def f(self):\n        self.m = self.net()\n        self.m.layers[0].input_shape": "Layer.input_shape",
    "def f(model):\n    return [one.output_shape for one in model.layers]": ".layers[].output_shape",
    "layer.get_output_at(0)": ".get_output_at",
    "import tensorflow as tf\ny = tf.matmul(a, b) + 1.0\n(2.0 * y).eval()": "Tensor.eval",
    "import tensorflow as tf\nw = tf.Variable(1.0)\nw.eval(session=s)": ".eval(session=)",
    "import tensorflow as tf\nw = tf.Variable(1.0)\nw.initializer.run()": "Operation.run",
    "import tensorflow as tf\nstep = tf.train.AdamOptimizer(0.1).minimize(loss)\nstep.run()": "Operation.run",
    "import tensorflow as tf\ninit = tf.global_variables_initializer()\ninit.run()": "Operation.run",
    "optimizer.compute_gradients(loss)": ".compute_gradients",
    "optimizer.apply_gradients(pairs, global_step=step)": ".apply_gradients(global_step=)",
    "import tensorflow as tf\no = tf.train.AdamOptimizer(0.1)\no.apply_gradients(p)": "Optimizer.apply_gradients",
    KERAS + "history = Sequential().fit(x, y)\nhistory.history['acc']": ".history['acc']",
    "plot(fitted.history['val_acc'])": ".history['val_acc']",
    "import tensorflow as tf\ntf.summary.scalar('loss', loss)": "tf.summary.scalar(-step)",
    "import tensorflow as tf\ntf.summary.histogram('w', w)": "tf.summary.histogram(-step)",
}


@pytest.mark.parametrize("program", FOLLOWED)
def test_values_are_followed(program, scanned):
    assert FOLLOWED[program] in {one.idiom for one in scanned(program)}


# The same words of values of other kinds.
OTHER_KINDS = [
    "torch_model.eval()",
    "frame.eval('a + b')",
    "import tensorflow as tf\nx = tf.constant(1.0)\nx = other(x)\nx.eval()",
    KERAS + "Model(x, y).output_shape, Sequential().input_shape",
    "layer.output_shape",
    "subprocess.run()",
    "from keras.optimizers import Adam\nAdam().apply_gradients(pairs)",
    "model.save_weights('w.weights.h5'), model.save_weights(path)",
    "import keras\nkeras.callbacks.ModelCheckpoint('m.keras'), keras.callbacks.ModelCheckpoint('w.weights.h5')",
    "history.history['loss'], config['acc']",
    KERAS + "from keras.layers import Conv2D\nConv2D(8, 3, 3); Sequential().trainable = False",
    "import tensorflow as tf\ntf.nn.dropout(x, 0.5)",
    KERAS + "Model(x, y).predict(x), Model(x, y).fit(x, y, sample_weight=w)",
    "import tensorflow as tf\ntf.summary.scalar('a', 1.0, 3), tf.summary.scalar('a', 1.0, step=3), tf.summary.scalar(*a, **k)",
    "import tensorflow as tf\ntf.summary.experimental.set_step(1)\ntf.summary.scalar('a', 1.0)",
    KERAS + "def net():\n    if a: return Dense(1)\n    return None\nnet().output_shape",
    KERAS + "@wrapped\ndef net():\n    return Dense(1)\nnet().output_shape",
    KERAS + "def net():\n    yield 1\n    return Dense(1)\nnet().output_shape",
]


@pytest.mark.parametrize("program", OTHER_KINDS)
def test_values_of_other_kinds(program, scanned):
    assert scanned(program) == []


SEVERITIES = {
    "import tensorflow as tf\ntf.log(x)": "breaks",
    "import tensorflow.compat.v1 as tf\ntf.log(x)": "style",
    "import tensorflow as tf\ntf.compat.v1.placeholder(tf.float32)": "style",
    "import tensorflow.compat.v1 as tf\ntf.layers.dense(x, 3)": "breaks",
    "from keras.callbacks import EarlyStopping\nEarlyStopping(monitor='val_acc')": "silent",
    "from keras import layers\nmodel.fit_generator(x)\nlayers.BatchNormalization()": "silent",
    "import time\ntime.clock()\nmodel.fit(x, y, sample_weight=w)": "silent",
    KERAS + "m = Sequential()\nm.fit_generator(x)\nm.predict(x)": "style",
    KERAS + "m = Sequential()\nm.fit_generator(x)\nm.trainable = False": "silent",
    "from keras.layers import Conv2D\nmodel.fit_generator(x)\nConv2D(8, 3, 3)": "silent",
    "import tensorflow as tf\ntf.log(x)\ntf.nn.dropout(x, 0.5)": "silent",
}


@pytest.mark.parametrize("program", SEVERITIES)
def test_severities(program, scanned):
    assert scanned(program)[-1].severity == SEVERITIES[program]


def test_names_that_compat_v1_has():
    forms = [
        form for i in IDIOMS if i.section in BY_COMPAT for form in i.all_forms if re.fullmatch(r"tf\.[\w.]+", form)
    ]
    lacking = set()
    for form in forms:
        try:
            functools.reduce(getattr, form.split(".")[1:], tf.compat.v1)
        except AttributeError:
            lacking.add(form)
    assert len(forms) > 200
    assert {form for form in lacking if not form.startswith("tf.python.")} == set()


# A name bound to several things is none of them for sure.
UNTOLD = [
    "import tensorflow as tf\nw = 3\nmatch a:\n    case xrange:\n        w = tf.Variable(1.0)\nw += xrange",
    "import tensorflow as tf\nw = 3\nif a:\n    w = tf.Variable(1.0)\nw += 1.0",
    "import tensorflow as tf\nw = tf.Variable(1.0)\nfor i in a:\n    w += 1.0\n    w = 3",
    "import tensorflow as tf\ntry:\n    w = tf.Variable(1.0)\nexcept E:\n    w = 3\nw += 1.0",
    "import tensorflow as tf\nw = tf.Variable(1.0)\nw = other(w)\nw += 1.0",
    "import tensorflow as tf\ndef f(w):\n    w += 1.0\nw = tf.Variable(1.0)",
    "import tensorflow as tf\nx = x\nx.log(1)",
    "def f(unicode): return unicode(1)",
    "from . import tensorflow as tf\ntf.log(x)",
    "log = 1\nlog",
    "import mytensorflow as tf\ntf.log(x)",
    "x = 'tf.log(x)'  # tf.log",
]


@pytest.mark.parametrize("program", UNTOLD)
def test_no_guesses(program, scanned):
    assert scanned(program) == []


# Programs with many bindings --------------------------------------------------------------------------------------------

REPEATED = {
    "in a row": ("import tensorflow as tf\n", "x = tf.Session()\nx.run(y)\n"),
    "of itself": ("import tensorflow as tf\n", "x = x.run(y)\ny = x.run(x)\n"),
    "of each other": (
        "import tensorflow as tf\n",
        "if a: x = y.run()\nif a: y = z.run()\nif a: z = x.run()\nx.log(y)\n",
    ),
    "in a branch": ("import tensorflow as tf\n", "if a: x = tf.Session()\nx.run(y)\n"),
    "in a loop": ("import tensorflow as tf\nfor i in a:\n", "    x = tf.Session()\n    x.run(y)\n"),
    "of an attribute": ("class A:\n  def f(self):\n", "    self.x = tf.Session()\n    self.x.run(y)\n"),
    "of a global": ("", "x = tf.Session()\ndef f(): x.run(y)\n"),
    "of a function": ("import tensorflow as tf\n", "def f(x): return tf.log(x)\ntf.map_fn(f, x)\n"),
    "of imports": ("", "import tensorflow as x\nx.log(1)\n"),
    "of stars": ("", "from tensorflow import *\nlog(1)\n"),
    "on one line": ("import tensorflow as tf; y = 'é'", "; x = tf.Session(); x.run(y)"),
}


@pytest.mark.parametrize("kind", REPEATED)
def test_the_time_is_linear(kind, tmp_path):
    """Twice the repeats take twice the steps; a square would take four times."""
    first, repeated = REPEATED[kind]
    path = tmp_path / "program.py"
    counts = []
    for repeats in (50, 50, 100):  # the first fills the caches of the table
        path.write_text(first + repeated * repeats)
        counts.append(lines_run(lambda: legacy.scan([path])))
    assert counts[2] < 2.2 * counts[1]


def in_force(bindings, place, block, loops):
    """What `History.in_force` returns, binding by binding."""
    known = sorted(bindings, key=lambda one: one.place)
    found, last = [], None
    for one in reversed([one for one in known if one.place <= place]):
        found.append(one)
        if one.block == block[: len(one.block)]:
            last = one
            break
    over = set(loops) - set(last.loops if last else ())
    return found + [one for one in known if one.place > place and over & set(one.loops)]


def random_block(random: np.random.Generator, depth: int, indent: str = "") -> str:
    """A program of assignments to x, uses of it, branches and loops."""
    heads = ["if a:", "for i in a:", "while a:", "try:", "with a as x:", "for x in a:"]
    text = ""
    for _ in range(random.integers(1, 5)):
        choice = random.integers(0, 3 if depth else 2)
        if choice < 2:
            text += indent + ["x = f()\n", "x\n"][choice]
            continue
        head = heads[random.integers(len(heads))]
        text += f"{indent}{head}\n" + random_block(random, depth - 1, indent + " ")
        if head == "try:":
            text += f"{indent}except E as x:\n" + random_block(random, depth - 1, indent + " ")
        if not head.startswith(("try", "with")) and random.integers(2):
            text += f"{indent}else:\n" + random_block(random, depth - 1, indent + " ")
    return text


def test_bindings_in_force():
    random = np.random.default_rng(0)
    compared = 0
    for _ in range(200):
        tree = ast.parse("x = f()\n" * random.integers(2) + random_block(random, 4))
        binder = Binder(tree)
        bindings = binder.scope.values.get("x", [])
        history = History(bindings)
        for node, (block, loops) in binder.blocks.items():
            if isinstance(node, ast.Name) and node.id == "x":
                place = node.lineno, node.col_offset
                expected = in_force(bindings, place, block, loops)
                found = [history.bindings[i] for i in history.in_force(place, block, loops)]
                assert sorted(map(id, found)) == sorted(map(id, expected))
                compared += len(expected)
    assert compared > 1000


def test_names_from_too_many_modules(scanned):
    """So many that nobody can tell, and that the time for all of them would grow with their square."""
    imports = "".join(f"import m{i} as t\n" for i in range(MOST))
    assert short(scanned("import tensorflow as t\nt.log(1)")) == [(2, 1, "tf.log")]
    assert short(scanned(imports.partition("\n")[2] + "import tensorflow as t\nt.log(1)"))[-1][2] == "tf.log"
    assert short(scanned(imports + "import tensorflow as t\nt.log(1)")) == []


def test_components():
    edges = {1: [2], 2: [3, 4], 3: [1], 4: [5], 5: [5], 6: [5, 1], **{i: [i + 1] for i in range(10, 3000)}, 3000: []}
    found = [sorted(one) for one in components(edges)]
    assert sorted(found)[:4] == [[1, 2, 3], [4], [5], [6]]
    assert len(found) == 4 + 2991
    order = {node: i for i, component in enumerate(found) for node in component}
    assert all(order[after] <= order[node] for node, following in edges.items() for after in following)


# Python 2 ---------------------------------------------------------------------------------------------------------------

OLD_PYTHON = """\
# -*- coding: latin-1 -*-
import tensorflow as tf

def f((a, b), c):
    print "\xe9", tf.log(a), tf.gradients(b, a),
    print >>out, tf.log(3)
    try:
        exec "y = 1" in d
    except ValueError, (e, g):
        raise ValueError, tf.log(e)
    if a <> b: return `tf.log(a)` + ur"x", 0777, 10L, tf.erf(b)
""".encode("latin-1")


def test_python_2(scanned):
    found = scanned(OLD_PYTHON)
    assert short(found) == [
        (4, 1, "Python 2"),
        (5, 16, "tf.log"),
        (5, 27, "tf.gradients"),
        (6, 18, "tf.log"),
        (10, 27, "tf.log"),
        (11, 24, "tf.log"),
        (11, 55, "tf.erf"),
    ]
    assert {one.python for one in found} == {2}
    assert found[0].anchor == "MIGRATION.md#python-2"


PRINTS = [
    "print 'a'",
    "print 'a',",
    "raise E, 'a'",
    "try: pass\nexcept E, e: pass",
    "a <> b",
    "`a`",
    "0777",
    "lambda (a, b): a",
]


@pytest.mark.parametrize("line", PRINTS)
def test_findings_are_the_same_in_python_2(line, scanned):
    rest = "import tensorflow as tf\nx = tf.log(1.0); s = tf.Session()\n"
    new = scanned(rest)
    old = scanned(rest + line)
    assert [one._replace(python=3) for one in old[: len(new)]] == new
    assert [one.idiom for one in old[len(new) :]] == ["Python 2"]


def test_odd_texts(scanned):
    log = (1, 30, "tf.log")
    line = "import tensorflow as tf; x = tf.log(1)"
    for text in (line.encode("utf-8-sig"), line.encode() + b"\r\n\x0c\r\n", line.encode() + b"\rx = 1"):
        assert short(scanned(text)) == [log]
    assert scanned("") == []
    deep = "x = " + "(" * 150 + "1" + ")" * 150
    assert short(scanned(deep + "\n" + line)) == [(2, 30, "tf.log")]
    long = "x = " + " + ".join(["a"] * 900)
    assert short(scanned(long + "\n" + line)) == [(2, 30, "tf.log")]
    assert short(scanned("import re, tensorflow as tf; re.compile('\\d'); 1 is 1; tf.log(1)")) == [(1, 56, "tf.log")]
