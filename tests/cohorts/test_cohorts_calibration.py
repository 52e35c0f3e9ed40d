"""Deviations of simulated quantities, and the measures that take them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts.simulators import measures
from synthema_lab.cohorts.simulators.age_at_death import alive_at, median_age
from synthema_lab.cohorts.simulators.calibration import Target, deviations, largest
from synthema_lab.cohorts.simulators.regression import coefficient, explained
from synthema_lab.errors import ArgumentRefused

NOBODY = pd.DataFrame()


def told(value, simulated, kind="points", tolerance=2.0):
    return Target("it", value, "%", "made up", "A", simulated, tolerance, kind)


@pytest.mark.parametrize(
    ("target", "deviation", "within"),
    [
        (told(50, 51.9), 1.9, True),
        (told(50, 52.1), 2.1, False),
        (told(8.0, 8.3, "relative", 0.05), 0.0375, True),
        (told(8.0, 7.5, "relative", 0.05), -0.0625, False),
        (told(-0.4, -0.36, "absolute", 0.05), 0.04, True),
        (told(9.0, 2.0, "side"), 0.6845, True),
        (told(9.0, 12.0, "side"), 0.0, True),
        (told(0.1, 1.2, "side"), 1.079, False),
        (told(9.0, 0.0, "side"), float("inf"), False),
    ],
)
def test_a_deviation_is_measured_as_its_kind_says(target, deviation, within):
    row = deviations([target], NOBODY).iloc[0]
    assert row["deviation"] == pytest.approx(deviation, abs=1e-3)
    assert row["within"] == within


@pytest.mark.parametrize(
    "wrong",
    [{"tag": "X"}, {"kind": "about"}, {"value": float("nan")}, {"tolerance": 0},
     {"value": 0.0, "kind": "relative"}],
)  # fmt: skip
def test_a_target_that_cannot_be_compared_with_is_refused(wrong):
    given = {"quantity": "it", "value": 1.0, "unit": "1", "source": "s", "tag": "A", "measure": 1.0}
    with pytest.raises(ArgumentRefused):
        Target(**(given | wrong))


def test_the_largest_deviation_is_told_in_one_line_and_an_empty_table_too():
    table = deviations([told(50, 51), told(50, 55)], NOBODY)
    assert "+5 points" in largest(table)
    assert "1 of 2 within" in largest(table)
    assert largest(table.iloc[:0]) == "Nothing was compared."


@pytest.fixture(scope="module")
def sample():
    rng = np.random.default_rng(0)
    x = rng.standard_normal(20_000)
    return pd.DataFrame(
        {
            "x": x,
            "y": np.exp(0.5 * x + rng.standard_normal(20_000)),
            "events": rng.poisson(0.4, 20_000),
            "flag": pd.array((rng.random(20_000) < 0.3).astype(int), dtype="Int64"),
        }
    )


@pytest.mark.parametrize(
    ("measure", "truth"),
    [
        (measures.mean("x"), 0.0),
        (measures.sd("x"), 1.0),
        (measures.quantile("x", 0.75), 0.6745),
        (measures.share("flag == 1"), 30.0),
        (measures.rate("events"), 40.0),
        (measures.correlation("x", "y", ranks=True), 0.43),
        (measures.slope("y", "x", of_logarithm=True), 0.5),
        (measures.odds_ratio("x > 0", "flag == 1"), 1.0),
        (measures.risk_ratio("x > 0", "flag == 1"), 1.0),
        (measures.difference(measures.mean("x"), measures.mean("x", "flag == 1")), 0.0),
        (coefficient("y", "x", ["flag"]), 0.5),
        (explained("y", ["x"]), 20.0),
    ],
)
def test_a_measure_lies_within_four_of_its_standard_errors_of_the_truth(sample, measure, truth):
    value, error = measure(sample)
    assert error > 0
    assert abs(value - truth) < 4 * error


def test_patients_with_a_missing_value_are_left_out(sample):
    patchy = sample.assign(flag=sample["flag"].mask(sample["x"] > 0))
    value, _ = measures.share("flag == 1")(patchy)
    assert value == pytest.approx(30, abs=2)


def test_age_at_death_with_delayed_entry_recovers_a_gompertz_median():
    rng = np.random.default_rng(1)
    age = 1 + 70 * rng.random(40_000)
    hazard = 0.000338 * np.exp(0.11 * age)
    death = np.log1p(0.11 * rng.exponential(size=age.size) / hazard) / 0.11
    seen = pd.DataFrame(
        {"age": age, "years": np.minimum(death, 6.0), "died": (death <= 6.0).astype(int)}
    )
    value, error = median_age("age", "years", "died")(seen)
    assert abs(value - 49.3) < 4 * error + 0.1
    value, error = alive_at(18, "age", "years", "died")(seen)
    assert abs(value - 98.1) < 4 * error
