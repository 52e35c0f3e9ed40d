"""Whatever the coordinator holds below the whole sum is uniform.

Randomness is swapped for a fixed stream, so each test has one outcome. The
false-alarm rate, over the choice of the stream, is below 1e-4 for each test:
1e-6 for each chi-square, at most a hundred of them.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from synthema_lab.secure_aggregation import keys, masks, shamir
from synthema_lab.secure_aggregation.frames import Kind, read
from synthema_lab.secure_aggregation.messages import Advert, Masked, Unmasking

pytestmark = pytest.mark.usefixtures("fixed_randomness")

RATE = 1e-6
LENGTH = 40_000


def is_uniform(words):
    """Chi-square on the bytes of `words`."""
    counts = np.bincount(np.ascontiguousarray(words).view(np.uint8), minlength=256)
    return stats.chisquare(counts).pvalue > RATE


def is_alike(words, others):
    """Chi-square that two byte streams have one distribution."""
    counts = [
        np.bincount(np.frombuffer(stream, dtype=np.uint8), minlength=256)
        for stream in (words, others)
    ]
    return stats.chi2_contingency(counts).pvalue > RATE


class CuriousCoordinator:
    """Rebuilds every secret that the transcript allows."""

    def __init__(self, played):
        settings = played.settings
        self.settings = settings
        self.adverts, uploads, opened = {}, {}, {}
        for message in played.answers["advertise"].values():
            frame = read(message, settings, Kind.ADVERT)
            self.adverts[frame.sender] = Advert.read(frame.body)
        self.shared = played.coordinator._state.shared
        for message in played.answers["mask"].values():
            frame = read(message, settings, Kind.MASKED)
            vector = Masked.read(frame.body, settings).vector
            uploads[frame.sender] = np.frombuffer(vector, dtype=settings.dtype)
        for message in played.answers["unmask"].values():
            frame = read(message, settings, Kind.UNMASKING)
            opened[frame.sender] = Unmasking.read(frame.body)
        self.uploads = uploads
        first = next(iter(opened.values()))
        self.seeds = {
            site: shamir.rebuild({h: o.seed_shares[site] for h, o in opened.items()})
            for site in first.seed_shares
        }
        self.mask_keys = {
            site: keys.RoundKey(shamir.rebuild({h: o.key_shares[site] for h, o in opened.items()}))
            for site in first.key_shares
        }

    def without_own_mask(self, site):
        """The upload of a site after the mask of its opened seed is taken off."""
        vector = self.uploads[site].copy()
        key = keys.self_mask_key(self.settings, self.shared, self.seeds[site], site)
        masks.subtract_mask(vector, key)
        return self.without_dropped(vector, site)

    def without_dropped(self, vector, site):
        """After the pair masks with dropped sites are taken off as well."""
        for gone, key in self.mask_keys.items():
            if gone != site:
                self.take_off(vector, key, gone, site, self.adverts[site])
        return vector

    def without_pair_masks(self, site):
        """A dropped site's upload that came late, after its own pair masks are taken off."""
        vector = self.uploads[site].copy()
        for peer, advert in self.adverts.items():
            if peer != site:
                self.take_off(vector, self.mask_keys[site], peer, site, advert)
        return vector

    def take_off(self, vector, key, other, site, advert):
        secret = key.agree(advert.mask_key)
        pair = keys.pair_mask_key(self.settings, self.shared, secret, other, site)
        (masks.subtract_mask if site < other else masks.add_mask)(vector, pair)


EXTREMES = {"all zero": 0.0, "all maximum": 8.0, "all minimum": -8.0}


@pytest.mark.parametrize("scale", [2**20, 2**30], ids=["uint32", "uint64"])
@pytest.mark.parametrize("value", EXTREMES.values(), ids=EXTREMES.keys())
def test_uploads_are_uniform_for_extreme_inputs(new_round, value, scale):
    vectors = [np.full(LENGTH, value)] * 4
    played = new_round(4, vectors, length=LENGTH, scale=scale).play()
    uploads = CuriousCoordinator(played).uploads
    for upload in uploads.values():
        assert is_uniform(upload)
    for first, second in itertools.combinations(uploads.values(), 2):
        assert is_uniform(first - second)
        if played.settings.modulus_bits == 32:
            assert is_uniform(first + second)
    assert set(played.total) == {4 * value}


