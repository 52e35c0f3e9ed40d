"""A party that breaks the protocol gets no share, no part of a sum and no wrong sum."""

from __future__ import annotations

import dataclasses
import hashlib
import time

import numpy as np
import pytest

from synthema_lab.secure_aggregation import Identity, Site, keys
from synthema_lab.secure_aggregation.errors import (
    KeyRefused,
    MessageMalformed,
    MessageOutOfTurn,
    RoundAborted,
    RoundEnded,
    RoundMismatch,
    ShareRefused,
    SignatureRefused,
    SiteUnknown,
    SumOutOfRange,
    SurvivorsDisagree,
    TooFewSurvivors,
)
from synthema_lab.secure_aggregation.frames import COORDINATOR, Kind, read, write
from synthema_lab.secure_aggregation.messages import (
    Advert,
    Agreed,
    Boxes,
    Delivery,
    Frames,
    Masked,
    Survivors,
    Unmasking,
)


def from_coordinator(played, kind, body):
    return write(kind, played.settings, body.parts())


def signed_by(played, name, kind, body):
    """A message that the site `name` signs although it is not what the protocol asks for."""
    number = played.settings.roster.names.index(name)
    return write(kind, played.settings, body.parts(), number, played.identities[name])


def refuses(site, message, error):
    """The site refuses, opens nothing, and is through with the round."""
    with pytest.raises(error):
        site.receive(message)
    assert site.stage == "ended"
    with pytest.raises(RoundEnded):
        site.receive(message)


# Both kinds of share


def test_a_site_opens_exactly_one_kind_of_share_for_each_site(new_round):
    played = new_round(5).play(until="agree", dropouts={"site-3": "share"})
    for name, answer in played.answer().items():
        opened = Unmasking.read(read(answer, played.settings, Kind.UNMASKING).body)
        assert set(opened.seed_shares) == {0, 1, 2, 4}, name
        assert set(opened.key_shares) == {3}, name


def test_a_second_set_of_survivors_is_refused(new_round):
    played = new_round(5).play(until="mask")
    site = played.sites["site-0"]
    site.receive(from_coordinator(played, Kind.SURVIVORS, Survivors((0, 1, 2, 3, 4))))
    refuses(
        site,
        from_coordinator(played, Kind.SURVIVORS, Survivors((0, 1, 2, 3))),
        MessageOutOfTurn,
    )


def test_a_second_request_to_open_shares_is_refused(new_round):
    played = new_round(5).play(until="agree")
    site = played.sites["site-0"]
    assert site.receive(played.messages["site-0"])
    with pytest.raises(RoundEnded):
        site.receive(played.messages["site-0"])


def test_the_coordinator_refuses_both_kinds_of_share_for_one_site(new_round):
    played = new_round(5).play(until="agree", dropouts={"site-3": "share"})
    answer = played.answer()["site-0"]
    honest = Unmasking.read(read(answer, played.settings, Kind.UNMASKING).body)
    both = dataclasses.replace(honest, key_shares={**honest.key_shares, 1: bytes(33)})
    with pytest.raises(SiteUnknown):
        played.coordinator.receive(signed_by(played, "site-0", Kind.UNMASKING, both))


# Survivors


def test_sites_that_were_shown_different_survivors_open_nothing(new_round):
    played = new_round(7).play(until="mask")  # threshold 5
    shown = {name: Survivors(tuple(range(7))) for name in list(played.sites)[:4]}
    shown |= {name: Survivors((2, 3, 4, 5, 6)) for name in list(played.sites)[4:]}
    agreed = {
        name: played.sites[name].receive(from_coordinator(played, Kind.SURVIVORS, body))
        for name, body in shown.items()
    }
    everything = from_coordinator(played, Kind.QUORUM, Frames(tuple(agreed.values())))
    same = from_coordinator(played, Kind.QUORUM, Frames(tuple(agreed.values())[:4]))
    twice = Frames(tuple(agreed.values())[:4] + tuple(agreed.values())[:1])
    for quorum, error in (
        (everything, SurvivorsDisagree),
        (same, TooFewSurvivors),
        (from_coordinator(played, Kind.QUORUM, twice), SiteUnknown),
    ):
        refuses(played.twin("site-0"), quorum, error)
    with pytest.raises(SurvivorsDisagree):
        played.coordinator.receive(agreed["site-6"])


