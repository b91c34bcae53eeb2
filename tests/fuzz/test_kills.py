"""`evaluate`, killed after random lines of its code and resumed, writes the files of a run without an interruption."""

import tempfile
from pathlib import Path

from hypothesis import note
from hypothesis import strategies as st

from fuzz import children, killed_runs
from fuzz.bounded import cases

SECONDS = 120
KILLED = "crash: exit code -9"
# Rows, rows of a batch, seconds between two entries in the journal, and where in its code each run is killed: a part of
# its lines, or so many before the last one, where the files are put in their place.
RUNS = st.tuples(
    st.integers(1, 30),
    st.integers(1, 5),
    st.sampled_from([0.0, 0.0, 0.01, 2.0]),
    st.lists(st.floats(0, 1) | st.integers(-80, -27), min_size=1, max_size=4),
)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@cases(2, RUNS)
def test_killed_and_resumed(run):
    rows, batch_size, interval, places = run
    note(f"{rows} rows in batches of {batch_size}, the journal every {interval} s, killed at {places}")

    def outcome(out, last=None):
        return children.outcome(killed_runs.evaluate, str(out), rows, batch_size, interval, last, seconds=SECONDS)

    with tempfile.TemporaryDirectory() as folder:
        whole, out, journal = (Path(folder, name) for name in ("whole", "out", "out.part/journal.json"))
        lines = int(outcome(whole))
        ended = False
        for place in places:
            found = outcome(out, 1 + int(place * lines) if place >= 0 else max(1, lines + place))
            assert found == KILLED or found.isdigit(), found
            # With the last line, or behind the last file that was put in its place.
            ended = found.isdigit() or (out.exists() and not journal.exists())
            if ended:
                break
            if out.exists():  # the files appear whole or not at all
                assert contents(out).items() <= contents(whole).items()
        assert ended or outcome(out).isdigit()
        assert contents(out) == contents(whole)
