"""Every figure carries its data, a caption, words for who cannot see it, and a second channel."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts import load_cohort, split_holdout
from synthema_lab.errors import ArgumentRefused
from synthema_lab.generators import floor_table
from synthema_lab.validation import prepare, validate
from synthema_lab.workbench import figures
from synthema_lab.workbench.figures.style import SERIES, SETTINGS, Plot


@pytest.fixture(scope="module")
def cohort():
    return load_cohort("leuksurv")


@pytest.fixture(scope="module")
def judged(cohort):
    dictionary = cohort.dictionary
    train, holdout = split_holdout(cohort.patients, dictionary)
    reference = prepare(train, holdout, dictionary, draws=40)
    alike = train.sample(400, random_state=1).drop(columns="patient_id")
    return {
        "copy": validate(reference, alike),
        "independent": validate(reference, floor_table(train, dictionary, 400, 3)),
    }


@pytest.fixture(scope="module")
def without_holdout(cohort):
    train = cohort.patients.head(120)
    return validate(train, train, cohort.dictionary, draws=20)


@pytest.fixture(scope="module")
def plots(judged, cohort) -> dict[str, Plot]:
    return {
        "survival": figures.kaplan_meier(judged),
        "survival_by_group": figures.kaplan_meier(judged, by_group=True),
        "hazard_ratios": figures.hazard_ratios(judged),
        "attack_roc": figures.attack_roc(judged),
        "attack_roc_of_one": figures.attack_roc(judged["copy"]),
        "marginals": figures.marginals(judged),
        "headline": figures.headline(judged),
        "sites": figures.sites(cohort.sites(), cohort.dictionary),
    }


def all_axes(plots):
    for plot in plots.values():
        for axes in plot.figure.axes:
            if axes.get_visible():
                yield axes


def test_every_figure_has_data_a_caption_and_alternative_text_with_numbers(plots):
    for name, plot in plots.items():
        assert len(plot.data) > 0, name
        assert len(plot.caption) > 60, name
        assert re.search(r"\d", plot.alt), name
        assert 60 < len(plot.alt) < 1500, name
        assert plot.png().startswith(b"\x89PNG")


def test_a_figure_shows_itself_in_a_notebook_with_escaped_words(plots):
    page = plots["survival"]._repr_html_()
    assert "<figcaption>" in page
    assert 'alt="Kaplan-Meier' in page
    odd = Plot(plots["survival"].figure, pd.DataFrame(), "<b>", '"<i>')._repr_html_()
    assert "<b>" not in odd
    assert "<i>" not in odd


def test_drawing_changes_no_global_setting_and_opens_no_window(judged):
    import matplotlib
    from matplotlib import pyplot

    before = dict(matplotlib.rcParams)
    figures.kaplan_meier(judged).png()
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == []


def test_the_same_numbers_give_the_same_picture(judged):
    assert figures.headline(judged).png() == figures.headline(judged).png()


def test_text_is_large_enough_at_700_pixels(plots):
    """A figure is 7 inches wide, so that one point is 1.39 of 700 pixels."""
    assert all(plot.figure.get_size_inches()[0] == 7 for plot in plots.values())
    for axes in all_axes(plots):
        texts = [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.title]
        texts += axes.get_xticklabels() + axes.get_yticklabels()
        assert all(text.get_fontsize() >= 9 for text in texts if text.get_text())


def test_no_text_leaves_the_figure(plots):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    for name, plot in plots.items():
        canvas = FigureCanvasAgg(plot.figure)
        canvas.draw()
        box, renderer = plot.figure.bbox, canvas.get_renderer()
        for text in plot.figure.findobj(Text):
            drawn = text.get_visible() and text.get_text() and text.axes is not None
            if not drawn or not text.axes.get_visible():
                continue
            place = text.get_window_extent(renderer)
            ticks = text.axes.get_xticklabels(which="both") + text.axes.get_yticklabels("both")
            if text in ticks:
                continue
            assert place.x0 >= box.x0 - 2, (name, text.get_text())
            assert place.x1 <= box.x1 + 2, (name, text.get_text())


def test_every_table_has_a_colour_a_line_and_a_marker_of_its_own():
    for key in ("color", "linestyle", "marker"):
        assert len({str(style[key]) for style in SERIES}) == len(SERIES)
    assert "axes.prop_cycle" not in SETTINGS


def test_drawn_lines_differ_in_their_markers(plots):
    for name in ("survival", "attack_roc_of_one"):
        lines = [line for line in plots[name].figure.axes[0].lines if line.get_label()[0] != "_"]
        plain = [line for line in lines if line.get_marker() == "None"]
        assert len(lines) >= 3
        assert len(plain) == 1  # real patients, or chance
        assert len({line.get_marker() for line in lines}) == len(lines)


def test_axes_say_what_and_in_which_unit(plots):
    survival = plots["survival"].figure.axes[0]
    assert survival.get_xlabel() == "Time (days)"
    assert survival.get_ylabel() == "Survival probability"
    assert plots["attack_roc"].figure.axes[0].get_xscale() == "log"
    assert plots["attack_roc"].figure.axes[0].get_yscale() == "log"
    assert plots["hazard_ratios"].figure.axes[0].get_xscale() == "log"
    assert "10⁹/L" in {axes.get_xlabel().replace("× ", "") for axes in all_axes(plots)}


def test_the_words_for_the_curves_are_those_of_the_data(plots):
    data = plots["survival"].data
    real = data[data["table"] == "real"].set_index("time")["survival"]
    other = data[data["table"] == "independent"].set_index("time")["survival"]
    gap = (other - real).dropna().abs()
    assert f"{gap.max():.2f}" in plots["survival"].alt
    assert f"{gap.idxmax():.0f} days" in plots["survival"].alt


def test_the_words_for_the_attack_say_whether_it_beats_chance(plots):
    copied, independent = plots["attack_roc"].alt.split("independent:")
    assert "does not contain the chance level" in copied
    assert " contains the chance level" in independent


def test_the_attack_on_one_table_is_read_out_at_one_percent_false_alarms(plots, judged):
    written = " ".join(text.get_text() for text in plots["attack_roc_of_one"].figure.axes[0].texts)
    tpr = judged["copy"]["membership_tpr"]
    assert f"names {tpr.value:.1%} of members ({tpr.low:.1%} to {tpr.high:.1%})" in written


def test_one_synthetic_table_has_a_band_of_its_own_and_several_have_none(judged):
    of_one = figures.kaplan_meier(judged["copy"])
    assert len(of_one.figure.axes[0].collections) == 2
    assert "the blue one that of the synthetic ones" in of_one.caption
    of_two = figures.kaplan_meier(judged)
    assert len(of_two.figure.axes[0].collections) == 1
    assert "blue" not in of_two.caption


def test_real_curves_end_early_and_their_numbers_are_rounded(plots):
    for name in ("survival", "survival_by_group"):
        data = plots[name].data
        real = data[data["table"] == "real"]
        assert (real["at_risk"] >= 10).all()
        assert (real["at_risk"] % 5 == 0).all()
    assert "fewer than 10 are at risk" in plots["survival"].caption


def test_the_headline_shows_floor_and_ceiling_of_each_metric(plots, judged):
    data = plots["headline"].data.set_index(["metric", "table"])
    for metric in ("km_gap", "c_index"):
        assert data.loc[(metric, "copy"), "ceiling"] == judged["copy"][metric].ceiling
    assert plots["headline"].alt.count("floor") >= 6
    assert "a table can pass it by luck" in plots["headline"].caption


def test_metrics_not_computed_are_named_in_the_caption(without_holdout):
    plot = figures.headline(without_holdout)
    assert "Not computed: C-index on real patients" in plot.caption
    assert "unknown without a holdout" in plot.caption
    assert plot.png()


def test_figures_that_cannot_be_drawn_say_what_to_do(without_holdout, cohort):
    with pytest.raises(ArgumentRefused, match="No attack was run"):
        figures.attack_roc(without_holdout)
    with pytest.raises(ArgumentRefused, match="None of these metrics"):
        figures.headline(without_holdout, ["c_index"])
    with pytest.raises(ArgumentRefused, match="case mix"):
        figures.sites(cohort.sites(), cohort.dictionary, by="wbc_gl")
    few = cohort.patients[["sex", "wbc_gl"]].head(60)
    bare = validate(few, few, cohort.dictionary, draws=20)
    with pytest.raises(ArgumentRefused, match="no survival curves"):
        figures.kaplan_meier(bare)
    with pytest.raises(ArgumentRefused, match="no hazard ratios"):
        figures.hazard_ratios(bare)


def test_missingness_is_drawn_where_there_is_any(judged):
    assert figures.missingness(judged) is None
    first = next(iter(judged.values()))
    table = first.curves["missingness"].assign(real=[0.2, 0.05] + [0.0] * 4, synthetic=0.1)
    gaps = type(first)(**{**vars(first), "curves": {**first.curves, "missingness": table}})
    plot = figures.missingness(gaps)
    assert "20%" in plot.alt
    assert plot.png()


def test_small_groups_of_a_site_are_drawn_together_without_their_number(cohort):
    sites = dict(cohort.sites())
    name, patients = next(iter(sites.items()))
    old = patients[patients["age_years"] > 60]
    young = patients[patients["age_years"] <= 40].head(3)
    sites[name] = pd.concat([old, young], ignore_index=True)
    plot = figures.sites(sites, cohort.dictionary)
    data = plot.data[plot.data["site"] == name].set_index("level")
    assert data.loc["40 years or younger", "hidden"]
    assert np.isnan(data.loc["40 years or younger", "share"])
    assert (data["patients"] % 5 == 0).all()
    assert "fewer than 10 each" in data.index
    assert plot.png()


def test_few_variables_are_drawn_when_there_are_many(judged):
    plot = figures.marginals(judged, most=2)
    assert sum(axes.get_visible() for axes in plot.figure.axes) == 2
    assert "2 of 6 variables" in plot.caption
    assert plot.data["variable"].nunique() == 6
    forest = figures.hazard_ratios(judged, most=1)
    assert "1 of 4 contrasts" in forest.caption
    assert forest.data["contrast"].nunique() == 4
