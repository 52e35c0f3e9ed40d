"""The constants of the AML simulator are what the public table gives, and rest on nobody alone."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts.simulators.aml.constants import constants
from synthema_lab.cohorts.simulators.aml.estimation import (
    _ridge_logistic,
    estimate_node,
    estimate_regressions,
)
from synthema_lab.cohorts.simulators.aml.network import node_names
from synthema_lab.cohorts.simulators.aml.release import read_release

SHARED = Path(os.environ.get("SYNTHEMA_DATA", Path(__file__).resolve().parents[3] / "shared/data"))
AMLSG = SHARED / "aml_amlsg" / "amlsg_clinical_genomic.csv.gz"


@pytest.fixture(scope="module")
def release():
    if not AMLSG.is_file():
        pytest.skip("the AMLSG table is not in ../shared/data or $SYNTHEMA_DATA")
    return read_release(AMLSG)


def test_effects_of_the_network_are_estimated_again_from_the_release(release):
    for name in node_names():
        kept, again = constants("genetics")["network"][name], estimate_node(name, release)
        for part in ("class", "with"):
            for key, value in kept.get(part, {}).items():
                assert again[part][key] == pytest.approx(value, abs=0.002), (name, key)
        if "none_yet" in kept:
            assert again["none_yet"] == pytest.approx(kept["none_yet"], abs=0.002), name


def test_bases_were_moved_only_a_little_after_estimation(release):
    moved = [
        constants("genetics")["network"][name]["base"] - estimate_node(name, release)["base"]
        for name in node_names()
    ]
    assert np.abs(moved).max() < 0.5


def test_shares_of_the_classes_are_those_of_the_release(release):
    shares = release["genomic_class"].value_counts(normalize=True)
    for name, share in constants("genetics")["class_share"].items():
        assert shares[name] == pytest.approx(share, abs=0.0006)


def test_regressions_and_residuals_are_estimated_again_from_the_release(release):
    found, covariance = estimate_regressions(release)
    kept = constants("laboratory")
    for name, told in kept["regressions"].items():
        assert found[name]["base"] == pytest.approx(told["base"], abs=0.002)
        for factor, effect in told["effects"].items():
            assert found[name]["effects"][factor] == pytest.approx(effect, abs=0.002)
    order = kept["residual_order"]
    difference = np.array(kept["residual_covariance"]) - covariance.loc[order, order].to_numpy()
    assert difference.min() > -0.002
    assert difference.max() < 0.037
    assert (np.abs(difference) < 0.002).sum() >= 64 - 2 * 5


def test_quantiles_stop_at_the_first_and_last_percentile(release):
    quantiles = constants("laboratory")["quantiles"]
    inner = quantiles["at"][1:-1]
    assert (inner[0], inner[-1]) == (0.01, 0.99)
    for name in quantiles:
        if name != "at":
            np.testing.assert_allclose(
                quantiles[name][1:-1], release[name].quantile(inner), atol=0.51
            )


def test_an_effect_seen_in_few_patients_stays_small():
    rng = np.random.default_rng(4)
    rare = np.zeros(1500)
    rare[:3] = 1
    there = (rng.random(1500) < 0.1).astype(float)
    there[:3] = 1
    rows = np.column_stack([np.ones(1500), rare])
    effect = _ridge_logistic(rows, there, np.array([1e3, 1.0]))
    assert 0 < effect[1] < 2.5


def test_a_pair_seen_in_fewer_than_ten_patients_has_no_ratio_of_its_own():
    kept = {(one, other): ratio for one, other, ratio in constants("genetics")["pairs"]}
    path = SHARED / "aml_amlsg" / "derived_comutation_or.csv"
    if not path.is_file():
        pytest.skip("the table of co-mutation is not in ../shared/data or $SYNTHEMA_DATA")
    pairs = pd.read_csv(path)
    pairs = pairs[pairs["q"] < 0.05]
    assert len(pairs) == len(kept) == 81
    few = [ratio for ratio, together in zip(kept.values(), pairs["n_both"], strict=True)
           if together < 10]  # fmt: skip
    assert len(few) >= 30
    assert len(set(few)) == 2
    for ratio, told in zip(kept.values(), pairs["OR"], strict=True):
        assert (ratio > 1) == (told > 1)