@pytest.mark.parametrize(
    ("survivors", "error"),
    [
        ((), TooFewSurvivors),
        ((0,), TooFewSurvivors),
        ((0, 1, 2, 3), TooFewSurvivors),
        ((1, 2, 3, 4, 5), SurvivorsDisagree),
        ((0, 1, 2, 3, 4, 6), SiteUnknown),
        ((0, 1, 2, 3, 700), SiteUnknown),
    ],
)
def test_survivors_that_are_too_few_unknown_or_leave_out_the_site_are_refused(
    new_round, survivors, error
):
    played = new_round(7).play(until="mask", dropouts={"site-6": "advertise"})  # threshold 5
    message = from_coordinator(played, Kind.SURVIVORS, Survivors(survivors))
    refuses(played.sites["site-0"], message, error)


def test_all_but_one_declared_dropped_is_refused(new_round):
    played = new_round(5).play(until="mask")
    for name, site in played.sites.items():
        alone = Survivors((played.settings.roster.names.index(name),))
        refuses(site, from_coordinator(played, Kind.SURVIVORS, alone), TooFewSurvivors)


def test_a_signature_of_a_site_that_did_not_survive_does_not_count(new_round):
    played = new_round(7).play(until="agree", dropouts={"site-5": "share", "site-6": "share"})
    agreed = list(played.answers["agree"].values())  # sites 0 to 4; threshold 5
    statement = Agreed.read(read(agreed[0], played.settings, Kind.AGREED).body)
    accomplice = signed_by(played, "site-6", Kind.AGREED, statement)
    quorum = Frames((*agreed[:4], accomplice))
    refuses(played.sites["site-0"], from_coordinator(played, Kind.QUORUM, quorum), SiteUnknown)


def test_sites_that_were_delivered_different_shares_are_noticed_before_the_sum(new_round):
    played = new_round(5).play(until="share")
    mine = delivery(played, "site-0")
    fewer = Delivery(
        mine.keys_digest,
        {site: () for site in (0, 1, 2, 4)},
        {site: box for site, box in mine.boxes.items() if site != 3},
    )
    masked = played.sites["site-0"].receive(from_coordinator(played, Kind.DELIVERY, fewer))
    with pytest.raises(RoundMismatch):
        played.coordinator.receive(masked)


@pytest.mark.parametrize("listed", [(0, 1, 1, 2, 3), (1, 0, 2, 3, 4)])
def test_survivors_that_repeat_or_are_out_of_order_are_refused(new_round, listed):
    played = new_round(5).play(until="mask")
    parts = [len(listed).to_bytes(2, "big"), *(number.to_bytes(2, "big") for number in listed)]
    refuses(played.sites["site-0"], write(Kind.SURVIVORS, played.settings, parts), MessageMalformed)


def test_a_vector_of_a_site_declared_dropped_stays_covered_and_uncounted(new_round):
    played = new_round(5).play(until="share")
    answers = dict(played.answer())
    late = answers.pop("site-2")
    played.collect(answers)
    assert "site-2" not in played.messages
    with pytest.raises(MessageOutOfTurn):
        played.coordinator.receive(late)
    assert played.play().total.tolist() == [1 + 2 + 4 + 5.0] * 6


# Keys


def test_a_key_replaced_by_the_coordinator_is_refused(new_round):
    played = new_round(4).play(until="advertise")
    stranger = Identity.new("site-2")
    own = keys.RoundKey()
    forged = write(
        Kind.ADVERT,
        played.settings,
        Advert(own.public, keys.RoundKey().public, bytes(32)).parts(),
        2,
        stranger,
    )
    adverts = list(played.answers["advertise"].values())
    adverts[2] = forged
    refuses(
        played.sites["site-0"],
        from_coordinator(played, Kind.KEYS, Frames(tuple(adverts))),
        SignatureRefused,
    )


