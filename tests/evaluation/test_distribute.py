"""evaluate and training on several devices: as on one, on two logical CPUs and on two workers."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from support import work

WORK = Path(work.__file__)


@pytest.fixture(scope="module")
def one_device():
    return work.everything(None)


def start(folder, *cluster):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, str(WORK), str(folder), *map(str, cluster)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True)


def finish(*processes, status=0):
    for process in processes:
        try:
            said, _ = process.communicate(timeout=240)
        finally:
            for other in processes:
                if process.returncode != status:  # the others would wait for it
                    other.kill()
        assert process.returncode == status, said


def found(folder, index=0):
    with np.load(folder / f"{index}.npz") as file:
        return {name: file[name] for name in file.files}


def compare(got, want):
    for name in want:
        np.testing.assert_allclose(got[name], want[name], rtol=1e-12, atol=1e-14, err_msg=name)


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


@pytest.fixture(scope="module")
def two_cpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two_cpus")
    finish(start(folder), status=-signal.SIGKILL)
    return folder


def test_two_logical_cpus(two_cpus, one_device):
    got = found(two_cpus)
    compare(got, one_device)
    compare({"training": got["training by derivatives"]}, {"training": one_device["training"]})
    assert sorted(p.name for p in (two_cpus / "partials").iterdir()) == ["t.npy", "tx.npy", "value.npy", "xx.npy"]
    np.testing.assert_array_equal(np.load(two_cpus / "partials" / "xx.npy"), got["arrays"][3])
    np.testing.assert_array_equal(np.load(two_cpus / "one.npy"), got["one output"][0])


def test_a_killed_run_goes_on(two_cpus, tmp_path):
    killed, whole = two_cpus / "killed", tmp_path / "whole"
    assert not killed.exists()
    with open(two_cpus / "killed.part" / "t.0.npy", "ab") as file:
        file.write(b"of a batch that was cut off")
    _, calls = work.to_be_killed(killed, resume=True)
    assert len(calls) == 4  # of six: the third once more, to see that it comes out the same
    work.to_be_killed(whole)
    names = ["t.0.npy", "t.1.npy", "x.npy"]
    for folder in (killed, whole):
        assert sorted(p.name for p in folder.iterdir()) == names
    for name in names:
        assert (killed / name).read_bytes() == (whole / name).read_bytes()
    np.testing.assert_allclose(np.load(killed / "t.1.npy"), work.T**3, rtol=4 * np.finfo(float).eps)  # two `pow`s
    assert not list(two_cpus.glob("*.part"))


def test_two_workers(tmp_path, one_device):
    ports = free_ports(2)
    finish(*(start(tmp_path, *ports, index) for index in range(2)))
    want = {name: one_device[name] for name in ("arrays", "one output", "training")}
    compare(found(tmp_path, 0), want)
    compare(found(tmp_path, 1), want)
    np.testing.assert_array_equal(np.load(tmp_path / "one.npy"), found(tmp_path, 1)["one output"][0])
    assert not list(tmp_path.glob("*.part"))
    said = [found(tmp_path, index)["refusal"].item() for index in range(2)]
    assert said == [
        "FOLDER/one.npy exists already. Give another path, or overwrite=True to overwrite it.",
        "Worker 0 does not write FOLDER/one.npy. See what it raised.",
    ]
    said = [found(tmp_path, index)["unseen"].item() for index in range(2)]
    assert said == [
        f"Worker 1 does not see FOLDER/own{index}/one.npy, which worker 0 writes. Give a path in a folder that all "
        "workers share, or out=None."
        for index in range(2)
    ]


def test_one_device(one_device):
    t, x = work.T, work.X
    (a, b, c), _ = work.network()
    (a0, a1), y = a.numpy(), np.tanh(np.hstack([t, x]) @ a + b)
    d1, d2 = 1 - y**2, -2 * y * (1 - y**2)
    want = np.array([y @ c, d1 * a0 @ c, d2 * a0 * a1 @ c, d2 * a1**2 @ c])  # "", t, tx, xx
    np.testing.assert_allclose(one_device["arrays"], want, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(one_device["dataset"], want, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(one_device["one point"], want[:, :1], rtol=1e-13, atol=1e-14)
    assert one_device["no points"].shape == (4, 0, 1)
    np.testing.assert_allclose(one_device["one output"], [np.sin(x)], rtol=1e-15)
