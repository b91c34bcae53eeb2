"""Explains the errors that TensorFlow's gradient functions raise where there is no gradient."""

from __future__ import annotations

import re

FAILURES = (LookupError, NotImplementedError, TypeError, ValueError, AttributeError, AssertionError)


def reason(error: BaseException) -> tuple[str, str]:
    """Returns the op type that a failure is about, if it is known, and the failure in words."""
    if isinstance(error, LookupError):
        text = str(error).split("op type: ")[-1].split("entry for:")[-1]
        match = re.search(r"[A-Z]\w+", text)
        kind = match.group() if match else str(error)
        return kind, f"nothing differentiates {kind}"
    # tf.recompute_grad, which ends in an IdentityN, raises NotImplementedError
    kind = "IdentityN" if isinstance(error, NotImplementedError) else "nothing"
    return kind, f"its gradient raises {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
