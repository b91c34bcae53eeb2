"""evaluate: computes a function at more points than memory holds, on one or more devices, to memory or to files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from nthgrad._call.structures import paths
from nthgrad.errors import ArgumentError, NthgradError
from nthgrad.evaluation.batches import Arrays, Dataset, source
from nthgrad.evaluation.files import Elsewhere, Files, part
from nthgrad.evaluation.memory import Memory
from nthgrad.evaluation.progress import shown
from nthgrad.evaluation.runner import Runner


def evaluate(
    g: Callable[..., Any],
    data: Any,
    *,
    batch_size: int | None = None,
    strategy: tf.distribute.Strategy | None = None,  # pyright: ignore[reportUnknownParameterType]
    out: str | os.PathLike[str] | None = None,
    progress: bool = True,
    resume: bool = False,
    overwrite: bool = False,
) -> Any:
    """Computes g at many points, one batch at a time.

    The memory in use is that of one batch, plus the result if it is kept in memory. The last batch is filled to the
    length of the others by repeating its last point, so that g is traced and compiled once.

    Args:
        g: a function with one row for each point in each of its outputs: the g of `derivative`, `derivatives` or
            `partials`, a `keras.Model`, any callable on tensors. Its output is any `tf.nest` structure.
        data: the points, one row each, in arrays, `np.memmap`s, tensors or other objects with a shape and slices
            `[a:b]` of rows (h5py, zarr). A tuple or list of them is the positional arguments of g, a dict its keywords,
            anything else its one argument; a g of one argument that is a dict takes `({...},)`. Or a
            `tf.data.Dataset` of batches of such; to be resumed, a run needs the same batches again.
        batch_size: the number of points at a time, on all devices together. None keeps a dataset's batches.
        strategy: where to compute; None is the strategy of the current scope, or else one device. Under a strategy g is
            traced, even if it is a plain function. With several workers, each calls this function with the same
            arguments, and each returns the whole result.
        out: where to write. For a g of one output, a path that ends with .npy. Else a folder, with one file for each
            output, named by its path in the structure (`xx.npy`, `0.npy`, `a.0.npy`; `value.npy` for the output named
            ""). None keeps the result in memory. With several workers the first one writes, to a folder that all share.
        progress: whether to show a bar: on the standard error, if that is a terminal, or in a notebook. A notebook
            without ipywidgets shows a line every few seconds.
        resume: whether to continue an interrupted run with the same arguments. Its unfinished files are in the folder
            `out` + ".part", and move to `out` when they are complete. They are bit by bit those of a run without an
            interruption. A finished run cannot be resumed: its `out` is refused like any existing one. The points and
            the results of each written batch have a CRC-32 checksum; a change of either is refused. For the points
            after them, only shapes, dtypes and the values of 64 rows are compared; for a dataset, shapes, dtypes and
            the number of elements. The last written batch is computed again: a g that differs there in more than half
            of the digits is refused. Other changes of g are not detected.
        overwrite: whether to overwrite `out`, and, unless `resume`, the files of an interrupted run.

    Returns:
        arrays with one row for each point, in the structure of g's output; with `out`, memory maps of the files.

    Raises:
        ArgumentError: batch_size, strategy or out is invalid, or `out` exists already. With `resume`: the files are
            damaged, belong to other data or another g, or a version of nthgrad with another journal wrote them.
        InputError: data holds anything but arrays, or arrays of different lengths.
        OutputError: the output of g has not one row for each point, or changes from batch to batch.

    Example:
        >>> import numpy as np, tensorflow as tf, nthgrad as ng
        >>> x = np.linspace(0.0, 1.0, 1_000_001)
        >>> y, y_x, y_xx = ng.evaluate(ng.derivatives(tf.exp, 2), x, batch_size=2**16, progress=False)
        >>> y_xx.shape, bool(abs(y_xx - np.exp(x)).max() < 1e-15)
        ((1000001,), True)
    """
    points = source(data, batch_size)
    run = Runner(g, points.structure, strategy)
    fingerprint = {**points.fingerprint(), "the number of replicas": run.replicas} if out is not None else {}
    store, batches = _store(run, points, out, fingerprint, overwrite=overwrite, resume=resume)
    try:
        start, length = run.gathered(store.skip, store.length)[0]
        length, rows = int(length) or points.length, 0
        with shown(points.total, start * (length or 0), wanted=progress and run.chief) as advance:
            for leaves in batches or points.batches(start):
                rows = int(leaves[0].shape[0])
                length = length or rows
                store.append(leaves, run(leaves, length), length, paths(run.structure))
                advance(rows)
        if not rows:
            store.append([], run.of_nothing(points.specs()), 1, paths(run.structure))
        if not run.chief:
            run.gathered(0)  # waits for the files
        arrays = store.finish(paths(run.structure))
        if run.chief:
            run.gathered(0)
    finally:
        store.close()
    return tf.nest.pack_sequence_as(run.structure, arrays)


def _store(
    run: Runner, points: Arrays | Dataset, out: Any, fingerprint: dict[str, Any], *, overwrite: bool, resume: bool
) -> tuple[Memory | Files | Elsewhere, Iterator[list[Any]] | None]:
    """Returns the store of the rows, and the batches from number `skip` on if some were read already.

    If one worker raises, all of them raise.
    """
    if out is None:
        return Memory(points.total), None
    store, batches, refusal = Elsewhere(out), None, None
    try:
        if run.chief:
            store = Files(out, fingerprint, overwrite=overwrite, resume=resume)
            batches = store.verified(points.batches())
    except NthgradError as error:
        store.close()
        refusal = error
    if run.gathered(refusal is not None).any():
        raise refusal or ArgumentError(f"Worker 0 does not write {out}. See what it raised.")
    blind = run.gathered(not part(out).is_dir())[:, 0].nonzero()[0]
    if len(blind):
        store.close()
        raise ArgumentError(
            f"Worker {', '.join(map(str, blind))} does not see {out}, which worker 0 writes. Give a path in a folder "
            "that all workers share, or out=None."
        )
    return store, batches
