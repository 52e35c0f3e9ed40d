from __future__ import annotations

import hashlib
import json
import os

import pytest

from federation.site_scene import Scene
from synthema_lab.errors import ArgumentRefused, DataMismatch
from synthema_lab.federation import connect
from synthema_lab.federation.site import SiteRefused, approve, receive
from synthema_lab.federation.site.exchange import say
from synthema_lab.federation.window import publish_window
from synthema_lab.secure_aggregation import Identity

WHO = {"name": "Dr Moreau", "institution": "Institute", "purpose": "To see.", "legal_basis": "Law."}
WHY = dict.fromkeys(["age_years", "sex", "os_days", "os_event"], "Needed.")


@pytest.fixture
def scene(tmp_path):
    scene = Scene(tmp_path)
    for site in scene.sites.values():
        publish_window(site)
    return scene


@pytest.fixture
def hospitals(scene):
    exchanges = [site.policy.exchange for site in scene.sites.values()]
    return connect(*exchanges, key=Identity.new("researcher"))


def test_hospitals_are_completed_by_name_and_show_invented_patients(hospitals):
    assert {"north", "east", "south"} <= set(dir(hospitals))
    mock = hospitals.north.mock()
    assert mock["patient_id"].str.startswith("MOCK-").all()
    assert hospitals.dictionary().check(mock).ok
    assert "no patient is in it" in mock.attrs["mock"]
    assert "fingerprint" in str(hospitals)
    assert "<caption" in hospitals._repr_html_()


def test_a_window_shows_only_variables_that_may_be_used(scene):
    scene.edit_policy("variables: all", "variables: [age_years, sex]")
    publish_window(scene.north)
    seen = connect(scene.north.policy.exchange, key=Identity.new("researcher"))
    assert list(seen.north.mock().columns) == ["age_years", "sex"]


def test_what_the_hospital_did_not_put_there_is_refused(scene):
    (place,) = (scene.north.policy.exchange / "outbox" / "window").glob("*.csv")
    place.write_text(place.read_text() + "MOCK-9,1,50,M,1,1,1,1,1\n")
    with pytest.raises(SiteRefused, match="not what north has put there"):
        connect(scene.north.policy.exchange)
    publish_window(scene.north)
    assert len(connect(scene.north.policy.exchange).north.mock()) == 200


def shown_as(site, cohorts):
    say(site.policy.exchange, "window.json", {"site": "north", "cohorts": cohorts}, site.identity)


def test_a_hospital_cannot_write_or_read_where_it_likes_at_the_researcher(scene, tmp_path):
    victim = tmp_path / "victim.yaml"
    victim.write_bytes(b"name: mine\n")
    victim.chmod(0o400)
    before = victim.stat().st_mtime_ns
    digest = hashlib.sha256(victim.read_bytes()).hexdigest()
    kept = sorted(tmp_path.rglob("*"))
    for name in (str(tmp_path / "victim"), "../../../victim"):
        shown_as(scene.north, {name: {"yaml": digest, "csv": digest}})
        with pytest.raises(SiteRefused, match="not what north has put there"):
            connect(scene.north.policy.exchange)
    for place in (str(tmp_path / "victim"), "../../../victim", 7, None):
        shown_as(scene.north, {"leuksurv": {"yaml": place, "csv": digest}})
        with pytest.raises(SiteRefused, match="cannot be read"):
            connect(scene.north.policy.exchange)
    assert victim.stat().st_mtime_ns == before
    assert sorted(tmp_path.rglob("*")) == kept


@pytest.mark.parametrize("cohorts", [[], "leuksurv", {"a": []}, {"a": {"yaml": "0" * 64}}])
def test_a_note_of_another_shape_is_refused(scene, cohorts):
    shown_as(scene.north, cohorts)
    with pytest.raises(SiteRefused, match="cannot be read"):
        connect(scene.north.policy.exchange)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'a,b\n1,2,3\n"'])
def test_a_signed_file_that_is_no_table_is_told_without_what_it_holds(scene, content):
    window = scene.north.policy.exchange / "outbox" / "window"
    (dictionary,) = window.glob("*.yaml")
    digest = hashlib.sha256(content).hexdigest()
    (window / f"{digest}.csv").write_bytes(content)
    shown_as(scene.north, {"leuksurv": {"yaml": dictionary.stem, "csv": digest}})
    with pytest.raises(DataMismatch, match="north"):
        connect(scene.north.policy.exchange)


