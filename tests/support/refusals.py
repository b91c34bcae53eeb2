"""What is refused, word for word."""

import re

import pytest

import nthgrad as ng


def check_refused(case, file):
    """Makes the call of a case (call, exception, text), where HERE in the text stands for a line of the file."""
    call, kind, text = case
    with pytest.raises(kind) as caught:
        call()
    assert isinstance(caught.value, ng.NthgradError)
    assert re.sub(re.escape(file) + r":\d+", "HERE", str(caught.value)) == text
