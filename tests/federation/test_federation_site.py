"""A site's books only grow, and an older copy of them is noticed."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys

import pytest

from synthema_lab.errors import BudgetExhausted, LabError
from synthema_lab.federation.site import (
    Heads,
    LedgerRolledBack,
    PeerAnchors,
    RegisterRolledBack,
    SiteFolder,
    SitePolicy,
    SiteRefused,
    approve,
    card_of,
    create_site,
    deliver,
    desk,
    heard,
    receive,
    review,
    standings,
)
from synthema_lab.federation.site.chain import Chain
from synthema_lab.federation.study import SignedStudy, cancellation, page
from synthema_lab.privacy import DpSgdEvent, SkellamEvent, epsilon_of
from synthema_lab.secure_aggregation import Identity

from .site_scene import DAY, Scene

EVENTS = [SkellamEvent(60.0)] * 5


@pytest.fixture
def scene(tmp_path):
    return Scene(tmp_path)


# A chain of lines


def test_lines_stay_and_another_process_reads_on(tmp_path):
    first, second = Chain(tmp_path / "c.jsonl"), Chain(tmp_path / "c.jsonl")
    first.append({"n": 1}, {"n": 2})
    second.append({"n": 3})
    first.append({"n": 4})
    assert [record["n"] for record in first.records] == [1, 2, 3, 4]
    assert Chain(tmp_path / "c.jsonl").seals == first.seals
    assert stat.S_IMODE(os.stat(tmp_path / "c.jsonl").st_mode) == 0o600


@pytest.mark.parametrize(
    "left", [b"x" * 500, b"{", b'{"n": 9, "seal": "', b"\x00" * 40, b"half a line"]
)
def test_a_line_that_a_crash_left_unfinished_is_cut_off(tmp_path, left):
    path = tmp_path / "c.jsonl"
    Chain(path).append({"n": 1})
    whole = path.read_bytes()
    path.write_bytes(whole + left)
    chain = Chain(path)
    assert [record["n"] for record in chain.records] == [1]
    chain.append({"n": 2})
    assert path.read_bytes().startswith(whole)
    assert [record["n"] for record in Chain(path).records] == [1, 2]


@pytest.mark.parametrize("change", ["value", "drop", "swap", "junk", "empty line", "longer"])
def test_a_line_that_was_changed_is_noticed(tmp_path, change):
    path = tmp_path / "c.jsonl"
    Chain(path).append(*({"n": n} for n in range(4)))
    lines = path.read_text().splitlines()
    if change == "value":
        lines[1] = lines[1].replace('"n": 1', '"n": 7')
    elif change == "drop":
        del lines[1]
    elif change == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    elif change == "junk":
        lines[2] = "junk"
    elif change == "empty line":
        lines.insert(2, "")
    else:
        lines[1] = json.dumps({**json.loads(lines[1]), "more": 1})
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(RegisterRolledBack, match="was changed"):
        Chain(path)


def test_a_file_that_shrinks_or_goes_while_in_use_is_noticed(tmp_path):
    path = tmp_path / "c.jsonl"
    chain = Chain(path)
    chain.append({"n": 1})
    older = path.read_bytes()
    chain.append({"n": 2})
    path.write_bytes(older)
    with pytest.raises(RegisterRolledBack, match="replaced while"):
        chain.append({"n": 3})
    path.unlink()
    with pytest.raises(RegisterRolledBack, match="gone"):
        Chain.refresh(chain) or chain.append({"n": 3})


@pytest.mark.parametrize("failing", ["fsync", "pwrite"])
def test_a_full_disk_leaves_no_part_of_a_line(tmp_path, monkeypatch, failing):
    chain = Chain(tmp_path / "c.jsonl")
    chain.append({"n": 1})
    before = chain.path.read_bytes()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, failing, full)
        with pytest.raises(OSError, match="space"):
            chain.append({"n": 2})
    assert chain.path.read_bytes() == before
    chain.append({"n": 3})
    assert [record["n"] for record in Chain(chain.path).records] == [1, 3]


# A site and its policy


def test_a_site_is_made_whole_with_a_key_for_its_owner_and_books_that_begin(scene):
    folder = scene.folder / "north"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "identity.key").stat().st_mode) == 0o600
    assert scene.approver.private_key.hex() not in (folder / "site.yaml").read_text()
    member, card = card_of(scene.north.policy.exchange)
    assert member == scene.north.identity.member()
    assert list(card["cohorts"]) == ["leuksurv"]
    assert "/data/" not in json.dumps(card)


def test_a_site_is_not_made_over_another_nor_with_its_anchor_inside(tmp_path, scene):
    ana = scene.approver
    with pytest.raises(SiteRefused, match="not empty"):
        create_site(tmp_path / "north", "north", ana, tmp_path / "new")
    with pytest.raises(SiteRefused, match="anchor"):
        create_site(tmp_path / "west", "west", ana, tmp_path / "anchors" / "north")
    with pytest.raises(SiteRefused, match="inside"):
        create_site(tmp_path / "west", "west", ana, tmp_path / "west" / "anchor")
    with pytest.raises(LabError):
        create_site(tmp_path / "west", "we st", ana, tmp_path / "anchor")
    assert not (tmp_path / "west").exists()
    assert not (tmp_path / "anchor").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epsilon_a_study: 5.0", "epsilon_a_studdy: 5.0", "epsilon_a_studdy"),
        ("epsilon_a_study: 5.0", "epsilon_a_study: -1", "Epsilon"),
        ("epsilon_a_study: 5.0", "epsilon_a_study: lots", "epsilon_a_study"),
        ("minimum_sites: 3", "minimum_sites: 2", "minimum_sites"),
        ("threshold: two_thirds", "threshold: half", "threshold"),
        ("custom_code: false", "custom_code: true", "custom_code"),
        ("delta: 1.0e-05", "delta: 0.1", "Delta"),
        ("researchers: {}", "researchers: {ines: short}", "ines"),
        ("generators: [marginal, independent, vae, validate]", "generators: [a, a]", "generators"),
        ("variables: all", "variables: every", "variables"),
        ("site: 'north'", "site: 'south'", "south"),
        ("only_known: false", "only_known: maybe", "only_known"),
    ],
)
def test_a_policy_with_a_slip_is_refused_rather_than_half_obeyed(scene, old, new, said):
    scene.edit_policy(old, new)
    with pytest.raises(LabError) as refused:
        scene.reopened()
    assert said in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_policy_gives_no_table_two_budgets_and_keeps_its_anchor_outside(scene):
    path = scene.folder / "north" / "site.yaml"
    text = path.read_text()
    second = "  other:\n    dictionary: leuksurv\n    table: /data/../data/north.csv\n"
    path.write_text(text.replace("datasets:\n", f"datasets:\n{second}    epsilon_in_all: 9.0\n"))
    with pytest.raises(SiteRefused, match="two names"):
        SitePolicy.read(path)
    path.write_text(text.replace(str(scene.folder / "anchors" / "north"), "anchor"))
    with pytest.raises(SiteRefused, match="inside the site folder"):
        SitePolicy.read(path)


def test_a_change_of_the_policy_is_in_the_logbook(scene):
    scene.edit_policy("approval_days: 90", "approval_days: 30")
    review(scene.north, scene.submitted().hash, try_it=False)
    events = [entry.event for entry in scene.north.logbook.entries()]
    assert events == [
        "site made", "policy changed", "policy changed", "study received", "study reviewed",
    ]  # fmt: skip


# What comes in


def test_a_forged_study_is_noted_once_and_never_kept(scene):
    text = scene.signed().to_yaml().replace(b"epsilon: 3.0", b"epsilon: 0.3")
    inbox = scene.north.policy.exchange
    deliver(inbox, f"{'0' * 64}.yaml", text)
    assert receive(scene.north) == receive(scene.north) == ()
    (entry,) = scene.north.logbook.entries(None, "message refused")
    assert "signature" in entry.details["reason"]
    assert standings(scene.north) == ()


def test_a_study_under_the_name_of_another_is_kept_under_its_own_hash(scene):
    first, second = scene.approved(), scene.signed(title="Another")
    deliver(scene.north.policy.exchange, f"{first.hash}.yaml", second.to_yaml())
    assert receive(scene.north) == (second.hash,)
    states = {one.study: one.state for one in standings(scene.north)}
    assert states == {first.hash: "approved", second.hash: "waiting for approval"}


def test_links_pipes_folders_and_large_files_in_the_inbox_are_left_alone(scene):
    inbox = scene.north.policy.exchange / "inbox"
    os.symlink(scene.folder / "north" / "identity.key", inbox / f"{'1' * 64}.yaml")
    os.mkfifo(inbox / f"{'2' * 64}.yaml")
    (inbox / f"{'3' * 64}.yaml").mkdir()
    (inbox / f"{'4' * 64}.yaml").write_bytes(b"x" * 400_000)
    (inbox / "run.sh").write_text("rm -rf /")
    assert receive(scene.north) == ()
    assert not list(scene.north.logbook.entries(None, "message refused"))


def test_a_flooded_inbox_is_read_a_hundred_messages_at_a_time(scene):
    signed = scene.signed()
    inbox = scene.north.policy.exchange / "inbox"
    for number in range(120):
        (inbox / f"{number:064x}.yaml").write_text(f"junk: {number}\n")
    (inbox / f"{'f' * 64}.yaml").write_bytes(signed.to_yaml())
    assert receive(scene.north) == ()
    assert len(list(scene.north.logbook.entries(None, "message refused"))) == 100
    assert receive(scene.north) == (signed.hash,)
    assert len(list(scene.north.logbook.entries(None, "message refused"))) == 120


def test_a_cancelled_study_is_never_approved_again(scene):
    signed = scene.approved()
    exchange = scene.north.policy.exchange
    forged = cancellation(signed.study, Identity.new("x"))
    deliver(exchange, f"{signed.hash}.cancel.yaml", forged)
    receive(scene.north)
    assert standings(scene.north)[0].state == "approved"
    deliver(exchange, f"{signed.hash}.cancel.yaml", cancellation(signed.study, scene.researcher))
    receive(scene.north)
    receive(scene.north)
    assert standings(scene.north)[0].state == "withdrawn by its researcher"
    assert len(list(scene.north.logbook.entries(None, "study withdrawn by its researcher"))) == 1
    with pytest.raises(SiteRefused, match="withdrawn"):
        approve(scene.north, signed.hash, scene.approver)


def test_an_answer_that_took_long_does_not_hide_an_approval_given_meanwhile(scene, monkeypatch):
    """The owner approves in another process while the service still looks for reasons."""
    signed, look = scene.submitted(), desk._looked_at

    def slowly(site, policy, study, try_it):
        monkeypatch.setattr(desk, "_looked_at", look)
        approve(scene.north, study.hash, scene.approver)
        return look(site, policy, study, try_it)

    monkeypatch.setattr(desk, "_looked_at", slowly)
    desk.publish(scene.north, signed.hash)
    member = scene.north.identity.member()
    told = heard(scene.north.policy.exchange, f"{signed.hash}.json", member)
    assert told["state"] == "approved"


def test_the_answer_is_signed_and_a_changed_one_is_refused(scene):
    signed = scene.approved()
    exchange, name = scene.north.policy.exchange, f"{signed.hash}.json"
    member = scene.north.identity.member()
    told = heard(exchange, name, member)
    assert (told["state"], told["rounds_approved"]) == ("approved", 3)
    path = exchange / "outbox" / name
    path.write_text(path.read_text().replace("approved", "refused!"))
    with pytest.raises(SiteRefused, match="not signed"):
        heard(exchange, name, member)
    with pytest.raises(SiteRefused, match="not signed"):
        heard(exchange, "site.json", scene.sites["south"].identity.member())
    assert heard(exchange, "none.json", member) is None


# The review


def test_the_review_says_all_that_is_asked_for_and_escapes_what_the_researcher_wrote(scene):
    scene.approved()
    hostile = "<script>alert(1)</script> \"'&"
    signed = scene.submitted(title=hostile, budget__epsilon=4.0, variables__sex="<b>sex</b>")
    seen = review(scene.north, signed.hash)
    text, html = str(seen), page(seen)
    for said in (text, html):
        for part in ("Dr Ines Moreau", "ethics vote", "wbc_gl", "White cell count", "4.00",
                     "What leaves outside epsilon", "budget, epsilon", signed.hash):  # fmt: skip
            assert part in said
    assert "<script" not in html
    assert "<b>" not in html
    assert "http" not in html.replace("http-equiv", "")
    assert "Other approved studies may still spend up to 3.00" in text
    assert max(len(line) for line in text.splitlines()) <= 92
    assert seen.account.left_after == pytest.approx(6.0, abs=1e-3)
    assert json.loads(json.dumps(seen.as_dict()))["changes"][0]["field"] == "title"
    assert "<script" not in seen._repr_html_()


def test_the_review_counts_what_is_spent_and_composes_what_would_be(scene):
    signed = scene.approved(budget__epsilon=3.0)
    scene.north.charge(signed.hash, "r", EVENTS)
    other = scene.submitted(title="Second")
    seen = review(scene.north, other.hash)
    spent = epsilon_of(EVENTS, 1e-5)
    assert seen.account.spent == pytest.approx(spent)
    assert spent + 2 < seen.account.spent_after < spent + 3
    untried = review(scene.north, other.hash, try_it=False)
    assert untried.account.spent_after == pytest.approx(spent + 3)


# Money


def test_a_charge_is_in_both_books_and_survives_a_restart(scene):
    signed = scene.approved()
    scene.north.charge(signed.hash, "r1", EVENTS)
    again = scene.reopened()
    assert again.ledger("leuksurv").spent("leuksurv") == pytest.approx(epsilon_of(EVENTS, 1e-5))
    (entry,) = again.logbook.entries(signed.hash, "privacy budget charged")
    assert entry.details["release"] == "r1"


def test_a_study_spends_no_more_than_was_approved_and_the_refusal_is_noted(scene):
    signed = scene.approved(budget__epsilon=1.2)
    scene.north.charge(signed.hash, "r1", EVENTS)
    before = (scene.folder / "north" / "ledger.jsonl").read_bytes()
    with pytest.raises(BudgetExhausted, match="would spend") as refused:
        scene.north.charge(signed.hash, "r2", EVENTS)
    assert refused.value.exit_code == 4
    assert (scene.folder / "north" / "ledger.jsonl").read_bytes() == before
    assert len(list(scene.north.logbook.entries(None, "privacy budget refused"))) == 1


def test_training_and_counting_are_charged_to_one_budget(scene):
    training = DpSgdEvent(noise_multiplier=2.0, sample_rate=0.1, steps=20)
    signed = scene.approved()
    scene.north.charge(signed.hash, "training", [training])
    scene.north.charge(signed.hash, "counting", EVENTS)
    spent = scene.reopened().ledger("leuksurv").spent("leuksurv")
    assert spent == pytest.approx(epsilon_of([training, *EVENTS], 1e-5))
    with pytest.raises(BudgetExhausted):
        scene.north.charge(signed.hash, "more", [training] * 40)


def test_all_studies_together_spend_no_more_than_the_table_has(scene):
    scene.edit_policy("epsilon_in_all: 10.0", "epsilon_in_all: 1.5")
    first = scene.approved(title="First", budget__epsilon=1.2)
    second = scene.approved(title="Second", budget__epsilon=1.2)
    scene.north.charge(first.hash, "r", EVENTS)
    with pytest.raises(BudgetExhausted, match="leuksurv"):
        scene.north.charge(second.hash, "r", EVENTS)


RACE = """
import sys, time
from synthema_lab.federation.site import SiteFolder
from synthema_lab.privacy import SkellamEvent
from synthema_lab.errors import BudgetExhausted
site = SiteFolder(sys.argv[1], now=lambda: float(sys.argv[3]))
print("ready", flush=True)
sys.stdin.readline()
try:
    site.charge(sys.argv[2], "race", [SkellamEvent(60.0)] * 5)
