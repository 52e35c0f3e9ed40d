"""Pairs of findings are compared by odds ratios in which no small count can be read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused
from synthema_lab.workbench import figures
from synthema_lab.workbench.differences import HELD_OUT
from synthema_lab.workbench.together import odds_ratios

AML = DataDictionary.load("aml")
PAIR = ["mut_NPM1", "mut_DNMT3A"]


def patients(both, first, second, neither, names=PAIR):
    rows = [[1, 1]] * both + [[1, 0]] * first + [[0, 1]] * second + [[0, 0]] * neither
    return pd.DataFrame(rows, columns=names)


def test_the_odds_ratio_is_that_of_the_table_of_two():
    real = patients(60, 40, 30, 170)
    found = odds_ratios(real, {"same": real, "other": patients(20, 80, 70, 130)}, AML, PAIR)
    same, other = found.itertuples()
    assert same.real == same.value == pytest.approx(60 * 170 / (40 * 30))
    assert same.low < same.value < same.high
    assert same.same_side
    assert not other.same_side
    assert same.pair == "NPM1 and DNMT3A"


def test_the_interval_is_that_of_as_many_rows_as_real_patients_however_many_were_drawn():
    real = patients(60, 40, 30, 170)
    many = pd.concat([real] * 50)
    few, much = odds_ratios(real, {"few": real, "many": many}, AML, PAIR).itertuples()
    assert (few.low, few.high) == pytest.approx((much.low, much.high))


def test_a_small_cell_that_shows_an_exclusion_counts_as_five_in_every_table():
    tables = {"none": patients(0, 100, 100, 200), "seven": patients(7, 93, 93, 207)}
    found = [
        odds_ratios(patients(n, 100 - n, 100 - n, 200 + n), tables, AML, PAIR) for n in (0, 1, 9)
    ]
    for part in found:
        none, seven = part.itertuples()
        assert none.value == pytest.approx(5 * 200 / 100**2)
        assert seven.value == pytest.approx(5 * 207 / 93**2)
    assert found[0]["real"].iloc[0] == pytest.approx(5 * 200 / 100**2)


def test_a_pair_with_a_small_cell_where_chance_would_put_fewer_than_ten_is_left_out():
    rare = patients(8, 20, 20, 952)
    assert np.log(8 * 952 / 400) > 1
    with pytest.raises(ArgumentRefused, match="No two"):
        odds_ratios(rare, {"same": rare}, AML, PAIR)


def test_held_out_patients_are_shown_where_no_cell_is_small():
    real = patients(60, 40, 30, 170)
    shown = odds_ratios(real, {}, AML, PAIR, held_out=patients(30, 20, 15, 85))
    assert list(shown["table"]) == [HELD_OUT]
    with pytest.raises(ArgumentRefused, match="No two"):
        odds_ratios(real, {}, AML, PAIR, held_out=patients(30, 20, 9, 85))


def test_patients_of_whom_one_finding_is_unknown_do_not_count():
    real = patients(60, 40, 30, 170).astype("Int64")
    gaps = pd.concat([real, pd.DataFrame({"mut_NPM1": [1] * 50}, dtype="Int64")])
    one, other = (odds_ratios(table, {"same": real}, AML, PAIR)["real"].iloc[0]
                  for table in (real, gaps))  # fmt: skip
    assert one == other


def test_what_cannot_be_paired_is_refused():
    real = patients(60, 40, 30, 170)
    for names in (["age_years", "mut_NPM1"], ["mut_NPM1", "mut_TP53"], ["nothing"]):
        with pytest.raises(ArgumentRefused, match="cannot be paired"):
            odds_ratios(real, {"same": real}, AML, names)


def test_the_figure_counts_sides_and_names_the_furthest_pair():
    real = patients(60, 40, 30, 170)
    tables = {"same": real, "other": patients(20, 80, 70, 130)}
    found = odds_ratios(real, tables, AML, PAIR, held_out=patients(30, 20, 15, 85))
    plot = figures.odds_ratios(found)
    assert "same: 1 of 1 on the same side" in plot.alt
    assert "other: 0 of 1" in plot.alt
    assert "chosen on the patients learnt from" in plot.caption
    assert plot.png() == figures.odds_ratios(found).png()
    with pytest.raises(ArgumentRefused, match="no table of odds ratios"):
        figures.odds_ratios(found.drop(columns="real"))
