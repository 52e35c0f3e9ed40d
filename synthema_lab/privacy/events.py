"""What kinds of opened result does a ledger know, and how is each written down?

Every kind gives an upper bound on its Renyi divergence at the same whole
orders and under the same neighbouring relation: one patient added or removed.
Divergences of results that were opened one after the other add up (Mironov
2017, Proposition 1), also where a later one was chosen after seeing an earlier
one, so that kinds can be mixed in one budget.

Skellam events are written as they always were, without naming their kind;
lines of older ledgers keep their hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from .skellam import SkellamEvent, renyi_bound
from .subsampled import DpSgdEvent, subsampled_bound

PrivacyEvent: TypeAlias = SkellamEvent | DpSgdEvent
"""What a charge can hold."""


class UnknownEvent(ValueError):
    """A kind of event that this version does not know."""


def divergence(event: PrivacyEvent) -> np.ndarray:
    """Renyi divergence of one event at each of `skellam.ORDERS`, in nats.

    Examples
    --------
    >>> float(divergence(SkellamEvent(variance=100.0))[0]).__round__(6)
    0.010225
    """
    if isinstance(event, SkellamEvent):
        return renyi_bound(event)
    if isinstance(event, DpSgdEvent):
        return subsampled_bound(event)
    raise UnknownEvent(f"No divergence is known for {type(event).__name__}.")


def to_record(event: PrivacyEvent) -> dict[str, object]:
    """The event as plain values, for a line of the ledger.

    Examples
    --------
    >>> to_record(DpSgdEvent(1.0, 0.1, 50))
    {'kind': 'dp-sgd', 'noise_multiplier': 1.0, 'sample_rate': 0.1, 'steps': 50}
    """
    if isinstance(event, SkellamEvent):
        return {
            "variance": event.variance,
            "l1": event.l1,
            "l2_squared": event.l2_squared,
            "repeats": event.repeats,
        }
    if isinstance(event, DpSgdEvent):
        return {
            "kind": "dp-sgd",
            "noise_multiplier": float(event.noise_multiplier),
            "sample_rate": float(event.sample_rate),
            "steps": int(event.steps),
        }
    raise UnknownEvent(f"No line of a ledger is known for {type(event).__name__}.")


def from_record(record: Mapping[str, object]) -> PrivacyEvent:
    """Read what `to_record` wrote.

    Raises
    ------
    UnknownEvent
        If the kind is not known.
    TypeError, ValueError
        If the values do not make an event.

    Examples
    --------
    >>> from_record({"variance": 9.0, "l1": 1, "l2_squared": 1, "repeats": 2})
    SkellamEvent(variance=9.0, l1=1, l2_squared=1, repeats=2)
    """
    values = dict(record)
    kind = values.pop("kind", "skellam")
    if kind == "skellam":
        return SkellamEvent(**values)
    if kind == "dp-sgd":
        return DpSgdEvent(**values)
    raise UnknownEvent(f"The kind of event {kind!r} is not known.")
