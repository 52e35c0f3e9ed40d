"""What does the network compute, and what is its loss for one patient?

Encoder and decoder with one hidden layer each over one-hot codes (Kingma and
Welling 2014). The prior is a standard normal distribution and is not fitted,
so that no other look at the patients is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...privacy.dpsgd.extra import required
from .settings import VaeSettings

if TYPE_CHECKING:
    import torch

_LARGEST_LOG_VARIANCE = 8.0


def network(sizes: Sequence[int], settings: VaeSettings) -> torch.nn.Module:
    """An untrained network for variables with so many codes each."""
    torch = required("torch")
    width = int(sum(sizes))

    class CodesVae(torch.nn.Module):
        """Parameters by name: encode_in, encode_out, decode_in, decode_out."""

        def __init__(self) -> None:
            super().__init__()
            self.encode_in = torch.nn.Linear(width, settings.hidden)
            self.encode_out = torch.nn.Linear(settings.hidden, 2 * settings.latent)
            self.decode_in = torch.nn.Linear(settings.latent, settings.hidden)
            self.decode_out = torch.nn.Linear(settings.hidden, width)

        def forward(self, coded: torch.Tensor) -> tuple[torch.Tensor, ...]:
            seen = self.encode_out(torch.relu(self.encode_in(coded)))
            middle, spread = seen.chunk(2, dim=1)
            spread = spread.clamp(-_LARGEST_LOG_VARIANCE, _LARGEST_LOG_VARIANCE)
            drawn = middle + torch.exp(spread / 2) * torch.randn_like(middle)
            logits = self.decode_out(torch.relu(self.decode_in(drawn)))
            return logits, middle, spread

    return CodesVae()


def loss_of(sizes: Sequence[int], settings: VaeSettings) -> Any:
    """``loss(module, coded)``: the negative evidence bound, one number a patient."""
    torch = required("torch")
    parts = [int(size) for size in sizes]

    def loss(module: torch.nn.Module, coded: torch.Tensor) -> torch.Tensor:
        logits, middle, spread = module(coded)
        told = [
            -(one * torch.log_softmax(logit, dim=1)).sum(1)
            for one, logit in zip(
                coded.split(parts, dim=1), logits.split(parts, dim=1), strict=True
            )
        ]
        apart = -0.5 * (1 + spread - middle.square() - spread.exp()).sum(1)
        return torch.stack(told).sum(0) + settings.kl_weight * apart

    return loss


def one_hot(codes: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """Codes as zeros and ones.

    Examples
    --------
    >>> one_hot(np.array([[0, 1]]), (2, 3)).tolist()
    [[1.0, 0.0, 0.0, 1.0, 0.0]]
    """
    starts = np.cumsum([0, *sizes[:-1]])
    coded = np.zeros((len(codes), int(sum(sizes))))
    coded[np.arange(len(codes))[:, None], codes + starts] = 1.0
    return coded


def can_draw(parameters: dict[str, np.ndarray], sizes: Sequence[int]) -> bool:
    """Whether `draw_codes` can use the parameters for variables with so many codes each.

    Raises
    ------
    KeyError, ValueError, TypeError
        If they are no parameters at all.
    """
    hidden, latent = parameters["decode_in.weight"].shape
    shapes = {
        "decode_in.weight": (hidden, latent), "decode_in.bias": (hidden,),
        "decode_out.weight": (sum(sizes), hidden), "decode_out.bias": (sum(sizes),),
    }  # fmt: skip
    return all(
        parameters[name].shape == shape and bool(np.isfinite(parameters[name]).all())
        for name, shape in shapes.items()
    )


def draw_codes(
    parameters: dict[str, np.ndarray], sizes: Sequence[int], rows: int, rng: np.random.Generator
) -> np.ndarray:
    """Codes of invented patients, by the decoder alone; without torch.

    Parameters
    ----------
    parameters : dict of str to numpy.ndarray
        Of the network, by name.
    sizes : sequence of int
    rows : int
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of int64, shape (rows, variables)
    """
    latent = parameters["decode_in.weight"].shape[1]
    hidden = rng.standard_normal((rows, latent)) @ parameters["decode_in.weight"].T
    hidden = np.maximum(hidden + parameters["decode_in.bias"], 0.0)
    logits = hidden @ parameters["decode_out.weight"].T + parameters["decode_out.bias"]
    codes = np.empty((rows, len(sizes)), dtype=np.int64)
    for place, part in enumerate(np.split(logits, np.cumsum(sizes)[:-1], axis=1)):
        # The largest of logits with Gumbel noise is a draw from their chances.
        codes[:, place] = np.argmax(part + rng.gumbel(size=part.shape), axis=1)
    return codes