except BudgetExhausted as refused:
    sys.exit(refused.exit_code)
"""


def test_of_two_studies_that_race_for_the_last_epsilon_one_gets_it(scene):
    """Real processes, let go at the same moment."""
    scene.edit_policy("epsilon_in_all: 10.0", "epsilon_in_all: 1.5")
    studies = [scene.approved(title=title, budget__epsilon=1.2) for title in ("A", "B")]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, scene.folder / "north", study.hash, str(scene.time)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for study in studies
    ]  # fmt: skip
    for process in started:
        assert process.stdout.readline() == "ready\n"
    for process in started:
        process.stdin.write("\n")
        process.stdin.flush()
    for process in started:
        process.communicate()
    assert sorted(process.returncode for process in started) == [0, 4]
    site = scene.reopened()
    assert len(site.ledger("leuksurv").history()) == 1
    assert site.ledger("leuksurv").spent("leuksurv") <= 1.5
    for event in ("privacy budget charged", "privacy budget refused"):
        assert len(list(site.logbook.entries(None, event))) == 1


CRASH = """
import os, sys
from synthema_lab.federation.site import SiteFolder
from synthema_lab.privacy import SkellamEvent
site = SiteFolder(sys.argv[1], now=lambda: float(sys.argv[3]))
site._catch_up = lambda: os._exit(9)
site.charge(sys.argv[2], "r", [SkellamEvent(60.0)] * 5)
"""


def test_a_crash_after_the_charge_keeps_the_charge_and_enters_it_later(scene):
    signed = scene.approved()
    asked = [sys.executable, "-c", CRASH, scene.folder / "north", signed.hash, str(scene.time)]
    assert subprocess.run(asked).returncode == 9
    site = scene.reopened()
    assert site.ledger("leuksurv").spent("leuksurv") > 0
    assert len(list(site.logbook.entries(signed.hash, "privacy budget charged"))) == 1
    scene.reopened()
    assert len(list(site.logbook.entries(signed.hash, "privacy budget charged"))) == 1


# Older copies


def older_copy(scene, name):
    """Charge twice with a copy of one book from between put back."""
    signed = scene.approved(budget__epsilon=3.0)
    scene.north.charge(signed.hash, "r1", EVENTS)
    path = scene.folder / "north" / name
    kept = path.read_bytes()
    scene.north.charge(signed.hash, "r2", EVENTS)
    path.write_bytes(kept)
    return signed


@pytest.mark.parametrize(
    ("name", "refused", "code"),
    [("ledger.jsonl", LedgerRolledBack, 4), ("logbook.jsonl", RegisterRolledBack, 8)],
)
def test_an_older_copy_of_a_book_is_refused_by_running_and_by_new_processes(
    scene, name, refused, code
):
    signed = older_copy(scene, name)
    before = (scene.folder / "north" / "ledger.jsonl").read_bytes()
    for step in (lambda: scene.north.charge(signed.hash, "r3", EVENTS), scene.reopened):
        with pytest.raises(refused) as told:
            step()
        assert told.value.exit_code == code
    assert (scene.folder / "north" / "ledger.jsonl").read_bytes() == before


def test_a_ledger_that_is_gone_is_not_an_empty_one(scene):
    older_copy(scene, "ledger.jsonl")
    (scene.folder / "north" / "ledger.jsonl").unlink()
    with pytest.raises(LedgerRolledBack, match="holds 0 lines"):
        scene.reopened()


def test_a_site_without_its_anchor_takes_part_in_nothing(scene):
    (scene.folder / "anchors" / "north").unlink()
    with pytest.raises(RegisterRolledBack, match="anchor"):
        scene.reopened()


def test_an_older_copy_of_everything_is_noticed_with_what_a_peer_has_kept(scene):
    """Folder and anchor are put back together; only the others know better."""
    signed = scene.approved()
    peers = PeerAnchors(scene.folder / "kept by south")
    member = scene.north.identity.member()
    old = scene.folder / "backup"
    shutil.copytree(scene.folder / "north", old)
    anchor = scene.folder / "anchors" / "north"
    old_anchor = anchor.read_bytes()
    assert peers.keep(member, scene.north.heads())
    scene.north.charge(signed.hash, "r1", EVENTS)
    assert peers.keep(member, scene.north.heads())
    assert not peers.keep(member, scene.north.heads())
    scene.north.accept_heads(peers.give_back("north"))
    shutil.rmtree(scene.folder / "north")
    shutil.copytree(old, scene.folder / "north")
    anchor.write_bytes(old_anchor)
    again = scene.reopened()
    with pytest.raises(LedgerRolledBack):
        again.accept_heads(peers.give_back("north"))
    assert not peers.keep(member, again.heads()), "older heads do not displace newer ones"
    again.charge(signed.hash, "r1 again", EVENTS * 2)
    with pytest.raises((LedgerRolledBack, RegisterRolledBack), match="two histories"):
        peers.keep(member, again.heads())


def test_heads_that_a_site_did_not_sign_are_refused(scene):
    north, south = scene.north, scene.sites["south"]
    peers = PeerAnchors(scene.folder / "kept")
    told = json.loads(north.heads())
    forged = json.dumps({**told, "heads": told["heads"].replace("ledger", "logger")}).encode()
    for content in (forged, south.heads(), b"", b"{}", b"[]", b"\xff", b"9" * 9999):
        with pytest.raises(SiteRefused):
            peers.keep(north.identity.member(), content)
        with pytest.raises(SiteRefused):
            north.accept_heads(content)
    assert peers.give_back("north") is None


def test_of_two_books_one_that_grows_while_the_other_shrinks_is_a_second_history(tmp_path):
    north, peers = Identity.new("north"), PeerAnchors(tmp_path)
    peers.keep(north.member(), Heads.of("north", {"a": ["1", "2"], "b": ["1"]}).signed(north))
    mixed = Heads.of("north", {"a": ["1"], "b": ["1", "2"]}).signed(north)
    with pytest.raises(RegisterRolledBack, match="two histories"):
        peers.keep(north.member(), mixed)


# The clock and the reader


def test_an_officer_reads_every_event_and_no_secret(scene):
    signed = scene.approved()
    scene.north.charge(signed.hash, "r1", EVENTS)
    scene.time += 100 * DAY
    text = "\n".join(str(entry) for entry in scene.reopened().logbook.entries())
    for event in ("site made", "study received", "study approved", "privacy budget charged"):
        assert event in text
    assert scene.north.identity.private_key.hex() not in text
    raw = (scene.folder / "north" / "logbook.jsonl").read_text()
    assert scene.north.identity.private_key.hex() not in raw


def test_a_site_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(SiteRefused, match="no policy") as refused:
        SiteFolder(tmp_path)
    assert "synthema site init" in refused.value.next_step


def test_a_study_that_was_changed_on_the_shelf_is_not_the_approved_one(scene):
    signed = scene.approved()
    path = scene.folder / "north" / "studies" / f"{signed.hash}.yaml"
    other = SignedStudy.sign(scene.signed(title="Other").study, scene.researcher)
    for content in (other.to_yaml(), path.read_bytes().replace(b"3.0", b"9.0"), b"x"):
        path.write_bytes(content)
        with pytest.raises(LabError) as refused:
            scene.north.require_approved(signed.hash)
        assert refused.value.exit_code == 8


def test_each_purpose_and_study_has_another_secret_that_a_restart_gives_again(scene):
    north, again = scene.north, scene.reopened()
    secrets = {
        north.derived("holdout"), north.derived("fingerprint"), north.derived("holdout", "a"),
        north.derived("holdout", "b"), scene.sites["south"].derived("holdout"),
        north.identity.private_key,
    }  # fmt: skip
    assert len(secrets) == 6
    assert again.derived("holdout", "a") == north.derived("holdout", "a")
