"""Patients become public codes and codes become people who never lived."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch
from synthema_lab.generators.encoder import Encoder
from synthema_lab.generators.within_bins import BinShape


def test_every_patient_has_a_code_and_decoding_gives_the_code_back(toy, patients):
    encoder = Encoder(toy, patients.columns)
    codes = encoder.encode(patients)
    again = encoder.encode(encoder.decode(codes, np.random.default_rng(0)))
    assert np.array_equal(codes, again)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), data=st.data())
def test_any_combination_of_codes_survives_the_way_there_and_back(toy, seed, data):
    encoder = Encoder(toy, list(toy.variables))
    codes = np.array(
        [[data.draw(st.integers(0, size - 1)) for size in encoder.sizes] for _ in range(5)]
    )
    decoded = encoder.decode(codes, np.random.default_rng(seed))
    assert np.array_equal(encoder.encode(decoded), codes)
    assert not [f for f in toy.check(decoded, require_core=False).errors if f.variable]


def test_edges_belong_to_the_bin_that_starts_there_and_the_last_bin_is_closed(toy):
    encoder = Encoder(toy, ["age"])
    ages = toy.conform(pd.DataFrame({"age": [0, 17, 18, 79, 80, 100]}))
    assert encoder.encode(ages)[:, 0].tolist() == [0, 0, 1, 3, 4, 4]


def test_whole_numbers_are_drawn_up_to_the_closed_last_edge_and_evenly(toy):
    encoder = Encoder(toy, ["age"])
    codes = np.full((20_000, 1), 4)
    drawn = encoder.decode(codes, np.random.default_rng(0))["age"].to_numpy(dtype=int)
    counts = np.bincount(drawn, minlength=101)[80:]
    assert counts.size == 21
    assert counts.min() > 0.8 * 20_000 / 21, "also 80 and 100"


def test_values_are_recorded_as_finely_as_the_dictionary_says(toy):
    encoder = Encoder(toy, ["hb"])
    codes = np.tile(np.arange(5), 200)[:, None]
    drawn = encoder.decode(codes, np.random.default_rng(0))["hb"].to_numpy(dtype=float)
    assert np.allclose(drawn, np.round(drawn, 1))


def test_missing_is_a_code_of_its_own_only_where_it_is_allowed(toy):
    encoder = Encoder(toy, ["ferritin", "hb"])
    table = toy.conform(pd.DataFrame({"ferritin": [np.nan, 50.0], "hb": [9.0, 9.0]}))
    assert encoder.encode(table)[0, list(encoder.columns).index("ferritin")] == 4
    gone = toy.conform(pd.DataFrame({"ferritin": [1.0, 50.0], "hb": [9.0, np.nan]}))
    with pytest.raises(DataMismatch, match=r"'hb' has 1 value\(s\) without a code \(rows 2\)"):
        encoder.encode(gone)


def test_an_impossible_value_is_named_by_row_and_never_shown(toy):
    encoder = Encoder(toy, ["hb"])
    with pytest.raises(DataMismatch) as refused:
        encoder.encode(toy.conform(pd.DataFrame({"hb": [9.0, 77.125]})))
    assert "77" not in str(refused.value)
    assert "rows 2" in str(refused.value)


def test_the_encoder_does_not_depend_on_the_patients(toy, patients):
    few = Encoder(toy, patients.head(3).columns)
    assert few.sizes == Encoder(toy, patients.columns).sizes
    assert few.coded == Encoder(toy, patients.columns).coded


def test_a_number_without_bins_is_refused_with_what_to_add():
    without = DataDictionary.from_dict(
        {
            "name": "w",
            "title": "w",
            "version": "1",
            "source": "s",
            "licence": "l",
            "variables": {"x": {"label": "X", "type": "number", "range": [0, 1], "unit": "1"}},
        }
    )
    with pytest.raises(DataMismatch, match="no bins"):
        Encoder(without, ["x"])


def test_a_table_without_any_modelled_variable_is_refused(toy):
    with pytest.raises(DataMismatch, match="no variable that can be modelled"):
        Encoder(toy, ["patient_id"])


@settings(max_examples=100, deadline=None)
@given(
    counts=st.lists(st.floats(-50, 500), min_size=4, max_size=4),
    log=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_a_value_never_leaves_its_bin_whatever_the_noise_says(counts, log, seed):
    edges = np.array([0.0, 1.0, 10.0, 100.0, 500.0])
    bins = np.random.default_rng(seed).integers(0, 4, 200)
    drawn = BinShape(edges, counts, log).draw(bins, np.random.default_rng(seed))
    assert (drawn >= edges[bins] - 1e-12).all()
    assert (drawn <= edges[bins + 1] * (1 + 1e-12)).all()


def test_the_density_inside_bins_follows_a_smooth_one_better_than_steps_do():
    rng = np.random.default_rng(0)
    smooth = rng.normal(50, 12, 200_000).clip(0, 100)
    edges = np.arange(0, 101, 20)
    bins = np.minimum(np.digitize(smooth, edges) - 1, 4)
    counts = np.bincount(bins, minlength=5)
    grid = np.arange(0, 100, 1)

    def distance(given):
        drawn = BinShape(edges, given).draw(bins, np.random.default_rng(1))
        return np.abs(
            np.histogram(drawn, grid)[0] / drawn.size - np.histogram(smooth, grid)[0] / smooth.size
        ).sum()

    assert distance(counts) < 0.75 * distance(None)
