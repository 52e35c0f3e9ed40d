"""A site sums one vector among one set of sites; fresh noise makes it another vector."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from synthema_lab.secure_aggregation import Coordinator, Roster, Site
from synthema_lab.secure_aggregation.errors import (
    CohortChanged,
    RoundMismatch,
    SettingsRefused,
    SurvivorsDisagree,
)
from synthema_lab.secure_aggregation.frames import Kind, write
from synthema_lab.secure_aggregation.messages import Survivors

MODEL = hashlib.sha256(b"a model made meanwhile").digest()


class Hospitals:
    """Sites that keep their journals over several rounds."""

    def __init__(self, people, settings_of):
        self.people, self.settings_of = people, settings_of
        self.lines = {person.name: set() for person in people}
        self.rounds = 0

    def round(self, values, people=None, silent=(), noise=None, **changed):
        """One round; `silent` sites give out shares and then say nothing more."""
        people = people or self.people
        self.rounds += 1
        settings = self.settings_of(people, round_id=f"round-{self.rounds}", **changed)
        coordinator = Coordinator(settings)
        sites = {p.name: Site(settings, p, self.lines[p.name]) for p in people}
        for name, site in sites.items():
            vector = np.full(settings.length, float(values[name]))
            site.contribute(vector, noise and noise[name])
            coordinator.receive(site.begin())
        stage = 0
        while messages := coordinator.close():
            stage += 1
            for name, message in messages.items():
                if name not in silent or stage == 1:
                    coordinator.receive(sites[name].receive(message))
        return coordinator.opened.total


@pytest.fixture
def hospitals(identities_of, settings_of):
    return Hospitals(identities_of(5), settings_of)


VALUES = {f"site-{place}": place + 1 for place in range(5)}


def test_the_same_vector_may_be_summed_again_among_the_same_sites(hospitals):
    first = hospitals.round(VALUES)
    assert hospitals.round(VALUES).tolist() == first.tolist() == [15.0] * 6


def test_the_same_vector_is_not_opened_for_survivors_that_differ_by_one(hospitals):
    hospitals.round(VALUES)
    with pytest.raises(CohortChanged, match="opened the same vector before"):
        hospitals.round(VALUES, silent=["site-4"])


def test_the_same_vector_is_not_sent_to_another_roster_even_if_it_was_never_opened(hospitals):
    people = hospitals.people
    settings = hospitals.settings_of(people, round_id="left")
    sites = {p.name: Site(settings, p, hospitals.lines[p.name]) for p in people}
    coordinator = Coordinator(settings)
    for name, site in sites.items():
        site.contribute(np.full(6, float(VALUES[name])))
        coordinator.receive(site.begin())
    for _ in range(2):
        answers = [sites[name].receive(m) for name, m in coordinator.close().items()]
        for answer in answers[: 5 if coordinator.stage == "share" else 3]:
            coordinator.receive(answer)  # three of five: the round is given up
    with pytest.raises(CohortChanged, match="sent the same vector before"):
        hospitals.round(VALUES, people=people[:4])
    assert hospitals.round(VALUES).tolist() == [15.0] * 6


def test_fresh_noise_makes_another_vector(hospitals):
    def noise(seed):
        drawn = np.random.default_rng(seed).integers(-3, 4, (5, 6))
        return dict(zip(VALUES, drawn, strict=True))

    hospitals.round(VALUES, noise=noise(0), noise_bound=100)
    hospitals.round(VALUES, silent=["site-4"], noise=noise(1), noise_bound=100)
    with pytest.raises(CohortChanged):
        hospitals.round(VALUES, noise=noise(1), noise_bound=100)


def test_another_study_is_another_matter_but_another_model_is_not(hospitals):
    hospitals.round(VALUES)
    hospitals.round(VALUES, silent=["site-4"], study_digest=bytes(32))
    with pytest.raises(CohortChanged):
        hospitals.round(VALUES, silent=["site-4"], model_digest=bytes(32))


def test_two_rounds_at_once_open_one_vector_for_one_set_of_survivors(hospitals, settings_of):
    """The second to open refuses, in whichever order the two are driven."""
    people = hospitals.people
    settings = [settings_of(people, round_id=name) for name in ("first", "second")]
    rounds = [{p.name: Site(one, p, hospitals.lines[p.name]) for p in people} for one in settings]
    coordinators = [Coordinator(one) for one in settings]
    for sites, coordinator in zip(rounds, coordinators, strict=True):
        for name, site in sites.items():
            site.contribute(np.full(6, float(VALUES[name])))
            coordinator.receive(site.begin())
    cohorts = [(0, 1, 2, 3, 4), (0, 1, 2, 3)]
    agreed = [{}, {}]
    for which, (sites, coordinator) in enumerate(zip(rounds, coordinators, strict=True)):
        for _ in range(2):
            for name, message in coordinator.close().items():
                coordinator.receive(sites[name].receive(message))
        for at in cohorts[which]:
            name = f"site-{at}"
            told = write(Kind.SURVIVORS, settings[which], Survivors(cohorts[which]).parts())
            agreed[which][name] = sites[name].receive(told)
    for which, ending in ((0, None), (1, CohortChanged)):
        frames = tuple(agreed[which].values())
        parts = [len(frames).to_bytes(2, "big"), *frames]
        quorum = write(Kind.QUORUM, settings[which], parts)
        if ending is None:
            assert rounds[which]["site-0"].receive(quorum)
        else:
            with pytest.raises(ending):
                rounds[which]["site-0"].receive(quorum)


def test_a_journal_does_not_show_what_was_sent(hospitals):
    hospitals.round(VALUES)
    hospitals.round({name: 0 for name in VALUES})
    lines = hospitals.lines["site-0"]
    told = {line.split()[1] for line in lines if line.startswith("sent")}
    assert len(told) == 2
    vector = np.zeros(6, dtype="<u4")
    assert hashlib.sha256(vector).hexdigest() not in told
    assert not told & {line.split()[1] for line in hospitals.lines["site-1"] if " " in line}


# A model that is named with the vectors


def play_late(people, settings_of, named, coordinator_names=MODEL):
    settings = settings_of(people, model_digest=None)
    coordinator = Coordinator(settings)
    sites = {p.name: Site(settings, p, set()) for p in people}
    for site in sites.values():
        coordinator.receive(site.begin())
    for name, message in coordinator.close().items():
        coordinator.receive(sites[name].receive(message))
    with pytest.raises(SettingsRefused, match="has not been named"):
        coordinator.close()
    coordinator = Coordinator.restore(coordinator.save(), settings)
    coordinator.name_model(coordinator_names)
    for place, (name, site) in enumerate(sites.items()):
        site.contribute(np.full(6, float(place)), model=named[name])
    while messages := coordinator.close():
        for name, message in messages.items():
            coordinator.receive(sites[name].receive(message))
    return coordinator.opened.total


def test_a_model_may_be_named_after_keys_and_shares_were_exchanged(identities_of, settings_of):
    people = identities_of(4)
    named = {person.name: MODEL for person in people}
    assert play_late(people, settings_of, named).tolist() == [6.0] * 6


def test_a_site_with_another_model_is_refused_before_its_vector_is_added(
    identities_of, settings_of
):
    people = identities_of(4)
    named = {person.name: MODEL for person in people} | {"site-2": bytes(32)}
    with pytest.raises(RoundMismatch, match="another model"):
        play_late(people, settings_of, named)


def test_sites_that_were_named_different_models_open_nothing(identities_of, settings_of):
    """A coordinator that adds the vectors up all the same gets no share."""
    people = identities_of(4)
    settings = settings_of(people, model_digest=None)
    sites = [Site(settings, person, set()) for person in people]
    coordinator = Coordinator(settings)
    for site in sites:
        coordinator.receive(site.begin())
    for site, message in zip(sites, coordinator.close().values(), strict=True):
        coordinator.receive(site.receive(message))
    coordinator.name_model(MODEL)
    for place, site in enumerate(sites):
        site.contribute(np.full(6, 1.0), model=MODEL if place else bytes(32))
    for site, message in zip(sites, coordinator.close().values(), strict=True):
        site.receive(message)
    told = write(Kind.SURVIVORS, settings, Survivors((0, 1, 2, 3)).parts())
    frames = [site.receive(told) for site in sites]
    quorum = write(Kind.QUORUM, settings, [len(frames).to_bytes(2, "big"), *frames])
    for site in sites:
        with pytest.raises(SurvivorsDisagree):
            site.receive(quorum)


def test_a_model_is_named_once_and_only_where_the_settings_leave_it(identities_of, settings_of):
    people = identities_of(3)
    vector = np.zeros(6)
    fixed, late = settings_of(people), settings_of(people, model_digest=None)
    with pytest.raises(SettingsRefused):
        Site(fixed, people[0], set()).contribute(vector, model=MODEL)
    for named in (None, b"short", "model"):
        with pytest.raises(SettingsRefused):
            Site(late, people[0], set()).contribute(vector, model=named)
    with pytest.raises(SettingsRefused):
        Coordinator(fixed).name_model(MODEL)
    coordinator = Coordinator(late)
    coordinator.name_model(MODEL)
    with pytest.raises(SettingsRefused, match="twice"):
        coordinator.name_model(MODEL)
    assert Roster.of(person.member() for person in people) == late.roster
