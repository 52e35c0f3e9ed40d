"""Figures of a validation draw what was measured, and say it to who cannot see them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Audit, Validation
from synthema_lab.workbench import figures
from synthema_lab.workbench.figures.findings import _placed


def validation(**curves: pd.DataFrame) -> Validation:
    return Validation((), curves, "ward", 300, 150, 300, 20, 0)


def contrasts(*rows) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["group", "variable", "label", "real", "candidate"])
    for column in ("real", "candidate"):
        found[f"{column}_low"], found[f"{column}_high"] = found[column] - 0.1, found[column] + 0.1
    return found.assign(kind="numbers")


CONTRASTS = contrasts(
    ("HbSS", "hb", "Haemoglobin", -1.2, -1.1),
    ("HbSC", "hb", "Haemoglobin", 1.3, -0.4),
    ("HbSS", "mcv", "Red cell volume", 0.9, 0.8),
    ("HbSC", "mcv", "Red cell volume", np.nan, 0.2),
)


def test_contrasts_name_the_largest_difference_and_leave_out_what_is_hidden():
    plot = figures.contrasts(validation(group_contrasts_numbers=CONTRASTS))
    assert "2 of 3 have the same sign" in plot.alt
    assert (
        "the largest difference is Haemoglobin: HbSC, 1.30 in real patients and -0.40" in plot.alt
    )
    assert len(plot.data) == 7
    assert plot.png()[:4] == b"\x89PNG"


def test_contrasts_of_chosen_variables_come_in_their_order():
    plot = figures.contrasts(
        validation(group_contrasts_numbers=CONTRASTS), variables=["mcv", "hb"], most=2
    )
    (panel,) = plot.figure.axes
    assert [one.get_text().split(":")[0] for one in panel.get_yticklabels()] == ["Haemoglobin"] * 2
    assert list(plot.data["variable"].unique()) == ["mcv", "hb"]


def test_a_kind_of_contrast_that_is_not_there_is_refused():
    with pytest.raises(ArgumentRefused, match="no contrasts of colours"):
        figures.contrasts(validation(group_contrasts_numbers=CONTRASTS), kind="colours")
    with pytest.raises(ArgumentRefused, match="No groups were contrasted in findings"):
        figures.contrasts(validation(group_contrasts_numbers=CONTRASTS), kind="findings")


FINDINGS = pd.DataFrame(
    {
        "finding": ["a", "b", "c"],
        "text": ["A goes with B.", "C shortens life.", "D excludes E."],
        "kind": ["odds_ratio", "mean_difference", "odds_ratio"],
        "source": "somewhere",
        "least": [2.0, -4.0, 0.0],
        "most": [8.0, -1.0, 0.4],
        "real": [4.0, -2.0, np.nan], "real_low": [3.0, -3.0, np.nan],
        "real_high": [5.0, -1.5, np.nan], "real_holds": [True, True, True],
        "candidate": [1.1, -2.5, 0.1], "candidate_low": [0.9, -3.5, 0.05],
        "candidate_high": [1.5, -1.0, 0.3], "candidate_holds": [False, True, True],
    }
)  # fmt: skip


def test_findings_tell_what_was_not_found_again():
    plot = figures.findings({"released": validation(findings=FINDINGS)})
    assert "real patients: 3 of 3 found again" in plot.alt
    assert "released: 2 of 3 found again; not found again: A goes with B" in plot.alt
    assert len(plot.data) == 6


def test_ratios_are_placed_by_their_logarithm_and_differences_as_they_are():
    data = pd.DataFrame(
        {
            "kind": ["odds_ratio", "mean_difference", "odds_ratio", "odds_ratio"],
            "least": [2.0, -4.0, 0.0, 2.0],
            "most": [8.0, -1.0, 0.4, 8.0],
        }
    )
    placed = _placed(data, pd.Series([4.0, -2.5, 0.4, np.nan]))
    assert placed[:3].tolist() == pytest.approx([0.5, 0.5, 1.0])
    assert np.isnan(placed[3])


PAIRS = pd.DataFrame(
    {
        "first": ["NPM1", "NPM1", "RUNX1"],
        "second": ["DNMT3A", "RUNX1", "DNMT3A"],
        "real": [1.5, np.nan, 0.1],
        "real_direction": ["together", "apart", "unclear"],
        "candidate": [1.2, 0.4, -0.2],
        "hidden": [False, True, False],
    }
)


def test_the_map_of_pairs_mirrors_real_and_synthetic_and_tells_hidden_pairs_by_direction_alone():
    plot = figures.co_occurrence(validation(co_occurrence=PAIRS))
    assert "1 clearly go together and 1 clearly exclude each other; 1 of these 2" in plot.alt
    assert "one that has not is NPM1 with RUNX1" in plot.alt
    image = plot.figure.axes[0].get_images()[0].get_array().filled(np.nan)
    assert image[0, 1] == 0.4  # NPM1 and RUNX1, synthetic, above the diagonal
    assert image[1, 0] == pytest.approx(-1.2)  # real, hidden: its direction in a pale colour
    assert (image[0, 2], image[2, 0]) == (1.2, 1.5)


GAINS = {
    "attribute_inference": pd.DataFrame(
        {"label": ["Iron"], "members": [0.6], "others": [0.4], "gain": [0.2], "low": [0.1],
         "high": [0.3]}
    ),
    "singling_out": pd.DataFrame(
        {"attack": ["univariate"], "members": [0.1], "others": [0.1], "gain": [0.0],
         "low": [-0.1], "high": [0.1]}
    ),
}  # fmt: skip


def test_gains_tell_how_many_attacks_lie_above_zero_and_which_is_largest():
    plot = figures.attack_gains({"leaky": validation(**GAINS)})
    assert "leaky: 1 of 2 attacks lie above 0" in plot.alt
    assert "0.20 (0.10 to 0.30) in guessing a value, Iron" in plot.alt
    assert "300 training patients, 150 others" in plot.caption


@pytest.mark.parametrize(
    "draw", [figures.attack_gains, figures.co_occurrence, figures.contrasts, figures.findings]
)
def test_what_was_not_measured_is_refused_with_what_to_do(draw):
    with pytest.raises(ArgumentRefused) as caught:
        draw(validation())
    assert caught.value.next_step


def test_an_audit_shows_what_epsilon_forbids_and_whether_it_is_refuted():
    rates = np.linspace(0, 1, 101)
    curve = pd.DataFrame({"false_positive_rate": rates, "false_negative_rate": 1 - rates})
    honest = Audit(1.0, 0.1, 0.2, 3.0, 1e-5, 0.95, 500, curve)
    assert "is not refuted" in figures.audit(honest).alt
    broken = Audit(1.0, 2.1, 2.2, 3.0, 1e-5, 0.95, 500, curve)
    plot = figures.audit(broken)
    assert "is refuted" in plot.caption
    assert "500 runs" in plot.caption
