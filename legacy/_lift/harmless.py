"""Refuses ops that reach beyond their graph: to files, processes, the network or Python.

A file of unknown origin must not run them. TensorFlow marks most of them as stateful, and `kinds.UNCHANGING` names the
harmless stateful ops; the tables here list the exceptions.
"""

from __future__ import annotations

from typing import Any

from nthgrad.engines.graph import kinds
from nthgrad.errors import LegacyError
from nthgrad.legacy._internals import lifting as _private
from nthgrad.legacy._lift.ops import VARIABLES, describe

ALLOW = "If you trust the file, give safe_mode=False (--unsafe on the command line)."

# Ops that are not marked as stateful, but read or write files, run native or Python code, run a graph given as text,
# send to a debugger, or wait.
_UNMARKED = frozenset({
    "BytesProducedStatsDataset", "CacheDataset", "Copy", "CopyHost", "DatasetFromGraph", "DebugIdentity",
    "DebugNanCount", "DebugNumericSummary", "DecodeProtoV2", "EncodeProto",
    "ExperimentalNonSerializableDataset", "ExperimentalSleepDataset",
    "GenerateVocabRemapping", "InitializeTableFromTextFile", "MatchingFiles", "PyFuncStateless", "ReadFile",
    "ReaderRead", "ReaderReadUpTo", "ReaderRestoreState", "RegisterDataset", "RegisterDatasetV2", "SleepDataset",
    "SnapshotChunkDataset", "SnapshotDataset", "SnapshotDatasetReader", "SnapshotDatasetV2",
    "SnapshotNestedDatasetReader", "XlaCustomCall", "XlaCustomCallV2",
})  # fmt: skip

# Ops of `kinds.UNCHANGING` that read a file, or state of the process.
_FOREIGN = frozenset({"FixedUnigramCandidateSampler", "GetSessionTensor", "SerializeIterator"})

_NOT_READ = "/not_read"  # suffix of the placeholders that `disarm` adds


def acts(kind: str) -> bool:
    """Whether ops of a type may reach beyond their graph."""
    known = _private.op_def(kind)
    if kind in _UNMARKED or kind in _FOREIGN:
        return True
    return known is not None and known.is_stateful and kind not in kinds.UNCHANGING and kind not in VARIABLES


def calls(kind: str) -> bool:
    """Whether an op runs functions, which may hold any op."""
    known = _private.op_def(kind)
    return known is not None and any(attr.type in ("func", "list(func)") for attr in known.attr)


def check(op: Any) -> None:
    """Refuses an op that may reach beyond its graph; `make` refuses the other stateful ops.

    Raises:
        LegacyError: if the op is not known to be harmless.
    """
    if op.type == "Placeholder" and op.name.endswith(_NOT_READ):
        op = next(iter(op.outputs[0].consumers()), op)
    if op.type in _UNMARKED or op.type in _FOREIGN or calls(op.type):
        raise LegacyError(
            f"{describe(op)} may reach files, processes, the network or Python, and a file of unknown origin must not. "
            f"{ALLOW}"
        )


def disarm(graph: Any) -> None:
    """Disconnects acting ops of a GraphDef from their inputs, so that importing it does not run them.

    On import, TensorFlow computes shapes and runs ops on constants to do so. It runs no stateful op, none that calls a
    function, and none that depends on a placeholder. A disconnected op is refused if the outputs depend on it.
    """
    _cut(graph.node, "")
    for function in graph.library.function:
        _cut(function.node_def, ":output:0")


def _cut(nodes: Any, output: str) -> None:
    """Gives each acting node a placeholder as its first input; references are never constant."""
    for node in [one for one in nodes if one.op in _UNMARKED and one.input and not one.input[0].startswith("^")]:
        known = _private.op_def(node.op)
        if known is None or known.input_arg[0].is_ref:
            continue
        arg = known.input_arg[0]
        listed = node.attr[arg.type_list_attr].list.type if arg.type_list_attr else ()
        dtype = arg.type or (listed[0] if listed else node.attr[arg.type_attr].type)
        name = node.name + _NOT_READ
        nodes.add(name=name, op="Placeholder").attr["dtype"].type = dtype
        node.input[0] = name + output
