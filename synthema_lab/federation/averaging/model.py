"""How do the opened sums of changes become the next model?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .layout import ParameterLayout, model_digest
from .settings import AveragingSettings


@dataclass(frozen=True, eq=False)
class SharedModel:
    """The model that all sites start a round from.

    Parameters
    ----------
    layout : ParameterLayout
    parameters : numpy.ndarray of float64, shape (length,)

    Examples
    --------
    >>> layout = ParameterLayout(("weight",), ((2,),), bytes(32))
    >>> agreed = AveragingSettings(1, 1, weights={"east": 30, "north": 15, "south": 15})
    >>> model = SharedModel(layout, np.zeros(2))
    >>> all_sites = ("east", "north", "south")
    >>> model.moved_by(np.array([2.0, -4.0]), all_sites, agreed).parameters.tolist()
    [1.0, -2.0]
    """

    layout: ParameterLayout
    parameters: np.ndarray = field(repr=False)

    @property
    def digest(self) -> bytes:
        """SHA-256 that names this model in a round."""
        return model_digest(self.layout, self.parameters)

    def moved_by(
        self, total: np.ndarray, survivors: Sequence[str], settings: AveragingSettings
    ) -> SharedModel:
        """The model after a round.

        Parameters
        ----------
        total : numpy.ndarray, shape (length,)
            Opened sum of the survivors' weighted changes.
        survivors : sequence of str
            The sites whose changes are in the sum.
        settings : AveragingSettings
        """
        weight = sum(settings.share(site) for site in survivors)
        return SharedModel(self.layout, self.parameters + total / weight)
