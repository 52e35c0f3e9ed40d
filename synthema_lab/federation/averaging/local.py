"""How does a site improve a model on its own patients, without noise?

Batches are drawn from a `numpy.random.Generator`, and so is the seed of what
is random inside the model: the same seed gives the same change. No privacy is
claimed for it; with noise, see `privacy.dpsgd`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ArgumentRefused
from ...privacy.dpsgd.extra import required
from ...privacy.dpsgd.modules import kept_state, require_same_state
from ...privacy.dpsgd.threads import threads_for
from .settings import AveragingSettings

if TYPE_CHECKING:
    import torch

    from ...privacy.dpsgd.forward import Loss


def take_steps(
    module: torch.nn.Module, loss: Loss, tensors: Sequence[torch.Tensor],
    settings: AveragingSettings, generator: np.random.Generator,
) -> None:  # fmt: skip
    """Take the local steps of a round, in place.

    Parameters
    ----------
    module : torch.nn.Module
    loss : callable
        ``loss(module, *batch)``: one loss a patient, shape (patients,).
    tensors : sequence of torch.Tensor, shape (patients, ...)
    settings : AveragingSettings
    generator : numpy.random.Generator

    Raises
    ------
    ArgumentRefused
        If the loss is not one number a patient, or a buffer changes, since
        buffers are not averaged.
    """
    torch = required("torch")
    kinds = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
    trained = [one for one in module.parameters() if one.requires_grad]
    optimizer = kinds[settings.optimizer](trained, lr=settings.learning_rate)
    state, patients = kept_state(module), len(tensors[0])
    module.train()
    size = sum(one.numel() for one in trained) * settings.batch_size
    with torch.random.fork_rng(devices=[]), threads_for(size):
        torch.manual_seed(int(generator.integers(2**63)))
        for _ in range(settings.local_steps):
            size = min(settings.batch_size, patients)
            rows = generator.choice(patients, size=size, replace=False)
            losses = loss(module, *(one[rows] for one in tensors))
            if losses.shape != (size,):
                raise ArgumentRefused(
                    "The loss does not return one number a patient.",
                    "A tensor of shape (patients,), with no mean or sum over the patients.",
                    'Use reduction="none", and add up over everything but the first dimension.',
                )
            optimizer.zero_grad(set_to_none=True)
            losses.mean().backward()
            optimizer.step()
    require_same_state(module, state)
