"""`tf.contrib.legacy_seq2seq`: decoders that are unrolled over a list of inputs, and the losses of sequences.

Without attention and without the models that embed their inputs.
"""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as _tf  # private: `from tensorflow.contrib.legacy_seq2seq import *` must not import it

_v1 = _tf.compat.v1
_Loop = Callable[[Any, int], Any]


def rnn_decoder(
    decoder_inputs: Sequence[Any], initial_state: Any, cell: Any, loop_function: _Loop | None = None, scope: Any = None
) -> tuple[list[Any], Any]:
    """Runs a cell over inputs.

    Args:
        decoder_inputs: the inputs, each of shape [batch, size].
        initial_state: the state of the cell before the first.
        cell: the cell.
        loop_function: takes the previous output and the number of the step; returns the input in the place of the
            given one, from the second on.
        scope: the scope of the variables.

    Returns:
        the outputs, and the last state.
    """
    with _v1.variable_scope(scope or "rnn_decoder"):
        state, outputs = initial_state, []
        for step, each in enumerate(decoder_inputs):
            if loop_function is not None and step > 0:
                with _v1.variable_scope("loop_function", reuse=True):
                    each = loop_function(outputs[-1], step)
            if step > 0:
                _v1.get_variable_scope().reuse_variables()
            output, state = cell(each, state)
            outputs.append(output)
    return outputs, state


def basic_rnn_seq2seq(
    encoder_inputs: Sequence[Any], decoder_inputs: Sequence[Any], cell: Any, dtype: Any = _tf.float32, scope: Any = None
) -> tuple[list[Any], Any]:
    """Encodes inputs with a copy of the cell, and decodes from its last state; see `rnn_decoder`."""
    with _v1.variable_scope(scope or "basic_rnn_seq2seq"):
        _, state = _v1.nn.static_rnn(copy.deepcopy(cell), list(encoder_inputs), dtype=dtype)
        return rnn_decoder(decoder_inputs, state, cell)


