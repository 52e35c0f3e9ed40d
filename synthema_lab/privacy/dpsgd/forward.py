"""How is a study's loss called so that it cannot reach the noise?

The loss is the study's own code. It runs in a copied context, so that whatever
it does to the source of randomness ends with the call. Randomness inside the
model (dropout, a sampled latent) follows torch's generator; with a known seed a
patient's share of it would depend on who else was drawn, so it is seeded from
the operating system for every call, put back afterwards, and a loss that seeds
it itself is refused. Code that does worse is kept in by the site's sandbox and
review, not here.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ... import randomness
from ...errors import ArgumentRefused
from .extra import required

if TYPE_CHECKING:
    import torch

Loss = Callable[..., "torch.Tensor"]
"""Called with the module and a batch of each tensor; returns one loss a patient."""


def losses_of(
    loss: Loss, module: torch.nn.Module, batch: Sequence[torch.Tensor], seed: int | None = None
) -> torch.Tensor:
    """One loss a patient.

    Parameters
    ----------
    loss : callable
    module : torch.nn.Module
    batch : sequence of torch.Tensor, shape (patients, ...)
    seed : int, optional
        For what is random in the model; from the operating system if not given.

    Returns
    -------
    torch.Tensor, shape (patients,)

    Raises
    ------
    ArgumentRefused
        If the loss returns something else, or seeds torch.
    """
    torch = required("torch")
    seed = int.from_bytes(randomness.random_bytes(8), "big") if seed is None else seed
    with torch.random.fork_rng(devices=[]), double_precision():
        torch.manual_seed(seed)
        losses = contextvars.copy_context().run(loss, module, *batch)
        seeded = torch.initial_seed() != seed
    if seeded:
        raise ArgumentRefused(
            "The loss, or the module, sets the seed of torch.",
            "Randomness inside a model that the site seeds.",
            "Leave torch.manual_seed out of loss and module.",
        )
    patients = len(batch[0])
    if not isinstance(losses, torch.Tensor) or losses.shape != (patients,):
        raise ArgumentRefused(
            "The loss does not return one number a patient.",
            "A tensor of shape (patients,), with no mean or sum over the patients.",
            'Use reduction="none", and add up over everything but the first dimension.',
        )
    return losses


@contextmanager
def double_precision() -> Iterator[None]:
    """New floating tensors have 64 bits within the block."""
    torch = required("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
