"""Does a verdict follow from what was measured and from what a custodian wrote down?"""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import yaml

from synthema_lab.dictionary.load import folders
from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import RiskAppetite, decide, refusals, validate
from synthema_lab.validation.appetite import Limit
from synthema_lab.validation.metric import Metric


def metric(value, low, high, floor=0.5, ceiling=0.02):
    return Metric("privacy", "membership_tpr", "Members found", "minimise", (0, 1), value, low,
                  high, floor, ceiling, "1", 900)  # fmt: skip


@pytest.mark.parametrize(
    ("condition", "limit", "times", "found", "met"),
    [
        ("low_above", 0.1, False, metric(0.2, 0.15, 0.3), True),
        ("low_above", 0.1, False, metric(0.2, 0.05, 0.3), False),
        ("low_above", 3.0, True, metric(0.2, 0.07, 0.3), True),
        ("low_above", 3.0, True, metric(0.2, 0.05, 0.3), False),
        ("low_above", 3.0, True, metric(0.2, 0.01, 0.3, ceiling=math.nan), True),
        ("high_above", 0.1, False, metric(0.05, 0.0, 0.3), True),
        ("high_above", 0.1, False, metric(0.05, 0.0, 0.09), False),
        ("high_below", 0.45, False, metric(0.3, 0.2, 0.4), True),
        ("value_above", 0.0, False, metric(0.0, 0.0, 0.01), False),
        ("value_above", 0.0, False, metric(0.001, 0.0, 0.01), True),
        ("nearer", math.nan, False, metric(0.4, 0.3, 0.5), True),
        ("nearer", math.nan, False, metric(0.1, 0.0, 0.2), False),
        ("nearer", math.nan, False, metric(0.1, 0.0, 0.2, floor=math.nan), False),
        ("low_above", 0.1, False, metric(math.nan, math.nan, math.nan), False),
    ],
)  # fmt: skip
def test_a_condition_is_met_where_its_end_of_the_interval_says_so(
    condition, limit, times, found, met
):
    assert Limit("membership_tpr", condition, limit, times, "why").met(found) is met


@pytest.fixture(scope="module")
def appetite():
    return RiskAppetite.load()


@pytest.fixture(scope="module")
def full(train, holdout, ward):
    from synthema_lab.validation import prepare

    return prepare(train, holdout, ward, metrics="standard", draws=50, seed=0)


def test_a_copy_of_the_patients_is_refused_for_more_than_one_reason(full, train, appetite):
    verdict = decide(validate(full, train), appetite)
    assert verdict.verdict == "refuse"
    assert len(verdict.reasons) > 2
    assert verdict.reasons == refusals(validate(full, train))
    assert "Must not leave the custodian" in str(verdict)


def test_independent_marginals_are_no_risk_and_good_for_nothing(full, make, train):
    simulated, permuted = make
    verdict = decide(validate(full, permuted(simulated(500, seed=9), seed=9)))
    assert verdict.verdict == "restrict"
    assert any("variables go together" in one for one in verdict.shortfalls)


def test_other_patients_of_the_same_kind_are_no_reason_to_refuse(full, make):
    verdict = decide(validate(full, make[0](500, seed=21)))
    assert verdict.verdict in ("release", "restrict")
    assert verdict.reasons == ()
    assert not any("go together" in one for one in verdict.shortfalls)


def test_what_was_not_computed_keeps_a_table_from_release(train, ward, make):
    found = validate(train, make[0](500, seed=21), ward, metrics="standard", draws=20)
    verdict = decide(found)
    assert verdict.verdict == "restrict"
    assert any("held out" in one for one in verdict.shortfalls)


def test_the_quick_set_holds_all_that_the_proposed_limits_ask_for(alike):
    assert not any("was not asked for" in one for one in decide(alike).shortfalls)


def test_a_limit_on_a_metric_that_was_not_asked_for_keeps_a_table_from_release(alike, appetite):
    strict = replace(appetite, release=(Limit("pmse_ratio", "value_above", 3.0, False, "x"),))
    verdict = decide(alike, strict)
    assert verdict.verdict == "restrict"
    assert any("use the standard metrics" in one for one in verdict.shortfalls)


def test_a_limit_between_floor_and_ceiling_that_are_not_apart_is_not_met_and_is_said(
    alike, appetite
):
    known = next(metric for metric in alike if metric.name == "log_hr_error")
    same = replace(known, floor=known.ceiling)
    flat = replace(alike, metrics=tuple(same if m is known else m for m in alike.metrics))
    verdict = decide(flat, appetite)
    assert verdict.verdict == "restrict"
    assert any("cannot be judged" in one for one in verdict.shortfalls)


def test_beyond_the_ceiling_is_not_nearer_to_the_floor():
    limit = Limit("c2st_auc", "nearer", math.nan, False, "x")
    auc = Metric("fidelity", "c2st_auc", "C2ST", 0.5, (0, 1), 0.59, 0.57, 0.61, 0.69, 0.446)
    assert not limit.met(auc)
    assert limit.met(replace(auc, value=0.63))


def test_held_out_patients_of_another_kind_keep_a_table_from_release(make, train, ward):
    other = make[1](make[0](300, seed=5), seed=5)
    verdict = decide(validate(train, make[0](500, seed=21), ward, other, draws=20))
    assert verdict.verdict == "restrict"
    assert any("told from the training ones" in one for one in verdict.shortfalls)


def test_a_custodian_who_asks_for_less_can_release(alike, appetite):
    lenient = replace(appetite, release=(Limit("rules_broken", "value_above", 0.0, False, "x"),))
    assert decide(alike, lenient).verdict == "release"


CHANGES = {
    "no metric": lambda c: c["refuse"][0].update(metric="membership_tp"),
    "it has a key": lambda c: c["refuse"][0].update(limit=3),
    "one condition": lambda c: c["refuse"][0].update(high_above=3),
    "a reason": lambda c: c["refuse"][0].pop("because"),
    "is no number": lambda c: c["refuse"][0].update(low_above="three"),
    "with ceiling alone": lambda c: c["refuse"][0].update(times="floor"),
    "forbids nothing": lambda c: c.update(refuse=[]),
    "is no list": lambda c: c.update(release="all"),
    "a key realease": lambda c: c.update(realease=[]),
    "no limit on a metric": lambda c: c["release"].append("all"),
    "with floor alone": lambda c: c["release"][-1].update(nearer="ceiling"),
}


@pytest.mark.parametrize("why", CHANGES)
def test_an_unsound_file_is_refused_and_says_where(why, tmp_path):
    shipped = next(f for f in folders() if (f / "risk_appetite.yaml").is_file())
    content = yaml.safe_load((shipped / "risk_appetite.yaml").read_text())
    changed = copy.deepcopy(content)
    CHANGES[why](changed)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(changed))
    with pytest.raises(ArgumentRefused, match=why) as refused:
        RiskAppetite.load(path)
    assert refused.value.next_step
    path.write_text(yaml.safe_dump(content))
    assert RiskAppetite.load(path) == RiskAppetite.load()


def test_a_file_that_is_not_there_or_is_no_yaml_is_refused(tmp_path):
    with pytest.raises(ArgumentRefused, match="no file"):
        RiskAppetite.load(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("refuse: [")
    with pytest.raises(ArgumentRefused, match="cannot be read"):
        RiskAppetite.load(broken)
