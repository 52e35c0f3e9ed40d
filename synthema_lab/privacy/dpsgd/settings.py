"""What is agreed about a training with DP-SGD before any patient is read?

All of it is public: it comes from the study, never from the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from ...errors import ArgumentRefused
from ..subsampled import DpSgdEvent

OPTIMIZERS = ("sgd", "adam", "adamw")
CLIPPINGS = ("auto", "per-sample", "ghost")


@dataclass(frozen=True)
class DpSgdSettings:
    """The public constants of a training.

    Parameters
    ----------
    clip : float
        Largest L2 norm of one patient's gradient, over all parameters together.
    noise_multiplier : float
        Standard deviation of the noise over `clip`; see `calibrate_training`.
    sample_rate : float
        Probability with which a step draws a patient; above 0, at most 1.
    steps : int
        From 1.
    expected_batch_size : float
        What every sum of gradients is divided by: agreed in the study, such as
        the sample rate times a round number of patients that the study names.
        Never computed from a site's own count, which the update would then show.
    learning_rate : float
    optimizer : str
        "sgd", "adam" or "adamw". Only noised gradients reach it.
    weight_decay : float
    microbatch : int
        Patients that go through the network at once; bounds the memory. With 1,
        no patient's gradient can depend on another's, whatever the module does.
    clipping : str
        "per-sample" keeps a gradient a patient; "ghost" computes norms alone and
        goes back twice (Li et al. 2022; Bu et al. 2022); "auto" takes the faster.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> DpSgdSettings(1.0, 1.1, 0.1, 50, expected_batch_size=20).event
    DpSgdEvent(noise_multiplier=1.1, sample_rate=0.1, steps=50)
    """

    clip: float
    noise_multiplier: float
    sample_rate: float
    steps: int
    expected_batch_size: float
    learning_rate: float = 0.05
    optimizer: str = "sgd"
    weight_decay: float = 0.0
    microbatch: int = 64
    clipping: str = "auto"

    def __post_init__(self) -> None:
        for name in ("clip", "noise_multiplier", "expected_batch_size", "learning_rate"):
            _require(name, _above_zero(getattr(self, name)), "a finite number above 0")
        rate = self.sample_rate
        _require("sample_rate", _above_zero(rate) and rate <= 1, "above 0, at most 1")
        for name in ("steps", "microbatch"):
            _require(name, _whole(getattr(self, name)), "a whole number from 1")
        decay = self.weight_decay
        _require("weight_decay", decay == 0 or _above_zero(decay), "a finite number from 0")
        _require("optimizer", self.optimizer in OPTIMIZERS, f"one of: {', '.join(OPTIMIZERS)}")
        _require("clipping", self.clipping in CLIPPINGS, f"one of: {', '.join(CLIPPINGS)}")

    @property
    def event(self) -> DpSgdEvent:
        """What the ledger is charged for the whole training."""
        return DpSgdEvent(float(self.noise_multiplier), float(self.sample_rate), int(self.steps))


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


def _whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= 1
