from __future__ import annotations

import json

import pytest

from federation.site_scene import Scene
from synthema_lab.errors import ArgumentRefused, DataMismatch
from synthema_lab.federation import connect
from synthema_lab.federation.site import SiteRefused, approve, receive
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
    place = scene.north.policy.exchange / "outbox" / "window" / "leuksurv.csv"
    place.write_text(place.read_text() + "MOCK-9,1,50,M,1,1,1,1,1\n")
    with pytest.raises(SiteRefused, match="not what north has put there"):
        connect(scene.north.policy.exchange)


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
