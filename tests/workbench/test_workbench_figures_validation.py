"""Figures of a validation draw what was measured, and say it to who cannot see them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort
from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Audit, Metric, Validation, decide, prepare
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.linkability import linkability_gain
from synthema_lab.validation.singling_out import singling_out_gain
from synthema_lab.workbench import figures
from synthema_lab.workbench.figures.findings import _placed
from synthema_lab.workbench.figures.hazards import _two_lines
from synthema_lab.workbench.figures.labels import brief, briefs
from synthema_lab.workbench.validation_page import validation_page, validation_paper

LONG = "Highest time-averaged mean of maximum velocity by transcranial Doppler (TAMMV)"


def validation(*metrics: Metric, **curves: pd.DataFrame) -> Validation:
    return Validation(metrics, curves, "ward", 300, 150, 300, 20, 0)


def assert_legible(plot: figures.Plot) -> None:
    """All that is written lies inside the figure, is large enough, and names of rows are apart."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(plot.figure)
    canvas.draw()
    box, renderer = plot.figure.bbox, canvas.get_renderer()
    for panel in plot.figure.axes:
        names = [one for one in panel.get_yticklabels() if one.get_text() and one.get_visible()]
        inside = [*names, *panel.texts, panel.xaxis.label, panel.yaxis.label, panel.title]
        for text in (one for one in inside if one.get_text()):
            place = text.get_window_extent(renderer)
            assert text.get_fontsize() >= 9, text.get_text()
            assert box.x0 - 2 <= place.x0, text.get_text()
            assert place.x1 <= box.x1 + 2, text.get_text()
        places = sorted((one.get_window_extent(renderer) for one in names), key=lambda it: it.y0)
        for below, above in pairwise(places):
            assert below.y1 <= above.y0 + 3


def contrasts(*rows) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["group", "variable", "label", "real", "candidate"])
    for column in ("real", "candidate"):
        found[f"{column}_low"], found[f"{column}_high"] = found[column] - 0.1, found[column] + 0.1
    return found.assign(kind="numbers")


@pytest.fixture(scope="module")
def cohort():
    return load_cohort("leuksurv")


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
    assert [one.get_text().split("\n")[0] for one in panel.get_yticklabels()] == ["Haemoglobin"] * 2
    assert list(plot.data["variable"].unique()) == ["mcv", "hb"]


def test_a_wide_interval_of_a_synthetic_cohort_does_not_push_the_marks_together():
    wide = CONTRASTS.assign(candidate_low=[-40.0, -0.5, 0.7, 0.1])
    plot = figures.contrasts(validation(group_contrasts_numbers=wide))
    left, right = plot.figure.axes[0].get_xlim()
    assert -2 < left < right < 2
    assert "An arrow: the interval goes on." in plot.caption
    assert "arrow" not in figures.contrasts(validation(group_contrasts_numbers=CONTRASTS)).caption


def test_long_names_stay_inside_and_apart():
    groups = ["homozygous HbS (sickle-cell anaemia)", "HbS with another variant (such as D-Punjab)"]
    many = contrasts(*[(one, f"v{k}", f"{k} {LONG}", 1.0, 0.9) for k in range(6) for one in groups])
    assert_legible(figures.contrasts(validation(group_contrasts_numbers=many)))
    findings = pd.concat(
        [FINDINGS.assign(text=f"{k} {LONG} " + FINDINGS["text"]) for k in range(3)]
    )
    assert_legible(figures.findings(validation(findings=findings)))
    pairs = pd.concat([PAIRS, PAIRS.assign(first=LONG, second=["x", "y", "NPM1"])])
    assert_legible(figures.co_occurrence(validation(co_occurrence=pairs)))
    gains = GAINS["attribute_inference"].assign(label=LONG)
    assert_legible(figures.attack_gains(validation(attribute_inference=gains)))
    labels = [f"{place} {LONG}" for place in range(20)]
    gaps = pd.DataFrame({"variable": labels, "label": labels, "real": 0.3, "synthetic": 0.2})
    assert_legible(figures.missingness(validation(missingness=gaps)))


def test_a_brief_label_loses_its_aside_first_and_ends_between_words():
    assert brief("HbS with another variant (such as D-Punjab)", 30) == "HbS with another variant"
    assert brief("inv(16)/t(16;16) with CBFB::MYH11", 40) == "inv(16)/t(16;16) with CBFB::MYH11"
    assert brief("Donaudampfschiff", 6) == "Donau…"
    assert all(len(brief(LONG, most)) <= most for most in range(2, len(LONG)))