def test_a_key_of_a_stranger_under_a_sites_name_is_refused(new_round):
    played = new_round(4)
    forged = write(Kind.ADVERT, played.settings, [bytes(96)], 2, Identity.new("site-2"))
    with pytest.raises(SignatureRefused):
        played.coordinator.receive(forged)


def test_a_site_notices_that_its_own_keys_were_replaced(new_round):
    played = new_round(4).play(until="advertise")
    twin = Site(played.settings, played.identities["site-0"], set())
    adverts = [twin.begin(), *list(played.answers["advertise"].values())[1:]]
    refuses(
        played.sites["site-0"],
        from_coordinator(played, Kind.KEYS, Frames(tuple(adverts))),
        KeyRefused,
    )


LOW_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    (2**255 - 19 - 1).to_bytes(32, "little"),
    (2**255 - 19).to_bytes(32, "little"),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
]


def shown_all_the_same(played, forge):
    """Keys that site-1 makes of site-0's; the coordinator refuses them, another shows them all."""
    answers = dict(played.answer())
    theirs = Advert.read(read(answers["site-0"], played.settings, Kind.ADVERT).body)
    answers["site-1"] = signed_by(played, "site-1", Kind.ADVERT, forge(theirs))
    for name in ("site-0", "site-2"):
        played.coordinator.receive(answers[name])
    with pytest.raises(KeyRefused, match="site-1"):
        played.coordinator.receive(answers["site-1"])
    return from_coordinator(played, Kind.KEYS, Frames(tuple(answers.values())))


@pytest.mark.parametrize("low", LOW_ORDER, ids=lambda key: key.hex()[:6])
@pytest.mark.parametrize("place", ["box_key", "mask_key"])
def test_a_key_of_low_order_is_refused_before_a_vector_is_sent(new_round, low, place):
    played = new_round(3)
    named = {"box_key": keys.RoundKey().public, "mask_key": keys.RoundKey().public}
    advert = Advert(**(named | {place: low}), seed_commitment=bytes(32))
    message = shown_all_the_same(played, lambda _: advert)
    refuses(played.sites["site-0"], message, KeyRefused)


def test_a_key_copied_from_another_site_is_refused(new_round):
    played = new_round(3)
    message = shown_all_the_same(
        played, lambda theirs: Advert(keys.RoundKey().public, theirs.mask_key, bytes(32))
    )
    refuses(played.sites["site-2"], message, KeyRefused)


@pytest.mark.parametrize("written", ["with the unused bit set", "above the prime"])
def test_a_key_copied_and_written_otherwise_is_refused(new_round, written):
    """X25519 ignores the last bit and reduces: other bytes may be the same key."""
    played = new_round(3)

    def copied(theirs):
        own = theirs.mask_key
        if written == "above the prime":
            return Advert(keys.RoundKey().public, (2**255 - 19 + 9).to_bytes(32, "little"), own)
        other = own[:-1] + bytes([own[-1] | 0x80])
        assert keys.RoundKey(bytes(32)).agree(own) == keys.RoundKey(bytes(32)).agree(other)
        return Advert(keys.RoundKey().public, other, bytes(32))

    message = shown_all_the_same(played, copied)
    refuses(played.sites["site-2"], message, KeyRefused)


def test_one_key_for_both_purposes_is_refused(new_round):
    played = new_round(3)
    one = keys.RoundKey().public
    message = shown_all_the_same(played, lambda _: Advert(one, one, one))
    refuses(played.sites["site-2"], message, KeyRefused)


def test_a_site_that_sent_refused_keys_is_left_out_and_nobody_else(new_round):
    played = new_round(4)
    advert = Advert(bytes(32), keys.RoundKey().public, bytes(32))
    answers = played.answer()
    answers["site-1"] = signed_by(played, "site-1", Kind.ADVERT, advert)
    with pytest.raises(KeyRefused, match="site-1"):
        played.coordinator.receive(answers.pop("site-1"))
    played.sites.pop("site-1")
    played.collect(answers)
    assert played.play().total.tolist() == [1 + 3 + 4.0] * 6


