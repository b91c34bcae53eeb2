"""Draws the pictures of the guide's page on how nthgrad works: `python tests/support/drawings.py`.

They are small SVG files in src/nthgrad/guide/drawings, written line by line, so that they stay the same everywhere. The
numbers of `growth` are counted when the command runs; `growth(counts)` draws counts that are given.
"""

from __future__ import annotations

import itertools
import math
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "src" / "nthgrad" / "guide" / "drawings"
INK, BLUE, ORANGE, PALE = "#222222", "#0b5fa5", "#b34d00", "#eef3f8"  # blue and orange: also for the color-blind


def text(
    x: float, y: float, words: str, *, size: int = 15, color: str = INK, anchor: str = "middle", bold=False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{color}" text-anchor="{anchor}"{weight}>{words}</text>'


def box(x: float, y: float, width: float, height: float, color: str = INK, fill: str = "#ffffff") -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" fill="{fill}" stroke="{color}" '
        'stroke-width="1.5"/>'
    )


def arrow(x: float, y: float, to_x: float, to_y: float, color: str = INK) -> str:
    length = math.hypot(to_x - x, to_y - y)
    dx, dy = 9 * (to_x - x) / length, 9 * (to_y - y) / length
    head = [(to_x, to_y), (to_x - dx - dy / 2, to_y - dy + dx / 2), (to_x - dx + dy / 2, to_y - dy - dx / 2)]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in head)
    return (
        f'<line x1="{x:g}" y1="{y:g}" x2="{to_x - dx:.1f}" y2="{to_y - dy:.1f}" stroke="{color}" stroke-width="1.5"/>'
        f'<polygon points="{points}" fill="{color}"/>'
    )


def picture(width: int, height: int, title: str, *parts: str) -> str:
    lines = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="DejaVu Sans, Verdana, sans-serif" role="img">\n<title>{title}</title>\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n{lines}\n</svg>\n'
    )


def walk() -> str:
    """The graph of log(x + 2), with the coefficients that the walk gives to each tensor."""
    parts = [text(20, 30, "the graph of log(x + 2), and the series at x = 1, up to order 4", anchor="start", bold=True)]
    columns = [
        (110, "x", "", ["1", "1", "0", "0", "0"]),
        (320, "AddV2", "z = x + 2", ["3", "1", "0", "0", "0"]),
        (530, "Log", "y = log(z)", ["log 3", "1/3", "-1/18", "1/81", "-1/324"]),
        (730, "times k!", "derivatives", ["log 3", "1/3", "-1/9", "2/27", "-2/27"]),
    ]
    for x, op, formula, series in columns:
        last = op == "times k!"
        parts += [box(x - 60, 50, 120, 52, ORANGE if last else BLUE, PALE), text(x, 73, op, bold=True)]
        parts.append(text(x, 92, formula, size=13))
        parts += [text(x, 135 + 24 * k, value, color=ORANGE if last else BLUE) for k, value in enumerate(series)]
    parts += [arrow(x + 62, 76, y - 62, 76) for (x, *_), (y, *_) in itertools.pairwise(columns)]
    parts += [text(30, 135 + 24 * k, f"s{sup}", size=14) for k, sup in enumerate("⁰¹²³⁴")]
    parts.append(text(215, 275, "linear: each coefficient by itself", size=13))
    parts.append(text(425, 275, "z y' = z'", size=13))
    parts.append(text(630, 275, "the public border", size=13))
    return picture(810, 295, "The walk through the graph of log(x + 2)", *parts)


