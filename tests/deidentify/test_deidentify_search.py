"""The search finds the least generalisation that meets its target."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.deidentify import Hierarchy, Target, measure, search
from synthema_lab.deidentify.lattice import Lattice
from synthema_lab.deidentify.search import _below
from synthema_lab.deidentify.sensitive import sensitive_codes
from synthema_lab.dictionary import Lookup, Variable
from synthema_lab.errors import ArgumentRefused, GateFailed

AGE = Variable("age", "Age", "integer", range=(0, 99))
AREA = Variable(
    "area", "Area", "category", categories=Lookup(dict(zip("abcd", "ABCD", strict=True)))
)
SEX = Variable("sex", "Sex", "category", categories=Lookup({"F": "f", "M": "m"}))
LADDERS = (
    Hierarchy.of(AGE, [{"width": 10}, {"width": 50}, "suppress"]),
    Hierarchy.of(AREA, [{"groups": {"ab": ["a", "b"], "cd": ["c", "d"]}}, "suppress"]),
    Hierarchy.of(SEX, ["suppress"]),
)
ROWS = st.lists(
    st.tuples(st.integers(0, 99), st.sampled_from("abcd"), st.sampled_from("FM"),
              st.sampled_from("xyz")),
    min_size=6, max_size=40,
)  # fmt: skip
TARGETS = st.builds(
    Target, k=st.integers(2, 4), l=st.integers(1, 2), t=st.sampled_from([1.0, 0.5, 0.3]),
    suppress_at_most=st.sampled_from([0.0, 0.1, 0.3]),
)  # fmt: skip


def cohort(rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["age", "area", "sex", "genotype"])
    table["age"] = table["age"].astype("Int64")
    table["area"] = pd.Categorical(table["area"], categories=list("abcd"))
    table["sex"] = pd.Categorical(table["sex"], categories=["F", "M"])
    return table


def find(patients, target, **more):
    return search(patients, LADDERS, target, [sensitive_codes(patients["genotype"])], **more)


def all_nodes(patients, target):
    lattice = Lattice(patients, LADDERS, target, [sensitive_codes(patients["genotype"])])
    levels = itertools.product(*(range(top + 1) for top in lattice.tops))
    return lattice, {each: lattice.look(each) for each in levels}


def generalised(patients, found) -> pd.DataFrame:
    left = patients.copy()
    for ladder in LADDERS:
        name = ladder.variable.name
        left[name] = ladder.at(patients[name], found.levels[name])
    return left[found.kept]


@settings(max_examples=80, deadline=None)
@given(ROWS, TARGETS)
def test_what_is_found_meets_the_target_measured_afresh(rows, target):
    patients = cohort(rows)
    try:
        found = find(patients, target)
    except GateFailed:
        _, nodes = all_nodes(patients, target)
        assert not any(node.meets for node in nodes.values())
        return
    risk = measure(generalised(patients, found), ["age", "area", "sex"], ["genotype"])
    assert risk.k >= target.k
    assert risk.l >= target.l
    assert risk.t <= target.t + 1e-9
    assert found.suppressed <= target.suppress_at_most * len(patients) + 1e-9


@settings(max_examples=80, deadline=None)
@given(ROWS, TARGETS)
def test_the_exact_search_equals_looking_at_every_combination(rows, target):
    patients = cohort(rows)
    lattice, nodes = all_nodes(patients, target)
    meeting = [node for node in nodes.values() if node.meets]
    if not meeting:
        with pytest.raises(GateFailed):
            find(patients, target)
        return
    best = min(meeting, key=lambda node: node.rank)
    found = find(patients, target)
    assert found.exact
    assert tuple(found.levels.values()) == best.levels
    assert found.lost == pytest.approx(best.cost / float(lattice.all_bits @ lattice.weights or 1))


@settings(max_examples=60, deadline=None)
@given(ROWS, TARGETS, st.sampled_from([10**6, 1]))
def test_every_neighbour_that_tells_more_fails_or_costs_more(rows, target, exhaustive_below):
    patients = cohort(rows)
    _, nodes = all_nodes(patients, target)
    try:
        found = find(patients, target, exhaustive_below=exhaustive_below)
    except GateFailed:
        return
    levels = tuple(found.levels.values())
    for below in _below(levels, (0, 0, 0)):
        assert not nodes[below].meets or nodes[below].rank > nodes[levels].rank


@settings(max_examples=60, deadline=None)
@given(ROWS, TARGETS)
def test_the_beam_meets_the_target_and_its_bound_is_never_above_the_best(rows, target):
    patients = cohort(rows)
    lattice, nodes = all_nodes(patients, target)
    costs = [node.cost for node in nodes.values() if node.meets]
    try:
        found = find(patients, target, exhaustive_below=1)
    except GateFailed:
        # A beam may miss what t alone allows, never what k and l do.
        assert not costs or target.t < 1
        return
    whole = float(lattice.all_bits @ lattice.weights) or 1.0
    assert not found.exact
    assert found.bound <= min(costs) / whole + 1e-9 <= found.lost + 2e-9


@settings(max_examples=40, deadline=None)
@given(ROWS, st.integers(2, 4))
def test_groups_only_merge_on_the_way_up(rows, k):
    patients = cohort(rows)
    _, nodes = all_nodes(patients, Target(k=k, suppress_at_most=0.0))
    for levels, node in nodes.items():
        for below in _below(levels, (0, 0, 0)):
            assert nodes[below].violating >= node.violating


def test_the_same_table_gives_the_same_answer_in_any_order_of_rows():
    rng = np.random.default_rng(3)
    rows = [
        (int(age), area, sex, gene)
        for age, area, sex, gene in zip(
            rng.integers(0, 99, 200), rng.choice(list("abcd"), 200), rng.choice(list("FM"), 200),
            rng.choice(list("xyz"), 200), strict=True,
        )
    ]  # fmt: skip
    first = find(cohort(rows), Target())
    turned = find(cohort(rows[::-1]), Target())
    assert first.levels == turned.levels
    assert first.lost == pytest.approx(turned.lost)
    assert np.array_equal(first.kept, turned.kept[::-1])


def test_importance_decides_what_is_given_up():
    rng = np.random.default_rng(5)
    patients = cohort(
        list(zip(rng.integers(0, 99, 150), rng.choice(list("abcd"), 150),
                 rng.choice(list("FM"), 150), ["x"] * 150, strict=True))
    )  # fmt: skip
    for_age = find(patients, Target(), importance={"age": 50})
    for_area = find(patients, Target(), importance={"area": 50})
    assert for_age.levels["age"] < for_area.levels["age"]
    assert for_area.levels["area"] < for_age.levels["area"]


def test_levels_are_never_below_those_asked_for():
    patients = cohort([(20, "a", "F", "x")] * 30)
    assert find(patients, Target()).levels == {"age": 0, "area": 0, "sex": 0}
    assert find(patients, Target(), least=(1, 0, 1)).levels == {"age": 1, "area": 0, "sex": 1}


def test_a_target_that_no_ladder_reaches_fails_the_gate():
    patients = cohort([(age, "a", "F", "x") for age in range(10)])
    with pytest.raises(GateFailed, match="No generalisation"):
        search(patients, [Hierarchy.of(AGE, [])], Target(suppress_at_most=0.1))


def test_l_without_a_sensitive_variable_is_refused():
    with pytest.raises(ArgumentRefused, match="no sensitive variable"):
        search(cohort([(1, "a", "F", "x")] * 9), LADDERS, Target(l=2))


@pytest.mark.parametrize(
    ("variable", "steps"),
    [
        (AGE, [{"width": 10}, {"width": 15}]),
        (AGE, [{"bands": [50]}, {"bands": [40]}]),
        (AGE, ["suppress", {"width": 10}]),
        (AGE, [{"width": 10}, {"width": 10}]),
        (AREA, [{"groups": {"ab": ["a", "b"]}}, {"groups": {"bc": ["b", "c"]}}]),
    ],
)
def test_a_step_that_tears_apart_what_was_together_is_refused(variable, steps):
    with pytest.raises(ArgumentRefused, match="tears apart"):
        Hierarchy.of(variable, steps)


@pytest.mark.parametrize(
    ("variable", "step"),
    [
        (AGE, {"width": 0}),
        (AGE, {"width": 2.5}),
        (AGE, {"bands": [30, 20]}),
        (AGE, {"bands": [120]}),
        (AGE, {"groups": {"x": ["1"]}}),
        (AGE, {"width": 5, "bands": [20]}),
        (AGE, {"widht": 5}),
        (AREA, {"width": 5}),
        (AREA, {"groups": {"x": ["zz"]}}),
        (AREA, {"groups": {"x": ["a"], "y": ["a"]}}),
        (AREA, {"groups": {"d": ["a", "b"]}}),
        (AREA, {"prefix": 1}),
    ],
)
def test_a_step_that_does_not_suit_its_variable_is_refused(variable, step):
    with pytest.raises(ArgumentRefused):
        Hierarchy.of(variable, [step])


def test_a_band_is_told_by_a_value_inside_it():
    ages = pd.Series(range(100), dtype="Int64")
    for level in (1, 2):
        told = LADDERS[0].at(ages, level)
        again = LADDERS[0].at(told, level)
        assert told.tolist() == again.tolist()
        assert told.between(0, 99).all()
        assert (
            pd.Series(LADDERS[0].codes(ages, level)).groupby(told.to_numpy()).nunique().eq(1).all()
        )
