"""The figure of co-mutation shows signs, and says them in words."""

from __future__ import annotations

import pandas as pd
import pytest

from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench import figures


def table(rows):
    columns = ["quantity", "target", "simulated", "low", "high"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def deviations():
    rows = [
        ("Odds ratio mut_NPM1 and mut_DNMT3A", 9.4, 9.0, 8.0, 10.1),
        ("Odds ratio mut_TP53 and complex_kt", 60.0, 40.0, 35.0, 46.0),
        ("Odds ratio mut_NRAS and mut_FLT3_ITD", 0.26, 1.4, 1.2, 1.6),
        ("Men", 53.3, 53.0, 52.0, 54.0),
    ]
    pooled = [(f"Odds ratio inv16 and mut_{n}", 0.04, 0.001 * n, 0.0005, 0.1) for n in range(1, 10)]
    return table(rows + pooled)


def test_only_odds_ratios_are_drawn_and_their_sides_are_counted(deviations):
    plot = figures.comutation(deviations)
    assert len(plot.data) == 12
    assert plot.data["same_side"].sum() == 11
    assert "12 odds ratios, 2 above and 10 below 1" in plot.alt
    assert "11 of them lie on the same side" in plot.alt
    assert "furthest is NRAS and FLT3_ITD" in plot.alt


def test_a_pooled_target_is_marked_and_told_in_the_caption(deviations):
    plot = figures.comutation(deviations)
    assert plot.data["pooled"].sum() == 9
    assert "pooled" in plot.caption


def test_a_wrong_sign_has_its_own_marker_and_legend(deviations):
    (panel,) = figures.comutation(deviations).figure.axes
    labels = [text.get_text() for text in panel.get_legend().get_texts()]
    assert labels == ["same side of 1 as the target", "same side, below 0.02", "other side of 1"]
    assert len({line.get_marker() for line in panel.get_lines()[1:]}) == 3


def test_the_picture_is_the_same_for_the_same_numbers(deviations):
    assert figures.comutation(deviations).png() == figures.comutation(deviations).png()


def test_a_table_without_odds_ratios_is_refused():
    with pytest.raises(ArgumentRefused, match="no odds ratios"):
        figures.comutation(table([("Men", 53.3, 53.0, 52.0, 54.0)]))
