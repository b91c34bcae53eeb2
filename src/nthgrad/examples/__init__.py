"""Worked examples: solves differential equations by networks trained on their derivatives, by Adam and then L-BFGS.

python -m nthgrad.examples.burgers --plot burgers.png
python -m nthgrad.examples.beam
python -m nthgrad.examples.korteweg_de_vries --iterations 500 --seed 1
"""

import os

from nthgrad._display import quiet

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: threads slow L-BFGS down, whose vectors are short
quiet.tensorflow()
