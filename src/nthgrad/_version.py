"""The version of nthgrad that is installed."""

from importlib.metadata import PackageNotFoundError, version


def installed() -> str:
    """Returns the version, or "unknown" where nthgrad is imported without being installed."""
    try:
        return version("nthgrad")
    except PackageNotFoundError:
        return "unknown"
