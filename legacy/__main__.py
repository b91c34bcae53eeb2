"""`python -m nthgrad.legacy [--control-flow v2] FILE [ARGUMENTS ...]`: see `nthgrad.legacy.run`."""

import sys

from nthgrad.errors import LegacyError
from nthgrad.legacy import run


def main(argv: list[str] | None = None) -> int:
    """Runs the program that the command line names; returns its exit status, or 2 if there is none to run."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    control_flow = "v1"
    if arguments[:1] == ["--control-flow"] and len(arguments) > 1:
        _, control_flow, *arguments = arguments
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m nthgrad.legacy [--control-flow v2] FILE [ARGUMENTS ...]", file=sys.stderr)
        return 0 if arguments else 2
    try:
        return run(arguments[0], arguments[1:], control_flow)
    except LegacyError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