def test_a_link_or_a_pipe_in_a_window_is_not_followed_or_waited_for(scene, tmp_path):
    (place,) = (scene.north.policy.exchange / "outbox" / "window").glob("*.csv")
    place.rename(tmp_path / "elsewhere.csv")
    place.symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(SiteRefused, match="not what north has put there"):
        connect(scene.north.policy.exchange)
    place.unlink()
    os.mkfifo(place)
    with pytest.raises(SiteRefused, match="not what north has put there"):
        connect(scene.north.policy.exchange)


def test_a_window_that_is_as_it_should_be_is_not_written_again(scene):
    folder = scene.north.policy.exchange / "outbox"
    files = [folder / "window.json", *(folder / "window").iterdir()]
    before = [(path, path.stat().st_ino, path.stat().st_mtime_ns) for path in files]
    assert publish_window(scene.north) == ()
    assert before == [(path, path.stat().st_ino, path.stat().st_mtime_ns) for path in files]


def test_a_cohort_that_cannot_be_shown_is_named_and_the_others_are_shown(scene, tmp_path):
    scene.edit_policy("variables: all", "variables: [no_variable_of_it]")
    assert publish_window(scene.north) == ("leuksurv",)
    assert connect(scene.north.policy.exchange).north.cohorts == {}
    assert list((scene.north.policy.exchange / "outbox" / "window").iterdir()) == []


def test_a_hospital_that_is_not_there_is_named(hospitals):
    with pytest.raises(AttributeError, match="east, north, south"):
        _ = hospitals.west
    with pytest.raises(ArgumentRefused, match="no hospital west"):
        _ = hospitals["west"]


def test_a_note_of_another_hand_is_refused(scene):
    place = scene.north.policy.exchange / "outbox" / "window.json"
    told = json.loads(place.read_text())
    told["says"] = told["says"].replace("leuksurv", "another")
    place.write_text(json.dumps(told))
    with pytest.raises(SiteRefused, match="not signed"):
        connect(scene.north.policy.exchange)


def test_a_folder_that_is_no_hospital_is_refused(tmp_path):
    with pytest.raises(SiteRefused, match="no exchange folder"):
        connect(tmp_path)
    with pytest.raises(ArgumentRefused, match="No folder"):
        connect()


def test_one_hospital_given_twice_is_refused(scene):
    with pytest.raises(ArgumentRefused, match="Two hospitals are called north"):
        connect(scene.north.policy.exchange, scene.north.policy.exchange)


def test_another_dictionary_at_one_hospital_is_told(scene, tmp_path):
    from synthema_lab.dictionary.load import find

    changed = tmp_path / "leuksurv.yaml"
    changed.write_text(find("leuksurv").read_text().replace("Age at diagnosis", "Age then"))
    scene.edit_policy("dictionary: 'leuksurv'", f"dictionary: '{changed}'")
    publish_window(scene.north)
    exchanges = [site.policy.exchange for site in scene.sites.values()]
    with pytest.raises(DataMismatch, match="different data dictionaries: north"):
        connect(*exchanges, key=Identity.new("researcher")).dictionary()


def test_a_draft_is_tried_submitted_and_followed(scene, hospitals, tmp_path):
    study = hospitals.draft("A question", WHY, who=WHO, days=3000)
    assert hospitals.rehearse(study).fits
    submitted = hospitals.submit(study, kept=tmp_path / "kept")
    assert set(submitted.status()["state"]) == {"not seen by the hospital yet"}
    for site in scene.sites.values():
        receive(site)
    approve(scene.north, study.hash, scene.approver)
    states = submitted.status()["state"]
    assert states["north"] == "approved"
    assert states["south"] == "waiting for approval"
    assert "A question" in submitted._repr_html_()
    submitted.withdraw()
    receive(scene.sites["south"])
    assert submitted.status()["state"]["south"] == "withdrawn by its researcher"


def test_a_study_outside_a_policy_says_so_on_the_card(scene, hospitals, tmp_path):
    study = hospitals.draft("A question", WHY, who=WHO, epsilon=9.0, days=3000)
    submitted = hospitals.submit(study, kept=tmp_path / "kept")
    receive(scene.north)
    assert "at most 5" in submitted.status()["state"]["north"]