@pytest.mark.parametrize("dropouts", [{}, {"site-3": "share"}], ids=["no dropout", "one dropout"])
def test_no_part_of_the_sum_shows_even_after_shares_were_opened(new_round, dropouts):
    vectors = [np.full(LENGTH, float(site)) for site in range(1, 6)]
    played = new_round(5, vectors, length=LENGTH).play(dropouts=dropouts)
    coordinator = CuriousCoordinator(played)
    opened = {site: coordinator.without_own_mask(site) for site in coordinator.seeds}
    for size in range(1, len(opened)):
        for part in itertools.combinations(opened.values(), size):
            assert is_uniform(sum(part[1:], start=part[0].copy()))
    whole = sum(opened.values(), start=np.zeros(LENGTH, dtype=played.settings.dtype))
    survivors = [site + 1 for site in opened]
    assert set(whole.view("<i4") / played.settings.scale) == {float(sum(survivors))}


def test_a_late_vector_stays_covered_although_its_pair_masks_are_known(new_round):
    vectors = [np.full(LENGTH, float(site)) for site in range(1, 6)]
    played = new_round(5, vectors, length=LENGTH).play(until="share")
    answers = dict(played.answer())
    late = answers.pop("site-3")
    played.collect(answers)
    played.play()
    played.answers["mask"]["site-3"] = late
    coordinator = CuriousCoordinator(played)
    assert set(coordinator.mask_keys) == {3}
    assert set(coordinator.seeds) == {0, 1, 2, 4}
    left = coordinator.without_pair_masks(3)
    assert is_uniform(left)
    assert not np.any(left.view("<i4") / played.settings.scale == 4.0)
    # The test would notice: with the seed that nobody opened, the vector is bare.
    others = sum(coordinator.without_own_mask(site) for site in coordinator.seeds)
    assert set(others.view("<i4") / played.settings.scale) == {1 + 2 + 3 + 5.0}


def test_two_divisions_of_one_sum_look_alike(new_round):
    total = np.arange(LENGTH) % 8
    uneven = [total * 1.0, total * 0.0, total * 0.0, total * 0.0]
    even = [total / 4] * 4
    seen, opened = [], []
    for place, vectors in enumerate((uneven, even)):
        played = new_round(4, vectors, length=LENGTH, round_id=f"round-{place}")
        played.play()
        assert np.array_equal(played.total, total)
        seen.append(played.answers)
        bare = CuriousCoordinator(played)
        opened.append([bare.without_own_mask(site) for site in bare.seeds])
    for stage, messages in seen[0].items():
        for name, message in messages.items():
            assert len(message) == len(seen[1][stage][name])
    for name in seen[0]["mask"]:
        assert is_alike(seen[0]["mask"][name], seen[1]["mask"][name])
    for uneven_part, even_part in zip(*opened, strict=True):
        assert is_alike(uneven_part.tobytes(), even_part.tobytes())
        assert is_uniform(uneven_part - even_part)


def test_the_same_vector_in_two_rounds_is_covered_afresh(new_round, settings_of):
    vectors = [np.full(LENGTH, 1.0)] * 3
    first = new_round(3, vectors, length=LENGTH).play()
    people = list(first.identities.values())
    second = type(first)(settings_of(people, length=LENGTH, round_id="round-2"), people)
    second.contribute(vectors).play()
    uploads = [CuriousCoordinator(played).uploads for played in (first, second)]
    for site in range(3):
        assert is_uniform(uploads[0][site] - uploads[1][site])


def test_fewer_shares_than_the_threshold_open_no_seed(new_round):
    played = new_round(5, length=4).play()
    opened = [
        Unmasking.read(read(message, played.settings, Kind.UNMASKING).body).seed_shares
        for message in played.answers["unmask"].values()
    ]
    enough = dict(enumerate(shares[0] for shares in opened))
    del enough[4]
    seed = shamir.rebuild(enough)
    commitment = CuriousCoordinator(played).adverts[0].seed_commitment
    assert keys.seed_commitment(played.settings, 0, seed) == commitment
    del enough[3]
    weights = shamir.weights_at_zero(tuple(enough))
    value = sum(weights[h] * shamir.element(share) for h, share in enough.items()) % shamir.PRIME
    assert value != int.from_bytes(seed, "big")
