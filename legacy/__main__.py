"""`python -m nthgrad.legacy FILE [ARGUMENTS ...]`: see `nthgrad.legacy.run`."""

import sys

from nthgrad.errors import LegacyError
from nthgrad.legacy import run


def main(argv: list[str] | None = None) -> int:
    """Runs the program that the command line names; returns its exit status, or 2 if there is none to run."""
    arguments = sys.argv[1:] if argv is None else argv
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m nthgrad.legacy FILE [ARGUMENTS ...]", file=sys.stderr)
        return 0 if arguments else 2
    try:
        return run(arguments[0], arguments[1:])
    except LegacyError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
