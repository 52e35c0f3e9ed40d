"""Only what was approved runs, as often as was approved, and as long as it holds."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from synthema_lab.errors import ApprovalMissing
from synthema_lab.federation import MemoryChannel
from synthema_lab.federation.site import (
    Heads,
    PolicyRefused,
    RoundRefused,
    SiteRefused,
    TermsRefused,
    approve,
    revoke,
    standing,
)
from synthema_lab.federation.site.anchor import OwnAnchor
from synthema_lab.federation.site.approval import Approval
from synthema_lab.privacy import SkellamEvent
from synthema_lab.secure_aggregation import Identity, Roster
from synthema_lab.secure_aggregation.errors import RoundAborted

from .site_scene import DAY, Scene

EVERYBODY = ("north", "south", "east")


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


def begin(scene, signed, round_id="r1", **changed):
    return scene.north.site(scene.settings(signed, round_id, **changed)).begin()


def refused_with_eight(step, match):
    with pytest.raises(ApprovalMissing, match=match) as refused:
        step()
    assert refused.value.exit_code == 8
    assert refused.value.next_step
    return refused.value


# Approved or not


def test_a_study_that_nobody_approved_is_refused_with_eight(scene):
    signed = scene.submitted()
    refused_with_eight(lambda: begin(scene, signed), "was not approved")
    refused_with_eight(lambda: scene.north.charge(signed.hash, "r", []), "was not approved")
    unknown = scene.signed(title="Never sent")
    refused_with_eight(lambda: begin(scene, unknown), "was not approved")
    assert len(scene.north.lines) == 0


def test_an_approved_study_runs_its_rounds_over_three_site_folders(scene):
    signed = scene.approved(*EVERYBODY, rounds__asked=2)
    for number in range(2):
        settings = scene.settings(signed, f"r{number}")
        for site in scene.sites.values():
            site.admit(settings)
        channel = MemoryChannel(
            settings,
            [site.identity for site in scene.sites.values()],
            {name: site.lines for name, site in scene.sites.items()},
        )
        opened = channel.run({name: np.array([1, 2, 3, 4]) for name in EVERYBODY})
        assert opened.total.tolist() == [3, 6, 9, 12]
    now = standing(scene.north, signed.hash)
    assert (now.state, now.rounds_begun, now.rounds_approved) == ("approved", 2, 4)
    assert "2 of 4 rounds begun" in str(now)


def test_what_hashes_differently_was_not_approved(scene):
    scene.approved()
    other = scene.submitted(budget__epsilon=3.0000001)
    refused_with_eight(lambda: begin(scene, other), "was not approved")


def test_an_approval_ends_with_its_last_day(scene):
    signed = scene.approved()
    scene.time += 90 * DAY - 1
    assert begin(scene, signed)
    scene.time += 1
    refused_with_eight(lambda: begin(scene, signed, "r2"), "expired")
    assert standing(scene.north, signed.hash).state == "expired"
    approve(scene.north, signed.hash, scene.approver)
    assert begin(scene, signed, "r3")


def test_an_approval_ends_with_the_study_if_that_is_earlier(scene):
    signed = scene.approved(expires="2030-03-20")
    scene.time = signed.study.ends - 1
    assert begin(scene, signed)
    scene.time = signed.study.ends
    refused_with_eight(lambda: begin(scene, signed, "r2"), "expired")
    with pytest.raises(PolicyRefused, match="expired"):
        approve(scene.north, signed.hash, scene.approver)


def test_an_approval_is_taken_back_between_rounds_and_the_round_that_runs_may_end(scene):
    signed = scene.approved(*EVERYBODY, rounds__asked=5)
    settings = scene.settings(signed)
    sites = {name: site.site(settings) for name, site in scene.sites.items()}
    admitted = scene.north.site(scene.settings(signed, "r2"))
    advert = sites["north"].begin()
    revoke(scene.north, signed.hash, "The ethics vote was withdrawn.")
    assert advert
    refused_with_eight(lambda: begin(scene, signed, "r3"), "taken back")
    refused_with_eight(admitted.begin, "taken back")
    refused_with_eight(lambda: scene.north.charge(signed.hash, "r", []), "taken back")
    refused_with_eight(lambda: revoke(scene.north, signed.hash), "taken back")
    (entry,) = scene.north.logbook.entries(None, "approval revoked")
    assert entry.details["reason"] == "The ethics vote was withdrawn."
    refused_with_eight(lambda: scene.reopened().require_approved(signed.hash), "taken back")
    told = json.loads((scene.folder / f"north/exchange/outbox/{signed.hash}.json").read_text())
    assert "approval taken back" in told["says"]


def test_an_approver_who_was_taken_out_of_the_policy_has_approved_nothing(scene):
    signed = scene.approved()
    scene.edit_policy(scene.approver.member().key.hex(), Identity.new("x").member().key.hex())
    refused_with_eight(lambda: begin(scene, signed), "not signed by an approver")


@pytest.mark.parametrize("field", ["study", "site", "until", "rounds", "given", "signature"])
def test_an_approval_with_a_changed_field_is_not_genuine(scene, field):
    signed = scene.submitted()
    approval = approve(scene.north, signed.hash, scene.approver)
    value = getattr(approval, field)
    other = value + 1 if isinstance(value, int) else value[::-1]
    assert approval.genuine(scene.north.policy)
    assert not Approval(**{**vars(approval), field: other}).genuine(scene.north.policy)


def test_an_approval_entered_by_hand_under_no_approvers_key_is_refused(scene):
    """Whoever can write to the logbook still cannot sign."""
    signed = scene.submitted()
    policy = scene.north.policy
    forger = Identity.new("ana.costa")
    with pytest.raises(SiteRefused, match="not one of an approver"):
        approve(scene.north, signed.hash, forger)
    made = Approval(signed.hash, "north", "ana.costa", int(scene.time), int(scene.time) + DAY, 3)
    details = {**vars(made), "signature": forger.sign(made.statement).hex()}
    del details["study"]
    with scene.north.step():
        scene.north.logbook.enter("study approved", signed.hash, **details)
    refused_with_eight(lambda: begin(scene, signed), "not signed by an approver")
    assert not Approval(**{**vars(made), "signature": "zz"}).genuine(policy)


def test_an_approval_of_another_site_does_not_hold_here(scene):
    signed = scene.submitted("north", "south")
    given = approve(scene.sites["south"], signed.hash, scene.approver)
    details = {name: value for name, value in vars(given).items() if name != "study"}
    with scene.north.step():
        scene.north.logbook.enter("study approved", signed.hash, **details)
    refused_with_eight(lambda: begin(scene, signed), "not signed by an approver")


@pytest.mark.parametrize(("days", "rounds"), [(91, None), (0, None), (None, 4), (None, 0)])
def test_no_more_days_or_rounds_are_approved_than_policy_and_study_allow(scene, days, rounds):
    signed = scene.submitted()
    with pytest.raises(SiteRefused, match="days and"):
        approve(scene.north, signed.hash, scene.approver, days, rounds)
    assert standing(scene.north, signed.hash).state == "waiting for approval"


# The policy


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"budget__epsilon": 5.5}, "at most 5"),
        ({"budget__delta": 1e-4}, "delta"),
        ({"budget__colluding": 0}, "discounts"),
        ({"cohort__name": "aml"}, "no cohort aml"),
        ({"cohort__dictionary": "0" * 64}, "another data dictionary"),
        ({"variables": {"patient_id": "To link."}}, "name patients: patient_id"),
        ({"variables": {"shoe_size": "Why not."}}, "Not in the data dictionary: shoe_size"),
        ({"generator__name": "gan"}, "generator gan"),
        ({"rounds__asked": 199}, "at most 200"),
        ({"package_version": "9.9.9"}, "updated"),
        ({"expires": "2020-01-01"}, "expired"),
    ],
)
def test_a_study_outside_the_policy_is_refused_with_the_reason(scene, changed, reason):
    signed = scene.submitted(**changed)
    with pytest.raises(PolicyRefused, match=reason) as refused:
        approve(scene.north, signed.hash, scene.approver)
    assert refused.value.exit_code == 5
    assert len(refused.value.as_dict()["reasons"]) == 1
    (entry,) = scene.north.logbook.entries(signed.hash, "study refused by policy")
    assert entry.details["reasons"] == list(refused.value.reasons)


def test_all_reasons_are_given_at_once(scene):
    signed = scene.submitted(
        budget__epsilon=9.0, generator__name="gan", variables={"shoe_size": "Why not."}
    )
    with pytest.raises(PolicyRefused) as refused:
        approve(scene.north, signed.hash, scene.approver)
    assert len(refused.value.reasons) == 3
    assert str(refused.value).count("\n  - ") == 3


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("variables: all", "variables: [age_years, os_days, os_event, sex]", "not allowed: wbc_gl"),
        ("minimum_sites: 3", "minimum_sites: 4", "at least 4"),
        ("threshold: two_thirds", "threshold: all", "must stay"),
        ("only_known: false", "only_known: true", "researcher's key is not known"),
        ("only_known: false", "only_known: true", "key of east is not known"),
        ("peers: {}", f"peers: {{east: '{'ab' * 32}'}}", "another key for east"),
        ("epsilon_in_all: 10.0", "epsilon_in_all: 2.0", "2.00 is left"),
        ("rounds_a_study: 200", "rounds_a_study: 2", "at most 2"),
        ("dictionary: 'leuksurv'", "dictionary: 'gone'", "cannot be read"),
    ],
)
def test_every_line_of_the_policy_is_obeyed(scene, old, new, reason):
    signed = scene.submitted()
    scene.edit_policy(old, new)
    with pytest.raises(PolicyRefused, match=reason):
        approve(scene.north, signed.hash, scene.approver)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("variables: all", "variables: [age_years]", "not allowed"),
        ("independent", "trees", "independent"),
        ("epsilon_a_study: 5.0", "epsilon_a_study: 1.0", "at most 1"),
    ],
)
def test_a_policy_that_became_stricter_holds_from_the_next_round_on(scene, old, new, reason):
    signed = scene.approved()
    assert begin(scene, signed)
    scene.edit_policy(old, new)
    with pytest.raises(PolicyRefused, match=reason):
        begin(scene, signed, "r2")
    (entry,) = scene.north.logbook.entries(signed.hash, "round refused")
    assert reason in entry.details["reason"]


def test_a_site_that_was_updated_since_says_which_version_is_wanted(scene, monkeypatch):
    from synthema_lab.federation.site import admission

    signed = scene.approved()
    monkeypatch.setattr(admission, "installed_version", lambda: "9.9.9")
    with pytest.raises(PolicyRefused, match=r"this site runs 9\.9\.9"):
        begin(scene, signed)


def test_a_study_that_has_spent_its_epsilon_may_still_end_its_rounds(scene):
    scene.edit_policy("epsilon_in_all: 10.0", "epsilon_in_all: 3.0")
    signed = scene.approved()
    scene.north.charge(signed.hash, "r", [SkellamEvent(60.0)] * 5)
    assert begin(scene, signed)


@pytest.mark.parametrize(("cell", "allowed"), [(10, True), (9, False)])
def test_small_cells_are_as_small_as_the_policy_says(scene, cell, allowed):
    table = {"what": "Deaths by year.", "protection": "disclosure_control"}
    signed = scene.submitted(outputs={"deaths": table}, smallest_cell=cell)
    if allowed:
        assert approve(scene.north, signed.hash, scene.approver)
    else:
        with pytest.raises(PolicyRefused, match="cells from 9"):
            approve(scene.north, signed.hash, scene.approver)


def test_a_study_without_noise_needs_a_policy_that_says_so(scene):
    rows = {"what": "Sums.", "protection": "outside_epsilon"}
    signed = scene.submitted(budget__epsilon="off", outputs={"sums": rows})
    with pytest.raises(PolicyRefused, match="no noise"):
        approve(scene.north, signed.hash, scene.approver)
    scene.edit_policy("allow_without_noise: false", "allow_without_noise: true")
    assert approve(scene.north, signed.hash, scene.approver)


def test_a_study_that_names_another_key_for_this_site_is_refused(scene):
    key = Identity.new("north").member().key.hex()
    signed = scene.submitted(sites__north={"key": key, "expires": 0})
    with pytest.raises(PolicyRefused, match="another identity key for north"):
        approve(scene.north, signed.hash, scene.approver)


# Rounds


def test_a_round_that_was_begun_is_never_begun_again_whatever_became_of_it(scene):
    signed = scene.approved(rounds__asked=9)
    assert begin(scene, signed)
    for site in (scene.north, scene.reopened()):
        with pytest.raises(RoundAborted):
            site.site(scene.settings(signed)).begin()
    assert standing(scene.north, signed.hash).rounds_begun == 1


def test_another_study_cannot_use_the_id_of_a_round_either(scene):
    first, second = scene.approved(), scene.approved(title="Second")
    assert begin(scene, first)
    with pytest.raises((RoundAborted, RoundRefused)):
        begin(scene, second)


def test_no_more_rounds_begin_than_were_approved_over_restarts_and_approvals(scene):
    signed = scene.submitted(rounds__asked=2, rounds__repeats=1)
    approve(scene.north, signed.hash, scene.approver, rounds=2)
    assert begin(scene, signed, "r1")
    scene.reopened()
    assert begin(scene, signed, "r2")
    refused = refused_with_eight(lambda: begin(scene, signed, "r3"), "2 were approved")
    assert isinstance(refused, RoundRefused)
    approve(scene.north, signed.hash, scene.approver)
    assert begin(scene, signed, "r4")
    refused_with_eight(lambda: begin(scene, signed, "r5"), "3 were approved")
    events = [entry.event for entry in scene.north.logbook.entries(signed.hash)]
    assert events.count("round begun") == 3
    assert events.count("round refused") == 2


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"clip": 50_000}, "clip"), ({"scale": 2, "clip": 100_000.0}, "scale"),
        ({"clip": 2**31}, "modulus, clip"), ({"noise_bound": 5}, "room for noise"),
    ],
)  # fmt: skip
def test_a_coordinator_that_asks_for_other_terms_is_refused(scene, changed, named):
    signed = scene.approved()
    refused = refused_with_eight(lambda: begin(scene, signed, **changed), f"another {named}")
    assert isinstance(refused, TermsRefused)
    assert len(scene.north.lines) == 0


def test_a_coordinator_cannot_bring_sites_or_keys_of_its_own(scene):
    signed = scene.approved()
    north = scene.north.identity.member()
    made_up = [Identity.new(name).member() for name in ("east", "south")]
    for roster in (Roster.of([north, *made_up]),):
        refused_with_eight(lambda r=roster: begin(scene, signed, roster=r), "east, south")


def test_fewer_sites_than_the_study_wants_are_refused(scene):
    more = [Identity.new(name) for name in ("west", "centre")]
    sites = {**scene.content["sites"]}
    sites |= {one.name: {"key": one.member().key.hex(), "expires": 0} for one in more}
    signed = scene.approved(
        sites=sites, secure_aggregation__minimum_sites=5, secure_aggregation__clip=1000.0
    )
    three = Roster.of(signed.study.sites[:1] + signed.study.sites[2:4])
    refused_with_eight(lambda: begin(scene, signed, roster=three), "has 3 sites")


def test_a_threshold_that_the_study_names_is_kept(scene):
    more = [Identity.new(name) for name in ("west", "centre")]
    sites = {**scene.content["sites"]}
    sites |= {one.name: {"key": one.member().key.hex(), "expires": 0} for one in more}
    signed = scene.approved(
        sites=sites, secure_aggregation__threshold=5, secure_aggregation__clip=1000.0
    )
    refused_with_eight(lambda: begin(scene, signed, threshold=4), "threshold")
    assert begin(scene, signed, threshold=5)


def test_a_round_that_was_not_admitted_cannot_begin(scene):
    signed = scene.approved()
    with pytest.raises(SiteRefused, match="not admitted"):
        scene.north.lines.add("r1")
    assert begin(scene, signed)
    with pytest.raises(SiteRefused, match="cannot be taken out"):
        scene.north.lines.discard("r1")
    assert "r1" in scene.north.lines


def test_a_round_in_two_processes_of_one_site_is_answered_by_one(scene):
    signed = scene.approved()
    settings = scene.settings(signed)
    first, second = scene.north, scene.reopened()
    one, two = first.site(settings), second.site(settings)
    assert one.begin()
    with pytest.raises((RoundAborted, RoundRefused)):
        two.begin()
    assert "r1 keys" not in second.lines
    first.lines.add("r1 keys")
    with pytest.raises(RoundRefused, match="Another process"):
        second.lines.add("r1 keys")
    assert "r1 keys" in second.lines
    second.lines.add("r1 keys")
    assert len(second.lines) == 2


CRASH = """
import os, sys
from synthema_lab.federation.site import SiteFolder
from synthema_lab.secure_aggregation import RoundSettings
folder, hashed, now, where = sys.argv[1:]
site = SiteFolder(folder, now=lambda: float(now))
study = site.shelf.get(hashed).study
terms = study.secure_aggregation
settings = RoundSettings(
    study.roster(), "r1", 4, terms.clip, terms.scale, bytes(32), study.digest
)
part = site.site(settings)
if where == "before the journal":
    site._journal.append = lambda *records: os._exit(9)
