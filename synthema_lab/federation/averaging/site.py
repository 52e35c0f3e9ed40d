"""What does a site do in a round of federated averaging?

It takes the present model, improves it on its own patients, with the site's own
noise where privacy is agreed, and gives the clipped, weighted change with the
digest of the model it started from. A site that was handed another model than
the rest names another digest, and its masks do not cancel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ArgumentRefused
from ...privacy import DpSgdEvent
from ...privacy.dpsgd import DpSgdSettings, PrivateTraining
from ..procedures.procedure import Contribution
from .clipped import clipped_change
from .layout import ParameterLayout, model_digest
from .local import take_steps
from .settings import AveragingSettings

if TYPE_CHECKING:
    import torch

    from ...privacy.dpsgd.forward import Loss


def events_of(settings: AveragingSettings, privacy: DpSgdSettings | None) -> tuple[DpSgdEvent, ...]:
    """What all rounds cost the patients of a site; nothing without noise.

    Examples
    --------
    >>> noise = DpSgdSettings(1.0, 1.1, 0.1, 1, expected_batch_size=20)
    >>> events_of(AveragingSettings(rounds=20, local_steps=5), noise)
    (DpSgdEvent(noise_multiplier=1.1, sample_rate=0.1, steps=100),)
    """
    if privacy is None:
        return ()
    return (replace(privacy, steps=settings.local_steps * settings.rounds).event,)


class AveragingSite:
    """A site's part in federated averaging.

    Parameters
    ----------
    name : str
    tensors : sequence of torch.Tensor, shape (patients, ...)
        The site's patients, one row each.
    module : torch.nn.Module
        The architecture; is changed in training.
    loss : callable
        ``loss(module, *batch)``: one loss a patient.
    settings : AveragingSettings
    privacy : DpSgdSettings, optional
        Of one round; its `steps` are set to the local steps. Without it there is
        no noise and no privacy is claimed.
    charge : callable, optional
        Called once, with the events of all rounds, before a patient is read.
    number : int
        The site's place among the sites, for the seed of its draws without noise.
    taken : int
        Rounds that the site's register says were trained before the site was
        started again; they were charged then, and so is nothing now.
    probe : sequence of torch.Tensor, optional
        Mock rows that the loss is tried with where there is noise.
    """

    def __init__(
        self,
        name: str,
        tensors: Sequence[torch.Tensor],
        module: torch.nn.Module,
        loss: Loss,
        settings: AveragingSettings,
        privacy: DpSgdSettings | None = None,
        charge: Callable[[tuple[DpSgdEvent, ...]], object] | None = None,
        number: int = 0,
        taken: int = 0,
        probe: Sequence[torch.Tensor] | None = None,
    ) -> None:
        self.name, self.settings, self.number = name, settings, number
        self.layout = ParameterLayout.of(module)
        self._module, self._loss, self._tensors = module, loss, list(tensors)
        self.events = events_of(settings, privacy)
        if not 0 <= taken < settings.rounds:
            raise ArgumentRefused(
                f"{taken} rounds of this training have been taken at {name}.",
                f"Fewer than the {settings.rounds} rounds that were agreed.",
                "Submit another study, which is charged again.",
            )
        self._training: PrivateTraining | None = None
        if privacy is not None:
            left = replace(privacy, steps=settings.local_steps * (settings.rounds - taken))
            unpaid = None if charge is None or taken else lambda _: charge(self.events)
            self._training = PrivateTraining(
                module, loss, tensors, left, probe=probe, charge=unpaid
            )

    def contribution(self, parameters: np.ndarray, number: int) -> Contribution:
        """Improve the model and give the change.

        Parameters
        ----------
        parameters : numpy.ndarray of float64, shape (length,)
            The present model.
        number : int
            Of the round, from 0.

        Returns
        -------
        Contribution
            Each coordinate at most the coordinate clip times the site's share.

        Raises
        ------
        ArgumentRefused
            If the training diverges, or more rounds are asked for than were charged.
        """
        change = self._change(parameters, number)
        clipped = clipped_change(change, self.settings.clip, self.settings.coordinate_clip)
        vector = self.settings.share(self.name) * clipped
        return Contribution(vector, model_digest(self.layout, parameters))

    def _change(self, parameters: np.ndarray, number: int) -> np.ndarray:
        if self._training is not None:
            self._training.restart(self.layout.split(parameters))
            for _ in range(self.settings.local_steps):
                self._training.step()
            return self.layout.flatten(self._training.update().changes)
        self.layout.load(self._module, parameters)
        before = self.layout.flatten(dict(self._module.named_parameters()))
        generator = np.random.default_rng([self.settings.seed, self.number, number])
        take_steps(self._module, self._loss, self._tensors, self.settings, generator)
        return self.layout.flatten(dict(self._module.named_parameters())) - before
