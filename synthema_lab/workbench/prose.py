"""How do a notebook's words and the glossary's become part of a page?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from ..errors import ArgumentRefused
from .parameters import source_of
from .paths import project_root

if TYPE_CHECKING:
    from mistune import Markdown

LIMITS = "What this does not show"
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$", re.MULTILINE)
_TERM = re.compile(r"^\*\*(.+?)\.\*\* +(.+)$", re.MULTILINE)


def to_html(text: str) -> str:
    """Markdown as HTML that loads nothing: tags are escaped, pictures become their words.

    Examples
    --------
    >>> to_html("*Small* <script> ![a map](https://example.org/map.png)").strip()
    '<p><em>Small</em> &lt;script&gt; a map</p>'
    """
    return str(_markdown()(text))


def title_of(notebook: Mapping[str, Any]) -> str:
    """The question in a notebook's first heading; empty without one."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            for level, words in _HEADING.findall(source_of(cell)):
                if level == "#":
                    return words
    return ""


def section(notebook: Mapping[str, Any], heading: str) -> str:
    """The Markdown below a heading, up to the next heading of its level.

    Examples
    --------
    >>> section({"cells": [{"cell_type": "markdown", "source": "## Why\\n\\nBecause.\\n## Next"}]},
    ...         "Why")
    'Because.'
    """
    text = "\n\n".join(
        source_of(cell) if cell["cell_type"] == "markdown" else "" for cell in notebook["cells"]
    )
    for found in _HEADING.finditer(text):
        if found[2].strip().lower() == heading.lower():
            rest = text[found.end() :]
            ends = (n.start() for n in _HEADING.finditer(rest) if len(n[1]) <= len(found[1]))
            return rest[: next(ends, len(rest))].strip()
    return ""


def glossary(text: str) -> list[dict[str, str]]:
    """Terms of the project's glossary that occur in a text, in alphabetical order."""
    try:
        path = project_root() / "GLOSSARY.md"
    except ArgumentRefused:
        return []
    if not path.is_file():
        return []
    lower = text.lower()
    found = []
    for term, meaning in _TERM.findall(path.read_text(encoding="utf-8")):
        word = re.sub(r" *\(.*\)", "", term)
        if re.search(rf"\b{re.escape(word.lower())}s?\b", lower):
            found.append({"term": term, "word": word, "meaning": to_html(meaning)})
    return sorted(found, key=lambda entry: entry["term"].lower())


@cache
def _markdown() -> Markdown:
    import mistune

    class Plain(mistune.HTMLRenderer):
        """Loads nothing, and leaves headings to the page."""

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return escape(text)

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            return f"<p><strong>{text}</strong></p>\n"

    return mistune.create_markdown(renderer=Plain(escape=True), plugins=["table"])
