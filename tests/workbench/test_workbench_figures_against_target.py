"""Figure of simulated quantities beside their targets."""

from __future__ import annotations

import pandas as pd
import pytest

from synthema_lab.cohorts.simulators.calibration import Target, deviations
from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench.figures.against_target import against_target

TABLE = deviations(
    [
        Target("Women", 52.5, "%", "made up", "V", 53.5),
        Target("Haemoglobin, mean, HbSS adults", 8.1, "g/dL", "s", "V", 8.0, 0.05, "relative"),
        Target("Haemoglobin, mean, HbSC adults", 11.1, "g/dL", "s", "R", 11.9, 0.05, "relative"),
    ],
    pd.DataFrame(),
)


def test_quantities_are_drawn_beside_their_targets():
    plot = against_target(TABLE, ["Haemoglobin, mean,", "Women"])
    assert plot.data["target"].tolist() == [8.1, 11.1, 52.5]
    assert "HbSS adults: 8 and 8.1 g/dL" in plot.alt
    assert plot.caption.startswith("Haemoglobin, mean, Women: simulated")
    assert plot.png() == against_target(TABLE, ["Haemoglobin, mean,", "Women"]).png()


@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame({"quantity": ["Women"]})])
def test_another_table_is_refused(table):
    with pytest.raises(ArgumentRefused, match="No quantity"):
        against_target(table, ["Women"])


def test_a_quantity_that_is_not_there_is_refused():
    with pytest.raises(ArgumentRefused, match="No quantity"):
        against_target(TABLE, ["Platelets"])
