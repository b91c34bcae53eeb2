"""Arrays of a script that convert as NumPy 1's did."""

import numpy as np
import pytest

from nthgrad.legacy._runtime.scalars import convertible


@pytest.mark.parametrize(("values", "truth"), [([], False), ([[]], False), ([0.0], False), ([2.0], True)])
def test_truth(values, truth):
    assert bool(convertible(np.array(values))) is truth


def test_the_truth_of_several_is_refused():
    with pytest.raises(ValueError, match="more than one element"):
        bool(convertible(np.array([1.0, 2.0])))