def test_two_labels_that_would_read_alike_stay_whole():
    alike = ["Event observed: relapse", "Event observed: death", LONG]
    short = briefs(alike, 18)
    assert [short[one] for one in alike[:2]] == alike[:2]
    assert len(short[LONG]) <= 18


def test_a_hazard_ratio_names_its_levels_below_the_variable():
    found = _two_lines("SCD genotype: HbS with HbC vs homozygous HbS (sickle-cell anaemia)")
    assert found == "SCD genotype\nHbS with HbC vs homozygous HbS"
    assert _two_lines("NPM1 mutated: yes vs no") == "NPM1 mutated"
    assert _two_lines("Age, per 12.4 years") == "Age, per 12.4 years"


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
        "expected": [4.0, -3.0, 0.2],
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
    assert list(plot.data.columns[-4:]) == ["effect", "low", "high", "holds"]


def test_the_published_effect_stands_in_its_band():
    panel = figures.findings(validation(findings=FINDINGS)).figure.axes[0]
    (published,) = [line for line in panel.lines if line.get_label() == "published"]
    first, second, third = published.get_xdata()
    assert (first, second) == pytest.approx((0.5, 1 / 3))
    assert 0 < third < 1
    assert list(published.get_ydata()) == [0, 1, 2]


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
        "first_variable": ["npm1", "npm1", "runx1"],
        "second_variable": ["dnmt3a", "runx1", "dnmt3a"],
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


def test_the_map_marks_what_it_cannot_tell():
    plot = figures.co_occurrence(validation(co_occurrence=PAIRS))
    panel = plot.figure.axes[0]
    dotted = [one.get_xy() for one in panel.patches if one.get_hatch() == "...."]
    assert dotted == [(-0.5, 0.5)]  # RUNX1 with NPM1, real: its direction alone
    assert panel.patch.get_hatch() == "////"
    assert {one.get_text() for one in plot.figure.legends[0].get_texts()} == {
        "too rare to compare",
        "direction alone: fewer than 10 real patients stand behind it",
    }


def test_the_map_can_be_drawn_of_chosen_variables():
    plot = figures.co_occurrence(validation(co_occurrence=PAIRS), variables=["npm1", "dnmt3a"])
    assert plot.figure.axes[0].get_yticklabels()[1].get_text() == "DNMT3A  2"
    assert len(plot.data) == 1
    with pytest.raises(ArgumentRefused, match="No pairs"):
        figures.co_occurrence(validation(co_occurrence=PAIRS), variables=["npm1"])


GAINS = {
    "attribute_inference": pd.DataFrame(
        {"label": ["Iron"], "members": [0.6], "others": [0.4], "gain": [0.2], "low": [0.1],
         "high": [0.3], "detectable": [0.08]}
    ),
    "singling_out": pd.DataFrame(
        {"attack": ["univariate"], "members": [0.1], "others": [0.1], "gain": [0.0],
         "low": [-0.1], "high": [0.1], "detectable": [0.05]}
    ),
}  # fmt: skip


def test_gains_tell_how_many_attacks_lie_above_zero_and_which_is_largest():
    plot = figures.attack_gains({"leaky": validation(**GAINS)})
    assert "leaky: 1 of 2 attacks lie above 0" in plot.alt
    assert "0.20 (0.10 to 0.30) in guessing a value, Iron" in plot.alt
    assert "300 training patients, 150 others" in plot.caption
    assert "stand out of chance are 0.05 to 0.08" in plot.alt


def test_each_attack_shows_the_smallest_gain_that_would_stand_out():
    panel = figures.attack_gains(validation(**GAINS)).figure.axes[0]
    assert [bar.get_width() for bar in panel.patches] == pytest.approx([0.08, 0.05])


def test_the_smallest_detectable_gain_is_measured_for_each_attack(cohort):
    train, held = cohort.patients.head(150), cohort.patients.tail(150)
    reference = prepare(train, held, cohort.dictionary, draws=20)
    copy = read_columns(train, cohort.dictionary, reference.train.variables)
    for measure, curve in ((singling_out_gain, "singling_out"), (linkability_gain, "linkability")):
        found = measure(copy, reference)
        table = found.curves[curve]
        assert (table["detectable"] > 0).all()
        assert (table["gain"] > table["detectable"]).any()
        said = table.loc[table["gain"].sub(found.value).abs().idxmin(), "detectable"]
        assert f"about {said:.3f}" in found.note


@pytest.mark.parametrize(
    "draw", [figures.attack_gains, figures.co_occurrence, figures.contrasts, figures.findings]
)
def test_what_was_not_measured_is_refused_with_what_to_do(draw):
    with pytest.raises(ArgumentRefused) as caught:
        draw(validation())
    assert caught.value.next_step


