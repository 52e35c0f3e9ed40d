from __future__ import annotations

import itertools
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

from synthema_lab.errors import DataMismatch
from synthema_lab.workbench.report import build_report
from synthema_lab.workbench.run import Run
from synthema_lab.workbench.setting import Setting

EVIL = '<script>alert("x")</script>'
COUNTS = pd.DataFrame({"group": ["a", EVIL], "n": [12, 40], "share": [0.230769231, 0.769230769]})
VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Collects the tags of a page and notices those that are not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *names):
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture
def made(project, notebook):
    """A finished run of a notebook with a figure, tables, headlines and a restricted output."""

    def make(name="40_generate", cohort="leuksurv", folder=None):
        from matplotlib.figure import Figure

        notebook(name)
        path = (folder or project / "runs") / f"20260102-030405-{name}-abcd"
        path.mkdir(parents=True)
        values = {"seed": 7, "cohort_name": cohort, "note": EVIL}
        run = Run(path, Setting(name, values, dict.fromkeys(values, "default")))
        figure = Figure((4, 2))
        figure.subplots().plot([0, 1])
        run.figure(
            figure, "line", data=COUNTS, caption=f"A line {EVIL}.", alt=f'It "rises" {EVIL}.',
            sensitivity="aggregate",
        )  # fmt: skip
        run.table(COUNTS, "counts", caption="Counts.", sensitivity="public")
        run.table(COUNTS, "hidden_table", caption="Not for you.", sensitivity="restricted")
        run.headline(
            c_index={"value": 0.7, "low": 0.65, "high": 0.75, "floor": 0.5, "ceiling": 0.72,
                     "label": "C-index", "direction": "higher is better"},
            patients=(1043, None, None),
        )  # fmt: skip
        run.privacy({"views": {"the coordinator": 2.5}, "delta": 1e-5, "release": "r1"})
        run.finish()
        return path

    return make


def test_the_page_loads_nothing_and_runs_nothing(made):
    text = build_report(made(), summary="Plain.").read_text()
    page = Page(text)
    assert page.all("script", "link", "iframe", "object", "embed", "base", "form") == []
    for attributes in page.all("img", "source", "a"):
        for name in ("src", "href", "srcset"):
            assert (attributes.get(name) or "data:").startswith(("data:", "#"))
    assert not re.search(r"url\(|@import|https?://", text)
    assert not any(name.startswith("on") for _, a in page.tags for name in a)
    (policy,) = [m["content"] for m in page.all("meta") if "http-equiv" in m]
    assert policy.startswith("default-src 'none'")


def test_the_page_can_be_read_without_seeing_it(made):
    page = Page(build_report(made()).read_text())
    assert page.all("html") == [{"lang": "en"}]
    images = page.all("img")
    assert len(images) == 1
    assert all(image["alt"] for image in images)
    assert all(header["scope"] in ("col", "row") for header in page.all("th"))
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_everything_that_comes_from_outside_is_escaped(made):
    text = build_report(made(), title=EVIL, summary=EVIL).read_text()
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 5


def test_figures_and_tables_are_numbered_and_bring_their_data(made):
    text = build_report(made()).read_text()
    assert "<strong>Figure 1.</strong>" in text
    assert "Table 1. Counts." in text
    assert 'download="line.csv"' in text
    assert "0.2308" in text


def test_restricted_outputs_are_counted_and_never_shown(made):
    text = build_report(made()).read_text()
    assert "Not for you" not in text
    assert "hidden_table" in text  # its keyed hash is listed, its content is not
    assert "kept with the run and not shown: 1." in text


def test_a_headline_stands_with_interval_floor_and_ceiling(made):
    text = build_report(made()).read_text()
    row = text[text.index("C-index") : text.index("patients", text.index("C-index"))]
    for part in ("0.700 (0.650 to 0.750)", "0.500", "0.720", "higher is better"):
        assert part in row


def test_the_limits_of_the_notebook_and_the_privacy_spent_are_said(made, project):
    (project / "GLOSSARY.md").write_text("# Glossary\n\n**Epsilon.** How much.\n\n**Zeta.** No.\n")
    text = build_report(made()).read_text()
    assert "Anything about <em>patients</em>." in text
    assert "the coordinator" in text
    assert "1e-05" in text
    assert "<dt>Epsilon</dt>" in text
    assert "Zeta" not in text


def test_several_runs_share_one_page_with_a_column_for_each_cohort(made, project):
    folder = project / "runs" / "demo"
    made("40_generate", "leuksurv", folder)
    made("41_generate_scd", "scd", folder)
    text = build_report(folder, title="Both").read_text()
    Page(text)
    assert '<th scope="col">leuksurv</th><th scope="col">scd</th>' in text
    assert "<strong>Figure 2.</strong>" in text
    assert text.count("C-index") == 1
    assert text.count(">r1<") == 1  # the same release, replayed, is counted once


def test_a_report_of_a_run_that_lost_a_file_says_which(made):
    path = made()
    (path / "figures/line.png").unlink()
    with pytest.raises(DataMismatch, match=r"line\.png"):
        build_report(path)
    assert not (path / "report.html").exists()


def test_the_same_run_gives_the_same_page(made):
    path = made()
    first = build_report(path).read_bytes()
    assert build_report(path).read_bytes() == first
