"""Random and damaged Python sources for `scan` and `port`: a result or LegacyError, never another exception."""

import ast
import tempfile
from pathlib import Path

from hypothesis import assume, note
from hypothesis import strategies as st
from support.lines_run import lines_run

from fuzz.bounded import cases
from nthgrad import legacy
from nthgrad.errors import LegacyError
from nthgrad.legacy import _port

ROOT = Path(__file__).parents[2]
PROGRAMS = [
    path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "tests" / "golden" / "programs").glob("*.py"))
    + sorted((ROOT / "tests" / "legacy").glob("*.py"))
]
_WORDS = r"""import from as tf tensorflow keras K np x y f self ( ) [ ] { } = == := += . , : ; * ** -> @ lambda def class return
yield await async if elif else for in while try except finally with not and or is del global nonlocal pass break match
case _ type 1 0777 10L 1e5 0x 'a' "b" ''' r'\ u'x' f'{x}' f'{ b'' ` <> print exec raise Session run log gradients
placeholder layers contrib get_session models load_model xrange unicode # #coding:rot13 \ é"""
WORDS = [*_WORDS.split(), '"""', "\f", "\t", "\r", "\x00", "\u2028"]
_LINES = """import tensorflow as tf
import tensorflow as x
from tensorflow import *
from keras import backend as K
import tensorflow.contrib.layers as x
x = tf.Session()
x = x.run(y)
y = x.log(y).run
print x, y
exec "x" in y
raise E, "x"
except E, e:
def f(x, (y, z)): return tf.log(x)
def f(x=f, *y, **z):
class A(tf.keras.Model):
self.x = self.y.x
global x, tf
if x: x = y = tf
for x in x.run(tf.log(x)):
while x: tf, x = x, tf
with tf.Session() as x, x.as_default() as y:
try:
finally:
else:
x = [tf.log(y) for y in x for tf in y]
x = lambda tf: tf.log(x)
lambda x=tf: (yield)
tf.gradients(x, y, grad_ys=z)[0].eval(session=x)
@tf.function
async def f(): await x
match x:
case tf.A(x=y): pass
(x := tf).log(x)
del tf, x
return x.x.x.x.x.x
x = K.gradients(x, y) if x else tf.log
try: import tensorflow as y
getattr(tf, 'log')(x)
x['a'].b[0].log(*x, **y)
nonlocal x
type X[T] = tf.Session"""
LINES = _LINES.split("\n")
SOUP = st.lists(st.sampled_from([*WORDS, " ", "\n", "\n    ", "\n\t"]), max_size=60).map(" ".join)


@st.composite
def blocks(draw):
    """Lines, deeper and less deep."""
    text, indent = "", 0
    for _ in range(draw(st.integers(1, 12))):
        line = draw(st.sampled_from(LINES))
        text += " " * indent + line + "\n"
        indent = indent + 1 if line.endswith(":") else max(0, indent - draw(st.integers(0, 1)))
    return text


@st.composite
def damaged(draw):
    """A program with lines and characters moved, doubled, or lost."""
    lines = draw(st.sampled_from(PROGRAMS)).split("\n")[: draw(st.integers(5, 150))]
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(lines) - 1))
        kind = draw(st.sampled_from(["swap", "double", "drop", "insert", "character", "indent", "cut"]))
        line = lines[at]
        if kind == "swap":
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], line
        elif kind == "double":
            lines.insert(at, line)
        elif kind == "insert":
            lines.insert(at, draw(st.sampled_from(LINES)))
        elif kind == "character":
            column = draw(st.integers(0, len(line)))
            lines[at] = line[:column] + draw(st.characters(exclude_categories=["Cs"])) + line[column + 1 :]
        elif kind == "indent":
            lines[at] = draw(st.sampled_from([" ", "\t", "    "])) + line
        else:
            lines[at] = "" if kind == "drop" else line[: draw(st.integers(0, len(line)))]
    return "\n".join(lines)


DEEP = st.tuples(
    st.sampled_from(["(", "[", "-", "not ", "x.", "x if x else ", "lambda: ", "f(x)("]), st.integers(1, 5000)
)
DEEP = DEEP.map(lambda part: part[0] * part[1] + "x")
ENCODINGS = ["rot13", "hex", "utf-8", "utf-16", "latin-1", "ascii", "idna", "undefined", "mbcs", "no-such", "punycode"]
ENCODED = st.tuples(st.sampled_from(ENCODINGS), SOUP).map(lambda part: f"# coding: {part[0]}\n{part[1]}")
TEXTS = SOUP | DEEP | ENCODED | blocks() | damaged() | st.text(max_size=80)
CONTENTS = TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=200)


def scanned(content, folder):
    """The findings in a file of this content, or the LegacyErrors."""
    path = Path(folder, "program.py")
    path.write_bytes(content)
    refused = []
    found = legacy.scan([path], on_error=refused.append)
    return found, refused


@cases(50, CONTENTS)
def test_findings_or_a_reason(content):
    note(repr(content))
    with tempfile.TemporaryDirectory() as folder:
        found, refused = scanned(content, folder)
    assert len(refused) <= 1
    assert all(isinstance(error, LegacyError) and str(error).endswith(".") for error in refused)
    assert not (found and refused)
    try:
        ast.parse(content.decode("utf-8-sig"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        pass
    else:
        allowed = b"coding" in content or any("nested too deeply" in str(error) for error in refused)
        assert allowed or not refused, refused  # what else Python reads is read
    lines = content.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for one in found:
        assert 1 <= one.line <= len(lines), one
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1, one


@cases(2, blocks() | damaged())
def test_the_time_is_linear(text):
    """Twice as many repeats take twice the steps; a square would take four times."""
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        assume(False)
    note(text)
    text = text.rstrip("\n") + "\n"
    repeats = max(2, 2000 // len(text))
    with tempfile.TemporaryDirectory() as folder:
        scanned(text.encode(), folder)  # what is done once in a process does not count
        once, twice, more = (
            lines_run(lambda n=n: scanned((text * n).encode(), folder)) for n in (repeats, 2 * repeats, 4 * repeats)
        )
    assert more - twice < 2.5 * (twice - once) + 1000, (once, twice, more)


@cases(20, blocks() | damaged())
def test_a_port_is_a_program_and_its_own_port(text):
    note(text)
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        assume(condition=False)
    new = _port.ported(text)
    ast.parse(new)
    assert _port.ported(new) == new
