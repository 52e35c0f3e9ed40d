"""What do the sites agree on before they average a model?

All of it is public and named by the study.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real

from ...errors import ArgumentRefused
from ...secure_aggregation import Roster, RoundSettings, default_scale

OPTIMIZERS = ("sgd", "adam", "adamw")


@dataclass(frozen=True)
class AveragingSettings:
    """The public constants of federated averaging.

    Parameters
    ----------
    rounds : int
    local_steps : int
        Steps that a site takes in a round.
    batch_size : int
        Patients in a step; without noise only (with it, see `DpSgdSettings`).
    learning_rate : float
    optimizer : str
        "sgd", "adam" or "adamw"; starts afresh in every round.
    clip : float
        Largest L2 norm of a site's change in a round; a longer one is scaled down.
    coordinate_clip : float, optional
        Largest absolute change of one parameter; a larger one is cut. It fixes
        the scale of the secure sum. `clip` if not given.
    weights : mapping of str to int, optional
        By site, a public weight such as a number of patients that the sites agreed
        to show. Every site counts the same if not given.
    seed : int
        Of the first model and of the draws without noise; never of privacy noise.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> agreed = AveragingSettings(rounds=20, local_steps=10, weights={"east": 120, "north": 60})
    >>> agreed.share("north")
    0.5
    """

    rounds: int
    local_steps: int
    batch_size: int = 32
    learning_rate: float = 0.05
    optimizer: str = "sgd"
    clip: float = 10.0
    coordinate_clip: float | None = None
    weights: Mapping[str, int] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rounds", "local_steps", "batch_size"):
            _require(name, _whole(getattr(self, name), 1), "a whole number from 1")
        _require("seed", _whole(self.seed, 0), "a whole number from 0")
        for name in ("learning_rate", "clip"):
            _require(name, _above_zero(getattr(self, name)), "a finite number above 0")
        _require("optimizer", self.optimizer in OPTIMIZERS, f"one of: {', '.join(OPTIMIZERS)}")
        if self.coordinate_clip is None:
            object.__setattr__(self, "coordinate_clip", self.clip)
        coordinate = self.coordinate_clip
        within = _above_zero(coordinate) and coordinate <= self.clip
        _require("coordinate_clip", within, "a number above 0, at most the clip")
        if self.weights is not None:
            held = dict(self.weights)
            whole = held and all(_whole(weight, 1) for weight in held.values())
            _require("weights", whole, "a whole number from 1 for each site")
            object.__setattr__(self, "weights", held)

    def share(self, site: str) -> float:
        """By what a site's change is multiplied before it is masked: at most 1."""
        return 1.0 if self.weights is None else self.weights[site] / max(self.weights.values())

    def require_sites(self, sites: Sequence[str]) -> None:
        """Refuse weights of other sites than these."""
        known = self.weights is None or set(self.weights) == set(sites)
        _require("weights", known, f"one for each of the {len(sites)} sites, and no other")

    def round(
        self, roster: Roster, round_id: str, length: int, study_digest: bytes,
        threshold: int | None = None,
    ) -> RoundSettings:  # fmt: skip
        """Settings of a round of the secure sum; its model is named with the vectors."""
        clip = float(self.coordinate_clip)
        return RoundSettings(
            roster, round_id, length, clip, default_scale(len(roster), clip), None,
            study_digest, threshold,
        )  # fmt: skip


def _require(name: str, holds: bool, expected: str) -> None:
    if not holds:
        raise ArgumentRefused(
            f"The setting {name} cannot be used.",
            f"{name}: {expected}.",
            "Correct the setting in the study.",
        )


def _above_zero(value: object) -> bool:
    real = isinstance(value, Real) and not isinstance(value, bool)
    return real and 0 < float(value) < math.inf


def _whole(value: object, least: int) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= least