def collapse() -> str:
    """Which tensors the Laplacian needs in three directions, one by one and collapsed."""
    parts = []
    for left, title, count in (
        (20, "each direction by itself", "1 + 2d tensors"),
        (430, "collapsed", "1 + d + 1 tensors"),
    ):
        parts += [
            text(left, 30, title, anchor="start", bold=True),
            text(left + 360, 30, count, anchor="end", color=ORANGE),
        ]
        parts += [box(left, 105, 60, 40, BLUE, PALE), text(left + 30, 130, "value")]
        for r, y in enumerate((50, 105, 160)):
            parts += [arrow(left + 62, 125, left + 118, y + 20), box(left + 120, y, 70, 40, BLUE, PALE)]
            parts.append(text(left + 155, y + 25, f"1st, e{'₁₂₃'[r]}"))
    for r, y in enumerate((50, 105, 160)):
        parts += [
            arrow(212, y + 20, 258, y + 20),
            box(260, y, 70, 40, ORANGE, PALE),
            text(295, y + 25, f"2nd, e{'₁₂₃'[r]}"),
        ]
        parts += [arrow(332, y + 20, 358, 125), arrow(622, y + 20, 668, 125)]
    parts += [
        text(371, 131, "Σ", size=20, color=ORANGE),
        box(670, 105, 90, 40, ORANGE, PALE),
        text(715, 130, "Σ of 2nd"),
    ]
    parts.append(text(20, 235, "each op carries seven tensors; the sum comes last", size=13, anchor="start"))
    parts.append(text(430, 235, "each op carries five tensors, the sum among them", size=13, anchor="start"))
    return picture(810, 255, "The Laplacian in three directions, one by one and collapsed", *parts)


def growth(counts: dict[str, list[int]]) -> str:
    """The number of ops of the graph of a derivative, on a logarithmic axis, over its order."""
    left, bottom, width, height = 80, 300, 560, 250
    low, high, orders = 1, 4.5, range(1, 1 + max(map(len, counts.values())))

    def at(order: int, ops: float) -> tuple[float, float]:
        x = left + width * (order - 0.5) / len(orders)
        return x, bottom - height * (math.log10(ops) - low) / (high - low)

    parts = [text(left, 30, "ops in the graph of the nth derivative", anchor="start", bold=True)]
    for power in range(low, 5):
        y = at(1, 10**power)[1]
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + width}" y2="{y:.1f}" stroke="#c8c8c8"/>')
        parts.append(text(left - 10, y + 5, f"{10**power:,}", anchor="end", size=13))
    parts += [text(at(n, 10)[0], bottom + 22, str(n), size=13) for n in orders]
    parts.append(text(left + width / 2, bottom + 44, "order n", size=13))
    for (name, ops), color, dash in zip(counts.items(), (ORANGE, BLUE), ("", ' stroke-dasharray="7 4"'), strict=True):
        points = [at(n, count) for n, count in enumerate(ops, start=1)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2.5"{dash}/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>' for x, y in points]
        (x, y), above = points[-1], name == "nested tapes"
        parts.append(
            text(
                x + 12,
                y - 10 if above else y + 20,
                f"{name}: {ops[-1]:,}",
                color=color,
                size=14,
                anchor="start" if above else "end",
            )
        )
    return picture(720, 360, "Ops in the graph of the nth derivative, over n", *parts)


def counted(tapes: int = 6, series: int = 8) -> dict[str, list[int]]:
    """Counts the ops, for a network 1-64-64-64-1 with tanh."""
    import keras
    import tensorflow as tf

    import nthgrad as ng

    layers = [keras.layers.Dense(64, "tanh") for _ in range(3)]
    network = keras.Sequential([keras.Input([1]), *layers, keras.layers.Dense(1)])

    def nested(order: int, x: tf.Tensor) -> tf.Tensor:
        if order == 0:
            return network(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = nested(order - 1, x)
        return tape.gradient(y, x)

    def ops(f) -> int:
        traced = tf.function(f, autograph=False).get_concrete_function(tf.TensorSpec([None, 1]))
        functions = traced.graph.as_graph_def().library.function
        return len(traced.graph.get_operations()) + sum(len(f.node_def) for f in functions)

    return {
        "nested tapes": [ops(lambda x, n=n: nested(n, x)) for n in range(1, tapes + 1)],
        "series": [ops(ng.derivative(network, n)) for n in range(1, series + 1)],
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in {"walk": walk(), "collapse": collapse(), "growth": growth(counted())}.items():
        (FOLDER / f"{name}.svg").write_text(drawing, encoding="utf-8")