def test_more_signed_frames_than_sites_are_refused_before_a_signature_is_verified(new_round):
    played = new_round(3).play(until="advertise")
    one = played.answers["advertise"]["site-0"]
    flood = from_coordinator(played, Kind.KEYS, Frames((one[:-64] + bytes(64),) * 60_000))
    begun = time.process_time()
    refuses(played.sites["site-1"], flood, SiteUnknown)
    assert time.process_time() - begun < 2


@pytest.mark.parametrize(
    ("chosen", "error"),
    [((0, 1), TooFewSurvivors), ((1, 2, 3), SiteUnknown), ((0, 1, 1), SiteUnknown),
     ((1, 0, 2), SiteUnknown)],
)  # fmt: skip
def test_a_list_of_keys_that_is_short_repeats_or_leaves_out_the_site_is_refused(
    new_round, chosen, error
):
    played = new_round(4).play(until="advertise")
    adverts = list(played.answers["advertise"].values())
    listed = Frames(tuple(adverts[place] for place in chosen))
    refuses(played.sites["site-0"], from_coordinator(played, Kind.KEYS, listed), error)


def test_sites_given_different_lists_of_keys_do_not_understand_each_other(new_round):
    played = new_round(5).play(until="advertise")  # threshold 4
    adverts = tuple(played.answers["advertise"].values())
    shorter = from_coordinator(played, Kind.KEYS, Frames(adverts[:4]))
    odd = read(played.sites["site-0"].receive(shorter), played.settings, Kind.SHARES)
    with pytest.raises(RoundMismatch):
        played.coordinator.receive(signed_by(played, "site-0", Kind.SHARES, Boxes.read(odd.body)))
    answer = played.sites["site-1"].receive(played.messages["site-1"])
    played.coordinator.receive(answer)
    box = Boxes.read(odd.body).boxes[1]
    digest = Boxes.read(read(answer, played.settings, Kind.SHARES).body).keys_digest
    played.coordinator.receive(played.sites["site-2"].receive(played.messages["site-2"]))
    graph = dict.fromkeys(range(4), ())
    boxes = {0: box} | dict.fromkeys((2, 3), bytes(94))
    delivered = from_coordinator(played, Kind.DELIVERY, Delivery(digest, graph, boxes))
    refuses(played.sites["site-1"], delivered, ShareRefused)


# Shares


def delivery(played, name):
    body = read(played.messages[name], played.settings, Kind.DELIVERY).body
    return Delivery.read(body)


def test_a_share_sealed_for_another_site_or_by_another_site_is_refused(new_round):
    played = new_round(4).play(until="share")
    mine, other = delivery(played, "site-0"), delivery(played, "site-1")
    exchanged = mine.boxes | {1: mine.boxes[2], 2: mine.boxes[1]}
    for boxes in (mine.boxes | {2: other.boxes[2]}, exchanged):
        message = from_coordinator(played, Kind.DELIVERY, dataclasses.replace(mine, boxes=boxes))
        refuses(played.twin("site-0"), message, ShareRefused)


def test_a_share_reflected_to_its_sender_is_refused(new_round):
    played = new_round(4).play(until="share")
    mine = delivery(played, "site-0")
    sent = Boxes.read(read(played.answers["share"]["site-0"], played.settings, Kind.SHARES).body)
    reflected = dataclasses.replace(mine, boxes=mine.boxes | {1: sent.boxes[1]})
    message = from_coordinator(played, Kind.DELIVERY, reflected)
    refuses(played.twin("site-0"), message, ShareRefused)
    to_itself = dataclasses.replace(mine, boxes=mine.boxes | {0: sent.boxes[1]})
    message = from_coordinator(played, Kind.DELIVERY, to_itself)
    refuses(played.twin("site-0"), message, SiteUnknown)


def test_a_share_of_an_earlier_round_is_refused(new_round, settings_of):
    earlier = new_round(4).play(until="share")
    people = list(earlier.identities.values())
    later = type(earlier)(settings_of(people, round_id="round-2"), people)
    later.contribute([np.zeros(6)] * 4).play(until="share")
    old, mine = delivery(earlier, "site-0"), delivery(later, "site-0")
    refuses(later.twin("site-0"), earlier.messages["site-0"], RoundMismatch)
    mixed = dataclasses.replace(mine, boxes=mine.boxes | {2: old.boxes[2]})
    refuses(later.twin("site-0"), from_coordinator(later, Kind.DELIVERY, mixed), ShareRefused)
    for messages in earlier.answers.values():
        for message in messages.values():
            with pytest.raises(RoundMismatch):
                later.coordinator.receive(message)


