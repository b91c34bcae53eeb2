"""evaluate: a function of points on more of them than memory holds, on many devices, to memory or to files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf

from nthgrad.errors import ArgumentError, NthgradError
from nthgrad.evaluation.batches import Arrays, Dataset, source
from nthgrad.evaluation.files import Elsewhere, Files, part
from nthgrad.evaluation.memory import Memory
from nthgrad.evaluation.progress import shown
from nthgrad.evaluation.runner import Runner
from nthgrad.evaluation.structure import paths


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
    """The values of g at many points, a batch at a time.

    The memory in use is that of one batch, and of the result where that is kept in memory. The last batch is filled up
    to the length of the others, with its last point over again, so that g is traced and compiled once.

    Args:
        g: a function that returns, for each of its outputs, one row for each point: what `derivative`, `derivatives`
            and `partials` return, a `keras.Model`, any callable on tensors; its output is any `tf.nest` structure.
        data: the points, one row each, in arrays, `np.memmap`s, tensors or what else has a shape and is cut into rows
            by `[a:b]` (h5py, zarr). A tuple or list of them is the positional arguments of g, a dict its keywords,
            anything else its one argument; a g of one argument that is a dict takes `({...},)`. Or a
            `tf.data.Dataset` of batches of such; a run that is to be resumed needs the same batches again.
        batch_size: the number of points at a time, on all devices together. None leaves a dataset's batches as they
            are.
        strategy: where to compute; None is the strategy in whose scope the call is made, or else one device. Under a
            strategy g is traced, even if it is a plain function. With several workers each calls this function with
            the same arguments, and each returns the whole result.
        out: where to write: a path that ends with .npy for a g of one output, else a folder, which gets a file for
            each output, named by its path in the structure (`xx.npy`, `0.npy`, `a.0.npy`; the output named "" is
            `value.npy`). None keeps the result in memory. With several workers the first one writes, to a folder that
            all of them see.
        progress: whether to show a bar: on the standard error, if that is a terminal, or in a notebook. A notebook
            without ipywidgets gets a line every few seconds.
        resume: whether to go on where an interrupted run with the same arguments stopped. What it has written lies in
            a folder beside `out`, `out` + ".part", and moves to `out` when it is whole. The files come out the same,
            bit by bit, as of a run without an interruption. Of a run that has ended well nothing is left to resume:
            its `out` is refused as any other that is there. What is checked: the points and the results of each batch
            that is written have a CRC-32 checksum there. Both are read again, and refused where one differs. Of points
            that no batch has reached, shapes, dtypes and the values of 64 rows of the arrays are compared, of a
            dataset only the first two and its number of elements. The last batch that is written is computed again: a
            g that differs there in more than half of the digits is refused, and no other change of it is seen.
        overwrite: whether to write over what is at `out`, and over what an interrupted run left unless `resume`.

    Returns:
        NumPy arrays, one row for each point, in the structure of g's output; with `out`, memory maps of the files.

    Raises:
        ArgumentError: batch_size, strategy or out cannot be used, something is at `out` already, or `resume` finds
            what is damaged, was made from other data, by another g, or by a version of nthgrad with another journal.
        InputError: data holds something else than arrays, or arrays of different lengths.
        OutputError: what g returns has not one row for each point, or changes from batch to batch.

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
            run.gathered(0)  # until the files are there
        arrays = store.finish(paths(run.structure))
        if run.chief:
            run.gathered(0)
    finally:
        store.close()
    return tf.nest.pack_sequence_as(run.structure, arrays)


def _store(
    run: Runner, points: Arrays | Dataset, out: Any, fingerprint: dict[str, Any], *, overwrite: bool, resume: bool
) -> tuple[Memory | Files | Elsewhere, Iterator[list[Any]] | None]:
    """Where the rows go, and the batches from number `skip` on, as far as some are read already.

    All workers agree on it, or all of them raise.
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
