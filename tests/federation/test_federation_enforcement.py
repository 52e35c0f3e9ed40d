"""What a site refuses while it serves: each of these once got through somewhere."""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from federation.served_scene import ServedScene
from synthema_lab.errors import BudgetExhausted, LabError
from synthema_lab.federation.channels import FolderChannel
from synthema_lab.federation.channels.errors import StateRefused
from synthema_lab.federation.procedures import Contribution
from synthema_lab.federation.procedures.counting import CountingAssembly
from synthema_lab.federation.rounds import RESEARCHER, Letter, new_series, pack, unpack
from synthema_lab.federation.rounds.ends import channel_of
from synthema_lab.federation.rounds.letters import BEGIN, REFUSED, TURN
from synthema_lab.federation.service import InProcess, StudyPart
from synthema_lab.federation.service.kept import Kept
from synthema_lab.federation.service.made import Made
from synthema_lab.federation.service.service import INTAKE_EVERY
from synthema_lab.federation.site import Heads, SiteRefused, TermsRefused, receive
from synthema_lab.federation.site.rounds import require_terms
from synthema_lab.federation.study import Study
from synthema_lab.federation.study.example import example_content
from synthema_lab.federation.window import publish_window
from synthema_lab.secure_aggregation import Identity

DAY = 86_400


@pytest.fixture
def scene(tmp_path, monkeypatch):
    monkeypatch.setattr(CountingAssembly, "result", lambda self, progress=None: self._totals[0])
    scene = ServedScene(tmp_path)
    yield scene
    scene.close()


class Asking:
    """Somebody with the researcher's key who writes to a site what they like."""

    def __init__(self, scene, study, name="north") -> None:
        self.scene, self.study, self.site = scene, study, scene.sites[name]
        own = Identity(RESEARCHER, scene.researcher.private_key)
        self.channel = FolderChannel(
            channel_of(self.site.policy.exchange, study), own, [self.site.identity.member()],
            scene.folder / "asking",
        )  # fmt: skip
        scene.serve(name).step()

    def ask(self, letter: Letter | bytes) -> Letter:
        content = letter if isinstance(letter, bytes) else pack(letter)
        name, topic = self.site.identity.name, self.study.hash
        self.channel.send(name, topic, content)
        self.scene.services[name].step()
        answer = self.channel.receive(topic, name, timeout=5)
        self.channel.acknowledge(answer)
        return unpack(answer.message)

    def begin(self, **changed) -> Letter:
        terms = new_series(self.study, [one.name for one in self.study.sites], 0, 1).as_dict()
        return Letter(BEGIN, {"terms": {**terms, **changed}, "heads": {}})


@pytest.fixture
def asking(scene):
    asking = Asking(scene, scene.exact())
    yield asking
    asking.channel.close()


def refused_with(answer: Letter) -> str:
    assert answer.kind == REFUSED
    assert set(answer.says) == {"error", "exit_code", "reference"}
    return answer.says["error"]


def test_a_round_that_is_replayed_is_refused(asking):
    begin = asking.begin()
    assert asking.ask(begin).kind == "answer"
    assert refused_with(asking.ask(begin)) in ("RoundRefused", "RoundReplayed")


def test_more_rounds_than_were_approved_are_refused(asking):
    answers = [asking.ask(asking.begin()) for _ in range(4)]
    assert [one.kind for one in answers[:3]] == ["answer"] * 3
    assert refused_with(answers[3]) == "RoundRefused"


def test_an_approval_that_expired_is_refused(asking):
    asking.scene.time += 100 * DAY
    assert refused_with(asking.ask(asking.begin())) == "ApprovalMissing"


@pytest.mark.parametrize(
    "changed",
    [
        {"sites": ["north", "south"]}, {"sites": ["east", "south"]}, {"threshold": 2},
        {"rounds": 2}, {"first": 1}, {"series": "no"}, {"sites": ["north", "north", "south"]},
    ],
)  # fmt: skip
def test_a_series_on_other_terms_is_refused(asking, changed):
    refused_with(asking.ask(asking.begin(**changed)))
    events = [entry.event for entry in asking.scene.reopened().logbook.entries(asking.study.hash)]
    assert "round begun" not in events


@pytest.mark.parametrize(
    "letter",
    [
        b"", b"no letter", Letter(TURN, {}, {"message": b"x"}), Letter(TURN, {}),
        Letter("answer", {}), Letter(BEGIN, {}), Letter(BEGIN, {"terms": 7, "heads": {}}),
        Letter(BEGIN, {"heads": {"north": "{}"}}), Letter(BEGIN, {"heads": [1]}),
        Letter(TURN, {"fresh": "yes", "heads": 3}, {"message": bytes(100)}),
    ],
    ids=str,
)  # fmt: skip
def test_a_letter_that_is_none_is_answered_with_a_class_and_a_number(asking, letter):
    refused_with(asking.ask(letter))
    assert asking.ask(asking.begin()).kind == "answer"


