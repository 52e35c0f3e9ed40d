"""The documentation is pages that load nothing."""

from __future__ import annotations

import re

from synthema_lab.workbench.docs import build_docs


def test_the_pages_load_nothing_and_describe_every_picture(tmp_path):
    first = build_docs(tmp_path / "pages")
    assert first.name == "index.html"
    pages = {path.name: path.read_text() for path in first.parent.glob("*.html")}
    assert {"index.html", "glossary.html", "dictionaries.html", "50_validate.html"} <= set(pages)
    assert ">Threat model</a>" in pages["index.html"]
    assert pages["threat_model.html"].count("<table>") == 3
    for name, page in pages.items():
        assert "<script" not in page, name
        assert not re.search(r"(src|href)=[\"']https?://", page), name
        for picture in re.findall(r"<img[^>]*>", page):
            assert re.search(r'alt="[^"]{40,}"', picture), name
    for link in re.findall(r'href="([\w]+\.html)"', pages["index.html"]):
        assert link in pages
    assert "make test" in pages["index.html"]
    assert not (tmp_path / "pages-new").exists()
