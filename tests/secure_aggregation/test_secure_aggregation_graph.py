"""Above 100 sites each shares with neighbours of its own, and the sum is as safe as before.

The false-alarm rate of a statistical test, over the choice of the fixed stream
of randomness, is stated at the test.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math

import numpy as np
import pytest
from scipy import stats

from synthema_lab.secure_aggregation import Coordinator, Site, default_threshold, graph
from synthema_lab.secure_aggregation.errors import (
    RoundMismatch,
    SettingsRefused,
    SignatureRefused,
    SiteUnknown,
    SurvivorsDisagree,
    TooFewSurvivors,
)
from synthema_lab.secure_aggregation.frames import Kind, read, write
from synthema_lab.secure_aggregation.messages import (
    Agreed,
    Boxes,
    Delivery,
    Masked,
    Survivors,
    Unmasking,
)

from .conftest import Played, _identities, _settings

CROWD = 104
GONE = {"site-3": "share", "site-50": "share", "site-71": "mask", "site-99": "advertise"}


def _crowd():
    people = _identities(CROWD)
    vectors = [np.full(6, float(person.name[5:])) for person in people]
    return Played(_settings(people, clip=2.0**10, scale=2), people).contribute(vectors)


@pytest.fixture
def new_crowd():
    """A round of 104 sites; site-k has contributed k."""
    return _crowd


@pytest.fixture(scope="module")
def played():
    """Such a round, stopped before the shares are delivered; site-99 never came."""
    game = _crowd()
    game.answer(leave_out=["site-99"])
    game.collect()
    return game.play(until="share")


def number(played, name):
    return played.settings.roster.names.index(name)


def delivery(played, name):
    return Delivery.read(read(played.messages[name], played.settings, Kind.DELIVERY).body)


def asked(played, name, changed):
    return played.twin(name).receive(write(Kind.DELIVERY, played.settings, changed.parts()))


def test_up_to_100_sites_share_all_with_all_and_more_with_40_of_them(identities_of, settings_of):
    assert [graph.default_neighbours(sites) for sites in (3, 100)] == [2, 99]
    assert [graph.default_neighbours(sites) for sites in (101, 500, 1000)] == [40, 40, 41]
    assert settings_of(identities_of(5)).complete
    assert settings_of(identities_of(5)).shares_needed == 4
    crowd = settings_of(identities_of(101))
    assert (crowd.complete, crowd.neighbours, crowd.shares_needed) == (False, 40, 28)


def test_more_neighbours_are_refused_where_they_are_less_safe(identities_of, settings_of):
    """With one more of them a secret needs no more shares: 42 of 1000 miss the bound, 43 do not."""
    people = identities_of(1000)
    assert settings_of(people, clip=2.0, neighbours=43).neighbours == 43
    with pytest.raises(SettingsRefused, match="exposure"):
        settings_of(people, clip=2.0, neighbours=42)


@pytest.mark.parametrize("neighbours", [0, 2, 39, 101, 2.5, True])
def test_neighbours_that_are_too_few_or_too_many_are_refused(
    identities_of, settings_of, neighbours
):
    with pytest.raises(SettingsRefused):
        settings_of(identities_of(101), neighbours=neighbours)


def test_fewer_neighbours_than_all_are_refused_among_few_sites(identities_of, settings_of):
    with pytest.raises(SettingsRefused):
        settings_of(identities_of(10), neighbours=8)


def test_the_sum_over_a_graph_is_right_with_sites_lost_at_every_stage(new_crowd):
    played = new_crowd().play(dropouts=GONE)
    names = played.settings.roster.names
    kept = [name for name in names if GONE.get(name) in (None, "mask")]
    assert played.coordinator.opened.survivors == tuple(kept)
    assert played.total.tolist() == [sum(float(name[5:]) for name in kept)] * 6
    told = len(read(played.answers["share"]["site-0"], played.settings, Kind.SHARES).body)
    assert told == 32 + 2 + 40 * (2 + 94)


def test_both_sides_of_a_graph_round_outlive_a_crash(played):
    coordinator = Coordinator.restore(played.coordinator.save(), played.settings)
    assert coordinator.sent == played.messages
    assert coordinator._state.graph == played.coordinator._state.graph
    person = played.identities["site-5"]
    lines = set(played.sites["site-5"]._journal._lines)
    again = Site.restore(played.sites["site-5"].save(), played.settings, person, lines)
    assert again._state.adverts == played.sites["site-5"]._state.adverts
    coordinator.receive(again.receive(played.messages["site-5"]))


def test_a_graph_other_than_the_sites_drew_is_refused(played):
    me = number(played, "site-0")
    mine = delivery(played, "site-0")
    assert asked(played, "site-0", mine)
    gone = number(played, "site-99")
    stranger = next(at for at in mine.graph if at not in (me, *mine.graph[me]))
    swapped = tuple(sorted({stranger, *mine.graph[me][1:]}))
    drew, other = next(iter(mine.boxes)), number(played, "site-1")
    without = {at: box for at, box in mine.boxes.items() if at != drew}
    undrawn = next(at for at in mine.graph if at not in mine.boxes and at != me)
    another = mine.graph[other]
    for changed, error in (
        (mine.graph | {me: swapped}, RoundMismatch),
        (mine.graph | {other: another[1:]}, SiteUnknown),
        (mine.graph | {other: ()}, SiteUnknown),
        (mine.graph | {other: tuple(sorted({other, *another[1:]}))}, SiteUnknown),
        (mine.graph | {other: tuple(sorted({gone, *another[1:]}))}, SiteUnknown),
        (mine.graph | {gone: another}, SiteUnknown),
        ({at: drawn for at, drawn in mine.graph.items() if at != me}, SiteUnknown),
        (dict(itertools.islice(mine.graph.items(), 60)), TooFewSurvivors),
    ):
        with pytest.raises(error):
            asked(played, "site-0", dataclasses.replace(mine, graph=changed))
    for boxes in (without, mine.boxes | {undrawn: bytes(94)}):
        with pytest.raises(SiteUnknown):
            asked(played, "site-0", dataclasses.replace(mine, boxes=boxes))


def covered_by_all(played):
    """What every site answers to its delivery, and the sites in that stage."""
    sites = {name: played.twin(name) for name in played.messages}
    answers = {name: site.receive(played.messages[name]) for name, site in sites.items()}
    return sites, {
        number(played, name): Masked.read(
            read(answer, played.settings, Kind.MASKED).body, played.settings
        ).covered
        for name, answer in answers.items()
    }


def named(played, covered, survivors, **altered):
    body = Survivors(tuple(survivors), tuple((covered | altered)[at] for at in survivors))
    return write(Kind.SURVIVORS, played.settings, body.parts())


def test_survivors_of_whom_one_lacks_its_holders_are_not_signed(played):
    """It would be cut off, all else be opened, and it be had by subtraction from a later sum."""
    sites, covered = covered_by_all(played)
    me, holding = number(played, "site-0"), delivery(played, "site-0").graph
    gone = holding[me][:14]
    cut_off = [at for at in sorted(covered) if at not in gone]
    assert len(cut_off) >= played.settings.threshold
    assert len({me, *holding[me]} & set(cut_off)) == played.settings.shares_needed - 1
    asked_first = next(s for s in sites.values() if s.number in cut_off and s.number != me)
    with pytest.raises(TooFewSurvivors, match="too few neighbours are among the survivors"):
        asked_first.receive(named(played, covered, cut_off))
    kept = [at for at in sorted(covered) if at not in gone[1:]]
    for site in sites.values():
        if site.number in kept and site.stage == "survivors":
            assert site.receive(named(played, covered, kept))


def test_nobody_signs_for_a_neighbour_that_has_not_signed_the_same_graph(played):
    sites, covered = covered_by_all(played)
    everybody = sorted(covered)
    me = number(played, "site-0")
    holding = next(name for name in sites if me in sites[name]._state.held and name != "site-0")
    apart = next(name for name in sites if me not in sites[name]._state.held)
    other = Agreed(bytes(32))
    forged = write(Kind.COVERED, played.settings, other.parts(), me, played.identities["site-0"])
    borrowed = covered[number(played, holding)]
    unsigned = covered[me][:-64] + bytes(64)
    for frame, error in (
        (forged, SurvivorsDisagree), (borrowed, SurvivorsDisagree), (unsigned, SignatureRefused),
    ):  # fmt: skip
        twin = copy.copy(sites[holding])
        twin._state, twin._journal = copy.copy(twin._state), copy.copy(twin._journal)
        twin._journal._lines = set(twin._journal._lines)
        with pytest.raises(error):
            twin.receive(named(played, {**covered, me: frame}, everybody))
    assert sites[holding].receive(named(played, covered, everybody))
    assert sites[apart].receive(named(played, {**covered, me: forged}, everybody))


def test_the_coordinator_refuses_a_vector_covered_under_another_graph(played):
    coordinator = Coordinator.restore(played.coordinator.save(), played.settings)
    answer = played.twin("site-0").receive(played.messages["site-0"])
    honest = Masked.read(read(answer, played.settings, Kind.MASKED).body, played.settings)
    me, person = number(played, "site-0"), played.identities["site-0"]
    other = write(Kind.COVERED, played.settings, [bytes(32)], me, person)
    foreign = write(
        Kind.COVERED, played.settings, [honest.sharers_digest], me + 1,
        played.identities[played.settings.roster.names[me + 1]],
    )  # fmt: skip
    for covered, error in ((other, RoundMismatch), (foreign, SiteUnknown)):
        lie = dataclasses.replace(honest, covered=covered)
        with pytest.raises(error):
            coordinator.receive(write(Kind.MASKED, played.settings, lie.parts(), me, person))
    assert coordinator.receive(answer) == "site-0"


def test_the_coordinator_refuses_shares_for_others_and_opened_shares_that_miss_one(new_crowd):
    played = new_crowd().play(until="advertise")
    person, me = played.identities["site-7"], number(played, "site-7")

    def says(kind, body):
        return write(kind, played.settings, body.parts(), me, person)

    answer = played.sites["site-7"].receive(played.messages["site-7"])
    sealed = Boxes.read(read(answer, played.settings, Kind.SHARES).body)
    box, kept = bytes(94), dict(itertools.islice(sealed.boxes.items(), 39))
    for receiver in (me, 700):
        with pytest.raises(SiteUnknown):
            played.coordinator.receive(
                says(Kind.SHARES, Boxes(sealed.keys_digest, {**kept, receiver: box}))
            )
    for name, site in played.sites.items():
        played.answers["share"][name] = (
            answer if name == "site-7" else site.receive(played.messages[name])
        )
    played.collect()
    played.play(until="agree")
    honest = Unmasking.read(
        read(
            played.sites["site-7"].receive(played.messages["site-7"]), played.settings,
            Kind.UNMASKING,
        ).body
    )  # fmt: skip
    missing = dict(itertools.islice(honest.seed_shares.items(), 5))
    with pytest.raises(SiteUnknown):
        played.coordinator.receive(
            says(Kind.UNMASKING, dataclasses.replace(honest, seed_shares=missing))
        )


def test_the_coordinator_refuses_shares_for_fewer_neighbours(new_crowd):
    played = new_crowd().play(until="advertise")
    answer = played.sites["site-7"].receive(played.messages["site-7"])
    sealed = Boxes.read(read(answer, played.settings, Kind.SHARES).body)
    fewer = Boxes(sealed.keys_digest, dict(itertools.islice(sealed.boxes.items(), 39)))
    lie = write(
        Kind.SHARES,
        played.settings,
        fewer.parts(),
        number(played, "site-7"),
        played.identities["site-7"],
    )
    with pytest.raises(SiteUnknown):
        played.coordinator.receive(lie)
    assert played.coordinator.receive(answer) == "site-7"


def test_a_round_waits_while_a_site_has_too_few_neighbours_left(new_crowd):
    """Site 0 keeps 27 holders of its 41; the threshold of the round is reached."""
    played = new_crowd().play(until="agree")
    me = number(played, "site-0")
    names = played.settings.roster.names
    holding = graph.holders(me, played.coordinator._state.graph[me])
    late = [names[at] for at in holding[27:]]
    answers = dict(played.answer())
    kept = {name: answers.pop(name) for name in late}
    for message in answers.values():
        played.coordinator.receive(message)
    with pytest.raises(TooFewSurvivors, match="too few neighbours answered"):
        played.coordinator.close()
    assert played.coordinator.stage == "unmask"
    for message in kept.values():
        played.coordinator.receive(message)
    played.coordinator.close()
    assert played.total.tolist() == [float(sum(range(CROWD)))] * 6


# Drawing


@pytest.mark.usefixtures("fixed_randomness")
def test_neighbours_are_drawn_uniformly():
    """Each pair of 3 out of 6 equally often; false alarms at 1e-6."""
    drawn = [graph.draw(3, range(6)) for _ in range(4000)]
    counts = [drawn.count(three) for three in itertools.combinations(range(6), 3)]
    assert sum(counts) == 4000
    assert stats.chisquare(counts).pvalue > 1e-6


# Chance


def test_the_bound_is_the_exact_chance_of_enough_colluding_neighbours():
    """For one honest site among four, no part can be split off: only colluders count."""
    sites, neighbours, colluding = 60, 9, 59
    needed = graph.shares_needed(neighbours)
    assert needed == 7
    assert graph.exposure(sites, neighbours, colluding) == 0.0  # all the others collude
    colluding, tried = 20, np.random.default_rng(3)
    exact = stats.hypergeom(sites - 1, colluding, neighbours).sf(needed - 1)
    alone = sum(
        math.comb(40, part)
        * stats.hypergeom(sites - 1, part - 1 + colluding, neighbours).sf(needed - 2) ** part
        for part in range(1, 21)
    )
    assert graph.exposure(sites, neighbours, colluding) == pytest.approx(
        min(0.0, math.log2(40 * exact + alone))
    )
    drawn = [np.sum(tried.permutation(sites - 1)[:neighbours] < colluding) for _ in range(20_000)]
    # within five standard errors of the exact chance: false alarms below 1e-6
    error = 5 * math.sqrt(exact * (1 - exact) / 20_000)
    assert abs(np.mean(np.array(drawn) >= needed) - exact) < error


@pytest.mark.parametrize("sites", [101, 150, 300, 1000])
def test_a_default_graph_exposes_a_site_with_a_chance_below_two_to_minus_forty(sites):
    """Whichever honest sites the coordinator leaves out of the list of keys."""
    chosen, colluding = graph.default_neighbours(sites), sites // graph.TOLERATED
    for listed in range(default_threshold(sites), sites + 1, max(1, sites // 40)):
        assert graph.exposure(listed, chosen, colluding) <= -graph.FAILURE_BITS
    assert graph.exposure(sites, chosen, sites // 3) > graph.exposure(sites, chosen, 0)


def test_more_neighbours_and_fewer_colluders_are_safer():
    by_neighbours = [graph.exposure(500, neighbours, 50) for neighbours in (20, 40, 60)]
    by_colluders = [graph.exposure(500, 40, colluding) for colluding in (10, 50, 100)]
    assert by_neighbours == sorted(by_neighbours, reverse=True)
    assert by_colluders == sorted(by_colluders)
