"""What a data owner and a researcher type: nothing irreversible without saying so first."""

from __future__ import annotations

import json
import stat

import pytest

from synthema_lab.cli import main

DRAFT = """
title: Survival after diagnosis
researcher:
  name: Dr Ines Moreau
  institution: Institute of Haematology
  purpose: To test whether the white blood cell count predicts survival.
  legal_basis: Scientific research; ethics vote 2026-114.
cohort: {name: leuksurv}
variables: {age_years: Adjustment., os_days: The outcome., os_event: The outcome.}
generator: {name: marginal}
rounds: {asked: 2, repeats: 1}
secure_aggregation: {modulus_bits: 32, scale: 1, clip: 100000, minimum_sites: 3}
budget: {epsilon: 3, delta: 1e-5, colluding: 1}
outputs: {synthetic_cohort: {what: A table of invented patients., protection: epsilon}}
expires: 2099-12-31
"""
HOSPITALS = ("north", "south", "east")


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """Types a command; gives its exit code, and what was said on both streams."""
    for name in ("approver", "researcher"):
        monkeypatch.setenv(f"SYNTHEMA_{name.upper()}_KEY", str(tmp_path / "keys" / f"{name}.key"))
    monkeypatch.setenv("SYNTHEMA_ANCHORS", str(tmp_path / "anchors"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "draft.yaml").write_text(DRAFT)

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = 0
        try:
            main([str(one) for one in arguments])
        except SystemExit as left:
            code = left.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def hospitals(typed, tmp_path):
    for name in HOSPITALS:
        made = typed("site", "init", name, "--name", name, "--approver", "ana.costa",
                     "--dataset", "leuksurv", "leuksurv", f"{name}.csv", "--quiet")  # fmt: skip
        assert made == (0, "", "")
    return [part for name in HOSPITALS for part in ("--to", tmp_path / name)]


@pytest.fixture
def study(typed, hospitals):
    code, out, _ = typed("study", "submit", "draft.yaml", *hospitals, "--json")
    assert code == 0
    return json.loads(out)["study"]


def test_a_site_is_made_with_a_key_apart_and_a_policy_to_edit(typed, tmp_path):
    arguments = ("site", "init", "north", "--name", "north", "--approver", "ana.costa")
    code, out, _ = typed(*arguments, "--dry-run")
    assert (code, "Nothing was written" in out) == (0, True)
    assert [path.name for path in tmp_path.iterdir()] == ["draft.yaml"]
    code, out, _ = typed(*arguments, "--json")
    said = json.loads(out)
    assert (code, said["done"], len(said["fingerprint"])) == (0, True, 29)
    key = tmp_path / "keys" / "approver.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    secret = json.loads(key.read_text())["secret"]
    for path in (tmp_path / "north").rglob("*"):
        assert path.is_dir() or secret.encode() not in path.read_bytes()
    policy = (tmp_path / "north" / "site.yaml").read_text()
    assert policy.count("\n#") > 20
    code, _, err = typed(*arguments)
    assert code == 2
    assert "not empty" in err


@pytest.mark.parametrize(
    "more",
    [("--name", "no rth"), ("--dataset", "x", "no_such", "t.csv"), ("--anchor", "west/inside")],
)
def test_a_site_that_cannot_be_made_leaves_nothing_behind(typed, tmp_path, more):
    arguments = ["site", "init", "west", "--approver", "ana", "--name", "west", *more]
    assert typed(*arguments)[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["draft.yaml"]


def test_an_approvers_key_serves_several_sites_under_its_own_name_only(typed, hospitals):
    arguments = ("site", "init", "west", "--name", "west", "--approver")
    code, _, err = typed(*arguments, "bob")
    assert (code, "is that of ana.costa" in err) == (2, True)
    assert typed(*arguments, "ana.costa")[0] == 0


def test_a_study_is_submitted_reviewed_approved_and_taken_back(typed, hospitals, study, tmp_path):
    code, out, _ = typed("site", "review", "--at", "north")
    assert (code, "waiting for approval" in out, study[:12] in out) == (0, True, True)
    page = tmp_path / "review.html"
    code, out, _ = typed("site", "review", study[:8], "--at", "north", "--html", page)
    assert code == 0
    assert "What leaves outside epsilon" in out
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert typed("study", "status", "draft.signed.yaml", *hospitals)[1].count("not seen") == 2

    code, out, _ = typed("site", "approve", study[:8], "--at", "north")
    assert (code, "Nothing was written" in out) == (0, True)
    assert "waiting" in typed("site", "review", "--at", "north")[1]
    code, out, _ = typed("site", "approve", study[:8], "--at", "north", "--yes", "--json")
    assert (code, json.loads(out)["rounds"], json.loads(out)["done"]) == (0, 3, True)
    code, out, _ = typed("study", "status", "draft.signed.yaml", *hospitals, "--json")
    states = {row["site"]: row["state"] for row in json.loads(out)["sites"]}
    assert states["north"] == "approved"

    code, out, _ = typed("site", "revoke", study[:8], "--at", "north")
    assert (code, "Nothing was written" in out) == (0, True)
    assert "approved" in typed("site", "status", "--at", "north")[1]
    assert typed("site", "revoke", study, "--at", "north", "--yes", "--reason", "vote")[0] == 0
    assert "taken back" in typed("site", "status", "--at", "north")[1]
    code, _, err = typed("site", "revoke", study, "--at", "north", "--yes", "--json")
    assert (code, json.loads(err)["exit_code"]) == (8, 8)


def test_the_logbook_is_read_with_one_command(typed, study):
    typed("site", "review", study, "--at", "north", "--no-dry-run", "--quiet")
    typed("site", "approve", study, "--at", "north", "--yes")
    code, out, _ = typed("site", "status", "--at", "north", "--audit")
    assert code == 0
    events = ["site made", "study received", "study reviewed", "study approved"]
    places = [out.index(event) for event in events]
    assert places == sorted(places)
    said = json.loads(typed("site", "status", "--at", "north", "--audit", "--json")[1])
    assert said["whole"] is True
    assert said["entries"][0]["event"] == "site made"


def test_an_older_logbook_makes_every_command_leave_with_eight(typed, study, tmp_path):
    book = tmp_path / "north" / "logbook.jsonl"
    typed("site", "review", "--at", "north")
    older = book.read_bytes()
    typed("site", "approve", study, "--at", "north", "--yes")
    book.write_bytes(older)
    for command in (("status",), ("status", "--audit"), ("review",), ("approve", study, "--yes")):
        code, out, err = typed("site", *command, "--at", "north")
        assert (code, out) == (8, "")
        assert "an older copy was put back" in err


def test_a_study_outside_the_policy_is_told_with_all_reasons_and_leaves_with_five(
    typed, study, tmp_path, hospitals
):
    policy = tmp_path / "north" / "site.yaml"
    text = policy.read_text().replace("epsilon_a_study: 5.0", "epsilon_a_study: 1.0")
    policy.write_text(text.replace("minimum_sites: 3", "minimum_sites: 4"))
    for more in ((), ("--yes",)):
        code, _, err = typed("site", "approve", study, "--at", "north", "--json", *more)
        assert code == 5
        assert len(json.loads(err)["reasons"]) == 2
    code, out, _ = typed("site", "review", study, "--at", "north", "--no-dry-run")
    assert (code, "does NOT allow" in out) == (0, True)


def test_the_researcher_hears_why_a_study_is_outside_the_policy(typed, tmp_path, hospitals):
    policy = tmp_path / "north" / "site.yaml"
    policy.write_text(policy.read_text().replace("epsilon_a_study: 5.0", "epsilon_a_study: 1.0"))
    typed("study", "submit", "draft.yaml", *hospitals)
    typed("site", "review", "--at", "north")
    out = typed("study", "status", "draft.signed.yaml", *hospitals)[1]
    assert "outside its policy: It may spend epsilon 3" in out


def test_a_dry_run_of_submit_sends_nothing_and_makes_no_key(typed, hospitals, tmp_path):
    code, out, _ = typed("study", "submit", "draft.yaml", *hospitals, "--dry-run")
    assert (code, "Nothing was written" in out) == (0, True)
    assert not (tmp_path / "keys" / "researcher.key").exists()
    assert not (tmp_path / "draft.signed.yaml").exists()
    assert not list((tmp_path / "north" / "exchange" / "inbox").iterdir())


def test_a_bad_draft_is_refused_before_a_key_is_made_or_anything_is_sent(
    typed, hospitals, tmp_path
):
    draft = tmp_path / "draft.yaml"
    for old, new, said in [
        ("epsilon: 3", "epsilon: -3", "Epsilon"), ("title:", "titel:", "titel"),
        ("leuksurv}", "scd}", "no cohort scd"), ("leuksurv}", "nothing}", "nothing"),
        ("title: ", "title: &x ", "refers to another place"), ("title: S", "title: !!x S", "tag"),
    ]:  # fmt: skip
        draft.write_text(DRAFT.replace(old, new))
        code, out, err = typed("study", "submit", "draft.yaml", *hospitals)
        assert (code, out, said in err) == (2, "", True), err
    assert typed("study", "submit", "none.yaml", *hospitals)[0] == 2
    assert typed("study", "submit", "draft.yaml", "--to", tmp_path / "keys")[0] == 2
    assert not list((tmp_path / "north" / "exchange" / "inbox").iterdir())
    assert not (tmp_path / "draft.signed.yaml").exists()


def test_a_study_is_withdrawn_by_its_researcher_alone_after_saying_so(
    typed, hospitals, study, tmp_path
):
    typed("site", "approve", study, "--at", "north", "--yes")
    code, out, _ = typed("study", "cancel", "draft.signed.yaml", *hospitals)
    assert (code, "Nothing was written" in out) == (0, True)
    assert "approved by" in typed("site", "status", "--at", "north")[1]
    code, _, err = typed("study", "cancel", "draft.signed.yaml", *hospitals, "--yes",
                         "--key", tmp_path / "keys" / "approver.key")  # fmt: skip
    assert (code, "signature" in err) == (8, True)
    assert typed("study", "cancel", "draft.signed.yaml", *hospitals, "--yes")[0] == 0
    assert "withdrawn" in typed("site", "status", "--at", "north")[1]
    assert typed("site", "approve", study, "--at", "north", "--yes")[0] == 2


def test_a_signed_study_that_was_edited_is_refused_with_eight(typed, hospitals, study, tmp_path):
    path = tmp_path / "draft.signed.yaml"
    path.write_text(path.read_text().replace("epsilon: 3.0", "epsilon: 4.0"))
    assert typed("study", "status", path, *hospitals)[0] == 8


@pytest.mark.parametrize("command", ["site", "study"])
def test_a_study_or_a_site_that_is_not_there_leaves_with_two(typed, command):
    arguments = {"site": ("status", "--at", "nowhere"), "study": ("status", "x", "--to", "y")}
    code, _, err = typed(command, *arguments[command])
    assert code == 2
    assert "Next:" in err


def test_a_beginning_that_fits_no_study_or_several_is_refused(typed, study):
    for beginning in ("zz", "", study[:5] + "x"):
        code, _, err = typed("site", "review", beginning, "--at", "north")
        assert (code, "studies here begin with" in err) == (2, True)
