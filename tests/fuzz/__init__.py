"""Random tests. An ordinary run draws a few fixed cases of each; the long profile draws new ones as long as it may.

    pytest tests/fuzz -n 2 --hypothesis-profile=long                     # an hour on two cores
    NTHGRAD_FUZZ_MINUTES=1 pytest tests/fuzz -n 2 --hypothesis-profile=long   # a minute for each test
    pytest tests/fuzz/test_sources.py -n 0 --hypothesis-profile=long     # one sort

A failing test prints its smallest case as code that can be run. Hypothesis keeps the case in `.hypothesis` and tries it
first in the next run.

| file | draws | compares with |
|---|---|---|
| `test_engines.py` | functions of one number | nested tapes written here, eager values |
| `test_fields.py` | fields of two or three coordinates, names of partials | nested tapes, a coordinate at a time |
| `test_operators.py` | functions of points | nested tapes, a coordinate at a time |
| `test_tensors.py` | gradients of tensors, and of these | TensorFlow's own gradients, `partials` |
| `test_files.py` | old files with damaged bytes | LegacyError or a function, within a time limit, in a child process |
| `test_formulas.py` | formulas for `nthgrad differentiate` | Python's arithmetic and `math`; the documented error |
| `test_sources.py` | damaged Python sources for `legacy.scan` | findings or LegacyError, in linear time |
| `test_kills.py` | moments at which `evaluate` is killed | the files of a run without an interruption |

`programs.py` draws TensorFlow programs of the steps in `steps.py`, `bounded.py` bounds the time, and `children.py` runs
a case in a child process.
"""
