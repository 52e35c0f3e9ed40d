from __future__ import annotations

import os
from types import SimpleNamespace

import numpy as np
import pytest

from federation.served_scene import ServedScene
from synthema_lab.errors import ApprovalMissing, BudgetExhausted, LabError
from synthema_lab.federation.channels.clock import Clock
from synthema_lab.federation.conduct import StudyStopped, over_folders, run_in_memory
from synthema_lab.federation.procedures.counting import CountingAssembly
from synthema_lab.federation.site import approve, revoke
from synthema_lab.federation.site.standing import HOLDS


@pytest.fixture
def scene(tmp_path, monkeypatch):
    # The model of the sums is another room's matter; here the sums themselves are looked at.
    monkeypatch.setattr(CountingAssembly, "result", lambda self, progress=None: self._totals[0])
    scene = ServedScene(tmp_path)
    yield scene
    scene.close()


def test_the_sum_over_sites_is_that_of_one_custodian(scene):
    study = scene.exact()
    assert np.array_equal(scene.run(study), scene.pooled(study))


def test_memory_and_folders_give_the_same(scene):
    study, other = scene.exact(), scene.exact(title="The same, in one process")
    over_folders = scene.run(study)
    scene.close()
    in_memory = run_in_memory(other, scene.dictionary, scene.sites, scene.folder / "memory")
    assert np.array_equal(over_folders, in_memory)


def test_the_logbook_tells_of_the_round_the_charge_and_the_end(scene):
    study = scene.approved(*scene.sites).study
    scene.run(study)
    told = [entry.event for entry in scene.reopened("north").logbook.entries(study.hash)]
    assert told == [
        "study received", "study approved", "round begun", "privacy budget charged",
        "vector made", "study ended",
    ]  # fmt: skip
    assert scene.north.ledger("leuksurv").spent("leuksurv") == pytest.approx(3.0, abs=0.01)


def test_noise_is_in_the_sum(scene):
    study = scene.approved(*scene.sites).study
    exact = scene.pooled(scene.exact())
    difference = scene.run(study) - exact
    assert np.abs(difference).max() > 0
    assert np.abs(difference).mean() < 40


def test_vectors_and_rounds_are_cleared_away_when_a_study_is_over(scene):
    study = scene.exact()
    scene.run(study)
    kept = scene.folder / "north" / "rounds" / study.hash
    assert not list(kept.rglob("*.npz"))
    exchange = scene.north.policy.exchange / "rounds"
    assert sum(one.stat().st_size for one in exchange.rglob("*") if one.is_file()) < 20_000


def test_a_study_that_finished_gives_its_result_again_without_a_letter(scene):
    study = scene.exact()
    first = scene.run(study)
    scene.close()
    assert np.array_equal(scene.run(study), first)


def test_an_approval_taken_back_ends_the_study_with_8(scene):
    study = scene.exact()
    revoke(scene.north, study.hash)
    with pytest.raises(ApprovalMissing, match=r"north: ApprovalMissing, reference [0-9a-f]{8}"):
        scene.run(study)
    told = [entry.event for entry in scene.reopened("east").logbook.entries(study.hash)]
    assert told[-1] == "study ended"


def test_a_budget_that_does_not_cover_ends_the_study_with_4_before_anything_is_computed(scene):
    study = scene.approved(*scene.sites).study
    scene.edit_policy("epsilon_in_all: 10.0", "epsilon_in_all: 0.5")
    with pytest.raises(BudgetExhausted, match="north: BudgetExhausted"):
        scene.run(study)
    assert not list((scene.folder / "north" / "rounds").rglob("*.npz"))


def test_what_a_patient_is_like_stays_in_the_log_of_the_site(scene):
    study = scene.exact()
    patients = scene.tables["north", "learnt"].astype({"sex": object})
    patients.loc[0, "sex"] = "Rumpelstilz"
    patients.to_csv(scene.folder / "north-learnt.csv", index=False)
    with pytest.raises(LabError) as refused:
        scene.run(study)
    assert "Rumpel" not in str(refused.value)
    log = (scene.folder / "north" / "rounds" / study.hash / "errors.log").read_text()
    reference = str(refused.value).split("reference ")[1][:8]
    assert reference in log
    assert "Traceback" in log