def _part(scene, study) -> StudyPart:
    site = scene.reopened("north")
    part = StudyPart(site, study, InProcess, scene.folder / "north" / "rounds" / study.hash)
    part._kept.terms = new_series(study, list(scene.sites), 0, 1)
    return part


def test_a_vector_serves_only_what_it_was_made_for(scene):
    """With fewer sites that must stay its noise would not do."""
    study = scene.approved(*scene.sites).study
    part = _part(scene, study)
    made = part._contribution(0, Letter(TURN, {}, {})).vector
    assert (part._contribution(0, Letter(TURN, {}, {})).vector == made).all()
    part._kept.terms = replace(part._kept.terms, threshold=4)
    with pytest.raises(SiteRefused, match="another number of sites"):
        part._contribution(0, Letter(TURN, {}, {}))
    assert len(part.site.ledger("leuksurv").history()) == 1


@pytest.mark.parametrize("lost", ["all of it", "the vector", "an older one is put back"])
def test_noise_that_was_paid_for_once_is_drawn_once_whatever_becomes_of_the_folder(scene, lost):
    study = scene.approved(*scene.sites).study
    folder = scene.folder / "north" / "rounds" / study.hash
    part = _part(scene, study)
    part._contribution(0, Letter(TURN, {}, {}))
    part.close()
    if lost == "all of it":
        shutil.rmtree(folder)
    elif lost == "the vector":
        shutil.rmtree(folder / "vectors")
    else:
        kept = Kept.at(folder)
        given = hashlib.sha256((2).to_bytes(4, "big")).digest()
        kept.keep(0, Contribution(np.arange(5), bytes(32)), given)
    again = _part(scene, study)
    with pytest.raises(SiteRefused, match=r"was made here|not the one that was made first"):
        again._contribution(0, Letter(TURN, {}, {}))
    assert len(again.site.ledger("leuksurv").history()) == 1


def test_an_earlier_opening_is_not_computed_again(scene):
    made = Made(scene.north, scene.approved(*scene.sites).study)
    made.enter(3, 0, np.arange(4))
    with pytest.raises(SiteRefused, match="after a later one"):
        made.require_new(2, 0)
    made.require_new(4, 0)


def test_without_noise_nothing_is_made_anew(scene):
    study = scene.exact()
    part = _part(scene, study)
    part._contribution(0, Letter(TURN, {}, {}))
    with pytest.raises(SiteRefused, match="no noise to be drawn"):
        part._contribution(0, Letter(TURN, {"fresh": True}, {}))


def test_without_noise_all_sites_must_take_part_and_stay():
    people = [Identity.new(name) for name in ("east", "north", "south", "west")]
    content = example_content(None, people)
    content["budget"]["epsilon"] = "off"
    content["outputs"]["synthetic_cohort"]["protection"] = "outside_epsilon"
    study = Study.from_dict(content)
    terms = new_series(study, [one.name for one in people], 0, 1)
    require_terms(study, terms.settings(study, (4,), 0), "two_thirds")
    three = ("east", "north", "south")
    for fewer in (replace(terms, threshold=3), replace(terms, sites=three, threshold=3)):
        with pytest.raises(TermsRefused, match="all of which must stay"):
            require_terms(study, fewer.settings(study, (4,), 0), "two_thirds")


def test_a_fresh_vector_that_is_not_covered_leaves_the_first_as_it_was(scene):
    part = _part(scene, scene.approved(*scene.sites).study)
    first = part._contribution(0, Letter(TURN, {}, {})).vector
    with pytest.raises(BudgetExhausted):
        part._contribution(0, Letter(TURN, {"fresh": True}, {}))
    assert (part._contribution(0, Letter(TURN, {}, {})).vector == first).all()


def test_a_patient_who_is_learnt_from_and_held_out_is_refused(scene):
    scene.tables["north", "learnt"].to_csv(scene.folder / "north-held.csv", index=False)
    with pytest.raises(LabError, match="north: DataMismatch"):
        scene.run(scene.exact())


def test_a_link_in_place_of_the_outbox_or_the_window_is_not_followed(scene):
    exchange = scene.north.policy.exchange
    for name in ("window", ""):
        place = exchange / "outbox" / name
        if place.exists():
            shutil.rmtree(place)
        place.symlink_to(scene.folder / "north")
        with pytest.raises(SiteRefused, match="is a link"):
            publish_window(scene.north)
        assert (scene.folder / "north" / "site.yaml").exists()
        place.unlink()
        place.mkdir(exist_ok=True)


