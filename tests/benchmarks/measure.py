"""Measuring calls: time to the first result, time a call, peak memory; and the machine that it was done on."""

import ctypes
import gc
import platform
import statistics
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def first(make):
    """What building a side and calling it once takes, in seconds, and the side."""
    start = time.perf_counter()
    side = make()
    side.call()
    return time.perf_counter() - start, side


def rounds(calls, seconds, turn=0.05):
    """Milliseconds a call of each side: the median, the quartiles, the least, and the least CPU time of a turn.

    The sides take turns, so that all meet the same noise. A turn begins with calls that are not counted, for they find
    the caches, and the memory that the allocator keeps, as the side before has left them.

    Args:
        calls: by name, calls that return when their result is there.
        seconds: to spend on all together, at least.
        turn: seconds that a turn takes, at least.
    """
    times, spent = ({name: [] for name in calls} for _ in range(2))
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or min(map(len, times.values())) < 4:
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if time.perf_counter() - start < turn / 10:
                for _ in range(4):
                    call()
            cpu, count = time.process_time(), len(times[name])
            before = start = time.perf_counter()
            while before - start < turn:
                call()
                now = time.perf_counter()
                times[name].append(1e3 * (now - before))
                before = now
            spent[name].append(1e3 * (time.process_time() - cpu) / (len(times[name]) - count))
    return {
        n: dict(zip(("low", "median", "high"), statistics.quantiles(t, n=4), strict=True))
        | {"least": min(t), "cpu": min(spent[n])}
        for n, t in times.items()
    }


def least(row, threads):
    """The time of what `rounds` returns that other processes disturb least, for ratios.

    With one thread the least CPU time of a turn, with all the least time of a call.
    """
    return row["cpu" if threads == "one" else "least"]


def peak(call):
    """MiB that a call needs at its peak beyond what was in use before it, or None where Linux's /proc is missing.

    Near zero where TensorFlow uses oneDNN, whose allocator keeps what is freed. Set TF_ENABLE_ONEDNN_OPTS=0 in the
    environment of the process.
    """
    clear = Path("/proc/self/clear_refs")
    try:
        call()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
        clear.write_text("5")  # resets the high-water mark
        before = _status("VmRSS")
        call()
        return (_status("VmHWM") - before) / 1024
    except (OSError, AttributeError):
        return None


def _status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])


def machine(threads):
    """The machine and the versions, for the record."""
    cpu = Path("/proc/cpuinfo")
    models = (
        [line.split(":")[1].strip() for line in cpu.read_text().splitlines() if "model name" in line]
        if cpu.exists()
        else []
    )
    packages = ("tensorflow", "jax", "jaxlib", "numpy", "folx", "optax", "deepxde")
    return {
        "machine": platform.machine(),
        "processor": models[0] if models else platform.processor(),
        "cores": len(models),
        "threads": threads,
        "python": platform.python_version(),
        **{name: _version(name) for name in packages},
    }


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
