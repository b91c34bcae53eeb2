"""Old files with damaged bytes: `legacy.lift` raises LegacyError or returns a function, in time, and never crashes."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, note
from hypothesis import strategies as st

from fuzz import children, old_files
from fuzz.bounded import cases

FILES = Path(__file__).parents[1] / "golden" / "artefacts"
XY = {"inputs": "x", "outputs": "y"}
SECONDS = 60
# What is lifted, the options, and the files that are damaged.
ARTEFACTS = {
    "plain32.pb": ({}, ["plain32.pb"]),
    "plain64.pb": (XY, ["plain64.pb"]),
    "arrays.pb": ({}, ["arrays.pb"]),
    "normalized.pb": ({}, ["normalized.pb"]),
    "while_loop.pb": ({}, ["while_loop.pb"]),
    "normalized.h5": ({}, ["normalized.h5"]),
    "recurrent.h5": ({}, ["recurrent.h5"]),
    "normalized.json": ({"weights": "normalized.weights.h5"}, ["normalized.json", "normalized.weights.h5"]),
    "reference.meta": (XY, ["reference.meta", "reference.index", "reference.data-00000-of-00001"]),
    "resource.meta": (XY, ["resource.meta", "resource.index", "resource.data-00000-of-00001"]),
    "dynamic_rnn.meta": ({"outputs": "y"}, ["dynamic_rnn.meta", "dynamic_rnn.index", "dynamic_rnn.data-00000-of-00001"]),
    "functional.meta": (XY, ["functional.meta", "functional.index", "functional.data-00000-of-00001"]),
    "saved_model": ({}, ["saved_model/saved_model.pb", "saved_model/variables/variables.index",
                         "saved_model/variables/variables.data-00000-of-00001"]),
}  # fmt: skip


@st.composite
def damages(draw):
    """What is lifted, the file that is damaged, and how: (kind, place as a fraction of the file, bytes)."""
    name = draw(st.sampled_from(list(ARTEFACTS)))
    file = draw(st.sampled_from(ARTEFACTS[name][1]))
    kinds = st.sampled_from(["flip", "flip", "set", "insert", "delete", "repeat", "cut"])
    one = st.tuples(kinds, st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4))
    return name, file, draw(st.lists(one, min_size=1, max_size=4))


def damaged(content, damage):
    """The content with one more damage."""
    kind, fraction, given = damage
    at = int(fraction * len(content))
    if kind == "flip":
        return content[:at] + bytes([content[at] ^ (1 << given[0] % 8)]) + content[at + 1 :] if content else content
    inserted = {"set": given, "insert": given, "delete": b"", "repeat": content[at : at + 8 * given[0]], "cut": b""}
    skipped = {"set": len(given), "insert": 0, "delete": given[0], "repeat": 0, "cut": len(content)}
    return content[:at] + inserted[kind] + content[at + skipped[kind] :]


def lifted(name, damages=(), file=None, seconds=SECONDS):
    """The outcome of lifting an artefact, one of whose files is damaged."""
    options = ARTEFACTS[name][0]
    with tempfile.TemporaryDirectory() as folder:
        for one in ARTEFACTS[name][1]:
            copy = Path(folder, one)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(FILES / one, copy)
        if file is not None:
            content = Path(folder, file).read_bytes()
            for damage in damages:
                content = damaged(content, damage)
            Path(folder, file).write_bytes(content)
        options = {k: f"{folder}/{v}" if k == "weights" else v for k, v in options.items()}
        points = str(FILES / f"{name.removesuffix('.meta')}.npz")
        return children.outcome(old_files.lifted, f"{folder}/{name}", options, points, file is None, seconds=seconds)


# Not made smaller: each try takes as long as a crash or a time limit does.
@cases(4, damages(), phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_damaged_files(damage):
    name, file, how = damage
    note(f"{file} of {name}, damaged by {how}")
    assert lifted(name, how, file) in ("refused", "a function")


@pytest.mark.parametrize("name", ["plain64.pb", "reference.meta", "recurrent.h5"])
def test_files_that_are_whole(name):
    assert lifted(name) == "a function"


def test_a_crash_and_a_hang_are_noticed():
    assert children.outcome(old_files.crash, seconds=SECONDS).startswith("crash: exit code -")
    assert children.outcome(old_files.hang, seconds=0.5) == "no answer in 0.5 seconds"
