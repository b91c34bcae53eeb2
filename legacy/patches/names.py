"""Names that Python, NumPy and SciPy have dropped since, for a script's own process."""

from nthgrad.legacy.patches import Patch

PATCHES: list[Patch] = []
