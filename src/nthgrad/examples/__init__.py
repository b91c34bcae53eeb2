"""Worked examples: solves differential equations by networks trained on their derivatives.

python -m nthgrad.examples.burgers --plot burgers.png
python -m nthgrad.examples.beam
python -m nthgrad.examples.korteweg_de_vries --steps 1000 --seed 1
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # before TensorFlow, which prints how it was built