def of_rates(miss) -> pd.DataFrame:
    rates = np.linspace(0, 1, 101)
    return pd.DataFrame({"false_positive_rate": rates, "false_negative_rate": miss(rates)})


def test_an_audit_shows_what_epsilon_forbids_and_whether_it_is_refuted():
    curve = of_rates(lambda rates: 1 - rates)
    honest = Audit(1.0, 0.1, 0.2, 3.0, 1e-5, 0.95, 500, curve)
    assert "is not refuted" in figures.audit(honest).alt
    assert_legible(figures.audit(honest))
    broken = Audit(1.0, 2.1, 2.2, 3.0, 1e-5, 0.95, 500, curve)
    plot = figures.audit(broken)
    assert "is refuted" in plot.caption
    assert "500 runs" in plot.caption


@pytest.mark.parametrize(("epsilon", "delta"), [(1.0, 1e-5), (3.0, 0.01)])
def test_the_forbidden_corner_is_that_of_epsilon_and_delta(epsilon, delta):
    honest = Audit(epsilon, 0.1, 0.2, 3.0, delta, 0.95, 500, of_rates(lambda rates: 1 - rates))
    (region,) = figures.audit(honest).figure.axes[0].collections
    corner = (1 - delta) / (1 + np.exp(epsilon))  # where both bounds meet
    (outline,) = region.get_paths()
    assert outline.contains_point((0.97 * corner, 0.97 * corner))
    assert not outline.contains_point((1.03 * corner, 1.03 * corner))
    assert outline.contains_point((0.5, 0.95 * np.exp(-epsilon) * (0.5 - delta)))
    assert not outline.contains_point((0.5, 1.05 * np.exp(-epsilon) * (0.5 - delta)))


TOLD = (
    Metric("fidelity", "univariate_distance", "Distances", "minimise", (0, 1), 0.05, 0.02, 0.08,
           0.03, 0.03, "1", 300, "constant: mut_npm1 (npm1), x<y"),
    Metric("clinical", "findings_reproduced", "Findings", "maximise", (0, 1), 0.5, 0.2, 0.8,
           0.1, 1.0, "1", 300, "not held: a_b"),
    Metric("privacy", "c_index", "Attack", "minimise", (0, 1), float("nan"), note="too few rows"),
    Metric("privacy", "closer_to_training", "Closeness", "minimise", (0, 1), 0.5, -1e-5, 0.6, 0.5,
           0.5),
)  # fmt: skip
UNIVARIATE = pd.DataFrame({"variable": ["mut_npm1"], "label": ["NPM1 mutated"], "distance": 0.1})


@pytest.fixture(scope="module")
def told() -> Validation:
    findings = FINDINGS.assign(finding=["a_b", "b", "c"])
    gaps = pd.DataFrame({"variable": ["x"], "label": ["X"], "real": [0.2], "synthetic": [0.1]})
    return validation(
        *TOLD, univariate=UNIVARIATE, findings=findings, missingness=gaps,
        co_occurrence=PAIRS, group_contrasts_numbers=CONTRASTS,
        marginals=pd.DataFrame(
            {"variable": "x", "label": "X", "bin": ["no", "yes"], "real": [0.4, 0.6],
             "synthetic": [0.5, 0.5], "floor": [0.5, 0.5], "hidden": False, "numeric": False,
             "unit": "", "low_edge": np.nan, "high_edge": np.nan}
        ), **GAINS,
    )  # fmt: skip


def test_the_page_groups_its_metrics_and_sets_a_note_below_its_row(told):
    page = validation_page(told, decide(told))
    assert page.startswith("<!DOCTYPE html>")
    groups = [page.index(f'class="group">{title}') for title in
              ("Statistical fidelity", "Clinical value", "Residual privacy risk")]  # fmt: skip
    assert groups == sorted(groups)
    assert 'class="group">Usefulness' not in page
    assert page.index("not computed</td>") < page.index('class="remark">too few rows')
    assert ">0.000 to 0.600<" in page
    assert page.index("Distances to the closest record") < page.index("Closeness")


def test_the_page_says_labels_where_a_note_names_variables(told):
    page = validation_page(told, decide(told))
    assert "constant: “NPM1 mutated” (npm1), x&lt;y" in page
    assert "not held: “A goes with B”" in page


def test_page_and_paper_show_each_figure_whose_numbers_are_there(told):
    page = validation_page(told, decide(told))
    alone = validation_page(told, decide(told), "privacy")
    assert page.count("<figure") == 6  # no survival, no hazard ratios, no membership attack
    assert alone.count("<figure") == 1
    assert validation_paper(told, decide(told)).startswith(b"%PDF")
