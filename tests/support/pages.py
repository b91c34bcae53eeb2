"""The pages of the site: their places, the links between them, the reference, and notebooks as Markdown."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = "src/nthgrad/guide"

PAGES = {
    "README.md": "index.md",
    **{f"{GUIDE}/{path.name}": f"guide/{path.name}" for path in sorted((ROOT / GUIDE).glob("*.md"))},
    **{
        f"{GUIDE}/notebooks/{path.name}": f"notebooks/{path.stem}.md"
        for path in sorted((ROOT / GUIDE / "notebooks").glob("*.ipynb"))
    },
    "MIGRATION.md": "migration.md",
    "src/nthgrad/OPS.md": "ops.md",
    "src/nthgrad/CHANGELOG.md": "changes.md",
    "tests/golden/PROGRAMS.md": "programs.md",
    "tests/golden/SUITES.md": "suites.md",
}
"""From a file of the repository to its page."""

REFERENCE = {
    "functions": (
        "Derivatives of a function",
        ["derivative", "derivatives", "partials", "taylor", "finite_difference", "check"],
    ),
    "operators": (
        "Operators",
        [
            *("gradient", "jacobian", "hessian", "hvp", "jvp", "vjp", "gauss_newton_vp", "per_example"),
            *("laplacian", "biharmonic", "divergence", "curl", "symmetric_gradient", "directional"),
        ],
    ),
    "tensors": ("Tensors and tapes", ["gradients", "GradientTape", "accelerated"]),
    "training": ("Keras and training", ["keras.grad", "loss_and_gradients", "optimize.minimize", "evaluate"]),
    "files": ("Files", ["export.saved_model", "export.stablehlo"]),
    "legacy": ("Old programs", ["legacy.run", "legacy.session", "legacy.lift", "legacy.scan"]),
    "extend": ("Rules for ops", ["extend"]),
    "errors": ("Errors", ["errors"]),
}
"""From a page of the reference to its title and to the names under `nthgrad` whose docstrings it shows."""

_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^)\s]+)\)")


def source(path: str) -> str:
    """The Markdown of a page, given by its file in the repository."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return notebook(text) if path.endswith(".ipynb") else text


def notebook(text: str) -> str:
    """A notebook as Markdown: its text, its code, and what the code printed."""
    parts = []
    for cell in json.loads(text)["cells"]:
        content = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(content)
            continue
        parts.append(f"```python\n{content}\n```")
        if printed := "".join("".join(output["text"]) for output in cell["outputs"]):
            parts.append(f"```text\n{printed.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a page, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def prose(text: str) -> list[str]:
    """A text, cut into pieces: those at odd places are blocks of code, which have no links."""
    return re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)


def links(path: str) -> list[tuple[str, str]]:
    """The links of a page to files: the file in the repository and the anchor in it, or ""."""
    found = []
    for _, target in (match for piece in prose(source(path))[::2] for match in _LINK.findall(piece)):
        if not re.match(r"[a-z]+:", target):
            name, _, anchor = target.partition("#")
            file = ((ROOT / path).parent / name).resolve() if name else ROOT / path
            found.append((str(file.relative_to(ROOT)), anchor))
    return found


def broken() -> list[str]:
    """The links between the pages that lead nowhere."""
    return [
        f"{path}: {file}#{anchor}"
        for path in PAGES
        for file, anchor in links(path)
        if not (ROOT / file).exists() or (anchor and anchor not in anchors(source(file)))
    ]


def _pipes(text: str) -> str:
    r"""Code in tables, where GitHub reads a pipe as `\|` and MkDocs as it is."""
    return re.sub(r"`[^`\n]*`", lambda code: code[0].replace(r"\|", "|"), text)


def page(path: str) -> str:
    """The Markdown of a page of the site. Links lead to the pages; what is no page loses its link."""
    here = PAGES[path]

    def link(match: re.Match[str]) -> str:
        label, target = match.groups()
        name, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not name:
            return match[0]
        file = str(((ROOT / path).parent / name).resolve().relative_to(ROOT))
        place = PAGES.get(file, f"guide/{name}" if label.startswith("!") else None)
        if place is None:
            return label[1:-1]
        up = "../" * here.count("/")
        return f"{label}({up}{place}{'#' + anchor if anchor else ''})"

    pieces = prose(source(path))
    pieces[::2] = [_pipes(_LINK.sub(link, piece)) for piece in pieces[::2]]
    return "".join(pieces)


def reference(name: str) -> str:
    """The Markdown of a page of the reference."""
    title, names = REFERENCE[name]
    return f"# {title}\n\n" + "\n".join(f"::: nthgrad.{each}\n" for each in names)
