"""Builds the site: the guide, the notebooks, MIGRATION.md and the reference of the functions, with a search.

    pip install '.[docs]'
    python tests/support/build_site.py OUT           # trains the examples for their pictures: some minutes
    python tests/support/build_site.py OUT --quick   # without these pictures: some seconds

OUT/index.html opens in a browser, also without a server. Nothing is loaded from elsewhere.

A line of a page's `sh` block that has `--plot FILE` is run, and the picture follows the block. So do the figures of the
notebooks follow their cells. The drawings of the guide come from drawings.py.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import mkdocs.commands.build
import mkdocs.config
import notebooks
import pages

STYLE = """
/* Copied code is code: no prompts, no output. */
[data-md-copying] :is(.gp, .go) { display: none; }
:is(.gp, .go) { user-select: none; }
/* Words of code in tables stay whole; a table that is too wide scrolls by itself. */
.md-typeset :is(th, td) code { white-space: nowrap; }
/* On a narrow screen, long names in the first of two columns leave room for the second. */
@media (max-width: 600px) {
  .md-typeset td:first-child:nth-last-child(2) { min-width: 7rem; overflow-wrap: anywhere; }
}
/* A drawing's words stay readable: on a narrow screen it scrolls by itself. */
.md-typeset img { max-width: 100%; background: #fff; }
.md-typeset img[src$=".svg"] { min-width: 560px; }
.md-typeset p:has(> img) { overflow-x: auto; }
/* A touch screen has no hovering that would show the button. */
.md-code__button { color: var(--md-default-fg-color--lighter); }
.md-code__nav { background-color: var(--md-code-bg-color); }
/* The palette's grays, links and marks are too pale for small text. Its own rules name the primary color too. */
[data-md-color-scheme="default"][data-md-color-primary] {
  --md-default-fg-color--light: #4a4f57; --md-default-fg-color--lighter: #6a7078;
  --md-code-hl-comment-color: #54595f; --md-code-hl-generic-color: #54595f;
  --md-accent-fg-color: #3f51c8;
}
[data-md-color-scheme="slate"][data-md-color-primary] {
  --md-default-fg-color--light: #b9bcc4; --md-default-fg-color--lighter: #9498a2; --md-typeset-a-color: #86abf9;
  --md-code-hl-number-color: #f58a7d; --md-code-hl-constant-color: #ab9ef0;
  --md-accent-fg-color: #9db8ff; --md-accent-bg-color: var(--md-default-bg-color);
}
.md-content mark { color: var(--md-default-fg-color); }
.md-typeset h1, .md-typeset h2 { font-weight: 400; }
"""


def pictures(text: str, folder: Path) -> str:
    """Runs the commands of a page that draw, in a folder, and puts each picture behind its block."""

    def drawn(block: re.Match[str]) -> str:
        shown = [block[0]]
        for line in block[1].splitlines():
            if not (found := re.search(r"--plot (\S+)", line.partition(" #")[0])):
                continue
            words = shlex.split(line, comments=True)
            if words[0] == "python":
                words[0] = sys.executable
            print("+", line, flush=True)
            path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
            subprocess.run(words, cwd=folder, check=True, env={**os.environ, "PATH": path})
            shown.append(f"![the picture that `{shlex.join(shlex.split(line, comments=True))}` draws]({found[1]})")
        return "\n\n".join(shown)

    return re.sub(r"^```sh\n(.*?)^```$", drawn, text, flags=re.MULTILINE | re.DOTALL)


def figures(text: str, path: Path, folder: Path) -> str:
    """Runs a notebook, and puts each of its figures behind its cell."""
    cells = iter(notebooks.run(path))

    def shown(block: re.Match[str]) -> str:
        cell = next(cells)
        if cell.figure is None:
            return block[0]
        name = f"{path.stem}_{cell.number}.svg"
        cell.figure.savefig(folder / name)
        return f"{block[0]}\n\n![the figure of this cell]({name})"

    return re.sub(r"^```python\n.*?^```$", shown, text, flags=re.MULTILINE | re.DOTALL)


def collect(docs: Path, *, quick: bool) -> None:
    """Writes the pages to a folder, and their pictures unless `quick`."""
    for path, place in pages.PAGES.items():
        target = docs / place
        target.parent.mkdir(parents=True, exist_ok=True)
        text = pages.page(path)
        if path.endswith(".ipynb") and not quick:
            text = figures(text, pages.ROOT / path, target.parent)
        target.write_text(text if quick else pictures(text, target.parent), encoding="utf-8")
    for name in pages.REFERENCE:
        target = docs / "reference" / f"{name}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(pages.reference(name), encoding="utf-8")
    shutil.copytree(pages.ROOT / pages.GUIDE / "drawings", docs / "guide" / "drawings")
    shutil.copy(pages.ROOT / pages.GUIDE / "iframe-worker.js", docs)
    (docs / "style.css").write_text(STYLE, encoding="utf-8")


def sources(packages: Path) -> None:
    """Copies the sources for the reference: legacy/ lies outside src/, and MkDocs calls the section Examples."""
    shutil.copytree(pages.ROOT / "src" / "nthgrad", packages / "nthgrad")
    shutil.copytree(pages.ROOT / "legacy", packages / "nthgrad" / "legacy")
    for path in packages.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"^( +)Example:$", r"\1Examples:", text, flags=re.MULTILINE), encoding="utf-8")


def main() -> None:
    """Builds the site; any warning of MkDocs is an error."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--quick", action="store_true", help="leave out the pictures that have to be computed")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    if problems := pages.broken():
        sys.exit("\n".join(["broken links:", *problems]))
    with tempfile.TemporaryDirectory() as work:
        docs, packages = Path(work, "docs"), Path(work, "packages")
        docs.mkdir()
        collect(docs, quick=options.quick)
        sources(packages)
        config = mkdocs.config.load_config(
            str(pages.ROOT / pages.GUIDE / "mkdocs.yml"),
            docs_dir=str(docs),
            site_dir=str(options.out.resolve()),
            strict=True,
        )
        config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [str(packages)]
        mkdocs.commands.build.build(config)


if __name__ == "__main__":
    main()