def test_too_few_delivered_shares_are_refused(new_round):
    played = new_round(4).play(until="share")
    mine = delivery(played, "site-0")
    few = Delivery(mine.keys_digest, {0: (), 1: ()}, {1: mine.boxes[1]})
    refuses(played.sites["site-0"], from_coordinator(played, Kind.DELIVERY, few), TooFewSurvivors)


def test_a_truncated_box_is_refused(new_round):
    played = new_round(4).play(until="share")
    mine = delivery(played, "site-0")
    short = dataclasses.replace(mine, boxes=mine.boxes | {1: mine.boxes[1][:-1]})
    refuses(
        played.sites["site-0"], from_coordinator(played, Kind.DELIVERY, short), MessageMalformed
    )


@pytest.mark.parametrize("kind", ["seed_shares", "key_shares"])
def test_a_wrong_share_stops_the_round_instead_of_spoiling_the_sum(new_round, kind):
    played = new_round(5).play(until="agree", dropouts={"site-3": "share"})
    answers = played.answer()
    honest = Unmasking.read(read(answers["site-0"], played.settings, Kind.UNMASKING).body)
    shares = dict(getattr(honest, kind))
    owner = min(shares)
    shares[owner] = shares[owner][:-1] + bytes([shares[owner][-1] ^ 1])
    lie = dataclasses.replace(honest, **{kind: shares})
    answers["site-0"] = signed_by(played, "site-0", Kind.UNMASKING, lie)
    name = played.settings.roster.names[owner]
    with pytest.raises(ShareRefused, match=f"shares of {name} do not|rebuild no secret"):
        played.collect(answers)
    assert played.coordinator.opened is None
    with pytest.raises(RoundEnded):
        played.coordinator.close()


def test_a_share_that_is_no_field_element_is_refused(new_round):
    played = new_round(3).play(until="agree")
    honest = played.answer()["site-0"]
    opened = Unmasking.read(read(honest, played.settings, Kind.UNMASKING).body)
    lie = dataclasses.replace(opened, seed_shares=opened.seed_shares | {0: b"\xff" * 33})
    with pytest.raises(ShareRefused):
        played.coordinator.receive(signed_by(played, "site-0", Kind.UNMASKING, lie))
    played.collect()
    assert played.total.tolist() == [6.0] * 6


@pytest.mark.parametrize("change", ["fewer", "more", "unknown"])
def test_shares_about_other_sites_than_asked_for_are_refused(new_round, change):
    played = new_round(4).play(until="agree")
    opened = Unmasking.read(read(played.answer()["site-0"], played.settings, Kind.UNMASKING).body)
    seeds = dict(opened.seed_shares)
    if change == "fewer":
        del seeds[2]
    else:
        seeds[4 if change == "more" else 900] = bytes(33)
    lie = dataclasses.replace(opened, seed_shares=seeds)
    with pytest.raises(SiteUnknown):
        played.coordinator.receive(signed_by(played, "site-0", Kind.UNMASKING, lie))


def test_shares_sealed_for_too_few_sites_are_refused(new_round):
    played = new_round(4).play(until="advertise")
    answer = played.answer()["site-0"]
    sealed = Boxes.read(read(answer, played.settings, Kind.SHARES).body)
    for boxes in ({1: sealed.boxes[1]}, sealed.boxes | {0: sealed.boxes[1]}):
        lie = Boxes(sealed.keys_digest, boxes)
        with pytest.raises(SiteUnknown):
            played.coordinator.receive(signed_by(played, "site-0", Kind.SHARES, lie))


# Vectors


