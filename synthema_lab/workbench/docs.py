"""How does the documentation become pages that can be read without a server?

``make docs`` writes ``docs/_build``: the README, the glossary, the pages on
dictionaries and on the threat model, and the executed reference notebooks.
Nothing is loaded from the network, and every picture has its alternative text.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import nbformat

from ..storage import whole_file, whole_folder
from .paths import project_root, reference_folder
from .prose import title_of, to_html

_TEMPLATES = Path(__file__).with_name("templates")
_PAGES = {
    "index": "README.md",
    "glossary": "GLOSSARY.md",
    "dictionaries": "data_dictionaries/README.md",
    "run_a_study": "docs/run_a_study.md",
    "set_up_a_site": "docs/set_up_a_site.md",
    "threat_model": "docs/threat_model.md",
    "contributing": "CONTRIBUTING.md",
}
FIRST = "leuksurv"
"""The cohort whose executed notebooks have the plain names."""


def build_docs(out: Path | None = None) -> Path:
    """Write the pages.

    Parameters
    ----------
    out : pathlib.Path, optional
        ``docs/_build`` by default; replaced when all pages are written.

    Returns
    -------
    pathlib.Path
        The first page.
    """
    root = project_root()
    destination = out or root / "docs" / "_build"
    with whole_folder(destination.with_name(f"{destination.name}-new")) as folder:
        notebooks = _notebooks(folder)
        for name, source in _PAGES.items():
            text = re.sub(r"<!--.*?-->", "", (root / source).read_text(encoding="utf-8"))
            for page, file in _PAGES.items():
                text = text.replace(f"]({file})", f"]({page}.html)")
            text = re.sub(r"\[([^\]]*)\]\((?!\w+\.html\))[^)]*\)", r"\1", text)
            links = [*notebooks, *_others()] if name == "index" else []
            _write(folder / f"{name}.html", text, links)
    shutil.rmtree(destination, ignore_errors=True)
    destination.with_name(f"{destination.name}-new").rename(destination)
    return destination / "index.html"


def _others() -> list[tuple[str, str]]:
    return [
        (f"{name}.html", name.replace("_", " ").capitalize()) for name in _PAGES if name != "index"
    ]


def _write(path: Path, markdown: str, links: list[tuple[str, str]]) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    first, _, rest = markdown.partition("\n")
    page = environment.get_template("docs.html.j2").render(
        title=first.lstrip("# "),
        content=to_html(rest),
        links=links,
        style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
    )
    with whole_file(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _notebooks(folder: Path) -> list[tuple[str, str]]:
    """A page for each executed reference; file name and title of each."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="offline", extra_template_basedirs=[str(_TEMPLATES)], embed_images=True
    )
    written = []
    for path in sorted(reference_folder().glob("*/*/*.ipynb")):
        read = nbformat.read(path, as_version=4)
        page, _ = exporter.from_notebook_node(read, {"metadata": {"name": path.stem}})
        cohort = path.relative_to(reference_folder()).parts[0]
        several = len(list(reference_folder().glob(f"*/*/{path.name}"))) > 1
        suffix = f"_{cohort}" if several and cohort != FIRST else ""
        name = f"{path.stem}{suffix}.html"
        with whole_file(folder / name) as temporary:
            temporary.write_text(page, encoding="utf-8")
        title = title_of(read) or path.stem
        written.append((name, f"{title} ({cohort})" if several else title))
    return written


if __name__ == "__main__":
    print(f"Written: {build_docs()}")
