"""Pictures of a secure sum show chance where it is; their data are the same in every run."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from synthema_lab.cohorts import load_cohort
from synthema_lab.errors import ArgumentRefused
from synthema_lab.federation import measure_cost, watch
from synthema_lab.workbench import figures
from synthema_lab.workbench.disclosure import SMALL_COUNT
from synthema_lab.workbench.histograms import _starts, histogram, hospitals_of

ROOT = Path(__file__).resolve().parents[2]
COHORTS = ("leuksurv", "scd", "aml")


@pytest.fixture(scope="module")
def counted():
    return histogram(load_cohort("leuksurv"), "age_years")


@pytest.fixture(scope="module")
def watched(counted):
    return watch(counted.counts)


@pytest.fixture(scope="module")
def plots(watched, counted):
    return {
        "what_is_sent": figures.what_is_sent(watched, counted),
        "sum_opens": figures.sum_opens(watched, counted),
        "round_bytes": figures.round_bytes(measure_cost([3, 5], [1000, 100_000])),
    }


# Histograms


@pytest.mark.parametrize("cohort", COHORTS)
def test_no_bar_of_a_hospital_stands_for_a_few_patients(cohort):
    loaded = load_cohort(cohort)
    for hospitals in (3, 4):
        found = histogram(loaded, "age_years", hospitals)
        counts = found.by_hospital.to_numpy()
        assert counts.shape[1] == hospitals
        assert ((counts == 0) | (counts >= SMALL_COUNT)).all()
        assert counts.sum() == loaded.patients["age_years"].notna().sum()
        assert counts.sum(axis=1).tolist() == found.pooled.tolist()


@pytest.mark.parametrize(
    ("counts", "starts"),
    [
        ([[20, 30], [10, 11], [50, 60]], [0, 1]),
        ([[3, 30], [10, 11], [50, 60]], [0]),
        ([[3, 7, 30], [10, 11, 12], [50, 60, 9]], [0]),
        ([[10, 7, 30], [10, 11, 12], [50, 60, 90]], [0, 1]),
        ([[0, 20, 30], [0, 11, 12], [0, 60, 90]], [0, 2]),
        ([[0, 20], [20, 11], [30, 60]], [0, 1]),
        ([[20, 30, 4], [10, 11, 0], [50, 60, 0]], [0, 1]),
    ],
)
def test_bins_are_joined_until_every_hospital_has_ten_or_none(counts, starts):
    assert _starts(np.array(counts)) == starts


def test_the_smallest_sites_are_joined():
    cohort = load_cohort("scd")
    hospitals = hospitals_of(cohort, 3)
    assert sum(map(len, hospitals.values())) == len(cohort.patients)
    assert max(map(len, hospitals.values())) < 2 * min(map(len, hospitals.values()))
    assert list(hospitals_of(cohort, 8)) == list(cohort.sites())


def test_what_cannot_be_counted_is_refused():
    cohort = load_cohort("leuksurv")
    for hospitals in (2, 5):
        with pytest.raises(ArgumentRefused, match="hospitals were asked for"):
            histogram(cohort, "age_years", hospitals)
    for variable in ("sex", "nothing"):
        with pytest.raises(ArgumentRefused, match="has no bins"):
            histogram(cohort, variable)
    few = type(cohort)(**{**vars(cohort), "patients": cohort.patients.head(30)})
    with pytest.raises(ArgumentRefused, match="too few patients"):
        histogram(few, "age_years")


def test_a_histogram_prints_as_a_table(counted):
    assert repr(counted).startswith("Age at diagnosis (years)\nbin")
    assert "14 to 29" in counted._repr_html_()


# Figures


def test_every_figure_has_data_a_caption_and_words_with_numbers(plots):
    for name, plot in plots.items():
        assert len(plot.data) > 0, name
        assert 60 < len(plot.caption) < 700, name
        assert re.search(r"\d", plot.alt), name
        assert 60 < len(plot.alt) < 1500, name
        assert plot.png().startswith(b"\x89PNG")


def test_data_and_words_are_the_same_in_every_run_although_the_masks_are_not(plots, counted):
    other = watch(counted.counts)
    for name in ("what_is_sent", "sum_opens"):
        again = getattr(figures, name)(other, counted)
        pd.testing.assert_frame_equal(again.data, plots[name].data)
        assert (again.caption, again.alt) == (plots[name].caption, plots[name].alt)
        assert again.png() != plots[name].png()
        assert "drawn afresh in every run" in again.caption


def test_the_opened_sum_equals_the_pooled_histogram_exactly(plots, counted):
    data = plots["sum_opens"].data
    assert data["patients"].tolist() == counted.pooled.tolist()
    assert (data["difference"] == 0).all()
    assert f"{len(data)} of {len(data)} bars" in plots["sum_opens"].caption


def test_a_sum_that_differs_would_be_said(watched, counted):
    other = type(counted)(counted.label, counted.by_hospital, 1 + counted.pooled)
    plot = figures.sum_opens(watched, other)
    assert "0 of 6 bars" in plot.caption
    assert "differ from it: 6." in plot.alt


def test_hospitals_differ_in_colour_and_in_hatch(plots):
    bars = [axes.patches[0] for axes in plots["what_is_sent"].figure.axes[:3]]
    assert len({bar.get_facecolor() for bar in bars}) == 3
    assert len({bar.get_hatch() for bar in bars}) == 3
    lines = plots["round_bytes"].figure.axes[0].lines
    assert len({line.get_marker() for line in lines}) == len(lines) == 2


def test_more_hospitals_than_fit_are_refused():
    found = histogram(load_cohort("scd"), "age_years", 6)
    seen = watch(found.counts)
    for draw in (figures.what_is_sent, figures.sum_opens):
        with pytest.raises(ArgumentRefused, match="hospitals=5"):
            draw(seen, found)


@pytest.mark.parametrize(("cohort", "hospitals"), [("leuksurv", 3), ("aml", 4), ("scd", 5)])
def test_words_stay_inside_and_apart(cohort, hospitals):
    found = histogram(load_cohort(cohort), "age_years", hospitals)
    seen = watch(found.counts)
    for plot in (figures.what_is_sent(seen, found), figures.sum_opens(seen, found)):
        canvas = FigureCanvasAgg(plot.figure)
        canvas.draw()
        renderer, box = canvas.get_renderer(), plot.figure.bbox
        titles = [axes.title for axes in plot.figure.axes if axes.title.get_text()]
        for text in [*titles, *plot.figure.findobj(Text)]:
            if text.get_visible() and text.get_text().strip():
                place = text.get_window_extent(renderer)
                assert place.x0 >= box.x0 - 2, text.get_text()
                assert place.x1 <= box.x1 + 2, text.get_text()
                assert text.get_fontsize() >= 9
        places = [title.get_window_extent(renderer) for title in titles]
        for first, second in itertools.pairwise(places):
            if abs(first.y0 - second.y0) < 30:
                assert first.x1 < second.x0


# The notebook


def test_the_notebook_compares_everything_but_the_times():
    path = ROOT / "notebooks" / "31_sum_without_sharing.ipynb"
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    ignored = [c.source for c in cells if "nbval-ignore-output" in c.metadata.get("tags", [])]
    assert ignored == ["cost"]
    assert not any("NBVAL" in c.source for c in cells)
    assert any("require_refused()" in c.source for c in cells)
