"""The process of the new program: arrays are printed as NumPy 1 printed them."""

import os
import runpy
import sys


def main() -> None:
    """Runs the program in `sys.argv[1]`."""
    import numpy as np

    sys.path[0] = os.path.dirname(sys.argv[1])
    sys.argv[:] = sys.argv[1:]
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        np.set_printoptions(legacy="1.25")
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