def test_a_vector_under_the_wrong_masks_leaves_no_believable_sum(new_round):
    """False-alarm rate of passing by chance: one in 2**(5 * 200) coordinates' range."""
    played = new_round(4, length=200).play(until="share")
    answers = played.answer()
    honest = Masked.read(
        read(answers["site-0"], played.settings, Kind.MASKED).body, played.settings
    )
    lie = Masked(honest.sharers_digest, np.random.default_rng(0).bytes(800))
    answers["site-0"] = signed_by(played, "site-0", Kind.MASKED, lie)
    played.collect(answers)
    with pytest.raises(SumOutOfRange):
        played.play()


@pytest.mark.parametrize("change", [-4, 4, 400])
def test_a_masked_vector_of_another_length_is_refused(new_round, change):
    played = new_round(4).play(until="share")
    answers = played.answer()
    honest = Masked.read(
        read(answers["site-0"], played.settings, Kind.MASKED).body, played.settings
    )
    lie = Masked(honest.sharers_digest, bytes(24 + change))
    with pytest.raises(MessageMalformed):
        played.coordinator.receive(signed_by(played, "site-0", Kind.MASKED, lie))
    played.collect()
    assert played.play().total.tolist() == [10.0] * 6


def test_a_second_vector_in_one_round_is_refused(new_round):
    played = new_round(4).play(until="share")
    answer = played.answer()["site-0"]
    played.coordinator.receive(answer)
    with pytest.raises(MessageOutOfTurn):
        played.coordinator.receive(answer)
    del played.answers["mask"]["site-0"]
    played.collect()
    assert played.play().total.tolist() == [10.0] * 6


def test_a_site_that_left_cannot_come_back(new_round):
    played = new_round(5).play(until="share", dropouts={"site-2": "advertise"})
    masked = Masked(bytes(32), bytes(24))
    with pytest.raises(SiteUnknown):
        played.coordinator.receive(signed_by(played, "site-2", Kind.MASKED, masked))


# Settings


CHANGES = [
    {"length": 7},
    {"clip": 9.0},
    {"scale": 2**30},
    {"scale": 2},
    {"threshold": 5},
    {"noise_bound": 1},
    {"round_id": "round-2"},
    {"model_digest": hashlib.sha256(b"another model").digest()},
    {"study_digest": hashlib.sha256(b"another study").digest()},
]


@pytest.mark.parametrize("changed", CHANGES, ids=lambda changed: next(iter(changed)))
def test_a_site_with_other_settings_has_no_part_in_the_round(
    identities_of, settings_of, new_round, changed
):
    people = identities_of(5)
    here, there = settings_of(people), settings_of(people, **changed)
    odd = Site(there, people[0], set())
    played = type(new_round(5))(here, people)
    with pytest.raises(RoundMismatch):
        played.coordinator.receive(odd.begin())
    played.contribute([np.ones(6)] * 5).play(until="advertise")
    refuses(odd, played.messages["site-0"], RoundMismatch)


def test_a_site_with_another_roster_has_no_part_in_the_round(identities_of, settings_of):
    people = identities_of(5)
    site = Site(settings_of(people[:4]), people[0], set())
    site.begin()
    refuses(site, write(Kind.KEYS, settings_of(people), [bytes(2)]), RoundMismatch)


# Messages


def test_a_sender_outside_the_roster_is_refused(new_round):
    played = new_round(3)
    stranger = Identity.new("stranger")
    for number in (3, 500, COORDINATOR):
        message = write(Kind.ADVERT, played.settings, [bytes(96)], number, stranger)
        with pytest.raises(SiteUnknown):
            played.coordinator.receive(message)


def test_a_message_signed_by_another_site_is_refused(new_round):
    played = new_round(3)
    message = write(Kind.ADVERT, played.settings, [bytes(96)], 0, played.identities["site-1"])
    with pytest.raises(SignatureRefused):
        played.coordinator.receive(message)


def test_a_message_without_its_signature_is_refused(new_round):
    played = new_round(3)
    with pytest.raises(MessageMalformed):
        played.coordinator.receive(played.answer()["site-0"][:-64])


def test_a_site_message_sent_back_as_one_of_the_coordinator_is_refused(new_round):
    played = new_round(3)
    adverts = played.answer()
    refuses(played.sites["site-0"], adverts["site-1"], MessageOutOfTurn)
    forged = write(Kind.KEYS, played.settings, [bytes(2)], sender=1)
    refuses(played.sites["site-1"], forged, MessageMalformed)


