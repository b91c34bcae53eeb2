"""Profiles: `short` for every run; by hand, `pytest tests/test_proof.py --hypothesis-profile=long`."""

import gc
import signal

from hypothesis import HealthCheck, settings


def pytest_ignore_collect(collection_path, config):
    """Skips, with `-m quick`, the files that name no quick test: to import all of them takes half of the minute."""
    if config.option.markexpr == "quick" and collection_path.name.startswith("test_"):
        return "mark.quick" not in collection_path.read_text(encoding="utf-8") or None
    return None


def pytest_collection_finish():
    """TensorFlow writes to the screen when it first looks for devices: here, and not in a test that reads the screen.

    The process that hands out the tests to the others collects none, and does without TensorFlow. A shell's background
    job ignores Ctrl-C, and so would the programs that the tests start.
    """
    import tensorflow as tf

    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    tf.config.list_logical_devices()
    # What is imported stays: the garbage collector need not look through it again and again, for a tenth of the time.
    gc.collect()
    gc.freeze()


_COMMON = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": True}
settings.register_profile("short", max_examples=100, derandomize=True, **_COMMON)
settings.register_profile("long", max_examples=1000, **_COMMON)
settings.load_profile("short")
