"""However many rows are drawn, the real patients bound what may be said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench import figures
from synthema_lab.workbench.scarcity import rows_drawn

OLD = "age_years >= 60"


class Drawing:
    """Draws patients of one kind from a normal distribution of leukocytes."""

    dictionary = DataDictionary.load("leuksurv")

    def subgroup(self, where, rows, seed=0):
        rng = np.random.default_rng(seed)
        return pd.DataFrame(
            {"wbc_gl": rng.normal(50, 10, rows), "os_event": rng.integers(0, 2, rows)}
        )


@pytest.fixture
def real():
    rng = np.random.default_rng(4)
    return pd.DataFrame(
        {
            "age_years": [70] * 40 + [30] * 60,
            "wbc_gl": rng.normal(52, 10, 100),
            "os_event": [1] * 20 + [0] * 20 + [1] * 60,
            "sex": ["female"] * 100,
        }
    )


def test_the_naive_interval_shrinks_and_the_other_stays_as_wide_as_that_of_the_real_patients(real):
    found = rows_drawn(Drawing(), OLD, real, "wbc_gl", (40, 400, 40_000), seed=1)
    patients, *drawn = found.itertuples()
    naive = [row.naive_high - row.naive_low for row in drawn]
    honest = [row.high - row.low for row in drawn]
    assert naive[0] > 3 * naive[1] > 9 * naive[2]
    own = 2 * 1.96 * 10 / np.sqrt(40)
    assert honest[2] == pytest.approx(own, rel=0.02)
    assert min(honest) > 0.95 * own
    assert patients.rows == 40
    assert patients.high - patients.low == patients.naive_high - patients.naive_low


def test_a_share_is_in_percent_and_stays_between_its_limits(real):
    found = rows_drawn(Drawing(), OLD, real, "os_event", (2, 100), seed=3)
    assert found["unit"].iloc[0] == "%"
    assert found["value"].iloc[0] == 50
    assert found[["low", "high", "naive_low", "naive_high"]].stack().between(0, 100).all()


def test_a_share_that_few_real_patients_have_is_refused(real):
    rare = real.assign(os_event=[1] * 9 + [0] * 91)
    with pytest.raises(ArgumentRefused, match="Fewer than 10 real patients"):
        rows_drawn(Drawing(), OLD, rare, "os_event")


@pytest.mark.parametrize(
    ("where", "variable", "sizes", "said"),
    [
        ("age_years >= 90", "wbc_gl", (30,), "Fewer than 10"),
        (OLD, "sex", (30,), "mean or a share"),
        (OLD, "shoe_size", (30,), "mean or a share"),
        (OLD, "wbc_gl", (), "numbers of rows"),
        (OLD, "wbc_gl", (1, 30), "numbers of rows"),
    ],
)
def test_what_cannot_be_shown_is_refused(real, where, variable, sizes, said):
    with pytest.raises(ArgumentRefused, match=said):
        rows_drawn(Drawing(), where, real, variable, sizes)


def test_the_figure_tells_both_intervals_in_words(real):
    found = rows_drawn(Drawing(), OLD, real, "wbc_gl", (30, 1000))
    plot = figures.rows_drawn(found)
    assert "about 40 real patients" in plot.alt
    assert "with 1000 rows" in plot.alt
    assert "naively" in plot.alt
    assert plot.png() == figures.rows_drawn(found).png()
    with pytest.raises(ArgumentRefused, match="rows that were drawn"):
        figures.rows_drawn(found[found["table"] == "real"])
