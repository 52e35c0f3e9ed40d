"""Why is a secure sum refused, and what can be done about it?

Two families. `ArgumentRefused` (exit code 2) is what the caller can correct:
settings, roster, vector. `RoundAborted` (exit code 5) is what the protocol
refuses in order to protect a site or the sum; a new round is the way on.
Messages name sites, counts and limits and hold no value of a vector.
"""

from __future__ import annotations

from ..errors import ArgumentRefused, GateFailed


class TooFewSites(ArgumentRefused):
    """Fewer than three sites: a sum of two shows each the other's vector."""


class SettingsRefused(ArgumentRefused):
    """A round's settings contradict each other or leave the allowed range."""


class RosterRefused(ArgumentRefused):
    """A roster or an identity in it cannot be used."""


class IdentityExpired(ArgumentRefused):
    """A pinned identity key is past its expiry, or the time was not given."""


class VectorRefused(ArgumentRefused):
    """A vector has the wrong length or type, is given twice, or is missing."""


class ValueNotFinite(VectorRefused):
    """A vector holds NaN or infinity."""


class ValueBeyondClip(VectorRefused):
    """A vector holds a value beyond the clip; it is never altered in silence."""


class NoiseBeyondBound(VectorRefused):
    """A site's noise exceeds what the settings made room for."""


class RoundAborted(GateFailed):
    """The protocol refused to go on; every other error of a round derives from it."""


class RoundReplayed(RoundAborted):
    """A site has already taken part in a round with this id."""


class CohortChanged(RoundAborted):
    """The same vector was sent, or opened, among other sites before."""


class SnapshotRefused(RoundAborted):
    """A saved state is not one that this party made in this round, unaltered."""


class RoundMismatch(RoundAborted):
    """A message belongs to a round with other settings or other keys."""


class RoundEnded(RoundAborted):
    """The round is over at this party: completed or aborted."""


class MessageMalformed(RoundAborted):
    """A message is not in the canonical form of its kind."""


class MessageOutOfTurn(RoundAborted):
    """A message of another stage, or a second one of this stage."""


class SiteUnknown(RoundAborted):
    """A message names a site that has no part in this stage of the round."""


class SignatureRefused(RoundAborted):
    """A signature does not verify under the key pinned in the roster."""


class KeyRefused(RoundAborted):
    """A round key is of low order, doubled, or not the one that was sent."""


class ShareRefused(RoundAborted):
    """A share does not decrypt, or shares do not rebuild what was committed to."""


class TooFewSurvivors(RoundAborted):
    """Fewer sites than the threshold are left."""


class SurvivorsDisagree(RoundAborted):
    """Sites were shown different sets of survivors."""


class SumOutOfRange(RoundAborted):
    """The opened sum is larger than honest vectors can add up to."""
