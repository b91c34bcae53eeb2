"""Ops that reach beyond their graph: to files, processes, the network or Python.

A file of unknown origin must not run them. TensorFlow marks most of them as stateful, and `state.UNCHANGING` names the
stateful ops that change nothing; the tables here hold what neither says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nthgrad.engines import state
from nthgrad.errors import LegacyError
from nthgrad.legacy._lift import _private
from nthgrad.legacy._lift.ops import VARIABLES, describe

ALLOW = "If you trust the file, give safe_mode=False (--unsafe on the command line)."

# Ops that TensorFlow does not mark as stateful, and that read or write files, run native or Python code, run a graph
# that they hold as text, send to a debugger, or wait.
_UNMARKED = frozenset({
    "BytesProducedStatsDataset", "CacheDataset", "Copy", "CopyHost", "DatasetFromGraph", "DebugIdentity",
    "DebugNanCount", "DebugNumericSummary", "ExperimentalNonSerializableDataset", "ExperimentalSleepDataset",
    "GenerateVocabRemapping", "InitializeTableFromTextFile", "MatchingFiles", "PyFuncStateless", "ReadFile",
    "ReaderRead", "ReaderReadUpTo", "ReaderRestoreState", "RegisterDataset", "RegisterDatasetV2", "SleepDataset",
    "SnapshotChunkDataset", "SnapshotDataset", "SnapshotDatasetReader", "SnapshotDatasetV2",
    "SnapshotNestedDatasetReader", "XlaCustomCall", "XlaCustomCallV2",
})  # fmt: skip

# Ops of `state.UNCHANGING` that read what another program, or another part of this one, holds.
_FOREIGN = frozenset({"GetSessionTensor", "SerializeIterator"})

_FILES = ("vocab_file", "filename", "file_pattern")  # attributes that name a file; empty where none is read


def acts(kind: str, attributes: Mapping[str, Any]) -> bool:
    """Whether an op reaches beyond its graph, or may.

    Args:
        kind: the type of the op.
        attributes: its attributes by name, as a NodeDef has them.
    """
    known = _private.op_def(kind)
    if kind in _UNMARKED or kind in _FOREIGN or any(name in attributes and attributes[name].s for name in _FILES):
        return True
    return known is not None and known.is_stateful and kind not in state.UNCHANGING and kind not in VARIABLES


def calls(kind: str) -> bool:
    """Whether an op runs functions, which may hold any op."""
    known = _private.op_def(kind)
    return known is not None and any(attr.type in ("func", "list(func)") for attr in known.attr)


def check(op: Any) -> None:
    """Raises where an op is not known to be harmless.

    Raises:
        LegacyError: It reaches beyond its graph.
    """
    if acts(op.type, op.node_def.attr) or calls(op.type):
        raise LegacyError(
            f"{describe(op)} may reach files, processes, the network or Python, and a file of unknown origin must not. "
            f"{ALLOW}"
        )
