"""`legacy.lift`: the graphs that TensorFlow 1 and Keras 2 left behind, as functions of TensorFlow 2."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from nthgrad.errors import NthgradError
from nthgrad.legacy._internals import lifting as _private
from nthgrad.legacy._lift import build, opening
from nthgrad.legacy._lift.lifted import Lifted


def lift(
    source: Any,
    inputs: Any = None,
    outputs: Any = None,
    *,
    training: bool = False,
    feed: Mapping[Any, Any] | None = None,
    signature: str | None = None,
    tags: Sequence[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    weights: str | os.PathLike[str] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    safe_mode: bool = True,
) -> Lifted:
    """Makes a function of TensorFlow 2 from a graph of TensorFlow 1.

    Only what leads from the inputs to the outputs is taken.  Its branches and loops become `tf.cond` and
    `tf.while_loop`, also where TensorFlow 1 could differentiate them only once; its variables become `tf.Variable`s.
    Assertions, prints and other ops that only have effects are left out; where one changes a variable that the outputs
    are made from, they are refused.  A gradient of the old program's own (`tf.custom_gradient`) is Python code that no
    graph holds: `method="taylor"` differentiates what the op computes, as always, and tapes are refused.

    **Files from strangers.**  Lifting a file, and calling what it became, runs nothing of its author's but the
    arithmetic between inputs and outputs.  Refused are: a Keras layer with Python code, or that calls what is not known
    to be harmless; HDF5 data, a vocabulary, an asset or a checkpoint that the file has taken from elsewhere; and an op
    between inputs and outputs that may reach files, processes, the network or Python.  Such ops elsewhere in the graph
    are not run, nor are those that a file names to restore or initialize it: variables come from the checkpoint alone.
    `safe_mode=False` turns this off.  What is no file, and `custom_objects`, are trusted.

    **Damaged files.**  Whatever lifting one raises is a `LegacyError`.  Another process reads an HDF5 file first, which
    takes a fifth of a second: the file is refused if it ends that process, or takes more than 20 seconds and one for
    every 20 MB.  Refused too are HDF5 data and variables that are larger than what the file holds of them; with
    `safe_mode`, constants that take 1 GiB more than they do in the file; functions that call themselves, or one another
    so often that the graph has more than a million ops.  Not promised is that a file is right, or that its arithmetic
    takes little time and memory (a layer may have any number of units).  TensorFlow, HDF5 and Protocol Buffers parse
    it, and may have faults.

    Args:
        source: What to lift:

            * a session, or a `(graph, session)`: also of `legacy.session()`, which may be closed afterwards;
            * a Keras model made in a legacy session that is still open;
            * a file: a frozen GraphDef (`.pb`, or `.pbtxt`), a MetaGraph (`.meta`) with its checkpoint, a whole Keras
              model (`.h5`), or the architecture of one (`.json`) with its weights;
            * the folder of a SavedModel, or one where `tf.train.Saver` saved.
        inputs: The name of a tensor that becomes the argument, `"x:0"`, or the tensor itself; or a list, or a dict that
            names the arguments.  Any tensor of the graph will do, not only placeholders.  By default the inputs of the
            signature or of the Keras model, else the only placeholder that the outputs are made from.
        outputs: The same of what is returned: a tensor, or a list or dict of tensors.  By default the outputs of the
            signature or of the Keras model, else the only tensor that no other is made from.
        training: What Keras's learning phase is: whether layers such as Dropout and BatchNormalization do what they do
            in training.
        feed: Values of other placeholders, by name or tensor, such as a dropout probability: they are fixed.
        signature: Of a SavedModel, the signature to take.  By default `"serving_default"`, or the only one.
        tags: Of a SavedModel with several graphs, the tags of the one to take.
        checkpoint: Of a `.meta` file, the checkpoint (without `.index`), if it has not the same name.
        weights: Of a `.json` file, the file of weights.
        custom_objects: Of a Keras file, the layers and functions of your own by name, as in `keras.models.load_model`.
        safe_mode: Of a file, whether to refuse what could act on this machine (see above).

    Returns:
        A function of the inputs, in order, named after the old tensors, with `variables` and `trainable_variables`.
        A batch has any length that the old graph allows.

    Raises:
        LegacyError: A file is missing or is not what it should be, a name is missing or ambiguous (the message lists
            the candidates), or an op between inputs and outputs cannot be had in TensorFlow 2 (the message names it).

    Example:
        >>> import numpy as np
        >>> import nthgrad as ng
        >>> import nthgrad.legacy.tensorflow as tf
        >>> from nthgrad import legacy
        >>> with legacy.session() as sess:
        ...     x = tf.placeholder(tf.float64, [])
        ...     y = tf.cond(x > 0.0, lambda: tf.log(x + 2.0), lambda: tf.exp(x))
        ...     f = legacy.lift(sess, inputs=x, outputs=y)
        >>> print(ng.derivative(f, 3)(np.float64(1.0)).numpy().round(12))  # 2/27
        0.074074074074
    """
    options = opening.Options(signature, tags, checkpoint, weights, custom_objects)
    try:
        with contextlib.ExitStack() as stack:
            opened = opening.source(source, options, stack, safe_mode=safe_mode)
            with _private.eager_mode():
                return build.lifted(opened, inputs, outputs, feed or {}, training=training)
    except Exception as error:  # a damaged file makes TensorFlow, Protocol Buffers and HDF5 raise anything
        if isinstance(error, NthgradError) or not isinstance(source, str | os.PathLike):
            raise
        raise opening.unexpected(os.fspath(source), error) from error
