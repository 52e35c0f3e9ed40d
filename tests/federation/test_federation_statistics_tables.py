"""Counts, means, histograms and tables over sites equal those of the pooled patients."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from synthema_lab.cohorts import load_cohort
from synthema_lab.errors import ArgumentRefused, DataMismatch
from synthema_lab.federation import secure_total
from synthema_lab.federation.statistics import (
    Consortium,
    DisclosureRefused,
    contingency,
    count,
    histogram,
    mean_variance,
)

from .tiny_cohort import any_sites, consortium, patients, pooled, simulated

SITES = simulated([60, 25, 3], missing=0.1)


@pytest.fixture(scope="module")
def scd():
    cohort = load_cohort("scd")
    return Consortium(cohort.sites(), cohort.dictionary), cohort.patients


@pytest.fixture(scope="module")
def leuksurv():
    cohort = load_cohort("leuksurv")
    return Consortium(cohort.sites(), cohort.dictionary), cohort.patients


# Count


@settings(max_examples=30, deadline=None)
@given(any_sites())
def test_a_count_is_that_of_the_pooled_patients(sites):
    everyone = pooled(sites)
    counted = count(consortium(sites), "lab > 0 and female == 1")
    lab, female = everyone["lab"], everyone["female"]
    held = (lab > 0) & (female == 1).fillna(False)
    undecided = (lab.isna() & (female != 0).fillna(True)) | (female.isna() & ~(lab <= 0))
    assert (counted.n, counted.unused) == (int(held.sum()), int(undecided.sum()))


def test_a_small_count_is_not_shown():
    sites = {name: patients([(1, 1, "A", 1, 1.0)] + [(1, 0, "B", 0, 1.0)] * 4) for name in "abc"}
    counted = count(consortium(sites, smallest_cell=5), "dead == 1")
    assert counted.n is None
    assert counted.suppressed == ("patients",)
    assert "hidden" in str(counted)
    assert "hidden" in counted._repr_html_()
    assert count(consortium(sites, smallest_cell=3), "dead == 1").n == 3


def test_nobody_is_a_count_of_nought():
    assert count(consortium(SITES), "lab > 10").n == 0


# Mean and variance


def same_moments(shown, values):
    expected = DescrStatsW(np.asarray(values, dtype=float))
    assert shown["patients"] == len(values)
    assert shown["mean"] == pytest.approx(expected.mean, rel=1e-11, abs=1e-9)
    if len(values) > 1:
        assert shown["variance"] == pytest.approx(np.var(values, ddof=1), rel=1e-9, abs=1e-9)
        low, high = expected.tconfint_mean()
        assert shown["low"] + shown["high"] == pytest.approx(low + high, rel=1e-9, abs=1e-8)
        # Squared, since the root of a variance near 0 enlarges its encoding error.
        width = (shown["high"] - shown["low"]) ** 2
        assert width == pytest.approx((high - low) ** 2, rel=1e-8, abs=1e-7)


@settings(max_examples=30, deadline=None)
@given(any_sites())
def test_mean_and_variance_are_those_of_the_pooled_patients(sites):
    found = mean_variance(consortium(sites), "lab", by="arm")
    complete = pooled(sites).dropna(subset=["lab", "arm"])
    groups = {arm: rows["lab"] for arm, rows in complete.groupby("arm", observed=True)}
    assert set(found.groups.index) == set(groups)
    for arm, values in groups.items():
        same_moments(found[arm], values.to_numpy())
    assert found.unused == sum(map(len, sites.values())) - len(complete)


@pytest.mark.parametrize(
    ("variable", "by"), [("hb_gdl", "genotype"), ("age_years", None), ("wbc_gl", "sex")]
)
def test_mean_and_variance_of_a_simulated_cohort(scd, variable, by):
    asked, everyone = scd
    found = mean_variance(asked, variable, by=by)
    complete = everyone.dropna(subset=[variable, *([by] if by else [])])
    groups = complete.groupby(by, observed=True) if by else [("all", complete)]
    for name, rows in groups:
        if name in found.groups.index:
            same_moments(found[name], rows[variable].to_numpy(dtype=float))
        else:
            assert f"{by}={name}" in found.suppressed
    shown = int(found.groups["patients"].sum())
    assert shown > 0.9 * len(complete)


def test_variance_has_the_chi_square_interval(leuksurv):
    asked, everyone = leuksurv
    shown = mean_variance(asked, "age_years")["all"]
    ages = everyone["age_years"].to_numpy(dtype=float)
    for name, quantile in (("variance_low", 0.975), ("variance_high", 0.025)):
        exact = (len(ages) - 1) * np.var(ages, ddof=1) / stats.chi2.ppf(quantile, len(ages) - 1)
        assert shown[name] == pytest.approx(exact, rel=1e-9)


def test_the_variance_of_nearly_equal_values_far_from_zero_survives():
    rng = np.random.default_rng(3)
    sites = {
        name: patients([(1, 1, "A", 1, 9.9 + 1e-3 * value) for value in rng.random(50)])
        for name in "abc"
    }
    shown = mean_variance(consortium(sites), "lab")["all"]
    exact = np.var(pooled(sites)["lab"].to_numpy(), ddof=1)
    assert shown["variance"] == pytest.approx(exact, rel=1e-6)


def test_a_small_group_has_no_mean_and_neither_has_the_next_smallest():
    rows = [(1, 1, "A", 1, 1.0)] + [(1, 1, "B", 1, 2.0)] * 4 + [(1, 1, "C", 1, 3.0)] * 9
    found = mean_variance(
        consortium({n: patients(rows) for n in "abc"}, smallest_cell=5), "lab", by="arm"
    )
    assert list(found.groups.index) == ["C"]
    assert found.suppressed == ("arm=A", "arm=B")


def test_a_value_beyond_the_limits_is_refused_with_site_and_variable_and_no_value():
    sites = SITES | {"milan": patients([(1, 1, "A", 1, 9.75)])}
    with pytest.raises(DataMismatch, match=r"At milan: 1 values of lab") as caught:
        mean_variance(consortium(sites), "lab", limits=(-5, 9))
    assert "9.75" not in str(caught.value)


@pytest.mark.parametrize("limits", [(1, 1), (5, 0), (0, np.inf), (0,)])
def test_limits_that_mean_nothing_are_refused(limits):
    with pytest.raises(ArgumentRefused, match="no limits"):
        mean_variance(consortium(SITES), "lab", limits=limits)


def test_a_category_has_no_mean_and_a_number_forms_no_groups():
    with pytest.raises(ArgumentRefused, match="arm is a category"):
        mean_variance(consortium(SITES), "arm")
    with pytest.raises(ArgumentRefused, match="lab does not form groups"):
        mean_variance(consortium(SITES), "months", by="lab")


def test_where_every_value_is_missing_there_is_no_mean():
    sites = {name: table.assign(lab=np.nan) for name, table in SITES.items()}
    found = mean_variance(consortium(sites), "lab")
    assert found.groups.empty
    assert found.unused == 88
    assert "88" in str(found)


# Histogram


@settings(max_examples=30, deadline=None)
@given(any_sites())
def test_a_histogram_is_that_of_the_pooled_patients(sites):
    found = histogram(consortium(sites), "lab", bins=[-2, 0, 0.5, 3])
    values = pooled(sites)["lab"].dropna().to_numpy()
    expected = np.histogram(values, bins=[-2, 0, 0.5, 3])[0]
    assert found.counts.tolist() == expected.tolist()
    assert found.n == expected.sum()
    assert found.outside == len(values) - expected.sum()


def test_the_dictionarys_bins_and_wilsons_intervals_are_used(leuksurv):
    asked, everyone = leuksurv
    found = histogram(asked, "wbc_gl")
    edges = asked.dictionary.variables.wbc_gl.bins
    assert found.counts.tolist() == np.histogram(everyone["wbc_gl"], bins=edges)[0].tolist()
    low, high = proportion_confint(found.counts.to_numpy(int), found.n, method="wilson")
    np.testing.assert_allclose(found.low, low, atol=1e-12)
    np.testing.assert_allclose(found.high, high, atol=1e-12)
    assert list(found.table().columns) == ["from", "to", "patients", "share", "low", "high"]


def test_a_small_bin_is_hidden_with_another_one(leuksurv):
    asked, everyone = leuksurv
    edges = [14, 15, 30, 60, 105]
    exact = np.histogram(everyone["age_years"].astype(float), bins=edges)[0]
    assert 0 < exact[0] < 5
    found = histogram(asked, "age_years", bins=edges)
    assert found.counts.isna().tolist() == [True, True, False, False]
    assert np.isnan(found.share).tolist() == [True, True, False, False]
    assert found.suppressed == ("14 to <15", "15 to <30")
    assert str(found).count("hidden") == 6


def test_bins_of_time_finer_than_agreed_are_refused(leuksurv):
    with pytest.raises(DisclosureRefused, match=r"age_years are so narrow"):
        histogram(leuksurv[0], "age_years", bins=[14, 14.05, 105])
    asked, _ = leuksurv
    with pytest.raises(DisclosureRefused, match="os_days are so narrow"):
        histogram(asked, "os_days", bins=[1, 2, 3])
    assert histogram(asked, "os_days").n == 1043


@pytest.mark.parametrize("bins", [[1], [2, 1], [1, np.nan, 2], ["a", "b"], [[0, 1], [1, 2]]])
def test_bins_that_mean_nothing_are_refused(bins):
    with pytest.raises(ArgumentRefused, match="no bins"):
        histogram(consortium(SITES), "lab", bins=bins)


# Contingency tables


@settings(max_examples=30, deadline=None)
@given(any_sites())
def test_a_table_is_that_of_the_pooled_patients(sites):
    found = contingency(consortium(sites), ["arm", "female", "dead"])
    complete = pooled(sites).dropna(subset=["arm", "female", "dead"])
    expected = [
        int(((complete["arm"] == a) & (complete["female"] == f) & (complete["dead"] == d)).sum())
        for a, f, d in itertools.product("ABC", (0, 1), (0, 1))
    ]
    assert found.counts.tolist() == expected
    assert found.unused == sum(map(len, sites.values())) - len(complete)


def test_chi_square_and_odds_ratio_are_those_of_the_pooled_table(leuksurv):
    asked, everyone = leuksurv
    found = contingency(asked, ["sex", "os_event"]).association
    table = pd.crosstab(everyone["sex"], everyone["os_event"]).to_numpy()
    expected = stats.chi2_contingency(table, correction=False)
    assert found.statistic == pytest.approx(expected.statistic)
    assert (found.degrees, found.p_value) == (1, pytest.approx(expected.pvalue))
    known = Table2x2(table)
    assert found.odds_ratio == pytest.approx((known.oddsratio, *known.oddsratio_confint()))


def test_the_test_leaves_out_levels_without_patients(scd):
    _asked, _everyone = scd
    sites = simulated([40, 40, 40])
    for table in sites.values():
        table["arm"] = table["arm"].replace("C", "A")
    found = contingency(consortium(sites), ["arm", "female"]).association
    table = pd.crosstab(pooled(sites)["arm"].astype(str), pooled(sites)["female"])
    assert found.degrees == 1
    expected = stats.chi2_contingency(table, correction=False)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.odds_ratio is None


def test_a_table_of_a_simulated_cohort_with_small_cells_shows_only_what_it_may(scd):
    asked, everyone = scd
    found = contingency(asked, ["genotype", "stroke_ever"])
    exact = pd.crosstab(everyone["genotype"], everyone["stroke_ever"], dropna=True)
    shown = found.table()
    for genotype, event in itertools.product(exact.index, exact.columns):
        cell = shown.loc[genotype, str(event)]
        assert pd.isna(cell) or cell == exact.loc[genotype, event]
        if 0 < exact.loc[genotype, event] < 5:
            assert pd.isna(cell)
    assert found.suppressed
    assert found.association is None
    assert "No test" in str(found)


def test_one_variable_has_counts_and_a_total_and_no_test():
    found = contingency(consortium(simulated([30, 20, 10])), ["arm"])
    assert found.table().loc["total"].tolist() == [60]
    assert found.association is None
    assert "No" not in str(found)


def test_a_table_over_nothing_or_over_too_much_is_refused(leuksurv, scd):
    asked, _ = leuksurv
    with pytest.raises(ArgumentRefused, match="No variable"):
        contingency(asked, [])
    large = ["genotype", "age_group", "sex", "stroke_ever", "hu_current", "acs_ever", "avn_ever"]
    with pytest.raises(ArgumentRefused, match="800 cells"):
        contingency(scd[0], large)
    with pytest.raises(ArgumentRefused, match="named twice"):
        contingency(asked, ["sex", "sex"])


# A total that zeroes small cells before they are opened


class Zeroing:
    """Stands for a multiparty computation that opens no small cell."""

    def __init__(self, smallest_cell):
        self.smallest_cell = smallest_cell
        self._total = secure_total(3)

    def __call__(self, vectors):
        total = self._total(vectors)
        return np.where(total < self.smallest_cell, 0, total)


def test_with_a_zeroing_total_a_nought_is_hidden_and_no_small_cell_is_opened():
    sites = {name: patients([(1, 1, "A", 1, 1.0)] + [(1, 0, "B", 0, 1.0)] * 4) for name in "abc"}
    asked = consortium(sites, smallest_cell=5, total=Zeroing(5))
    found = contingency(asked, ["arm", "dead"])
    assert asked.opened[-1].values.tolist() == [0, 0, 12, 0, 0, 0, 0]
    assert found.counts.isna().tolist() == [True, True, False, True, True, True]
    assert pd.isna(found.table().loc["total", "total"])
    assert found.association is None
    assert found.unused is None
    assert count(asked, "dead == 1").n is None
    assert count(asked).n == 15
    found = histogram(asked, "lab")
    assert found.n is None
    assert found.counts.isna().tolist() == [True, False, True]
    assert np.isnan(found.share).all()


def test_a_total_of_ones_own_carries_no_noise():
    from synthema_lab.federation.statistics import DistributedNoise

    with pytest.raises(ArgumentRefused, match="Noise and a total"):
        consortium(SITES, total=Zeroing(5), noise=DistributedNoise(1.0))