def test_a_link_deeper_in_the_folder_of_rounds_is_not_followed(scene, tmp_path):
    study = scene.exact()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    deep = Path(channel_of(scene.north.policy.exchange, study)) / "north"
    deep.mkdir(parents=True)
    (deep / "researcher").symlink_to(elsewhere)
    with pytest.raises(LabError):
        scene.run(study, patience=1.0)
    assert not list(elsewhere.rglob("*"))


def test_a_letter_after_the_end_is_not_answered_any_more(asking):
    asking.ask(Letter("end", {"outcome": "finished"}))
    asking.channel.send("north", asking.study.hash, pack(asking.begin()))
    for _ in range(3):
        assert not asking.scene.services["north"].step()


def test_a_sender_with_another_key_is_not_heard(scene):
    study = scene.exact()
    service = scene.serve("north")
    service.step()
    stranger = Identity.new(RESEARCHER)
    with FolderChannel(
        channel_of(scene.north.policy.exchange, study), stranger,
        [scene.north.identity.member()], scene.folder / "stranger",
    ) as channel:  # fmt: skip
        channel.send("north", study.hash, pack(Asking.begin(_Study(study))))
        assert not service.step()
    own = Identity(RESEARCHER, scene.researcher.private_key)
    exchange = channel_of(scene.north.policy.exchange, study)
    with FolderChannel(exchange, own, [], scene.folder / "own"), pytest.raises(StateRefused):
        # The stranger's keys stand where the researcher's stood; nobody goes on with that.
        FolderChannel(exchange, own, [], scene.folder / "another").close()
    events = [entry.event for entry in scene.north.logbook.entries(study.hash)]
    assert "round begun" not in events


class _Study:
    def __init__(self, study) -> None:
        self.study = study


def test_files_that_a_researcher_leaves_are_never_run(scene, tmp_path):
    study = scene.exact()
    marker = tmp_path / "run"
    script = f"#!/bin/sh\ntouch {marker}\n"
    exchange = scene.north.policy.exchange
    for place in (exchange / "inbox", exchange / "rounds" / study.hash[:32] / "researcher"):
        place.mkdir(parents=True, exist_ok=True)
        for name in ("run.sh", "main.py", "setup.py", f"{study.hash}.py", "conftest.py"):
            (place / name).write_text(
                script if name.endswith(".sh") else f"open({str(marker)!r}, 'w')"
            )
            (place / name).chmod(0o755)
    scene.run(study)
    assert not marker.exists()


def test_a_study_that_was_swapped_after_its_approval_is_not_run(scene):
    study = scene.exact()
    other = scene.submitted("north", title="Another").hash
    shelf = scene.folder / "north" / "studies"
    place = next(shelf.glob(f"{study.hash}*"))
    shutil.copyfile(next(shelf.glob(f"{other}*")), place)
    service = scene.serve("north")
    service.step()
    assert not service._parts


def test_a_study_that_nobody_approved_has_no_channel(scene):
    study = scene.submitted(*scene.sites).study
    scene.serve("north").step()
    assert not Path(channel_of(scene.north.policy.exchange, study)).exists()


def test_a_table_is_not_in_anything_that_leaves(scene):
    study = scene.exact()
    scene.run(study)
    values = {str(v) for v in scene.tables["north", "learnt"]["patient_id"]}
    left = b"".join(
        path.read_bytes() for path in scene.north.policy.exchange.rglob("*") if path.is_file()
    )
    assert left
    assert not any(value.encode() in left for value in values)


def test_books_put_back_with_their_anchor_are_refused_by_what_others_remember(scene):
    first = scene.exact()
    folder, anchor = scene.folder / "north", scene.folder / "anchors" / "north"
    second = scene.exact(title="The second")
    shutil.copytree(folder, scene.folder / "backup")
    shutil.copyfile(anchor, scene.folder / "backup.anchor")
    scene.run(first)
    scene.close()
    shutil.rmtree(folder)
    shutil.copytree(scene.folder / "backup", folder)
    shutil.copyfile(scene.folder / "backup.anchor", anchor)
    for name in scene.sites:
        scene.serve(name)
    with pytest.raises(LabError) as refused:
        scene.run(second, scene.folder / "second")
    assert "north: RegisterRolledBack" in str(refused.value)


def test_a_second_process_does_not_serve_the_same_site(scene):
    scene.serve("north")
    with pytest.raises(LabError, match="Another process serves"):
        scene.serve("north")


def test_a_site_a_version_behind_refuses_and_says_what_to_do(scene, monkeypatch):
    study = scene.exact()
    monkeypatch.setattr("synthema_lab.federation.site.admission.installed_version", lambda: "0.0.9")
    with pytest.raises(LabError) as refused:
        scene.run(study)
    assert "PolicyRefused" in str(refused.value)
    log = (scene.folder / "north" / "rounds" / study.hash / "errors.log").read_text()
    assert "Have the site updated" in log


