"""A round ends with the sum over the sites that stayed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synthema_lab.secure_aggregation import Identity, Site
from synthema_lab.secure_aggregation.errors import (
    IdentityExpired,
    MessageOutOfTurn,
    RosterRefused,
    RoundEnded,
    RoundReplayed,
    TooFewSurvivors,
    ValueBeyondClip,
    VectorRefused,
)
from synthema_lab.secure_aggregation.site_state import open_state


def random_vectors(sites, length, seed=0):
    return np.random.default_rng(seed).uniform(-8, 8, (sites, length))


@pytest.mark.parametrize("scale", [2**20, 2**30])
@pytest.mark.parametrize("sites", [3, 4, 5, 8])
def test_the_sum_of_all_sites_is_opened(new_round, sites, scale):
    vectors = random_vectors(sites, 50)
    played = new_round(sites, vectors, length=50, scale=scale).play()
    assert np.abs(played.total - vectors.sum(axis=0)).max() <= sites / (2 * scale)
    assert played.coordinator.opened.survivors == played.settings.roster.names


@pytest.mark.parametrize("bound", [1000, 2**60])
def test_counts_are_summed_exactly(new_round, bound):
    counts = np.random.default_rng(1).integers(-bound, bound, (4, 30))
    played = new_round(4, counts, length=30, scale=1, clip=bound).play()
    assert played.total.dtype == np.int64
    assert np.array_equal(played.total, counts.sum(axis=0))


@pytest.mark.parametrize("length", [1, 16383, 16384, 16385, 100_001])
@pytest.mark.parametrize("scale", [2**20, 2**30])
def test_vectors_of_any_length_are_covered_and_uncovered(new_round, length, scale):
    vectors = random_vectors(3, length)
    played = new_round(3, vectors, length=length, scale=scale).play()
    assert np.abs(played.total - vectors.sum(axis=0)).max() <= 3 / (2 * scale)


def survivors_of(played, dropouts):
    counted = ("mask", "agree", "unmask")
    return [name for name in played.sites if dropouts.get(name, "unmask") in counted]


@pytest.mark.parametrize("stage", ["silent", "advertise", "share", "mask", "agree"])
@pytest.mark.parametrize("sites", [4, 5])
def test_one_site_may_drop_at_any_stage(new_round, sites, stage):
    vectors = random_vectors(sites, 20)
    played = new_round(sites, vectors, length=20)
    if stage == "silent":
        played.answer(leave_out=["site-1"])
        played.collect()
    played.play(dropouts={} if stage == "silent" else {"site-1": stage})
    stayed = survivors_of(played, {"site-1": stage})
    assert played.coordinator.opened.survivors == tuple(stayed)
    kept = [place for place, name in enumerate(played.sites) if name in stayed]
    assert np.abs(played.total - vectors[kept].sum(axis=0)).max() <= sites / 2**21


STAGES = st.sampled_from(["advertise", "share", "mask", "agree"])


# `new_round` is a factory without state, so that sharing it between examples is sound.
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(st.dictionaries(st.sampled_from([f"site-{n}" for n in range(10)]), STAGES, max_size=3))
def test_ten_sites_bear_any_three_dropouts(new_round, dropouts):
    vectors = np.arange(10)[:, None] * np.ones(4, dtype=int)
    played = new_round(10, vectors, length=4, scale=1, clip=9).play(dropouts=dropouts)
    stayed = survivors_of(played, dropouts)
    assert played.coordinator.opened.survivors == tuple(stayed)
    assert played.total.tolist() == [sum(int(name[-1]) for name in stayed)] * 4


@pytest.mark.parametrize(
    ("sites", "dropped"), [(3, 1), (4, 2), (5, 2), (6, 2), (10, 4)], ids=lambda n: str(n)
)
@pytest.mark.parametrize("stage", ["advertise", "share", "mask", "agree"])
def test_below_the_threshold_the_round_stops(new_round, sites, dropped, stage):
    dropouts = {f"site-{number}": stage for number in range(dropped)}
    with pytest.raises(TooFewSurvivors):
        new_round(sites, clip=16.0).play(dropouts=dropouts)


def test_the_coordinator_may_wait_longer_when_too_few_have_answered(new_round):
    played = new_round(3)
    adverts = played.answer()
    played.coordinator.receive(adverts["site-0"])
    with pytest.raises(TooFewSurvivors, match="site-1, site-2"):
        played.coordinator.close()
    del played.answers["advertise"]["site-0"]
    played.collect()
    assert played.play().total.tolist() == [6.0] * 6


def test_a_late_message_is_refused_and_the_round_goes_on(new_round):
    played = new_round(5).play(until="share")
    answers = dict(played.answer())
    late = answers.pop("site-4")
    played.collect(answers)
    with pytest.raises(MessageOutOfTurn):
        played.coordinator.receive(late)
    assert played.play().total.tolist() == [1 + 2 + 3 + 4.0] * 6


def test_a_round_id_is_used_once_at_a_site(identities_of, settings_of):
    people = identities_of(3)
    used = set()
    first, second = (Site(settings_of(people), people[0], used) for _ in range(2))
    other = Site(settings_of(people, round_id="round-2"), people[0], used)
    first.begin()
    with pytest.raises(RoundReplayed):
        second.begin()
    with pytest.raises(RoundEnded):
        second.begin()
    other.begin()
    assert used == {"round-1", "round-2"}
    with pytest.raises(RoundReplayed):
        Site(settings_of(people, length=9), people[0], used).begin()


def test_a_round_begins_once(identities_of, settings_of):
    people = identities_of(3)
    site = Site(settings_of(people), people[0], set())
    site.begin()
    with pytest.raises(MessageOutOfTurn):
        site.begin()


def test_a_refused_vector_can_be_corrected_and_an_accepted_one_cannot(identities_of, settings_of):
    people = identities_of(3)
    site = Site(settings_of(people), people[0], set())
    with pytest.raises(ValueBeyondClip):
        site.contribute(np.full(6, 9.0))
    site.contribute(np.zeros(6))
    with pytest.raises(VectorRefused):
        site.contribute(np.zeros(6))


def test_a_site_without_a_vector_sends_none(new_round):
    played = new_round(3)
    played.sites["site-1"]._state.vector = None
    played.play(until="share")
    with pytest.raises(VectorRefused):
        played.sites["site-1"].receive(played.messages["site-1"])
    with pytest.raises(RoundEnded):
        played.sites["site-1"].contribute(np.zeros(6))


def test_a_site_keeps_its_vector_as_it_was(new_round):
    vectors = random_vectors(3, 6)
    before = vectors.copy()
    new_round(3, vectors).play()
    assert np.array_equal(vectors, before)


def test_a_site_keeps_no_key_and_no_seed_once_its_vector_is_covered(new_round):
    """What it holds from then on are shares, of which it opens one kind for each site."""
    played = new_round(4).play(until="share")
    site = played.sites["site-0"]
    secrets = [site._state.seed, site._state.box.private, site._state.mask.private]
    secrets += [*site._state.box_secrets.values(), *site._state.mask_secrets.values()]
    kept = open_state(site.save(), site.settings, played.identities["site-0"])[0]
    assert kept.seed == secrets[0]
    site.receive(played.messages["site-0"])
    kept = open_state(site.save(), site.settings, played.identities["site-0"])[0]
    for state in (site._state, kept):
        left = (state.vector, state.seed, state.box, state.mask, state.box_secrets)
        assert not any((*left, state.mask_secrets, state.adverts))


def test_a_site_holds_no_secret_after_the_round(new_round):
    played = new_round(3).play()
    for site in played.sites.values():
        assert site.stage == "ended"
        secrets = (
            site._state.held,
            site._state.seed,
            site._state.box,
            site._state.mask,
            site._state.mask_secrets,
        )
        assert not any((*secrets, site._state.box_secrets))
        assert site._state.vector is None
        with pytest.raises(RoundEnded):
            site.receive(b"")


def test_a_stranger_and_an_expired_site_cannot_take_part(identities_of, settings_of):
    people = identities_of(3)
    with pytest.raises(RosterRefused):
        Site(settings_of(people), Identity.new("site-0"), set())
    expiring = [*people[:2], Identity.new("site-9", expires=1000)]
    Site(settings_of(expiring), people[0], set(), now=999)
    for now in (1000, None):
        with pytest.raises(IdentityExpired):
            Site(settings_of(expiring), people[0], set(), now=now)


def test_two_rounds_at_once_do_not_disturb_each_other(new_round):
    first = new_round(3, round_id="first").play(until="share")
    second = new_round(3, round_id="second").play(until="mask")
    assert first.play().total.tolist() == second.play().total.tolist() == [6.0] * 6


def test_nothing_of_a_vector_is_printed(new_round):
    played = new_round(3, [np.full(6, 7.34375)] * 3).play()
    printed = f"{played.sites} {played.coordinator} {played.coordinator.opened}"
    assert "7.34" not in printed
    assert "22.0" not in printed
