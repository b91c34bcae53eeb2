"""Which ops change state: every stateful op of TensorFlow's registry, and functions that only read."""

import re

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import auto_control_deps_utils, op_def_registry

import nthgrad as ng
from nthgrad.engines.graph import kinds

# How the stateful ops are called that change something, or whose value belongs to one moment: no op of another name may
# be stateful and unnamed in `engines/state.py`. A new op of TensorFlow fails the test until it has been looked at.
CHANGES = [
    # variables, tables, generators and accumulators
    r"Assign|Resource(Apply|Scatter|SparseApply|Strided|CountUpTo|ConditionalAcc|Accumulator(Apply|Set|Take))",
    r"DestroyResource|DisableCopyOnRead|TemporaryVariable|Variable(V2)?$|LookupTable(Import|Insert|Remove)|InitializeTable",
    r"(Mutable(Dense)?|Anonymous(Mutable)?(Dense)?)?HashTable|AnonymousMutableDenseHashTable|Rng|Stateful|ConditionalAcc",
    r"SparseConditionalAcc|Anonymous|Delete|Dummy|BoostedTrees|GlobalIterId|Barrier|Mutex|ConsumeMutex",
    # queues, stages, stacks, arrays, sessions
    r"\w*Queue|Stage|Unstage|MapStage|MapUnstage|MapClear|OrderedMap|Stack|TensorArray|GetSessionHandle|Record",
    r"AddManySparse|AddSparse|TakeManySparse",
    # files, data sets, screens, clocks, processes
    r"\w*Dataset|\w*Iterator|\w*Reader|Reader|Restore|Save|MergeV2|LoadAndRemap|DistributedSave|\w*Summary|ImportEvent",
    r"Write|Print|Timestamp|Debug|PyFunc|EagerPyFunc|Experimental|\w*ThreadPool|StatsAggregator|SetStats|FileSystem",
    r"WorkerHeartbeat|SyncDevice|Empty$",
    # devices
    r"\w*TPU|Collective|Nccl|Recv|Send|Infeed|Outfeed|CrossReplica|AllToAll|CudnnRNN|Xla|StoreMini|GetMinibatch|Convert",
]
CALLS = {"Case", "If", "RemoteCall", "StatefulPartitionedCall", "While"}  # the ops that they call say it

STATEFUL = sorted(
    name for name in dir(tf.raw_ops) if (definition := op_def_registry.get(name)) is not None and definition.is_stateful
)


def test_every_stateful_op_of_the_registry_has_been_looked_at():
    named = {name for name in STATEFUL if any(re.match(pattern, name) for pattern in CHANGES)}
    assert set(STATEFUL) - named - CALLS <= kinds.UNCHANGING


def test_what_is_named_is_stateful_somewhere():
    known = [name for name in kinds.UNCHANGING if op_def_registry.get(name) is not None]
    assert set(known) <= set(STATEFUL)
    assert len(known) > 0.9 * len(kinds.UNCHANGING)  # an older TensorFlow has fewer


def test_tensorflows_own_list_of_ops_that_read_is_in_ours():
    reads = {name for name in auto_control_deps_utils.RESOURCE_READ_OPS if not name.startswith("_")}
    assert reads
    assert reads <= kinds.READS


@pytest.mark.quick
@pytest.mark.parametrize("kind", ["READS", "DRAWS", "CHECKS"])
def test_no_op_is_named_twice(kind):
    others = {"READS", "DRAWS", "CHECKS"} - {kind}
    assert not any(getattr(kinds, kind) & getattr(kinds, other) for other in others)


# Functions that read, through every way in.

WEIGHT = tf.Variable([0.5, 2.0], dtype=tf.float64)
X = np.array([0.3, 0.7])


def table():
    keys, values = tf.constant([0, 1], tf.int64), tf.constant([2.0, 3.0], tf.float64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), 0.0)


TABLE = table()
GENERATOR = tf.random.Generator.from_seed(1)


@tf.function
def looked_up(x):
    return TABLE.lookup(tf.constant([0, 1], tf.int64)) * x**3


@tf.function
def shaped(x):
    return tf.cast(tf.size(WEIGHT), x.dtype) * tf.gather(WEIGHT, [0, 1]) * x**3


@tf.function
def seeded(x):
    seed = tf.cast(GENERATOR.state[:2], tf.int32)
    return (1.0 + 0.0 * tf.random.stateless_uniform([2], seed, dtype=x.dtype)) * x**3


@tf.function
def own_tape(x):
    """The user's own derivative of a loop that reads a variable."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in tf.range(2):
            y = y * x * WEIGHT
    return tape.gradient(y, x)


@tf.function
def scanned(x):
    return tf.scan(lambda a, w: a * w * x, WEIGHT, initializer=x)[-1]


READING = {
    "a table": (looked_up, lambda x: 6 * x * np.array([2.0, 3.0])),
    "the shape and the rows of a variable": (shaped, lambda x: 12 * x * np.array([0.5, 2.0])),
    "the state of a generator": (seeded, lambda x: 6 * x),
    "a tape of the user's": (own_tape, lambda x: 6 * np.array([0.5, 2.0]) ** 2),
    "a scan": (scanned, lambda x: 6 * x * 0.5 * 2.0),
}


# Every function by power series and by directions; the other operators, which call it in the same two ways, in turn.
@pytest.mark.parametrize("name", READING)
def test_a_function_that_reads_is_walked(name):
    function, second = READING[name]
    f = lambda x: function(x)  # noqa: E731  # called: the function itself would be traced in place
    want = second(X)
    close = lambda got, want: np.testing.assert_allclose(got, want, rtol=1e-12)  # noqa: E731
    close(ng.derivative(f, 2)(X), want)
    total = lambda x: tf.reduce_sum(f(x))  # noqa: E731
    close(ng.laplacian(total)(X), want.sum())
    if name in ("a table", "a scan"):
        close(np.diag(ng.hessian(total)(X)), want)
    if name in ("the shape and the rows of a variable", "a tape of the user's"):
        close(ng.hvp(total)(X, np.ones(2)), want)
    if name in ("the state of a generator", "a table", "a tape of the user's"):
        slopes = ng.gradient(lambda x: f(x), batch_dims=1)
        close(ng.derivative(slopes, 1)(X), want)


def test_a_partial_over_a_gradient_through_a_scan():
    u = ng.gradient(lambda x: tf.reduce_sum(tf.scan(lambda a, w: a * w * x, WEIGHT, initializer=x)[-1]))
    got = ng.partials(lambda x: u(x), ["x"])(X)["x"]
    np.testing.assert_allclose(got, 6 * X, rtol=1e-12)


def test_a_change_is_refused_by_name():
    counter = tf.Variable(0.0, dtype=tf.float64)

    @tf.function
    def counted(x):
        return counter.assign_add(1.0) * x**2

    with pytest.raises(ng.NthgradError, match=r"AssignAddVariableOp .* changes a variable that f\(x\) reads"):
        ng.derivative(lambda x: counted(x), 2)(X)
