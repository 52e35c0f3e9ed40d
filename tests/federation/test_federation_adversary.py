"""Whatever the wire does, a round ends with the sum over its survivors or with a named error."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.secure_aggregation import Identity, Roster, RoundSettings
from synthema_lab.secure_aggregation.errors import RoundAborted

from .adversary import ACTS, Wire

CALM = {"deliver": 30, "double": 1, "lose": 0.5, "alter": 0.5, "crash": 3, "close": 2}


def wire(seed, weights, sites=5):
    people = [Identity.new(f"site-{number}") for number in range(sites)]
    roster = Roster.of(person.member() for person in people)
    agreed = RoundSettings(roster, "r1", 4, 10**6, 1, bytes(32), bytes(32))
    # No two sets of sites have the same sum, so that a wrong one shows.
    vectors = {person.name: np.full(4, 3**at) * [1, -1, 2, 5] for at, person in enumerate(people)}
    return Wire(agreed, people, vectors, seed, weights), vectors


def ended(seed, weights, sites=5):
    """How a round ended, and the wire that carried it."""
    hostile, vectors = wire(seed, weights, sites)
    try:
        opened = hostile.run()
    except RoundAborted as error:
        assert hostile.coordinator.opened is None
        return type(error).__name__, hostile
    assert len(opened.survivors) >= hostile.settings.threshold
    assert opened.total.tolist() == sum(vectors[name] for name in opened.survivors).tolist()
    return "summed", hostile


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.integers(0, 2**32),
    st.fixed_dictionaries({act: st.floats(0, 5) for act in ACTS}),
    st.integers(3, 7),
)
def test_no_schedule_gives_a_wrong_sum(seed, weights, sites):
    ended(seed, weights | {"deliver": 20 + weights["deliver"]}, sites)


def test_a_calm_wire_brings_many_rounds_to_their_sum_and_every_act_is_played():
    ends, acts, refused, survivors = Counter(), Counter(), Counter(), set()
    for seed in range(120):
        end, hostile = ended(seed, CALM)
        ends[end] += 1
        acts += hostile.done
        refused += hostile.refused
        if end == "summed":
            survivors.add(len(hostile.coordinator.opened.survivors))
    assert ends["summed"] >= 20
    assert ends["TooFewSurvivors"] >= 10
    assert set(acts) == set(ACTS)
    assert len(refused) >= 3
    assert survivors == {4, 5}


@pytest.mark.parametrize("act", ["deliver", "crash"])
def test_order_and_crashes_alone_cost_no_site(act):
    for seed in range(10):
        hostile, vectors = wire(seed, {"deliver": 1, act: 1})
        opened = hostile.run()
        assert opened.survivors == tuple(vectors)
        assert opened.total.tolist() == sum(vectors.values()).tolist()


def test_a_wire_that_loses_everything_ends_by_name():
    end, _ = ended(0, {"lose": 1})
    assert end == "TooFewSurvivors"
