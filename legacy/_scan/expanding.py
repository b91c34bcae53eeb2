"""Expands the notation of the tables: `{a, b}` stands for a or b."""

from __future__ import annotations

import re


def expand(forms: str) -> list[str]:
    """Returns the single forms in a text.

    Example:
        >>> expand("tf.{log, erf} ?.fit(nb_epoch=)")
        ['tf.log', 'tf.erf', '?.fit(nb_epoch=)']
    """
    return [one for form in joined(forms).split() for one in alternatives(form)]


def joined(text: str) -> str:
    """Removes the white space inside braces.

    Example:
        >>> joined("tf.{log, erf} tf.exp")
        'tf.{log,erf} tf.exp'
    """
    return re.sub(r"\{[^{}]*\}", lambda found: re.sub(r"\s+", "", found[0]), text)


def alternatives(text: str) -> list[str]:
    """Returns a text for each alternative in braces.

    Example:
        >>> alternatives("tf.{log,erf}(x)")
        ['tf.log(x)', 'tf.erf(x)']
    """
    found = re.search(r"\{([^{}]*)\}", text)
    if found is None:
        return [text]
    return [
        whole
        for one in found[1].split(",")
        for whole in alternatives(text[: found.start()] + one + text[found.end() :])
    ]