# Faults of the folder and the clock


def test_clocks_that_differ_by_an_hour_change_nothing(scene):
    study = scene.exact()
    for shift, name in ((3600, "north"), (-3600, "east")):
        site = scene.reopened(name)
        site.now = lambda shift=shift: scene.time + shift
    assert (scene.run(study) == scene.pooled(study)).all()


def test_half_written_corrupt_and_foreign_files_in_the_folder_are_left_alone(scene):
    study = scene.exact()
    shared = Path(channel_of(scene.north.policy.exchange, study))
    for place in (shared / "researcher" / "north", shared / "junk", shared / "north"):
        place.mkdir(parents=True, exist_ok=True)
        (place / ".00000001.sealed-half").write_bytes(b"half")
        (place / "00000001.sealed").write_bytes(os.urandom(300))
    assert (scene.run(study) == scene.pooled(study)).all()


@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_a_folder_that_is_full_or_read_only_for_a_while_only_delays(scene, monkeypatch, kind):
    from synthema_lab.federation.channels import folder_shelf
    from synthema_lab.federation.channels.errors import FolderFull, FolderReadOnly

    study = scene.exact()
    error = FolderFull if kind == "full" else FolderReadOnly
    write, failures = folder_shelf.FolderShelf.write, []

    def failing(self, path, content):
        if 5 <= len(failures) < 8 and path.startswith("north"):
            failures.append(path)
            raise error("No room.", "Room.", "Make room.")
        failures.append(path) if len(failures) < 5 else None
        return write(self, path, content)

    monkeypatch.setattr(folder_shelf.FolderShelf, "write", failing)
    assert (scene.run(study) == scene.pooled(study)).all()
    assert len(failures) > 5
    assert INTAKE_EVERY > 0


def test_an_unreadable_inbox_does_not_stop_the_service(scene, monkeypatch):
    def failing(site):
        raise OSError("The share is gone.")

    service = scene.serve("north")
    monkeypatch.setattr("synthema_lab.federation.service.service.receive", failing)
    service._looked = -float("inf")
    assert service.step() is False
    assert receive(scene.north) == ()


def test_a_folder_that_shows_letters_late_only_delays(scene, monkeypatch):
    from synthema_lab.federation.channels import folder_shelf

    study = scene.exact()
    read, looks = folder_shelf.FolderShelf.read, {}

    def late(self, path):
        looks[path] = looks.get(path, 0) + 1
        return None if path.endswith(".sealed") and looks[path] < 4 else read(self, path)

    monkeypatch.setattr(folder_shelf.FolderShelf, "read", late)
    assert (scene.run(study) == scene.pooled(study)).all()


def test_rounds_travel_over_any_address_that_a_policy_names(scene):
    for name in scene.sites:
        path = scene.folder / name / "site.yaml"
        path.write_text(path.read_text() + f"rounds_at: memory://{scene.folder.name}/{name}\n")
        receive(scene.reopened(name))
    study = scene.exact()
    assert (scene.run(study) == scene.pooled(study)).all()
    assert not (scene.north.policy.exchange / "rounds").exists()


def test_a_link_in_place_of_the_folder_of_rounds_is_not_followed(scene, tmp_path):
    study = scene.exact()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = Path(channel_of(scene.north.policy.exchange, study))
    folder.parent.mkdir(parents=True)
    folder.symlink_to(elsewhere)
    scene.serve("north").step()
    assert not list(elsewhere.iterdir())
    assert not scene.services["north"]._parts


def test_an_epsilon_needs_patients_that_are_known_apart(scene):
    for name in scene.sites:
        table = scene.tables[name, "learnt"].drop(columns="patient_id")
        table.to_csv(scene.folder / f"{name}-learnt.csv", index=False)
    with pytest.raises(LabError, match="DataMismatch"):
        scene.run(scene.approved(*scene.sites).study)


def test_what_one_site_tells_of_another_is_held_against_the_other_alone(scene):
    study = scene.exact()
    for name in scene.sites:
        scene.serve(name)
    with ExitStack() as stack:
        conductor = scene._conductor(study, scene.folder / "lab", 5.0, stack)
        north = scene.north.identity
        first = Heads.of("north", {"ledger.jsonl": ["a", "b"], "journal.jsonl": []})
        second = Heads.of("north", {"ledger.jsonl": ["a"], "journal.jsonl": ["c"]})
        for heads in (first, second):
            conductor._remember({"north": heads.signed(north).decode()})
        assert set(conductor._refusals) == {"north"}
        assert conductor._refusals["north"]["exit_code"] == 4
