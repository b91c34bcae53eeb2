"""`legacy.lift`: turns graphs of TensorFlow 1 and Keras 2 into functions of TensorFlow 2."""

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
    """Returns a graph of TensorFlow 1 as a function of TensorFlow 2.

    Only the ops between inputs and outputs are rebuilt. Branches and loops become `tf.cond` and `tf.while_loop`, which
    have derivatives of any order; variables become `tf.Variable`s. Assertions, prints and other ops that only have
    effects are left out. An op that changes a variable on which the outputs depend is refused. A `tf.custom_gradient`
    of the old program is Python code, which a graph does not hold. `method="taylor"` differentiates the op itself;
    tapes raise.

    **Untrusted files.** Lifting a file and calling the result runs only the arithmetic between inputs and outputs.
    Refused are:

    * a Keras layer that holds Python code or calls a function that is not known to be harmless;
    * HDF5 data, a vocabulary, an asset or a checkpoint outside of the file or its folder;
    * an op between inputs and outputs that may reach files, processes, the network or Python.

    Such ops elsewhere in the graph are not run, nor are ops that restore or initialize variables: variables come from
    the checkpoint alone. `safe_mode=False` turns this off. Sources other than files, and `custom_objects`, are trusted.

    **Damaged files.** Any error is a `LegacyError`. Another process reads an HDF5 file first, which takes a fifth
    of a second. The file is refused if it ends that process, or takes more than 20 seconds and one for every 20 MB.
    Also refused are:

    * HDF5 data and variables that are larger than their data in the file;
    * with `safe_mode`, constants that take 1 GiB more in memory than in the file;
    * functions that call themselves, or one another so often that the graph has more than a million ops.

    There is no check that the values of a file are right, or that its arithmetic takes little time and memory.
    TensorFlow, HDF5 and Protocol Buffers parse the file, and may have faults.

    Args:
        source: the graph to lift:

            * a session or `(graph, session)`; a `legacy.session()` may be closed afterwards;
            * a Keras model created in a legacy session that is still open;
            * a file: a frozen GraphDef (`.pb` or `.pbtxt`), a MetaGraph (`.meta`) with its checkpoint, a whole Keras
              model (`.h5`), or the architecture of a model (`.json`) with its weights;
            * the folder of a SavedModel, or the folder in which `tf.train.Saver` saved.
        inputs: a tensor that becomes the argument, or its name (`"x:0"`); or a list or dict of tensors. The keys of a
            dict name the arguments. The tensors need not be placeholders. The default is the inputs of the signature
            or of the Keras model, else the only placeholder on which the outputs depend.
        outputs: a tensor or its name, or a list or dict of them. The default is the outputs of the signature or of the
            Keras model, else the only tensor on which no other depends.
        training: the learning phase of Keras: whether layers such as Dropout and BatchNormalization run in training
            mode.
        feed: fixed values of other placeholders, by name or tensor, such as a dropout probability.
        signature: the signature of a SavedModel. The default is `"serving_default"`, or the only one.
        tags: the tags of one graph, for a SavedModel with several.
        checkpoint: the checkpoint of a `.meta` file (without `.index`), if it has another name.
        weights: the file of weights for a `.json` file.
        custom_objects: your layers and functions in a Keras file, by name, as in `keras.models.load_model`.
        safe_mode: whether to refuse files that could act on this machine (see above).

    Returns:
        A function of the inputs, in order, named after the old tensors, with `variables` and `trainable_variables`.
        A batch has any length that the old graph allows.

    Raises:
        LegacyError: if a file is missing or unreadable, a name is missing or ambiguous (the message lists the
            candidates), or TensorFlow 2 cannot rebuild an op between inputs and outputs (the message names it).

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
