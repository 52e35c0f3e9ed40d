"""How does a site train a model with DP-SGD and keep the noise to itself?

Abadi et al. 2016, with what usually voids it taken away from the study: the
draws of patients and the noise come from the operating system when they are
needed and are kept nowhere, the denominator is agreed, and the budget is
charged before a patient is read. The sum of a step lies on a public grid, so
that its digits show nothing (see `gaussian`); what rounding to the grid could
add to one patient's influence is taken off the clip beforehand, and so that
influence is at most the clip.

One row is one patient: a patient with several rows is not covered. Nor are how
long a step takes, a loss that hides patients in the state of its process, and,
with a microbatch above 1, a module that blows rounding errors up to the size of
a gradient; the site's sandbox and the review of the study's code stand there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ArgumentRefused
from ..subsampled import DpSgdEvent
from .clipping import clipping_for
from .extra import required
from .forward import Loss, double_precision, losses_of
from .gaussian import STEPS, gaussian_steps
from .modules import kept_state, parameter_count, private_copy, require_same_state, trainable
from .probe import made_up_rows, mock_rows, require_by_patient
from .rows import doubled, finite, of_one_length, require_not_standardised
from .sampling import poisson_rows
from .settings import DpSgdSettings
from .threads import threads_for
from .update import PrivateUpdate

if TYPE_CHECKING:
    import torch

Charge = Callable[[tuple[DpSgdEvent, ...]], object]
"""Called with what a training will cost; raises where the budget does not cover it."""

_SPARE = 2.0**-30
"""Part of the clip that is kept for rounding in double precision."""


def train_privately(
    module: torch.nn.Module,
    loss: Loss,
    tensors: Sequence[torch.Tensor],
    *,
    probe: Sequence[torch.Tensor] | None = None,
    charge: Charge | None = None,
    progress: Callable[[float], None] | None = None,
    **settings: Any,
) -> PrivateUpdate:
    """Train a module with DP-SGD and return the change of its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        Stays as it is.
    loss : callable
        ``loss(module, *batch)``: one loss a patient, shape (patients,).
    tensors : sequence of torch.Tensor, shape (patients, ...)
        One row a patient, the same patients in each.
    probe : sequence of torch.Tensor, optional
        Mock rows to try the loss with; made up if not given.
    charge : callable, optional
        Called with the events before a patient is read.
    progress : callable, optional
        Called with the share done, from 0 to 1.
    **settings
        See `DpSgdSettings`: clip, noise_multiplier, sample_rate, steps,
        expected_batch_size and the rest.

    Returns
    -------
    PrivateUpdate

    Raises
    ------
    ArgumentRefused, DataMismatch, BudgetExhausted, ExtraMissing

    Examples
    --------
    >>> import torch
    >>> def squared(module, x, y):
    ...     return (module(x) - y).square().sum(1)
    >>> update = train_privately(
    ...     torch.nn.Linear(2, 1), squared, [torch.rand(40, 2), torch.rand(40, 1)],
    ...     clip=1.0, noise_multiplier=1.1, sample_rate=0.25, steps=5, expected_batch_size=10,
    ... )
    >>> print(update)
    Private update of 3 parameters: 5 steps, noise 1.1 times the clip, sample rate 0.25
    """
    training = PrivateTraining(
        module, loss, tensors, DpSgdSettings(**settings), probe=probe, charge=charge
    )
    for done in range(1, training.settings.steps + 1):
        training.step()
        if progress is not None:
            progress(done / training.settings.steps)
    return training.update()


class PrivateTraining:
    """A training step by step, for a caller that trains something public in between.

    Parameters
    ----------
    module, loss, tensors, probe, charge
        See `train_privately`.
    settings : DpSgdSettings

    Attributes
    ----------
    module : torch.nn.Module
        The copy that is trained, in double precision. Its parameters have noise
        and may be used by anyone.
    """

    def __init__(
        self,
        module: torch.nn.Module,
        loss: Loss,
        tensors: Sequence[torch.Tensor],
        settings: DpSgdSettings,
        *,
        probe: Sequence[torch.Tensor] | None = None,
        charge: Charge | None = None,
    ) -> None:
        self.settings = settings
        self.module = private_copy(module)
        self._loss = loss
        self._size = parameter_count(self.module)
        self._grid = settings.noise_multiplier * settings.clip / STEPS
        self._clip = _clip_on_grid(settings, self._size, self._grid)
        self._before = {name: one.detach().clone() for name, one in trainable(self.module)}
        self._state = kept_state(self.module)
        self._clipping = clipping_for(
            self.module, settings.clipping, min(settings.microbatch, settings.expected_batch_size)
        )
        self._optimizer = _optimizer(self.module, settings)
        tensors = of_one_length(tensors)
        rows = made_up_rows(tensors) if probe is None else mock_rows(probe, tensors)
        require_by_patient(private_copy(module), loss, self._clipping, self.module, doubled(rows))
        if charge is not None:
            charge((settings.event,))
        require_not_standardised(finite(tensors))
        self._tensors = doubled(tensors)
        self._patients = len(self._tensors[0])
        self._left = settings.steps

    @property
    def steps_left(self) -> int:
        """How many of the charged steps have not been taken."""
        return self._left

    def restart(self, parameters: Mapping[str, torch.Tensor]) -> None:
        """Go on from other parameters, such as the average over all sites.

        The steps that are left and what was charged stay; moments of the optimiser
        are forgotten.

        Parameters
        ----------
        parameters : mapping of str to torch.Tensor
            By name; those that are trained.

        Raises
        ------
        ArgumentRefused
            If a name or a shape is missing or another one.
        """
        torch = required("torch")
        held = dict(trainable(self.module))
        if {name: one.shape for name, one in parameters.items()} != {
            name: one.shape for name, one in held.items()
        }:
            raise ArgumentRefused(
                "The parameters to go on from are not those of the module.",
                "Every trained parameter by its name, in its shape.",
                "Take them from a module of the same architecture.",
            )
        with torch.no_grad():
            for name, one in held.items():
                one.copy_(parameters[name])
        self._before = {name: one.detach().clone() for name, one in held.items()}
        self._optimizer = _optimizer(self.module, self.settings)

    def step(self) -> None:
        """Draw patients, clip, sum, add noise once, and move the parameters.

        Raises
        ------
        ArgumentRefused
            Beyond the steps that were charged, or if the module keeps something.
        """
        if self._left < 1:
            raise ArgumentRefused(
                f"All {self.settings.steps} steps of this training have been taken.",
                "No more steps than the budget was charged for.",
                "Start another training, which is charged again.",
            )
        self._left -= 1
        torch = required("torch")
        with threads_for(self._size * self.settings.expected_batch_size):
            noised = self._noised_sum() / self.settings.expected_batch_size
        start = 0
        for _, one in trainable(self.module):
            part = noised[start : start + one.numel()]
            one.grad = torch.from_numpy(part).view_as(one)
            start += one.numel()
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        require_same_state(self.module, self._state)

    def update(self) -> PrivateUpdate:
        """The change of the parameters since the start, or the last restart."""
        changes = {name: one.detach() - self._before[name] for name, one in trainable(self.module)}
        return PrivateUpdate(changes, self.settings.event)

    def _noised_sum(self) -> np.ndarray:
        """Clipped gradients of the patients of one step, summed, with noise, flat."""
        steps = self._summed_steps(poisson_rows(self._patients, self.settings.sample_rate))
        steps += gaussian_steps(self._size)
        return (steps + 0.5) * self._grid

    def _summed_steps(self, rows: np.ndarray) -> np.ndarray:
        """The sum of clipped gradients in whole grid points: no noise yet, never kept."""
        total = np.zeros(self._size)
        for start in range(0, len(rows), self.settings.microbatch):
            part = rows[start : start + self.settings.microbatch]
            with double_precision():
                summed, _ = self._clipping.clipped_sum(self._losses, part, self._clip)
            total += summed.detach().numpy()
        return np.rint(total / self._grid).astype(np.int64)

    def _losses(self, rows: np.ndarray) -> torch.Tensor:
        return losses_of(self._loss, self.module, [one[rows] for one in self._tensors])


def _clip_on_grid(settings: DpSgdSettings, size: int, grid: float) -> float:
    """The clip less what rounding to the grid can add to a patient's influence."""
    rounding = grid * math.sqrt(size)
    if rounding > settings.clip / 10:
        raise ArgumentRefused(
            f"The noise multiplier {settings.noise_multiplier:g} is too coarse for "
            f"{size:,} parameters.",
            f"At most {STEPS / 10 / math.sqrt(size):.0f} for a model of this size.",
            "Use a smaller noise multiplier, or a smaller model.",
        )
    return settings.clip * (1 - _SPARE) - rounding


def _optimizer(module: torch.nn.Module, settings: DpSgdSettings) -> torch.optim.Optimizer:
    optim = required("torch.optim")
    kinds = {"sgd": optim.SGD, "adam": optim.Adam, "adamw": optim.AdamW}
    parameters = [one for _, one in trainable(module)]
    return kinds[settings.optimizer](
        parameters, lr=settings.learning_rate, weight_decay=settings.weight_decay
    )
