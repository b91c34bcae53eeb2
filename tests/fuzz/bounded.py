"""Bounds a random test: a few fixed cases in an ordinary run, new ones until its time is over in the long profile."""

import os
import time
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings

MINUTES = float(os.environ.get("NTHGRAD_FUZZ_MINUTES", "12"))  # for each of ten tests: an hour on two cores
_ROUND = 20  # cases between two looks at the clock


def cases(few: int, *strategies: Any, **options: Any) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Returns a decorator that calls a test with draws from the strategies.

    Args:
        few: how many cases an ordinary run draws: always the same ones.
        strategies: of the arguments of the test.
        options: other settings of Hypothesis.
    """
    long = not settings.default.derandomize

    def decorate(test: Callable[..., None]) -> Callable[[], None]:
        once = settings(max_examples=_ROUND if long else few, **options)(given(*strategies)(test))

        def run() -> None:  # no functools.wraps: pytest would take the arguments of the test for fixtures
            end = time.monotonic() + 60 * MINUTES
            once()
            while long and time.monotonic() < end:
                once()

        run.__name__, run.__module__, run.__doc__ = test.__name__, test.__module__, test.__doc__
        return run

    return decorate