def test_more_rounds_than_approved_are_refused(scene):
    signed = scene.submitted(
        *scene.sites, budget__epsilon="off",
        outputs={"counts": {"what": "Counts.", "protection": "outside_epsilon"}},
    )  # fmt: skip
    for site in scene.sites.values():
        approve(site, signed.hash, scene.approver, rounds=1)
    scene.run(signed.study)
    part = scene.folder / "north" / "rounds" / signed.hash
    for name in scene.sites:
        # As if the researcher had never said that the study is over, and asked once more.
        (scene.folder / name / "rounds" / signed.hash / "state").unlink()
    assert part.exists()
    rounds = [e for e in scene.reopened().logbook.entries(signed.hash) if e.event == "round begun"]
    assert len(rounds) == 1


def test_sites_that_are_away_leave_the_study_to_be_gone_on_with(scene):
    study = scene.exact()
    steps = scene.step

    def without_north():
        for name in scene.sites:
            if name != "north":
                scene.services[name].step()

    scene.step = without_north
    with pytest.raises(LabError, match="north did not answer") as silent:
        scene.run(study, patience=0.3)
    assert silent.value.exit_code == 2
    scene.step = steps
    assert np.array_equal(scene.run(study), scene.pooled(study))


def test_a_refusal_for_another_reason_is_tried_again_and_then_ends_the_study(scene, monkeypatch):
    from synthema_lab.federation.procedures.counting import CountingTask

    def broken(self, opening, model):
        raise RuntimeError("A value of a patient: 3141592")

    monkeypatch.setattr(CountingTask, "contribution", broken)
    with pytest.raises(StudyStopped, match="InternalError") as stopped:
        scene.run(scene.exact())
    assert "3141592" not in str(stopped.value)


@pytest.mark.parametrize("party", ["north", "researcher"])
def test_a_power_cut_at_any_write_leaves_the_exact_sum_or_a_clean_end(party, tmp_path, monkeypatch):
    """At a spread of all writes of a study; at each of them with SYNTHEMA_EVERY_WRITE=1."""
    monkeypatch.setattr(CountingAssembly, "result", lambda self, progress=None: self._totals[0])
    writes = _writes_of(party, tmp_path / "count", monkeypatch)
    assert writes > 50
    every = 1 if os.environ.get("SYNTHEMA_EVERY_WRITE") else 23
    ended = []
    for at in range(1, writes + 1, every):
        ended.append(_run_cut_at(party, at, tmp_path / f"{at}", monkeypatch))
    assert ended.count("exact") > 0.8 * len(ended)


def _writes_of(party, folder, monkeypatch) -> int:
    folder.mkdir()
    scene = ServedScene(folder)
    study = scene.exact(rounds__repeats=4)
    scene.crashes.party = party
    with monkeypatch.context() as patched:
        scene.crashes.install(patched)
        scene.run(study)
    scene.close()
    return scene.crashes.seen


def _run_cut_at(party, at, folder, monkeypatch) -> str:
    folder.mkdir()
    scene = ServedScene(folder)
    study = scene.exact(rounds__repeats=4)
    scene.crashes.party, scene.crashes.at = party, at
    try:
        with monkeypatch.context() as patched:
            scene.crashes.install(patched)
            total = scene.run(study)
    except StudyStopped:
        return "clean end"
    finally:
        scene.close()
    assert np.array_equal(total, scene.pooled(study)), f"another sum after a cut at write {at}"
    return "exact"


@pytest.mark.parametrize("epsilon", [None, 3.0])
def test_three_of_four_hospitals_are_enough_only_where_there_is_noise(
    tmp_path, monkeypatch, epsilon
):
    study = SimpleNamespace(
        budget=SimpleNamespace(epsilon=epsilon), sites=range(4),
        secure_aggregation=SimpleNamespace(minimum_sites=3),
    )  # fmt: skip
    exchanges = {name: tmp_path / name for name in ("east", "north", "south", "west")}
    monkeypatch.setattr(
        over_folders, "answer_or_why_not",
        lambda study, site, exchange: {"state": "asked" if site == "west" else HOLDS},
    )  # fmt: skip
    if epsilon is None:
        with pytest.raises(ApprovalMissing, match="At least 4 sites"):
            over_folders._approved(study, exchanges, tmp_path / "lab", 0.0, Clock())
    else:
        found = over_folders._approved(study, exchanges, tmp_path / "lab", 0.0, Clock())
        assert found == ("east", "north", "south")
