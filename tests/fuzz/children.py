"""Runs a function in a child process, which may crash, hang or be killed without harm to the tests.

Children are forked from a server that has imported TensorFlow and has run nothing, so that one takes a part of a second.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def _context() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tensorflow", "nthgrad", "nthgrad.legacy._lift", "nthgrad.evaluation", "h5py"])
    return context


def started(function: Callable[..., None], *arguments: Any) -> Any:
    """A process that calls a function of a module that can be imported by its name."""
    process = _context().Process(target=function, args=arguments, daemon=True)
    process.start()
    return process


def outcome(function: Callable[..., str], *arguments: Any, seconds: float) -> str:
    """What a function returns in a child process; or `"crash: ..."`, or `"no answer ..."` after so many seconds."""
    receiver, sender = _context().Pipe(duplex=False)
    process = started(_send, sender, function, *arguments)
    sender.close()
    try:
        if not receiver.poll(seconds):
            return f"no answer in {seconds:g} seconds"
        return receiver.recv()
    except EOFError:
        process.join(10)
        return f"crash: exit code {process.exitcode}"
    finally:
        process.kill()
        process.join()
        receiver.close()


def _send(sender: Any, function: Callable[..., str], *arguments: Any) -> None:
    sender.send(function(*arguments))