def test_a_message_before_the_round_began_is_refused(identities_of, settings_of):
    people = identities_of(3)
    site = Site(settings_of(people), people[0], set())
    refuses(site, write(Kind.KEYS, settings_of(people), [bytes(2)]), MessageOutOfTurn)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"SLSA",
        bytes(43),
        bytes(44),
        bytes(10_000),
        "text",
        None,
        memoryview(b"ab" * 40)[::2],
        memoryview(bytes(44 * 50)).cast("B", (44, 50)),
        memoryview(bytes(400)).cast("I"),
    ],
    ids=lambda message: f"{type(message).__name__}",
)
def test_what_is_no_message_is_refused(new_round, message):
    played = new_round(3)
    with pytest.raises(MessageMalformed):
        played.coordinator.receive(message)
    played.answer()
    snapshot = played.sites["site-0"].save()
    refuses(played.sites["site-0"], message, MessageMalformed)
    restored = Site.restore(snapshot, played.settings, played.identities["site-0"], set())
    refuses(restored, message, MessageMalformed)


@pytest.mark.parametrize("body", [bytes(0), bytes(31), bytes(95), bytes(97)], ids=len)
def test_a_signed_message_that_is_too_short_or_too_long_is_refused(new_round, body):
    played = new_round(3)
    message = write(Kind.ADVERT, played.settings, [body], 0, played.identities["site-0"])
    with pytest.raises(MessageMalformed):
        played.coordinator.receive(message)


def test_a_count_larger_than_the_message_is_refused_without_reading_on(new_round):
    played = new_round(3).play(until="advertise")
    many = write(Kind.KEYS, played.settings, [b"\xff\xff"])
    refuses(played.sites["site-0"], many, MessageMalformed)


def test_messages_of_another_stage_are_refused(new_round):
    played = new_round(3).play(until="agree")
    played.answer()
    for stage in ("advertise", "share", "mask", "agree"):
        with pytest.raises(MessageOutOfTurn):
            played.coordinator.receive(played.answers[stage]["site-0"])


# Any single flipped bit


def flips(message):
    """All messages that differ from `message` in one bit."""
    for place in range(len(message)):
        for bit in range(8):
            altered = bytearray(message)
            altered[place] ^= 1 << bit
            yield bytes(altered)


@pytest.mark.parametrize("stage", ["advertise", "share", "mask", "agree", "unmask"])
def test_a_flipped_bit_in_a_sites_message_is_refused_and_leaves_the_sum_right(new_round, stage):
    played = new_round(4, length=2)
    order = ["advertise", "share", "mask", "agree", "unmask"]
    if stage != "advertise":
        before = order[order.index(stage) - 1]
        played.play(until=before, dropouts={"site-2": "share"} if stage != "share" else {})
    for altered in flips(played.answer()["site-3"]):
        with pytest.raises(RoundAborted):
            played.coordinator.receive(altered)
    played.collect()
    total = played.play().total.tolist()
    assert total in ([10.0] * 2, [7.0] * 2)


@pytest.mark.parametrize("stage", ["advertise", "share", "mask", "agree"])
def test_a_flipped_bit_in_a_coordinators_message_never_gives_a_wrong_sum(new_round, stage):
    """A site refuses; or, where it cannot know, the others do not go along with its answer."""
    played = new_round(4, length=2)
    played.play(until=stage, dropouts={"site-2": "share"})
    went_along = 0
    for altered in flips(played.messages["site-3"]):
        site = played.twin("site-3")
        try:
            answer = site.receive(altered)
        except RoundAborted:
            assert site.stage == "ended"
            continue
        went_along += 1
        with pytest.raises(RoundAborted):
            played.coordinator.receive(answer)
    # Survivors are not signed: 0, 1, 3 may turn into 0, 2, 3 and the like.
    assert went_along <= (4 if stage == "mask" else 0)
    total = played.play(dropouts={"site-2": "share"}).total.tolist()
    assert total == [7.0] * 2
