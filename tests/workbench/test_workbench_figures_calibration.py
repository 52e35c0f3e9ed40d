"""Figures of simulated against target."""

from __future__ import annotations

import pandas as pd
import pytest

from synthema_lab.cohorts.simulators.calibration import Target, deviations
from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench.figures.against_target import against_target
from synthema_lab.workbench.figures.calibration import calibration

TABLE = deviations(
    [
        Target("Women", 52.5, "%", "made up", "V", 53.5),
        Target("Haemoglobin, mean, HbSS adults", 8.1, "g/dL", "s", "V", 8.0, 0.05, "relative"),
        Target("Haemoglobin, mean, HbSC adults", 11.1, "g/dL", "s", "R", 11.9, 0.05, "relative"),
        Target("Correlation", -0.4, "1", "s", "A", -0.38, 0.05, "absolute"),
        Target("Odds ratio", 9.0, "odds ratio", "s", "C", 3.0, 1.0, "side"),
    ],
    pd.DataFrame(),
)


def test_deviations_are_drawn_in_tolerances_with_their_sign_and_the_furthest_is_told():
    plot = calibration(TABLE, largest=3)
    drawn = plot.data.set_index("quantity")["of_tolerance"]
    assert drawn["Women"] == pytest.approx(0.5)
    assert drawn["Haemoglobin, mean, HbSS adults"] == pytest.approx(-0.247)
    assert drawn["Correlation"] == pytest.approx(0.4)
    assert drawn.abs().is_monotonic_decreasing
    assert "Furthest is Haemoglobin, mean, HbSC adults, 1.44 tolerances too high" in plot.alt
    assert "Of 5 quantities 4 lie within" in plot.alt
    assert plot.png() == calibration(TABLE, largest=3).png()


def test_quantities_are_drawn_beside_their_targets():
    plot = against_target(TABLE, ["Haemoglobin, mean"])
    assert plot.data["target"].tolist() == [8.1, 11.1]
    assert "HbSS adults: 8 and 8.1 g/dL" in plot.alt
    assert plot.png()


@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame({"quantity": ["a"]})])
def test_another_table_is_refused(table):
    with pytest.raises(ArgumentRefused):
        calibration(table)
    with pytest.raises(ArgumentRefused):
        against_target(table, ["Haemoglobin, mean"])


def test_a_quantity_that_is_not_there_is_refused():
    with pytest.raises(ArgumentRefused):
        against_target(TABLE, ["Platelets"])
