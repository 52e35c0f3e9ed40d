"""What is measured is what the articles define, and what another implementation finds."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.deidentify import Target, assess, measure
from synthema_lab.deidentify.population import expected_risk, population_uniques
from synthema_lab.deidentify.thresholds import Threshold, Thresholds
from synthema_lab.errors import ArgumentRefused

PATIENTS = pd.read_csv(
    io.StringIO("""\
sex,age,area,genotype,crises
F,20,N,SS,2
F,20,N,SC,0
F,20,N,SS,2
M,20,N,SS,1
M,20,N,SS,1
M,60,S,SC,0
""")
)
QUASI = ["sex", "age", "area"]


def simulated(seed: int, rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "sex": rng.choice(["F", "M"], rows),
            "age": rng.integers(0, 6, rows) * 10,
            "area": rng.choice(list("ABC"), rows),
            "genotype": rng.choice(["SS", "SC", "S0", "S+"], rows, p=[0.6, 0.2, 0.1, 0.1]),
            "crises": rng.poisson(1.5, rows),
        }
    )


def test_classes_and_risks_of_a_small_table_are_those_counted_by_hand():
    found = measure(PATIENTS, QUASI, ["genotype"])
    assert found.k == 1
    assert found.unique == 1
    assert sorted(found.classes.sizes) == [1, 2, 3]
    assert found.largest_risk == 1.0
    assert found.marketer == pytest.approx(3 / 6)
    assert found.share_at_risk == pytest.approx(1.0)  # even 1/3 lies above 0.2
    assert found.l == 1


def test_a_missing_value_is_a_value_of_its_own():
    patients = pd.DataFrame({"sex": ["F", "F", None, None, "M"]})
    assert sorted(measure(patients, ["sex"]).classes.sizes) == [1, 2, 2]


def test_entropy_l_and_both_distances_of_a_small_table_are_those_counted_by_hand():
    found = measure(PATIENTS, QUASI, ["genotype", "crises"]).diversities
    # Class of three: SS 2/3, SC 1/3.
    by_hand = np.exp(-(2 / 3 * np.log(2 / 3) + 1 / 3 * np.log(1 / 3)))
    assert found["genotype"].entropy.max() == pytest.approx(by_hand)
    # Class of one: SC where all have SS 4/6.
    assert found["genotype"].t == pytest.approx(4 / 6)
    # The same class has no crisis; all have 0, 1, 2 with 2/6 each: gaps 4/6 and 2/6 over 2 steps.
    assert found["crises"].t == pytest.approx((4 / 6 + 2 / 6) / 2)


@pytest.mark.parametrize("seed", range(4))
def test_k_l_and_t_agree_exactly_with_pycanon(seed):
    from pycanon import anonymity

    patients = simulated(seed)
    found = measure(patients, QUASI, ["genotype", "crises"])
    assert found.k == anonymity.k_anonymity(patients, QUASI)
    for name in ("genotype", "crises"):
        ours = found.diversities[name]
        assert ours.l == anonymity.l_diversity(patients, QUASI, [name])
        # pycanon rounds the effective number of values down to a whole one.
        theirs = anonymity.entropy_l_diversity(patients, QUASI, [name])
        assert int(ours.entropy_l + 1e-9) == theirs
        assert ours.t == pytest.approx(anonymity.t_closeness(patients, QUASI, [name]), abs=1e-12)
    assert found.l == anonymity.l_diversity(patients, QUASI, ["genotype", "crises"])
    assert found.t == pytest.approx(anonymity.t_closeness(patients, QUASI, ["genotype", "crises"]))


def test_pycanon_leaves_out_patients_with_a_gap_and_we_do_not():
    from pycanon import anonymity

    patients = pd.DataFrame({"sex": ["F", "F", None]})
    assert anonymity.k_anonymity(patients, ["sex"]) == 2
    assert measure(patients, ["sex"]).k == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)),
        min_size=1, max_size=14,
    )
)  # fmt: skip
def test_minimal_uniques_agree_with_their_definition(rows):
    patients = pd.DataFrame(rows, columns=list("abcd"))
    found = measure(patients, list("abcd")).combinations
    expected = np.zeros(len(rows))
    minimal = dict.fromkeys(found.table["combination"], 0)
    for row in rows:
        unique = []
        for size in (1, 2, 3):
            for chosen in itertools.combinations(range(4), size):
                alone = sum(all(other[c] == row[c] for c in chosen) for other in rows) == 1
                if alone and len(rows) > 1 and not any(set(u) <= set(chosen) for u in unique):
                    unique.append(chosen)
        for chosen in unique:
            minimal[" x ".join("abcd"[c] for c in chosen)] += 1
    assert (
        len(rows) == 1
        or dict(zip(found.table["combination"], found.table["minimal_uniques"], strict=True))
        == minimal
    )
    assert found.scores.shape == expected.shape


def test_a_population_table_gives_k_map_and_presence():
    population = pd.concat([PATIENTS, PATIENTS, PATIENTS.iloc[:3]], ignore_index=True)
    found = measure(PATIENTS, QUASI, population=population)
    assert found.population.k_map == 2
    assert found.journalist.max() == 0.5
    assert found.population.delta_high == 0.5
    assert found.population.delta_low == pytest.approx(3 / 9)


def test_a_population_that_does_not_hold_the_patients_is_refused():
    with pytest.raises(ArgumentRefused, match="does not hold the patients"):
        measure(PATIENTS, QUASI, population=PATIENTS.iloc[:4])


@pytest.mark.parametrize("fraction", [0.05, 0.3, 0.8])
def test_expected_risk_is_the_mean_over_the_people_who_were_not_drawn(fraction):
    from scipy.stats import nbinom

    others = np.arange(200_000)
    for f in (1, 2, 7):
        mean = float((nbinom.pmf(others, f, fraction) / (f + others)).sum())
        assert expected_risk(np.array([f]), fraction)[0] == pytest.approx(mean, rel=1e-6)


def test_the_estimate_of_population_uniques_meets_the_truth_where_its_model_holds():
    # Population drawn with independent variables. The 95% interval is of the count given the
    # model; the seed is fixed and the truth lies inside it.
    rng = np.random.default_rng(7)
    population = np.stack([rng.integers(0, size, 20_000) for size in (40, 30, 12)])
    drawn = rng.random(20_000) < 0.1
    code = population[0] * 1000 + population[1] * 20 + population[2]
    sizes = dict(zip(*np.unique(code, return_counts=True), strict=True))
    sample, counts = np.unique(code[drawn], return_counts=True)
    truth = sum(sizes[c] == 1 for c in sample[counts == 1])
    found = population_uniques(list(population[:, drawn]), 0.1)
    assert found.low <= truth <= found.high
    assert found.sample_uniques == int((counts == 1).sum())


def test_a_fraction_of_one_makes_the_journalist_a_prosecutor():
    found = measure(PATIENTS, QUASI)
    assert np.array_equal(found.journalist, found.prosecutor)
    assert measure(PATIENTS, QUASI, sampling_fraction=0.1).journalist.max() < 1


@pytest.mark.parametrize("fraction", [0, -1, 1.5, "x", True])
def test_a_sampling_fraction_that_is_none_is_refused(fraction):
    with pytest.raises(ArgumentRefused):
        expected_risk(np.array([1]), fraction)


def test_an_absent_column_is_refused_with_the_nearest_one():
    with pytest.raises(ArgumentRefused, match="sex"):
        measure(PATIENTS, ["sexx"])


def test_the_assessment_says_pass_review_and_fail_with_reasons():
    alike = pd.DataFrame({"sex": ["F"] * 6 + ["M"] * 6})
    assert assess(measure(alike, ["sex"])).verdict == "pass"
    fewer = pd.DataFrame({"sex": ["F"] * 4 + ["M"] * 96})
    looked_at = assess(measure(fewer, ["sex"]))
    assert looked_at.verdict == "review"
    assert {reason.about for reason in looked_at.against} >= {"k-anonymity", "largest risk"}
    assert assess(measure(PATIENTS, QUASI)).verdict == "fail"


def test_every_assessment_says_what_it_does_not_cover():
    said = str(assess(measure(PATIENTS, QUASI)))
    for word in ("laboratory value", "another release", "rare disease", "Dates"):
        assert word in said


def test_a_threshold_of_the_policy_decides():
    found = measure(PATIENTS, QUASI)
    lenient = Thresholds(
        k=Threshold(1, 1),
        largest_risk=Threshold(1, 1, large_is_good=False),
        share_at_risk=Threshold(1, 1, large_is_good=False),
    )
    assert assess(found, lenient).verdict == "pass"


def test_a_threshold_whose_pass_and_fail_agree_knows_no_review():
    t = Threshold(0.3, 0.3, large_is_good=False)
    assert [t.verdict(value) for value in (0.1, 0.3, 0.4)] == ["pass", "pass", "fail"]
    read = Thresholds.read({"t": {"pass": 0.3, "fail": 0.3}, "k": {"pass": 11}})
    assert read.t == t
    assert read.k == Threshold(11, 3)


@pytest.mark.parametrize(
    "wrong", [{"t": {"pass": 0.6, "fail": 0.3}}, {"k": {"pass": 3, "fail": 5}}, {"tt": {}},
              {"k": {"passs": 3}}]
)  # fmt: skip
def test_a_threshold_the_wrong_way_round_is_refused(wrong):
    with pytest.raises(ArgumentRefused):
        Thresholds.read(wrong)


@pytest.mark.parametrize(
    "wrong", [{"k": 1}, {"k": 2.0}, {"l": 0}, {"t": 0}, {"suppress_at_most": 1}]
)
def test_a_target_that_cannot_be_is_refused(wrong):
    with pytest.raises(ArgumentRefused):
        Target(**wrong)


def test_results_print_counts_and_escape_names():
    found = measure(PATIENTS.rename(columns={"sex": "<b>"}), ["<b>", "age"], ["genotype"])
    assert "&lt;b&gt;" in found.combinations._repr_html_()
    assert "k 1" in str(found)
    assert found.class_sizes()["patients"].sum() == len(PATIENTS)
