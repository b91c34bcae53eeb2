"""`nthgrad differentiate`: tables, files and plots."""

from __future__ import annotations

import itertools
import math
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from support.command_line import DEMO, LOG, computed

from nthgrad.__main__ import main
from nthgrad._display import plot, table
from nthgrad.cli import ways

TABLE = """\

   x  y              f         df_dy       d2f_dy2
 ─────────────────────────────────────────────────
 0.5  3   0.9974949866   0.035368601  -0.249373747
 1.0  3   0.1411200081  -0.989992497  -0.141120008
 2.0  3  -0.2794154982   1.920340573   1.117661993

"""


@pytest.mark.quick
def test_table(capsys):
    assert main(["differentiate", "sin(x*y)", "--at", "x=0.5,1,2", "--at", "y=3", "--by", "y", "--order", "2"]) == 0
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == TABLE.splitlines()


def test_wide_tables_are_split(capsys):
    assert main(["differentiate", "exp(x)", "--at", "x=0.5", "--order", "8"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out
    for heading in ["f", "df_dx", *(f"d{n}f_dx{n}" for n in range(2, 9))]:
        assert heading in out.split()
    assert out.split().count("1.648721271") == 9


def test_rows_wider_than_the_screen_are_not_cut(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    outcome = [ways.Result(way, [ways.exact(n) for n in range(5)], 0.0, None) for way in ways.WAYS]
    table.show(ways.table(outcome))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert lines[:-3] == DEMO.splitlines()


@pytest.mark.parametrize(
    ("values", "digits", "expected"),
    [
        ([1, 2, -3], 10, ["1", "2", "-3"]),
        ([0.5, 1, -2], 10, ["0.5", "1.0", "-2.0"]),
        ([1 / 3], 7, ["0.3333333"]),
        ([100 / 3, 1 / 3], 7, ["33.33333", "0.33333"]),
        ([1e-8], 7, ["1.000000e-08"]),
        ([2.5e7, 1.0], 3, ["2.50e+07", "1.00e+00"]),
        ([math.nan, math.inf, 1.5], 10, ["nan", "inf", "1.5"]),
        ([0.0], 10, ["0"]),
        ([-0.0], 10, ["0"]),
        ([-0.0, 1 / 3], 7, ["0.0000000", "0.3333333"]),
        ([-0.0, -1e-8], 3, ["0.00e+00", "-1.00e-08"]),
        ([1e5 + 0.5, -2e-4], 7, ["100000.5", "0.0"]),
        ([-math.inf, -0.0], 7, ["-inf", "0"]),
        ([], 10, []),
    ],
)
def test_aligned(values, digits, expected):
    assert table.aligned(values, digits) == expected


def test_a_zero_has_no_sign_in_a_table_and_keeps_it_in_a_file(capsys):
    typed = ["differentiate", "-x**3", "--at", "x=0,0.3", "--order", "2"]
    assert main([*typed, "--out", "a.csv"]) == main(typed) == 0
    assert "-0.0,-0.0" in Path("a.csv").read_text()
    zeros = capsys.readouterr().out.splitlines()[3]
    assert [float(cell) for cell in zeros.split()] == [0, 0, 0, 0]
    assert "-" not in zeros
    results = [ways.Result(ways.WAYS[0], [-1e-9, -0.0, -0.1, 0.1, 0.0], 0.0, None)]
    table.show(ways.table(results))
    shown = [line.split()[2] for line in capsys.readouterr().out.splitlines() if line[:7].strip().isdigit()]
    assert shown == ["0.0000000", "0.0000000", "-0.1000000", "0.1000000", "0.0000000"]


class Acts:
    """What makes a folder where it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def archive(path):
    with open(path, "wb") as file:
        np.savez(file, x=np.array([Acts()], object))


def header(text):
    said = text.ljust(117).encode() + b"\n"
    return lambda path: path.write_bytes(b"\x93NUMPY\x01\x00" + len(said).to_bytes(2, "little") + said + bytes(8))


NOT_NUMBERS = {
    "an array of objects": lambda path: np.save(path, np.array([Acts()], object), allow_pickle=True),
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Acts())),
    "an archive of objects": archive,
    "a damaged archive": lambda path: path.write_bytes(b"PK\x03\x04 and more"),
    "nothing": lambda path: path.write_bytes(b""),
    "an open parenthesis": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1"),
    "an open string": header("{'descr': '<f8', 'fortran_order': False, 'shape"),
    "no dict": header("{'descr': '<f8' 'fortran_order'} = ="),
    "more than there is": header("{'descr': '<f8', 'fortran_order': False, 'shape': (1073741824,)}"),
    "more than memory holds": header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**60},)}}"),
}


@pytest.mark.quick
@pytest.mark.parametrize("make", NOT_NUMBERS.values(), ids=NOT_NUMBERS)
def test_points_are_never_unpickled(make, capfd):
    make(Path("x.npy"))
    assert main(["differentiate", "x**2", "--at", "x=x.npy"]) == 2
    assert capfd.readouterr() == ("", "nthgrad: x.npy is not a NumPy file of numbers. Write it with numpy.save.\n")
    assert not Path("unpickled").exists()


def test_the_pickles_would_act():
    """Else the test above proves nothing."""
    for name in ("an array of objects", "an archive of objects"):
        NOT_NUMBERS[name](Path("x.npy"))
        with open("x.npy", "rb") as file:
            loaded = np.load(file, allow_pickle=True)
            if name == "an archive of objects":
                loaded["x"]
        Path("unpickled").rmdir()


def test_csv(capsys):
    assert main(["differentiate", "log(x)", "--at", "x=0.1,3", "--order", "2", "--out", "a.csv"]) == 0
    assert capsys.readouterr().out == ""
    lines = Path("a.csv").read_bytes().decode().split("\n")
    assert (lines[0], lines[3:]) == ("x,f,df_dx,d2f_dx2", [""])
    x = np.array([0.1, 3])
    rows = [[float(cell) for cell in line.split(",")] for line in lines[1:3]]
    np.testing.assert_allclose(np.transpose(rows), [x, np.log(x), 1 / x, -1 / x**2], rtol=1e-15)


def test_float32_csv_reads_back_equal():
    assert main(["differentiate", "x", "--order", "0", "--at", "x=0.1", "--dtype", "float32", "--out", "a.csv"]) == 0
    assert Path("a.csv").read_text() == "x,f\n0.1,0.1\n"


@pytest.mark.parametrize("name", ["file", "args", "allow_pickle"])
def test_npz_of_a_variable_with_any_name(name):
    assert computed(f"{name}**2", "--at", f"{name}=3")[f"df_d{name}"] == [6]


@pytest.mark.parametrize("name", ["a.csv", "a.npz", "a.png"])
def test_a_write_that_fails_leaves_the_old_file(name, here, monkeypatch, capfd):
    Path(name).write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    option = "--plot" if name == "a.png" else "--out"
    assert main(["differentiate", "x**2", "--at", "x=1", option, name]) == 2
    assert capfd.readouterr() == (
        "",
        f"nthgrad: {name} cannot be written: No space left on device. Give a writable file.\n",
    )
    assert [p.name for p in here.iterdir()] == [name]
    assert Path(name).read_text() == "old"


def test_a_written_file_has_the_usual_rights(here):
    Path("usual").write_text("")
    assert main(["differentiate", "x**2", "--at", "x=1", "--out", "a.csv"]) == 0
    assert Path("a.csv").stat().st_mode == Path("usual").stat().st_mode


@pytest.fixture
def figures(monkeypatch):
    """The figures that are saved, with what matplotlib makes of them."""
    from matplotlib.figure import Figure

    saved, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, *a, **k: (saved.append(self), save(self, *a, **k)))
    return saved


def test_plot_around_a_point(figures, capsys):
    assert main(["differentiate", "log(x + 2)", "--at", "x=1", "--order", "2", "--plot", "a.png"]) == 0
    assert "1.098612289" in capsys.readouterr().out  # the table as well
    assert Path("a.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    (figure,) = figures
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_title()) == ("x", "f and its derivatives", "log(x + 2)")
    assert axes.get_yscale() == "linear"
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["f", *(rf"$\mathrm{{d}}{p} f\,/\,\mathrm{{d}}\mathit{{x}}{p}$" for p in ("", "^{2}"))]
    curves = [line for line in axes.lines if len(line.get_xdata()) > 100]
    for line, exact in zip(
        curves, [lambda x: np.log(x + 2), lambda x: 1 / (x + 2), lambda x: -1 / (x + 2) ** 2], strict=True
    ):
        x, y = line.get_data()
        assert (x[0], x[-1]) == (0.5, 1.5)
        np.testing.assert_allclose(y, exact(x), rtol=1e-14)
    dots = [line for line in axes.lines if line.get_marker() in plot.MARKERS]
    np.testing.assert_allclose([line.get_ydata()[0] for line in dots], LOG[:3], rtol=1e-14)


def test_plot_of_curves_of_many_sizes(figures):
    assert (
        main(["differentiate", "exp(10*x)", "--at", "x=1,0", "--order", "3", "--plot", "a.svg", "--out", "a.csv"]) == 0
    )
    assert b"<svg" in Path("a.svg").read_bytes()
    (axes,) = figures[0].axes
    assert axes.get_yscale() == "asinh"
    assert axes.lines[0].get_xdata()[[0, -1]].tolist() == [0, 1]


def test_plot_where_another_variable_varies(figures):
    assert main(["differentiate", "x*y", "--at", "x=3,1,2", "--at", "y=1,2,3", "--plot", "a.pdf"]) == 0
    line = figures[0].axes[0].lines[0]
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([1, 2, 3], [2, 6, 3])


def test_plot_of_many_points(figures):
    np.save("x.npy", np.linspace(0, 1, 900))
    assert main(["differentiate", "x**2", "--at", "x=x.npy", "--plot", "a.png"]) == 0
    assert [len(line.get_xdata()) for line in figures[0].axes[0].lines[:2]] == [900, 900]
    assert not [line for line in figures[0].axes[0].lines if line.get_marker() in plot.MARKERS]


def test_curves_are_told_apart_in_print_and_by_the_color_blind(figures):
    assert main(["eval", "sin(x)", "--at", "x=0,3", "--order", "7", "--plot", "a.png", "--out", "a.csv"]) == 0
    curves = [line for line in figures[0].axes[0].lines if len(line.get_xdata()) > 100]
    looks = [(line.get_color(), line.get_linestyle()) for line in curves]
    assert len(set(looks)) == 8
    assert all(a[0] != b[0] and a[1] != b[1] for a, b in itertools.pairwise(looks))


@pytest.mark.parametrize("color", plot.COLORS)
def test_colors_are_seen_on_white(color):
    parts = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    assert 1.05 / (linear @ [0.2126, 0.7152, 0.0722] + 0.05) > 3  # the contrast that the WCAG ask of graphics


@pytest.mark.parametrize(
    ("ends", "interval"), [((1, 3), (1, 3)), ((4, 4), (2, 6)), ((-4, -4), (-6, -2)), ((0, 0), (-1, 1))]
)
def test_interval(ends, interval):
    assert plot._interval(*map(float, ends)) == interval


def test_plot_without_matplotlib(monkeypatch, capfd):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["differentiate", "x**2", "--at", "x=1", "--plot", "a.png"]) == 2
    message = "--plot needs matplotlib, which is not installed. Run pip install 'nthgrad[plot]'."
    assert capfd.readouterr() == ("", f"nthgrad: {message}\n")
