"""A budget that is kept: charged first, never refunded, noticed when changed."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from synthema_lab.errors import BudgetExhausted, DataMismatch
from synthema_lab.privacy import (
    Ledger,
    OpenedSums,
    ReleaseStore,
    SkellamEvent,
    epsilon_of,
    release_identifier,
)

EVENTS = [SkellamEvent(60.0)] * 5


def test_a_charge_is_read_back_by_another_process_of_the_same_custodian(tmp_path):
    Ledger(tmp_path / "ledger.jsonl").charge("registry", "r1", EVENTS, "first")
    again = Ledger(tmp_path / "ledger.jsonl")
    assert again.spent("registry") == pytest.approx(epsilon_of(EVENTS, 1e-5))
    assert again.history()[0].release == "r1"
    assert again.datasets() == ("registry",)


def test_releases_compose_better_than_they_add_up_and_worse_than_one(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    one = ledger.charge("registry", "r1", EVENTS, "first").epsilon
    ledger.charge("registry", "r2", EVENTS, "second")
    assert one < ledger.spent("registry") < 2 * one


def test_a_budget_is_kept_for_each_data_set_alone(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.charge("north", "r1", EVENTS, "first")
    assert ledger.spent("south") == 0
    assert ledger.remaining("south") == ledger.epsilon


def test_an_exhausted_budget_refuses_with_exit_code_four_and_writes_nothing(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=2.0)
    ledger.charge("registry", "r1", EVENTS, "first")
    before = ledger.path.read_bytes()
    with pytest.raises(BudgetExhausted) as refused:
        ledger.charge("registry", "r2", EVENTS * 8, "second")
    assert refused.value.exit_code == 4
    assert ledger.path.read_bytes() == before


def test_a_release_over_several_sites_is_charged_to_all_or_to_none(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=2.0)
    ledger.charge("north", "r1", EVENTS * 2, "first")
    with pytest.raises(BudgetExhausted):
        ledger.charge_all(["south", "north"], "r2", EVENTS * 2, "second")
    assert ledger.spent("south") == 0


@pytest.mark.parametrize("change", ["epsilon", "variance", "drop the first", "reorder", "junk"])
def test_a_changed_ledger_is_noticed_and_nothing_can_be_charged(tmp_path, change):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for release in ("r1", "r2", "r3"):
        ledger.charge("registry", release, EVENTS, "test")
    lines = ledger.path.read_text().splitlines()
    if change == "epsilon":
        lines[1] = json.dumps({**json.loads(lines[1]), "epsilon": 0.01}, sort_keys=True)
    elif change == "variance":
        lines[1] = lines[1].replace('"variance": 60.0', '"variance": 6000.0', 1)
    elif change == "drop the first":
        lines = lines[1:]
    elif change == "reorder":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines[1] = "not json"
    ledger.path.write_text("\n".join(lines) + "\n")
    with pytest.raises(BudgetExhausted, match="changed or damaged"):
        ledger.charge("registry", "r4", EVENTS, "test")


RACE = """
import sys
from synthema_lab.privacy import Ledger, SkellamEvent
Ledger(sys.argv[1], epsilon=1.5).charge("registry", "race", [SkellamEvent(60.0)] * 5, "race")
"""


def test_two_processes_that_race_for_the_last_epsilon_do_not_both_get_it(tmp_path):
    path = str(tmp_path / "ledger.jsonl")
    assert epsilon_of(EVENTS, 1e-5) < 1.5 < epsilon_of(EVENTS * 2, 1e-5)
    started = [
        subprocess.Popen([sys.executable, "-c", RACE, path], stderr=subprocess.DEVNULL)
        for _ in range(4)
    ]
    assert sorted(process.wait() for process in started) == [0, 1, 1, 1]
    assert len(Ledger(path).history()) == 1


def test_the_ledger_reads_well_in_a_terminal_and_escapes_names_in_a_notebook(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert "nothing spent yet" in str(ledger)
    ledger.charge("<script>", "r1", EVENTS, "test")
    assert "(1 release)" in str(ledger)
    assert "<script>" not in ledger._repr_html_()


SUMS = OpenedSums("r1", (("sex",), ("sex", "age")), (np.array([5, -7]), np.arange(4)), (9.0, 4.0))


def test_opened_sums_come_back_exactly_and_equal_sums_give_equal_bytes():
    again = OpenedSums.from_bytes(SUMS.to_bytes())
    assert again.cliques == SUMS.cliques
    assert again.variances == SUMS.variances
    assert all(np.array_equal(a, b) for a, b in zip(again.sums, SUMS.sums, strict=True))
    assert again.to_bytes() == SUMS.to_bytes()


def test_opened_sums_know_what_they_cost():
    assert SUMS.events() == (SkellamEvent(9.0), SkellamEvent(4.0))
    assert OpenedSums("r2", (("sex",),), (np.array([1]),), None).events() == ()


def test_a_damaged_release_is_refused_not_guessed():
    with pytest.raises(DataMismatch, match="cannot be read"):
        OpenedSums.from_bytes(SUMS.to_bytes()[:-20])


def test_the_same_request_replays_and_fresh_noise_is_a_new_edition(tmp_path):
    store = ReleaseStore(tmp_path)
    request = {"cliques": [["sex"]], "epsilon": 3.0}
    first = store.identify(request)
    assert store.identify(request, fresh=True) == first, "nothing is stored yet"
    store.put(OpenedSums(first, (("sex",),), (np.array([1]),), (9.0,)))
    assert store.identify(request) == first
    second = store.identify(request, fresh=True)
    assert second != first
    store.put(OpenedSums(second, (("sex",),), (np.array([2]),), (9.0,)))
    assert store.identify(request) == second, "the newest edition is replayed"


def test_a_repeated_run_finds_the_edition_that_it_kept_whichever_it_was(tmp_path):
    request = {"cliques": [["sex"]], "epsilon": 3.0}
    third = release_identifier(request, edition=2)
    ReleaseStore(tmp_path).put(OpenedSums(third, (("sex",),), (np.array([1]),), (9.0,)))
    kept = ReleaseStore(tmp_path, read_only=True)
    assert kept.identify(request) == third
    with kept.locked():
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"{third}.npz"]


def test_every_data_set_of_a_release_must_be_covered_not_only_the_last(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl", epsilon=2.0)
    ledger.charge("north", "r1", EVENTS * 2, "first")
    for order in (["south", "north"], ["north", "south"]):
        with pytest.raises(BudgetExhausted):
            ledger.charge_all(order, "r2", EVENTS * 2, "second")
    assert ledger.datasets() == ("north",)


def test_a_data_set_named_twice_is_charged_once(tmp_path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.charge_all(["north", "north"], "r1", EVENTS, "first")
    assert len(ledger.history()) == 1


def test_a_charge_that_cannot_be_written_leaves_the_ledger_as_it_was(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.charge("north", "r1", EVENTS, "first")
    before = ledger.path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="space"):
            ledger.charge_all(["south", "north"], "r2", EVENTS, "second")
    assert ledger.path.read_bytes() == before
    assert len(ledger.history()) == 1
