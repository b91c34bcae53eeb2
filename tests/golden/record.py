"""Records what TensorFlow 1.15.5 with Keras 2.2.4 prints and saves for each program of `programs/`.

Everything else in this project runs on today's TensorFlow; this file alone runs on the old one, which needs Python 3.7:

    python3.7 -m venv old
    old/bin/pip install tensorflow==1.15.5 keras==2.2.4 "h5py<3" "protobuf<3.21" "numpy<1.19" "pyyaml<6"
    old/bin/python tests/golden/record.py            # all programs, or only those named: record.py s3_hessians grad_ys

Each program runs twice, in a process and an empty folder of its own, and must print and save the same both times.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "legacy" / "_comparison"))  # the old Python has no nthgrad
import outcome  # noqa: E402

PROGRAMS = HERE / "programs"
RECORDED = HERE / "recorded"
NEEDED = {"tensorflow": "1.15.5", "keras": "2.2.4"}


def run(arguments: list[str]) -> str:
    """What this interpreter prints and saves, run with `arguments`; raises RuntimeError if it fails."""
    done = outcome.run([sys.executable, *arguments])
    if done.status:
        raise RuntimeError(f"{arguments} ended with status {done.status}:\n{done.error}")
    return done.text


def versions() -> dict[str, str]:
    """The versions that decide what is printed; raises RuntimeError where they are not the ones to record."""
    ask = "for name in 'tensorflow', 'keras', 'numpy', 'scipy': print(name, __import__(name).__version__)"
    found = dict(line.split() for line in run(["-c", ask]).splitlines())
    table = {"python": platform.python_version(), **found, "machine": platform.machine()}
    for name, version in NEEDED.items():
        if table[name] != version:
            raise RuntimeError(
                f"{name} {table[name]} is installed, {version} is to be recorded. "
                "Make the environment as the docstring of record.py says."
            )
    return table


def record(program: Path) -> str:
    """What `program` prints and saves; raises RuntimeError if it fails, prints nothing or does not do the same twice."""
    first, second = run([str(program)]), run([str(program)])
    if not first.strip():
        raise RuntimeError(f"{program.name} printed nothing.")
    if first != second:
        raise RuntimeError(f"{program.name} is not deterministic. It gave\n{first}\nand then\n{second}")
    return first


def write(path: Path, text: str) -> None:
    """Writes the whole file or nothing."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(text.encode("utf-8"))
    os.replace(part, path)


def main(names: list[str]) -> None:
    """Records the programs named, or all of them."""
    stamp, text = RECORDED / "VERSIONS.txt", "".join(f"{name} {version}\n" for name, version in versions().items())
    if names and stamp.exists() and stamp.read_text() != text:
        raise RuntimeError(f"The other programs were recorded under\n{stamp.read_text()}not\n{text}Record all of them.")
    RECORDED.mkdir(exist_ok=True)
    for program in [PROGRAMS / f"{name}.py" for name in names] or sorted(PROGRAMS.glob("*.py")):
        write(RECORDED / f"{program.stem}.txt", record(program))
        print("recorded", program.stem, flush=True)
    write(stamp, text)


if __name__ == "__main__":
    main(sys.argv[1:])
