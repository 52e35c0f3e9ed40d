"""What can the coordinator work out from all that it has received?

`Curious` takes a finished scene apart as a coordinator may: it rebuilds every
secret for which shares were opened, and takes the masks off that follow from
them. What is left over is all that it can know about one hospital.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...secure_aggregation import keys, masks, shamir
from ...secure_aggregation.messages import Unmasking
from .played import Played

RATE = 1e-6
"""False-alarm rate of each test of uniformity."""


def is_uniform(words: np.ndarray) -> bool:
    """Whether the bytes of `words` pass a chi-square test of uniformity at `RATE`.

    Parameters
    ----------
    words : numpy.ndarray of unsigned integers
        At least 1280 bytes, so that five of each kind are expected.

    Examples
    --------
    >>> is_uniform(np.zeros(5000, dtype="<u4"))
    False
    """
    from scipy import stats

    counts = np.bincount(np.ascontiguousarray(words).view(np.uint8), minlength=256)
    return bool(stats.chisquare(counts).pvalue > RATE)


class Curious:
    """A coordinator that follows the protocol and keeps everything.

    Parameters
    ----------
    scene : Played
        Played to its end.

    Attributes
    ----------
    uploads : dict of str to numpy.ndarray
        The masked vectors as they arrived, by hospital.
    """

    def __init__(self, scene: Played) -> None:
        self.scene, self.settings = scene, scene.settings
        sent = scene.answers["advertise"]
        self._adverts = {name: scene.said("advertise", name) for name in sent}
        self._sharers = set(scene.answers["share"])
        masked = {name: scene.said("mask", name) for name in scene.answers["mask"]}
        self._shared = next(iter(masked.values())).sharers_digest
        self.uploads = {
            name: np.frombuffer(one.vector, dtype=self.settings.dtype)
            for name, one in masked.items()
        }
        opened = {
            scene.number(name): scene.said("unmask", name) for name in scene.answers["unmask"]
        }
        first = next(iter(opened.values()))
        self._seeds = {
            self._name(site): shamir.rebuild({at: o.seed_shares[site] for at, o in opened.items()})
            for site in first.seed_shares
        }
        self._mask_keys = {
            self._name(site): keys.RoundKey(
                shamir.rebuild({at: o.key_shares[site] for at, o in opened.items()})
            )
            for site in first.key_shares
        }

    def learn_mask_key(self, name: str, opened: Iterable[tuple[str, Unmasking]]) -> None:
        """Rebuild the key behind a hospital's pair masks from shares that holders opened."""
        shares = {self.scene.number(holder): one.key_shares for holder, one in opened}
        number = self.scene.number(name)
        private = shamir.rebuild({holder: held[number] for holder, held in shares.items()})
        self._mask_keys[name] = keys.RoundKey(private)

    def bared(self, name: str) -> np.ndarray:
        """A masked vector without every mask that the coordinator can take off."""
        vector, number = self.uploads[name].copy(), self.scene.number(name)
        if name in self._seeds:
            own = keys.self_mask_key(self.settings, self._shared, self._seeds[name], number)
            masks.subtract_mask(vector, own)
        for other, key in self._mask_keys.items():
            for peer in self._sharers - {other}:
                if name in (other, peer):
                    self._take_off(vector, key, other, peer, name)
        return vector

    def partial(self, names: Iterable[str]) -> np.ndarray:
        """The sum of some hospitals' vectors, without every mask that can be taken off."""
        return np.sum([self.bared(name) for name in names], axis=0, dtype=self.settings.dtype)

    def _take_off(self, vector, key, other: str, peer: str, name: str) -> None:
        ends = self.scene.number(other), self.scene.number(peer)
        secret = key.agree(self._adverts[peer].mask_key)
        pair = keys.pair_mask_key(self.settings, self._shared, secret, *ends)
        added = self.scene.number(name) == min(ends)
        (masks.subtract_mask if added else masks.add_mask)(vector, pair)

    def _name(self, site: int) -> str:
        return self.settings.roster.names[site]
