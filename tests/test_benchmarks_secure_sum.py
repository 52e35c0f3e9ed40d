"""What the secure sum costs is measured on rounds that are right."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.secure_sum import Row
from benchmarks.secure_sum_crowd import measured
from benchmarks.secure_sum_parties import Parties, require_sum, vector_of


@pytest.fixture(scope="module")
def parties() -> Iterator[Parties]:
    with Parties(5) as five:
        yield five


def test_a_round_among_processes_opens_the_sum_and_counts_what_a_site_sends(parties):
    short, long = parties.secure(1_000), parties.secure(2_000)
    assert long.sent - short.sent == 4 * 1_000
    assert short.sent < 4 * 1_000 + 2_000
    assert short.seconds > 0
    assert short.processor > 0


def test_the_plain_sum_sends_the_vectors_and_nothing_else(parties):
    assert parties.plain(1_000).sent == 8 + 4 * 1_000


def test_a_site_that_drops_is_left_out_of_the_sum(parties):
    everybody, without_one = parties.secure(1_000), parties.secure(1_000, dropped=1)
    assert without_one.sent < everybody.sent + 100


def test_a_wrong_sum_is_no_measurement():
    names = ("east", "north", "south")
    total = sum(vector_of(name, 1, 10).astype(np.float64) for name in names)
    require_sum(total, 1, names, 2**20)
    with pytest.raises(ArithmeticError):
        require_sum(total + 1e-5, 1, names, 2**20)
    with pytest.raises(ArithmeticError):
        require_sum(total, 1, names[:2], 2**20)


def test_in_a_crowd_only_the_work_of_the_coordinator_is_counted():
    work = measured(sites=12, values=100, drops=2)
    assert set(work.stages) == {"advertise", "share", "mask", "agree", "unmask"}
    assert 0 < work.seconds < work.everything


def test_a_goal_is_met_by_the_median():
    assert str(Row("work", "ours", [1.0, 2.0, 9.0], 2.0)).endswith("2  yes")
    assert str(Row("work", "ours", [1.0, 2.1, 9.0], 2.0)).endswith("2  NO")
    assert "goal" not in str(Row("work", "plain sum", [1.0]))