def test_a_study_is_not_sent_where_a_hospital_would_refuse_it_for_certain(
    scene, hospitals, tmp_path
):
    study = hospitals.draft("A question", WHY, who=WHO, days=3000)
    card = scene.north.policy.exchange / "outbox" / "site.json"
    told = json.loads(json.loads(card.read_text())["says"])
    say(card.parents[1], "site.json", {**told, "cohorts": {}}, scene.north.identity)
    with pytest.raises(ArgumentRefused, match="north has no cohort leuksurv"):
        hospitals.submit(study, kept=tmp_path / "kept")
    for site in scene.sites.values():
        assert list((site.policy.exchange / "inbox").iterdir()) == []


def test_a_hospital_that_cannot_be_reached_does_not_keep_word_from_the_others(
    scene, hospitals, tmp_path
):
    study = hospitals.draft("A question", WHY, who=WHO, days=3000)
    submitted = hospitals.submit(study, kept=tmp_path / "kept")
    for site in scene.sites.values():
        receive(site)
    east = scene.sites["east"].policy.exchange
    east.rename(tmp_path / "unmounted")
    east.write_text("no folder")
    with pytest.raises(ArgumentRefused, match=r"left for east .* has reached north, south"):
        submitted.withdraw()
    assert submitted.status()["state"]["east"] == "its exchange folder cannot be read"
    east.unlink()
    (tmp_path / "unmounted").rename(east)
    submitted.withdraw()
    for name, site in scene.sites.items():
        receive(site)
        assert submitted.status()["state"][name] == "withdrawn by its researcher"


def test_an_answer_of_another_hand_stands_on_the_card_as_that(scene, hospitals, tmp_path):
    study = hospitals.draft("A question", WHY, who=WHO, days=3000)
    submitted = hospitals.submit(study, kept=tmp_path / "kept")
    for site in scene.sites.values():
        receive(site)
    answers = [
        one.policy.exchange / "outbox" / f"{study.hash}.json" for one in scene.sites.values()
    ]
    answers[0].write_bytes(answers[1].read_bytes())
    states = submitted.status()["state"]
    forged = [name for name, state in states.items() if "not signed by it" in state]
    assert forged == [next(iter(scene.sites))]
    assert "not signed by it" in submitted._repr_html_()


def test_a_submitted_study_is_found_again_after_a_restart(scene, hospitals, tmp_path):
    study = hospitals.draft("A question", WHY, who=WHO, days=3000)
    hospitals.submit(study, kept=tmp_path / "kept")
    receive(scene.north)
    exchanges = [site.policy.exchange for site in scene.sites.values()]
    again = connect(*exchanges, key=hospitals.researcher).submitted(
        study.hash[:8], kept=tmp_path / "kept"
    )
    assert again.study == study
    again.withdraw()
    receive(scene.north)
    assert again.status()["state"]["north"] == "withdrawn by its researcher"
    for unknown in ("", "zz", "../"):
        with pytest.raises(ArgumentRefused, match=study.hash[:12]):
            hospitals.submitted(unknown, kept=tmp_path / "kept")


def test_a_draft_that_does_not_say_who_asks_is_refused(hospitals):
    with pytest.raises(ArgumentRefused, match="legal_basis"):
        hospitals.draft("A question", WHY, who={**WHO, "legal_basis": ""})


def test_every_variable_has_a_first_reason(hospitals):
    told = hospitals.reasons()
    assert told["os_days"] == "The outcome."
    assert "patient_id" not in told
    assert all(told.values())


def test_a_study_that_judges_a_cohort_names_it_by_its_digest(hospitals):
    table = hospitals.north.mock()[[*WHY, "patient_id"]]
    study = hospitals.judge(table, who=WHO, days=3000)
    assert study.generator == "validate"
    assert len(dict(study.settings)["synthetic"]) == 64
    assert {name for name, _ in study.variables} == set(WHY)
    assert study.smallest_cell == 10
    assert study.outputs[0].protection == "disclosure_control"
    assert hospitals.rehearse(study).length > 0
    noised = hospitals.judge(table, who=WHO, days=3000, epsilon=2.0)
    assert noised.outputs[0].protection == "epsilon"
    assert hospitals.rehearse(noised).epsilon(1e-5) <= 2.0
