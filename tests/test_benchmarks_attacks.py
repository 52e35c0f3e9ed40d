"""The comparison of attacks with a peer hands over the same tables, and reads both alike."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from benchmarks import attacks, attacks_table
from benchmarks.attacked_tables import COPY, FLOOR, HALF, half_copy
from benchmarks.attacks_table import ALONE, ATTACKS, TABLES, cohort_lines, theirs
from benchmarks.generators_cohorts import leuksurv, split
from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import prepare
from synthema_lab.validation.attribute_inference import attribute_inference_gain
from synthema_lab.validation.columns import MISSING
from synthema_lab.validation.linkability import linkability_gain
from synthema_lab.validation.singling_out import singling_out_gain


@pytest.fixture(scope="module")
def reference():
    cohort = leuksurv()
    train, test = split(cohort, 1)
    return prepare(train, test, cohort.dictionary, seed=1)


def rows(found: dict[tuple[str, str], float]) -> pd.DataFrame:
    """Figures where the share of each tool's table is given and what is above 0.1 is found."""
    made = []
    for attack in (*ATTACKS, *ALONE, "membership"):
        for tool in ("ours", "theirs"):
            for table in TABLES:
                share = found[(tool, table)]
                if (tool, attack) in {("theirs", "membership"), *(("ours", one) for one in ALONE)}:
                    continue
                made.append(
                    {
                        "table": table, "attack": attack, "seed": 1, "tool": tool, "gain": share,
                        "share": share, "low": share - 0.1, "high": share + 0.1,
                        "found": share > 0.1, "seconds": 1.0, "mode": "",
                    }
                )  # fmt: skip
    return pd.DataFrame(made)


def shares(ours: list[float], peers: list[float]) -> dict[tuple[str, str], float]:
    return {
        (tool, table): share
        for tool, line in (("ours", ours), ("theirs", peers))
        for table, share in zip(TABLES, line, strict=True)
    }


def test_the_peer_gets_the_halves_that_our_attack_draws(reference, monkeypatch):
    job = attacks.job_of(reference, 1)
    drawn = []

    class Told(np.random.Generator):
        def permutation(self, *args, **options):
            drawn.append(super().permutation(*args, **options))
            return drawn[-1]

    usual = type(reference).rng
    monkeypatch.setattr(
        type(reference), "rng", lambda self, purpose: Told(usual(self, purpose).bit_generator)
    )
    linkability_gain(reference.floor, reference)
    names = reference.train.variables
    for half, order in zip(job["halves"], drawn, strict=False):
        assert half[0] == [n for n, one in zip(names, order < len(names) // 2, strict=True) if one]
        assert sorted(half[0] + half[1]) == sorted(names)
    assert len(job["halves"]) == attacks.SPLITS


def test_what_is_handed_over_holds_the_same_values_and_says_its_gaps(reference, tmp_path):
    codes = {name: values.copy() for name, values in reference.train.coded.items()}
    numbers = {name: values.copy() for name, values in reference.train.numeric.items()}
    number, code = next(iter(numbers)), next(iter(codes))
    numbers[number][0], codes[code][0] = np.nan, MISSING
    columns = type(reference.train)(
        reference.train.rows, numbers, codes, {}, None, None, None, (), pd.DataFrame()
    )
    attacks.written(columns).to_csv(tmp_path / "one.csv", index=False)
    again = pd.read_csv(tmp_path / "one.csv", float_precision="round_trip")
    for name, values in numbers.items():
        np.testing.assert_array_equal(again[name].to_numpy(dtype=float), values)
    assert again[code][0] == "gap"
    assert again[code].nunique() == len(np.unique(codes[code]))


def test_a_half_copy_has_as_many_rows_and_half_of_the_patients():
    train = pd.DataFrame({"age": np.arange(100)})
    table = half_copy(train, pd.DataFrame({"age": np.full(100, -1)}), 1)
    assert len(table) == 100
    assert table["age"].isin(train["age"]).sum() == 50


def test_the_clearest_of_the_peers_modes_is_shown_and_failed_ones_are_not():
    sure = {"mode": "sure", "members": 0.3, "others": 0.1, "risk": 0.2, "error": 0.02, "seconds": 1}
    wide = {"mode": "wide", "members": 0.9, "others": 0.4, "risk": 0.8, "error": 0.9, "seconds": 2}
    found = theirs([wide, sure, {"mode": "none", "failed": "no fit"}])
    assert found["mode"] == "sure"
    assert found["found"]
    assert found["seconds"] == 3
    assert not theirs([wide])["found"]
    assert not theirs([{"mode": "none", "failed": "no fit"}])["found"]


@pytest.mark.parametrize("attack", [singling_out_gain, linkability_gain, attribute_inference_gain])
def test_our_share_is_the_gain_of_what_others_leave(reference, attack):
    found = attacks_table.ours(attack(reference.train, reference), 1.0)
    assert found["found"]
    assert found["gain"] < found["share"] <= 1.001


def test_agreement_is_said_where_both_find_the_copies_and_not_the_floor():
    told = cohort_lines(
        rows(shares([0.9, 0.5, 0.05, 0.02, 0.0], [1.0, 0.4, 0.06, 0.03, 0.01])), "x"
    )
    assert told[-1].endswith("copy yes; half copy yes; floor 0/1 and 0/1; order of 5 tables +1.00")


def test_a_copy_that_one_tool_misses_and_a_floor_that_one_finds_are_said():
    told = cohort_lines(rows(shares([0.0, 0.5, 0.05, 0.02, 0.0], [1.0, 0.4, 0.06, 0.03, 0.2])), "x")
    line = told[-1]
    assert f"{COPY} NO; {HALF} yes; {FLOOR} 0/1 and 1/1" in line
    assert "+1.00" not in line


def test_without_the_peer_the_benchmark_says_what_to_type(monkeypatch):
    monkeypatch.delenv(attacks.PEER, raising=False)
    for options in ([], ["--peer", "/nowhere/python"], ["--peer", sys.executable]):
        with pytest.raises(ArgumentRefused, match="anonymeter") as refused:
            attacks.run([*options, "--data", "leuksurv", "--seeds", "1"])
        assert "pip install anonymeter" in refused.value.next_step


def test_an_unknown_cohort_is_refused_before_anything_runs(capsys):
    with pytest.raises(SystemExit):
        attacks.run(["--data", "nobody"])
    assert "nobody is not in leuksurv, aml, scd" in capsys.readouterr().err
