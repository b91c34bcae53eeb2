"""The choice of a block: the cache that is read, the bytes that a row keeps, the number of blocks."""

import pytest
import tensorflow as tf

from nthgrad._call import block_size


def cache(folder, *entries):
    for i, (level, kind, size) in enumerate(entries):
        index = folder / f"index{i}"
        index.mkdir()
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (index / name).write_text(f"{text}\n")
    return folder


FIRST = ("1", "Data", "48K")
CACHES = {
    "kibibytes": ([FIRST, ("2", "Unified", "1024K")], 2**20),
    "mebibytes": ([FIRST, ("1", "Instruction", "32K"), ("2", "Unified", "2M")], 2**21),
    "bytes": ([("2", "Data", "65536")], 2**16),
    "no second level": ([FIRST], block_size.DEFAULT_CACHE),
    "unreadable": ([("2", "Unified", "much")], block_size.DEFAULT_CACHE),
    "nothing": ([], block_size.DEFAULT_CACHE),
}


@pytest.mark.parametrize(("entries", "size"), CACHES.values(), ids=CACHES)
def test_the_second_level_is_read(entries, size, tmp_path):
    assert block_size.cache_size(cache(tmp_path, *entries)) == size


def test_bytes_kept_between_the_passes():
    w = tf.Variable(tf.ones([3, 5]))
    found = []

    @tf.function(autograph=False)
    def f(x, y):
        graph = x.graph
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.tanh(x @ w)) + tf.reduce_sum(tf.cast(y, tf.float32) * w[0, 0])
        forward = graph.get_operations()
        tape.gradient(loss, w)
        found.append(block_size.kept_bytes(forward, graph.get_operations()[len(forward) :], [101, 103]))

    f.get_concrete_function(tf.TensorSpec([101, 3]), tf.TensorSpec([103, 2], tf.float16))
    # x, of a placeholder, and tanh(x w); the cast of y. Shapes aside, TensorFlow's gradients need no more.
    assert found[-1] == [4 * (3 + 5), 4 * 2]


def test_bytes_of_rows_folded_into_another_axis():
    w = tf.Variable(tf.ones([3, 5]))
    found = []

    @tf.function(autograph=False)
    def f(x):
        with tf.GradientTape() as tape:
            y = tf.reshape(tf.sin(x), [-1, 3]) @ w  # of shape [101 * 7, 5]
            loss = tf.reduce_sum(tf.reshape(tf.tanh(y), [101, 35]))
        forward = x.graph.get_operations()
        tape.gradient(loss, w)
        found.append(block_size.kept_bytes(forward, x.graph.get_operations()[len(forward) :], [101, 103]))

    f.get_concrete_function(tf.TensorSpec([101, 7, 3]))
    assert found[-1] == [4 * 7 * (3 + 5), 0]  # the input of the product, and tanh(y)


CASES = [
    (None, [1000], [64], 1),
    (1, [1000], [64], 1000),
    (256, [1000], [64], 4),
    (256, [100, 1000, 7], [1, 1, 1], 4),
    (5000, [1000], [64], 1),
    ("auto", [1000], [64], 1),
    ("auto", [1000], [2**11], 2),
    ("auto", [1000, 500], [2**14, 2**15], 4),  # not 32: at least 256 rows
    ("auto", [10_000, 5_000], [2**10, 2**11], 20),
    ("auto", [1000], [2**22], 4),
    ("auto", [3], [0], 1),
    ("auto", [10**6, 1], [3000, 10], 2862),  # more bytes than 32 bits count
]


@pytest.mark.quick
@pytest.mark.parametrize(("block", "lengths", "row_bytes", "count"), CASES)
def test_the_number_of_blocks(block, lengths, row_bytes, count, monkeypatch):
    monkeypatch.setattr(block_size, "bytes_of_block", lambda *, xla: 2**20)
    assert block_size.block_count(block, lengths, row_bytes, xla=True) == count
    open_lengths = [tf.constant(n) for n in lengths]
    assert int(block_size.block_count(block, open_lengths, row_bytes, xla=True)) == count
