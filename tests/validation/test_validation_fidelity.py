"""Pairs, propensity, precision and recall, rare categories: what each sees and what it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from synthema_lab.dictionary import DataDictionary
from synthema_lab.validation import prepare
from synthema_lab.validation.association import MEASURES as ASSOCIATION
from synthema_lab.validation.association import Layout, _Sums
from synthema_lab.validation.columns import read_columns
from synthema_lab.validation.precision_recall import MEASURES as PRECISION_RECALL
from synthema_lab.validation.propensity import MEASURES as PROPENSITY
from synthema_lab.validation.rare_categories import MEASURES as RARE
from synthema_lab.validation.two_sample_linear import MEASURES as LINEAR
from synthema_lab.validation.two_sample_linear import linear_design

ALL = {
    known.name: known for known in (*ASSOCIATION, *LINEAR, *PROPENSITY, *PRECISION_RECALL, *RARE)
}
BEST = {
    "correlation_difference": 0.0,
    "c2st_linear_auc": 0.5,
    "pmse_ratio": 0.0,
    "alpha_precision": 1.0,
    "beta_recall": 1.0,
    "rare_coverage": 1.0,
}
LONE = {
    "name": "lone",
    "title": "One kind of variable",
    "version": "1",
    "source": "made for tests",
    "licence": "Apache-2.0",
    "patient": "patient_id",
}
BINNED = {"type": "number", "range": [-9, 9], "bins": list(range(-9, 10)), "missing": True}
NUMBERS = {"one": {"label": "One", **BINNED}, "two": {"label": "Two", **BINNED}}
CODES = {
    "group": {
        "label": "Group",
        "type": "category",
        "categories": {"a": "A", "b": "B", "c": "C", "nobody": "Nobody"},
        "missing": True,
    },
    "sign": {"label": "Sign", "type": "boolean", "missing": True},
}


def of_kind(variables: dict) -> DataDictionary:
    patient = {"patient_id": {"label": "Pseudonym", "type": "identifier"}}
    return DataDictionary.from_dict({**LONE, "variables": patient | variables})


def patients(rows: int, seed: int, *, rare: float = 0.03) -> pd.DataFrame:
    """Two numbers that go together, a group with a rare level that shifts them, and a sign."""
    rng = np.random.default_rng(seed)
    one = rng.normal(size=rows).clip(-6, 6)
    group = rng.choice(["a", "b", "c"], rows, p=[0.6, 0.4 - rare, rare])
    sign = (rng.random(rows) < np.where(group == "a", 0.2, 0.7)).astype(float)
    sign[rng.random(rows) < 0.04] = np.nan
    return pd.DataFrame(
        {
            "patient_id": [f"{seed}-{number}" for number in range(rows)],
            "one": one,
            "two": (0.8 * one + 0.6 * rng.normal(size=rows)).clip(-9, 9),
            "group": group,
            "sign": sign,
        }
    )


@pytest.fixture(scope="module")
def dictionary():
    return of_kind(NUMBERS | CODES)


@pytest.fixture(scope="module")
def small(dictionary):
    return prepare(patients(600, 1), patients(400, 2), dictionary, draws=60, seed=0)


def found(name, reference, table):
    """One measure on one table, as a fresh candidate."""
    reference.forget("candidate")
    candidate = read_columns(table, reference.dictionary, reference.train.variables)
    return ALL[name].estimate(candidate, reference)


def blurred(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """Every column of a share of the rows exchanged with that of another row."""
    rng = np.random.default_rng(4)
    there, table = rng.random(len(table)) < share, table.copy()
    for column in table.columns.drop("patient_id"):
        table.loc[there, column] = rng.permutation(table.loc[there, column].to_numpy())
    return table


@pytest.mark.parametrize("name", ALL)
def test_a_copy_reaches_the_best_value(name, small):
    estimate = found(name, small, patients(600, 1))
    assert estimate.value == pytest.approx(BEST[name], abs=1e-6)
    assert estimate.low - 1e-6 <= estimate.value <= estimate.high + 1e-6
    assert estimate.n >= 600


@pytest.mark.parametrize("name", ALL)
def test_other_patients_lie_where_the_measure_says_real_patients_do(name, small):
    """Fresh patients of the same kind; the bands hold at nearly all seeds."""
    low, high = {
        "correlation_difference": (0.0, 0.09),
        "c2st_linear_auc": (0.42, 0.58),
        "pmse_ratio": (0.4, 1.9),
        "alpha_precision": (0.9, 1.0),
        "beta_recall": (0.4, 0.65),
        "rare_coverage": (0.99, 1.0),
    }[name]
    estimate = found(name, small, patients(600, 11))
    assert low <= estimate.value <= high
    assert ALL[name].range[0] <= estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize("name", ALL)
def test_the_same_seed_gives_the_same_number(name, small):
    once, again = (found(name, small, patients(300, 12)) for _ in range(2))
    assert (once.value, once.low, once.high, once.note) == (
        again.value, again.low, again.high, again.note
    )  # fmt: skip


@pytest.mark.parametrize("name", ["correlation_difference", "pmse_ratio"])
def test_independent_columns_come_out_worse_beyond_doubt(name, small):
    alike, apart = found(name, small, patients(600, 11)), found(name, small, small.floor.table)
    assert apart.low > alike.value
    shuffled = found(name, small, blurred(patients(600, 11), 1.0))
    assert shuffled.low > alike.value


def test_independent_columns_cost_recall(small):
    alike = found("beta_recall", small, patients(600, 11)).value
    assert found("beta_recall", small, blurred(patients(600, 11), 1.0)).value < alike - 0.05


def test_a_linear_model_does_not_see_that_columns_are_independent(small):
    """The limit that its docstring states: averages and shares are the same."""
    estimate = found("c2st_linear_auc", small, blurred(patients(600, 11), 1.0))
    assert abs(estimate.value - 0.5) < 0.08


@pytest.mark.parametrize("name", ["correlation_difference", "pmse_ratio"])
def test_the_more_rows_are_broken_up_the_worse(name, small):
    values = [
        found(name, small, blurred(patients(600, 11), share)).value for share in (0, 0.4, 0.7, 1)
    ]
    assert values == sorted(values)
    assert values[0] < values[-1] / 2


def test_the_further_a_number_is_shifted_the_worse(small):
    shifts = [patients(600, 11).assign(one=lambda t, by=by: t.one + by) for by in (0, 0.3, 0.8, 2)]
    for name, sign in (("c2st_linear_auc", 1), ("pmse_ratio", 1), ("alpha_precision", -1)):
        values = [sign * found(name, small, table).value for table in shifts]
        assert values[1:] == sorted(values[1:])
        assert values[0] < values[2]


def test_precision_falls_when_all_rows_are_typical_and_when_all_are_unusual(small):
    table = patients(600, 11)
    rare = table[table.one.abs() > 1.2].sample(600, replace=True, random_state=0)
    usual = table[(table.one.abs() < 0.6) & (table.group == "a")].sample(
        600, replace=True, random_state=0
    )
    plain = found("alpha_precision", small, table).value
    for odd in (rare, usual):
        estimate = found("alpha_precision", small, odd)
        assert estimate.high < plain


def test_recall_falls_when_half_the_kinds_of_patient_are_gone(small):
    table = patients(1200, 11)
    half = table[table.one > 0].head(600)
    estimate = found("beta_recall", small, half)
    assert estimate.high < found("beta_recall", small, table.head(600)).low


def test_recall_does_not_depend_on_how_many_rows_are_drawn(small):
    """With unequal tables the larger would be nearer by its number alone."""
    values = [found("beta_recall", small, patients(rows, 11)).value for rows in (250, 600, 2400)]
    assert max(values) - min(values) < 0.12
    assert "among 250 rows" in found("beta_recall", small, patients(250, 11)).note


def test_a_ratio_of_one_is_what_other_patients_reach_on_average(dictionary):
    """Twelve pairs of tables; the standard error of the mean is about 0.1."""
    reference = prepare(patients(200, 1), None, dictionary, draws=20, seed=0)
    ratios = []
    for seed in range(12):
        train = read_columns(
            patients(200, 100 + seed), dictionary, reference.train.variables, "train"
        )
        ratios.append(
            found("pmse_ratio", replace(reference, train=train), patients(200, 200 + seed))
        )
    assert np.mean([estimate.value for estimate in ratios]) == pytest.approx(1.0, abs=0.3)


def test_the_interval_of_the_ratio_holds_chance_for_most_fresh_tables(small):
    inside = []
    for seed in range(20, 32):
        estimate = found("pmse_ratio", small, patients(600, seed))
        inside.append(estimate.low <= 1.0 <= estimate.high)
    assert sum(inside) >= 9


def test_the_interval_of_a_copy_names_no_privacy(small):
    assert "no evidence of privacy" in found("pmse_ratio", small, patients(600, 1)).note
    for name in ("alpha_precision", "beta_recall"):
        assert "copy" in found(name, small, patients(600, 1)).note
        assert "no evidence of privacy" in ALL[name].meaning


def test_coefficients_agree_with_scipy_and_with_the_formulas_of_their_authors(dictionary):
    table = patients(400, 5, rare=0.1)
    columns = read_columns(table, dictionary, dictionary.modelled, "train")
    layout = Layout(columns)
    values, _ = _Sums(columns, layout).coefficients(np.ones(400))
    at = {
        (layout.names[a], layout.names[b]): value
        for a, b, value in zip(layout.first, layout.second, values, strict=True)
    }
    rank = stats.rankdata(table.one)
    assert at["one", "two"] == pytest.approx(stats.spearmanr(table.one, table.two)[0])
    groups = [rank[(table.group == level).to_numpy()] for level in "abc"]
    between = sum(len(g) * (g.mean() - rank.mean()) ** 2 for g in groups)
    eta = between / ((rank - rank.mean()) ** 2).sum()
    kelley = 1 - (1 - eta) * 399 / 397
    assert at["one", "group"] == pytest.approx(np.sqrt(max(0.0, kelley)), abs=1e-9)
    crossed = pd.crosstab(table.group, table.sign)
    people = crossed.to_numpy().sum()
    phi = stats.chi2_contingency(crossed, correction=False)[0] / people - 2 / (people - 1)
    fewer = min(3 - 4 / (people - 1), 2 - 1 / (people - 1)) - 1
    assert at["group", "sign"] == pytest.approx(np.sqrt(max(0.0, phi) / fewer))


def test_weights_are_the_same_as_rows_repeated(dictionary):
    """Only the corrections differ, for they know that a repeated row is no new patient."""
    table = patients(300, 6).drop(columns=["group", "sign"])
    columns = read_columns(table, of_kind(NUMBERS), ("one", "two"), "train")
    layout = Layout(columns)
    weights = np.random.default_rng(0).multinomial(300, np.full(300, 1 / 300))
    repeated = columns.take(np.repeat(np.arange(300), weights))
    weighted, _ = _Sums(columns, layout).coefficients(weights.astype(float))
    plain, _ = _Sums(repeated, layout).coefficients(np.ones(300))
    assert weighted == pytest.approx(plain)


def test_a_large_category_is_not_associated_by_chance_when_the_table_is_small(dictionary):
    rng = np.random.default_rng(0)
    values = []
    for _ in range(40):
        table = patients(60, 7).assign(group=rng.choice(["a", "b", "c"], 60))
        columns = read_columns(table, dictionary, dictionary.modelled, "train")
        layout = Layout(columns)
        found_ = _Sums(columns, layout).coefficients(np.ones(60))[0]
        values.append(
            found_[[n for n, b in enumerate(layout.second) if layout.names[b] == "group"]]
        )
    assert np.nanmedian(values) < 0.08


def test_the_table_of_pairs_shows_the_pair_that_was_broken_first(small):
    table = patients(600, 11)
    table["two"] = np.random.default_rng(0).permutation(table["two"])
    shown = found("correlation_difference", small, table).curves["associations"]
    first = shown.iloc[0]
    assert {first["first"], first["second"]} == {"One", "Two"}
    assert first["kind"] == "Spearman"
    assert first["difference"] == pytest.approx(first["candidate"] - first["real"])
    assert shown["difference"].abs().is_monotonic_decreasing


def test_a_pair_with_a_small_group_is_counted_and_not_shown(small):
    """The rare level has about 18 patients, and fewer than ten of one sign."""
    estimate = found("correlation_difference", small, patients(600, 11))
    shown = estimate.curves["associations"]
    assert "not shown" in estimate.note
    assert not ((shown["first_variable"] == "group") & (shown["second_variable"] == "sign")).any()
    assert {"group", "sign"} <= set(shown["second_variable"])


def test_a_constant_column_counts_as_no_association(small):
    estimate = found("correlation_difference", small, patients(600, 11).assign(two=0.0))
    assert "3 cannot be seen" in estimate.note
    assert estimate.value > found("correlation_difference", small, patients(600, 11)).value


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("column", ["one", "sign"])
def test_a_column_without_values_is_judged_and_comes_out_worse(name, column, small):
    emptied = found(name, small, patients(600, 11).assign(**{column: np.nan}))
    assert np.isfinite([emptied.value, emptied.low, emptied.high]).all()
    plain = found(name, small, patients(600, 11))
    worse = -1 if ALL[name].goal == "maximise" else 1
    assert worse * (emptied.value - plain.value) >= 0


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("variables", [NUMBERS, CODES], ids=["numbers", "categories"])
def test_tables_of_one_kind_of_variable_are_judged(name, variables):
    described = of_kind(variables)
    columns = ["patient_id", *variables]
    train = patients(300, 1, rare=0.045)[columns]
    reference = prepare(train, None, described, draws=30, seed=0)
    estimate = found(name, reference, patients(240, 2, rare=0.045)[columns])
    if name == "rare_coverage" and variables is NUMBERS:
        assert np.isnan(estimate.value)
        assert "at most 5%" in estimate.note
    else:
        assert estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize("name", ALL)
def test_too_few_rows_leave_a_reason_and_no_number(name, small):
    few = patients(12, 3)
    estimate = found(name, small, few)
    if name in ("correlation_difference", "rare_coverage"):
        assert np.isfinite(estimate.value)
        assert "cannot be seen" in estimate.note or "few for levels" in estimate.note
    else:
        assert np.isnan(estimate.value)
        assert "fewer than" in estimate.note


@pytest.mark.parametrize("name", ALL)
def test_constant_tables_leave_a_reason_or_a_number_and_never_an_error(name, dictionary):
    constant = patients(100, 1).assign(one=1.0, two=1.0, group="a", sign=1.0)
    reference = prepare(constant, None, dictionary, draws=20, seed=0, floor=constant)
    estimate = found(name, reference, constant)
    if np.isnan(estimate.value):
        assert estimate.note
    else:
        assert estimate.value == pytest.approx(BEST[name])


def test_a_rare_level_is_lost_kept_or_overdone(small):
    table = patients(600, 11)
    rare = (table["group"] == "c").to_numpy()
    plain = found("rare_coverage", small, table)
    levels = plain.curves["rare_categories"]
    assert {tuple(pair) for pair in levels[["variable", "level"]].to_numpy()} == {
        ("group", "C"),
        ("sign", "missing"),
    }
    lost = found("rare_coverage", small, table.assign(group=np.where(rare, "a", table["group"])))
    assert lost.value == 0.5
    assert "1 not found at all" in lost.note
    often = table["group"].mask(np.arange(600) < 100, "c")
    assert found("rare_coverage", small, table.assign(group=often)).value == 0.5


def test_what_fewer_than_ten_patients_have_is_not_asked_about(dictionary):
    train = patients(300, 1).assign(group="a", sign=1.0)
    train.loc[:8, "group"] = "c"
    train.loc[:9, "sign"] = np.nan
    reference = prepare(train, None, dictionary, draws=20, seed=0)
    levels = found("rare_coverage", reference, train).curves["rare_categories"]
    assert levels["variable"].tolist() == ["sign"]


def test_no_count_of_fewer_than_ten_held_out_patients_is_told(dictionary):
    train, held = patients(600, 1), patients(100, 2)
    reference = prepare(train, held, dictionary, draws=20, seed=0)
    levels = ALL["rare_coverage"].estimate(reference.holdout, reference).curves["rare_categories"]
    assert levels["candidate"].isna().all()
    assert levels["kept"].isna().all()


def test_curves_leave_out_levels_of_fewer_than_ten_patients(dictionary):
    reference = prepare(patients(100, 1), None, dictionary, draws=20, seed=0)
    for name, level in (("alpha_precision", "alpha"), ("beta_recall", "beta")):
        table = found(name, reference, patients(100, 2)).curves[name]
        assert (table[level] * 100).between(9.99, 90.01).all()
        assert table["share"].is_monotonic_increasing


def test_the_linear_model_has_indicators_of_what_is_missing(small):
    table = patients(600, 11)
    table.loc[::3, "two"] = np.nan
    estimate = found("c2st_linear_auc", small, table)
    assert estimate.value > 0.6
    design = linear_design(
        small.train, read_columns(table, small.dictionary, small.train.variables)
    )
    assert design.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert design.std(axis=0) == pytest.approx(1)


def test_a_linear_model_is_read_on_rows_that_it_never_saw(dictionary):
    """On rows it has seen, the mean area of these small tables would be above 0.6."""
    reference = prepare(patients(50, 1), None, dictionary, draws=20, seed=0)
    areas = [found("c2st_linear_auc", reference, patients(50, seed)).value for seed in range(2, 22)]
    assert 0.35 < np.mean(areas) < 0.55


def test_the_ward_of_the_other_tests_is_judged_by_every_measure(reference, floor_only):
    for name in ALL:
        estimate = found(name, reference, floor_only)
        assert np.isfinite(estimate.value) or "at most 5%" in estimate.note
