"""Lifted artefacts, which several files of tests share."""

import pytest
from support.lifting import ARTEFACTS, lifted


@pytest.fixture(scope="module")
def functions():
    """The artefacts, each lifted once."""
    made = {}

    def get(name):
        if name not in made:
            source, options, _ = ARTEFACTS[name]
            made[name] = lifted(source, **options)
        return made[name]

    return get
