"""Examinations that were not done, and numbers that were rounded, are learnt as such."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch
from synthema_lab.generators import FittedModel, Independent, Marginal
from synthema_lab.generators.encoder import Encoder
from synthema_lab.generators.patterns import Digits, Panel
from synthema_lab.generators.structural_zeros import pattern_zeros

AML = DataDictionary.load("aml")
FLAGS = ["inv16", "t_8_21", "inv3"]
COLUMNS = ["age_years", "bm_blasts_pct", *FLAGS]
ROWS = 600


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    """A tenth without a karyotype, one with a part of it; two thirds of the blasts in fives."""
    rng = np.random.default_rng(3)
    which = rng.integers(0, 6, ROWS)  # at most one: the rules exclude two
    table = pd.DataFrame({name: (which == place) * 1.0 for place, name in enumerate(FLAGS)})
    table.loc[rng.random(ROWS) < 0.1, FLAGS] = np.nan
    table.loc[0, FLAGS] = [1.0, np.nan, 0.0]
    blasts = rng.integers(21, 99, ROWS).astype(float)
    rounded = rng.random(ROWS) < 0.6
    blasts[rounded] = np.round(blasts[rounded] / 10) * 10
    blasts[rng.random(ROWS) < 0.05] = np.nan
    return table.assign(bm_blasts_pct=blasts, age_years=rng.integers(20, 80, ROWS))[COLUMNS]


@pytest.fixture(scope="module")
def model(patients) -> FittedModel:
    return Marginal().fit([patients], AML, epsilon=None)


def _tens(blasts: pd.Series) -> float:
    return float((blasts.dropna() % 10 == 0).mean())


def test_flags_of_one_examination_are_missing_together_in_a_synthetic_cohort(patients, model):
    drawn = model.sample(2000, seed=1)
    gone = drawn[FLAGS].isna().sum(axis=1)
    real = patients[FLAGS].isna().sum(axis=1)
    assert (gone == 3).mean() == pytest.approx((real == 3).mean(), abs=0.01)
    assert ((gone > 0) & (gone < 3)).mean() < 0.02


def test_without_the_pattern_they_are_not(patients):
    drawn = Independent().fit([patients], AML, epsilon=None).sample(2000, seed=1)
    gone = drawn[FLAGS].isna().sum(axis=1)
    assert ((gone > 0) & (gone < 3)).mean() > 0.1


def test_heaps_of_a_rounded_number_are_kept_with_noise_too(patients, model):
    noisy = Marginal().fit([patients], AML, epsilon=3.0)
    for fitted in (model, noisy):
        assert _tens(fitted.sample(2000, 1).bm_blasts_pct) == pytest.approx(
            _tens(patients.bm_blasts_pct), abs=0.06
        )
    unaware = Independent().fit([patients], AML, epsilon=None).sample(2000, 1)
    assert _tens(unaware.bm_blasts_pct) < 0.2


def test_patterns_are_no_columns_and_survive_the_file(model, tmp_path):
    assert set(model.columns) == set(COLUMNS)
    assert not [name for name in model.sample(10).columns if "(" in name or name == "karyotype"]
    again = FittedModel.load(model.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(again.sample(50, 2), model.sample(50, 2))


def test_every_value_comes_back_with_its_digits():
    encoder = Encoder(AML, ["bm_blasts_pct"], patterns=True)
    values = pd.DataFrame({"bm_blasts_pct": [*np.arange(101.0), np.nan]})
    codes = encoder.encode(values)
    drawn = encoder.decode(codes, np.random.default_rng(0))
    assert np.array_equal(encoder.encode(drawn), codes)


def test_no_combination_that_occurs_is_a_structural_zero(patients):
    encoder = Encoder(AML, COLUMNS, patterns=True)
    values = pd.concat([patients] + [patients.assign(bm_blasts_pct=v) for v in range(101)])
    codes = encoder.encode(AML.conform(values))
    zeros = pattern_zeros(encoder)
    assert len(zeros) == 4  # three flags and the blasts
    for clique, cells in zeros:
        found = set(map(tuple, codes[:, clique].tolist()))
        assert not found & set(map(tuple, cells.tolist()))


def test_a_panel_of_which_a_table_has_one_variable_is_no_pattern():
    assert Encoder(AML, ["inv16", "age_years"], patterns=True).patterns == ()
    found = Encoder(AML, COLUMNS, patterns=True).patterns
    assert [type(one) for one in found] == [Panel, Digits]
    assert Encoder(AML, COLUMNS).names == Encoder(AML, COLUMNS).columns


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (("[hct_phase, hct_day]", "[hct_phase]"), "at least two|At least two"),
        (("[hct_phase, hct_day]", "[hct_phase, age_years]"), "age_years in its panel"),
        (("[hct_phase, hct_day]", "[hct_phase, wbc_gl]"), "wbc_gl in its panel"),
        (("digits: [5, 10]", "digits: [5, 12]"), "do not follow"),
        (("digits: [5, 10]", "digits: [0.5]"), "do not follow"),
    ],
)
def test_panels_and_digits_that_mean_nothing_are_refused(change, match):
    from synthema_lab.dictionary.load import find

    text = find("aml").read_text(encoding="utf-8")
    assert change[0] in text
    with pytest.raises(DataMismatch) as refused:
        DataDictionary.from_text(text.replace(*change, 1))
    assert any(part in str(refused.value) for part in match.split("|"))