def tied_rnn_seq2seq(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    cell: Any,
    loop_function: _Loop | None = None,
    dtype: Any = _tf.float32,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Encodes and decodes with the same weights; see `rnn_decoder`."""
    with _v1.variable_scope("combined_tied_rnn_seq2seq"):
        scope = scope or "tied_rnn_seq2seq"
        _, state = _v1.nn.static_rnn(cell, list(encoder_inputs), dtype=dtype, scope=scope)
        _v1.get_variable_scope().reuse_variables()
        return rnn_decoder(decoder_inputs, state, cell, loop_function=loop_function, scope=scope)


def embedding_rnn_decoder(
    decoder_inputs: Sequence[Any],
    initial_state: Any,
    cell: Any,
    num_symbols: int,
    embedding_size: int,
    output_projection: tuple[Any, Any] | None = None,
    feed_previous: bool = False,
    update_embedding_for_previous: bool = True,
    scope: Any = None,
) -> tuple[list[Any], Any]:
    """Runs a cell over embedded symbols.

    Args:
        decoder_inputs: the symbols, integers of shape [batch].
        initial_state: see `rnn_decoder`.
        cell: see `rnn_decoder`.
        num_symbols: the number of symbols.
        embedding_size: the size of an embedded symbol.
        output_projection: weights and biases from an output to scores of symbols; None if the outputs are scores.
        feed_previous: takes the symbol of the best score as the next input.
        update_embedding_for_previous: whether gradients reach the embedding through those inputs.
        scope: see `rnn_decoder`.

    Returns:
        the outputs, and the last state.
    """
    with _v1.variable_scope(scope or "embedding_rnn_decoder") as opened:
        if output_projection is not None:
            shapes = ([None, num_symbols], [num_symbols])
            for each, shape in zip(output_projection, shapes, strict=True):
                _v1.convert_to_tensor(each, dtype=opened.dtype).shape.assert_is_compatible_with(shape)
        embedding = _v1.get_variable("embedding", [num_symbols, embedding_size])

        def best(previous: Any, step: int) -> Any:
            if output_projection is not None:
                previous = _v1.nn.xw_plus_b(previous, *output_projection)
            embedded = _v1.nn.embedding_lookup(embedding, _v1.argmax(previous, 1))
            return embedded if update_embedding_for_previous else _v1.stop_gradient(embedded)

        inputs: Any = (_v1.nn.embedding_lookup(embedding, each) for each in decoder_inputs)
        return rnn_decoder(inputs, initial_state, cell, best if feed_previous else None)


def sequence_loss_by_example(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    softmax_loss_function: Callable | None = None,
    name: str | None = None,
) -> Any:
    """Returns the weighted crossentropy of each sequence of a batch.

    Args:
        logits: scores of each step, of shape [batch, symbols].
        targets: symbols of each step, of shape [batch].
        weights: weights of each step, of shape [batch].
        average_across_timesteps: divides by the sum of the weights.
        softmax_loss_function: called with `labels` and `logits` in the place of the crossentropy.
        name: the scope of the ops.

    Raises:
        ValueError: if the lengths differ.
    """
    if len(targets) != len(logits) or len(weights) != len(logits):
        raise ValueError(
            f"Lengths of logits, weights, and targets must be the same {len(logits)}, {len(weights)}, {len(targets)}."
        )
    with _v1.name_scope(name, "sequence_loss_by_example", [*logits, *targets, *weights]):
        losses = []
        for logit, target, weight in zip(logits, targets, weights, strict=True):
            if softmax_loss_function is None:
                flat = _v1.reshape(target, [-1])
                loss = _v1.nn.sparse_softmax_cross_entropy_with_logits(labels=flat, logits=logit)
            else:
                loss = softmax_loss_function(labels=target, logits=logit)
            losses.append(loss * weight)
        total = _v1.add_n(losses)
        return total / (_v1.add_n(list(weights)) + 1e-12) if average_across_timesteps else total


def sequence_loss(
    logits: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    average_across_timesteps: bool = True,
    average_across_batch: bool = True,
    softmax_loss_function: Callable | None = None,
    name: str | None = None,
) -> Any:
    """Returns the sum, or the mean over the batch, of `sequence_loss_by_example`."""
    with _v1.name_scope(name, "sequence_loss", [*logits, *targets, *weights]):
        cost = _v1.reduce_sum(
            sequence_loss_by_example(logits, targets, weights, average_across_timesteps, softmax_loss_function)
        )
        return cost / _v1.cast(_v1.shape(targets[0])[0], cost.dtype) if average_across_batch else cost


def model_with_buckets(
    encoder_inputs: Sequence[Any],
    decoder_inputs: Sequence[Any],
    targets: Sequence[Any],
    weights: Sequence[Any],
    buckets: Sequence[tuple[int, int]],
    seq2seq: Callable,
    softmax_loss_function: Callable | None = None,
    per_example_loss: bool = False,
    name: str | None = None,
) -> tuple[list[Any], list[Any]]:
    """Returns the outputs and the loss of a model for each bucket, a pair of lengths of inputs and outputs.

    Raises:
        ValueError: if there are fewer inputs, targets or weights than the last bucket has.
    """
    last = buckets[-1]
    for given, what, needed in (
        (encoder_inputs, "encoder_inputs", 0),
        (targets, "targets", 1),
        (weights, "weights", 1),
    ):
        if len(given) < last[needed]:
            raise ValueError(f"Length of {what} ({len(given)}) must be at least that of last bucket ({last[needed]}).")
    outputs, losses = [], []
    with _v1.name_scope(name, "model_with_buckets", [*encoder_inputs, *decoder_inputs, *targets, *weights]):
        for number, (inwards, outwards) in enumerate(buckets):
            with _v1.variable_scope(_v1.get_variable_scope(), reuse=True if number else None):
                found, _ = seq2seq(encoder_inputs[:inwards], decoder_inputs[:outwards])
                outputs.append(found)
                loss = sequence_loss_by_example if per_example_loss else sequence_loss
                given = (found, targets[:outwards], weights[:outwards])
                losses.append(loss(*given, softmax_loss_function=softmax_loss_function))
    return outputs, losses
