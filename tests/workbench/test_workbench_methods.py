"""Methods are compared on the same divisions, and what they cost stands apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

import synthema_lab as lab
from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench import figures
from synthema_lab.workbench.methods import SHORT, Method, compare_methods


@pytest.fixture(scope="module")
def cohort():
    found = lab.load_cohort("leuksurv")
    return replace(found, patients=found.patients.head(300).reset_index(drop=True))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(autouse=True)
def kept_apart(workspace, monkeypatch):
    monkeypatch.setenv("SYNTHEMA_RUNS", str(workspace))


@pytest.fixture(scope="module")
def compared(cohort, workspace):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SYNTHEMA_RUNS", str(workspace))
        return compare_methods(
            cohort, ["trees", "independent@3"], divisions=2, public=True, progress=False
        )


def test_every_method_is_judged_in_every_division_by_every_metric(compared):
    sizes = compared.scores.groupby(["method", "division", "metric"]).size()
    assert (sizes == 1).all()
    assert len(sizes) == 2 * 2 * len(SHORT)
    steady = compared.scores[compared.scores["metric"] != "membership_tpr"]
    bounds = steady.groupby(["division", "metric"])[["floor", "ceiling"]].nunique()
    assert (bounds == 1).all(axis=None), "one floor and one ceiling for all methods"
    assert compared.scores["value"].notna().all()


def test_only_a_method_with_a_budget_states_its_privacy_and_is_kept(compared):
    private = compared.scores.groupby("method")["private"].all()
    assert private.to_dict() == {"trees": False, "independent, epsilon 3": True}
    assert sorted(compared.models) == [
        "independent_epsilon_3_division_1", "independent_epsilon_3_division_2",
    ]  # fmt: skip
    assert len({model.release for model in compared.models.values()}) == 2


def test_another_division_holds_out_other_patients_and_gives_other_numbers(compared):
    wide = compared.scores.pivot(index=["method", "metric"], columns="division", values="value")
    assert (wide[1] != wide[2]).mean() > 0.8


def test_the_table_says_median_range_floor_ceiling_and_what_is_better(compared):
    table = compared.table().set_index("method")
    assert list(table.index) == [
        "trees", "independent, epsilon 3", "floor", "ceiling", "what is better",
    ]  # fmt: skip
    values = compared.scores[
        (compared.scores["method"] == "trees") & (compared.scores["metric"] == "c_index")
    ]["value"]
    middle, low, high = values.median(), values.min(), values.max()
    assert table.loc["trees", "C-index"] == f"{middle:.3f} [{low:.3f} to {high:.3f}]"
    assert table.loc["what is better", "two-sample test"] == "best at 0.5"
    assert "ceiling" in str(compared)
    assert "<table>" in compared._repr_html_()


def test_costs_stand_apart_from_the_scores(compared):
    costs = compared.costs()
    assert list(costs["method"]) == ["trees", "independent, epsilon 3"]
    assert (costs["seconds for one fit"] >= 0).all()
    assert not any("second" in column for column in compared.scores.columns)


def test_the_same_comparison_again_replays_its_releases_and_gives_the_same_scores(cohort, compared):
    spent = len(lab.ledger().history())
    again = compare_methods(cohort, ["independent@3"], divisions=1, public=True, progress=False)
    before = compared.scores[
        (compared.scores["method"] == "independent, epsilon 3") & (compared.scores["division"] == 1)
    ]
    assert again.scores["value"].tolist() == before["value"].tolist()
    assert len(lab.ledger().history()) == spent == 2


@pytest.mark.parametrize(
    ("methods", "divisions", "said"),
    [
        ([], 1, "cannot be made"),
        (["trees", "trees"], 1, "cannot be made"),
        (["trees"], 0, "cannot be made"),
        (["tree"], 1, "Did you mean 'trees'"),
        (["marginal@much"], 1, "not a number above 0"),
        (["marginal@-1"], 1, "not a number above 0"),
    ],
)
def test_a_comparison_that_cannot_be_made_is_refused_before_a_fit(cohort, methods, divisions, said):
    with pytest.raises(ArgumentRefused, match=said):
        compare_methods(cohort, methods, divisions=divisions)


def test_a_method_is_read_with_its_budget():
    assert Method.read("marginal@1.5") == Method("marginal", 1.5)
    assert str(Method.read("vae")) == "vae"


def test_the_figure_draws_every_division_and_marks_what_states_its_privacy(compared):
    plot = figures.methods(compared)
    assert len(plot.data) == len(compared.scores)
    labels = [text.get_text() for text in plot.figure.legends[0].get_texts()]
    assert labels == ["states its privacy", "states no privacy", "floor", "ceiling"]
    assert "one of 2 divisions" in plot.caption
    assert "trees" in plot.alt
    assert 60 < len(plot.alt) < 1500
    assert plot.png() == figures.methods(compared).png()
