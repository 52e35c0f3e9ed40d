"""What is agreed about the network and its training, before any patient is read?"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..asked import is_whole, require_setting, settings_from

_LARGEST = {"hidden": 4096, "latent": 512, "components": 512}
_WITH_NOISE = {
    "hidden": 16, "latent": 4, "components": 1, "kl_weight": 0.1, "steps": 400,
    "learning_rate": 0.02,
}  # fmt: skip
"""A smaller network and a prior of one component: every parameter takes its part of the noise."""

_require = functools.partial(require_setting, "the vae")


@dataclass(frozen=True)
class VaeSettings:
    """The public constants of a variational autoencoder.

    The defaults are those without noise; `of` takes others where there is noise.
    All were chosen on public cohorts, and none is adapted to the patients: the
    number of steps is fixed, or what the budget pays for, and nothing is watched
    to stop earlier.

    Parameters
    ----------
    hidden, latent : int
        Units of the two hidden layers, at most 4096; dimensions of the latent
        space, at most 512. A study's network is built before it is approved.
    components : int
        Gaussians in the prior, at most 512.
    kl_weight : float
        Weight of the divergence from the prior in the loss, above 0.
    steps : int
        Steps of training, where one custodian trains.
    batch_size : int
        Patients in a step; without noise only.
    learning_rate : float
    gradient_clip : float
        Largest norm of one patient's gradient; with noise only.
    sample_rate : float
        Probability with which a step draws a patient; with noise only.
    patients : int
        A round number of patients a site is expected to have; with noise only.
        It divides sums of gradients, and says nothing about any patient.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> VaeSettings(hidden=32).latent
    16
    """

    hidden: int = 128
    latent: int = 16
    components: int = 20
    kl_weight: float = 0.5
    steps: int = 1500
    batch_size: int = 128
    learning_rate: float = 0.002
    gradient_clip: float = 1.0
    sample_rate: float = 0.3
    patients: int = 200

    def __post_init__(self) -> None:
        for name in ("hidden", "latent", "components", "steps", "batch_size", "patients"):
            value = getattr(self, name)
            most = _LARGEST.get(name, 1_000_000)
            require_setting(
                "the vae",
                name,
                is_whole(value) and 1 <= value <= most,
                f"a whole number, 1 to {most:,}",
            )
        for name in ("kl_weight", "learning_rate", "gradient_clip"):
            _require(name, _real(getattr(self, name)), "a number above 0")
        require_setting(
            "the vae", "sample_rate", _real(self.sample_rate) and self.sample_rate <= 1, "at most 1"
        )

    @classmethod
    def of(cls, given: Mapping[str, Any], noise: bool = False) -> VaeSettings:
        """From the settings of a study or a fit.

        Parameters
        ----------
        given : mapping of str to object
        noise : bool
            Whether it is trained with noise, for which other defaults hold.

        Raises
        ------
        ArgumentRefused
            If one is unknown or cannot be used.

        Examples
        --------
        >>> VaeSettings.of({"hidden": 32}, noise=True).latent
        4
        """
        return settings_from(cls, "the vae", {**_WITH_NOISE, **given} if noise else given)


def _real(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9