else:
    part._write = lambda *message: os._exit(9)
part.begin()
"""


@pytest.mark.parametrize("where", ["before the journal", "before the message"])
def test_a_crash_between_register_and_message_costs_the_round_and_not_the_count(scene, where):
    signed = scene.approved(rounds__asked=1, rounds__repeats=1)
    asked = [
        sys.executable, "-c", CRASH, scene.folder / "north", signed.hash, str(scene.time), where,
    ]  # fmt: skip
    assert subprocess.run(asked).returncode == 9
    scene.reopened()
    assert standing(scene.north, signed.hash).rounds_begun == 1
    assert len(scene.north.lines) == (where == "before the message")
    with pytest.raises((RoundAborted, RoundRefused)):
        begin(scene, signed, "r1")
    assert begin(scene, signed, "r2")
    refused_with_eight(lambda: begin(scene, signed, "r3"), "were approved")


def test_lines_that_were_rolled_back_to_run_a_round_again_are_noticed(scene):
    signed = scene.approved()
    assert begin(scene, signed)
    path = scene.folder / "north" / "journal.jsonl"
    path.unlink()
    refused_with_eight(scene.reopened, "holds 0 lines where it held 1")


def test_an_anchor_that_lost_its_end_in_a_power_cut_still_serves(scene):
    signed = scene.approved()
    anchor = scene.folder / "anchors" / "north"
    whole = anchor.read_bytes()
    assert whole.count(b"\n") > 3
    anchor.write_bytes(whole[:-100])
    scene.reopened()
    assert begin(scene, signed)
    kept = OwnAnchor(anchor, scene.north.identity).read()
    assert dict((name, count) for name, count, _ in kept.books)["journal.jsonl"] == 1
    anchor.write_bytes(b"\x00" * 300)
    refused_with_eight(scene.reopened, "anchor")


def test_heads_that_follow_a_torn_line_are_the_newest(tmp_path):
    north = Identity.new("north")
    anchor = OwnAnchor(tmp_path / "anchor", north)
    for count in (1, 2, 3):
        anchor.write(Heads.of("north", {"logbook.jsonl": ["ab"] * count}))
    anchor.path.write_bytes(anchor.path.read_bytes()[:-50])
    assert anchor.read().books == (("logbook.jsonl", 2, "ab"),)
    anchor.write(Heads.of("north", {"logbook.jsonl": ["ab"] * 4}))
    assert anchor.read().books == (("logbook.jsonl", 4, "ab"),)


def test_the_anchor_does_not_grow_without_end(scene):
    signed = scene.approved(rounds__asked=150)
    for number in range(60):
        begin(scene, signed, f"r{number}")
    assert (scene.folder / "anchors" / "north").stat().st_size < 60_000
    scene.reopened()
