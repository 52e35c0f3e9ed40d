"""What does the network compute, and what is its loss for one patient?

Encoder and decoder with one hidden layer each (Kingma and Welling 2014). What
goes in and comes out are the public knots of the heads, so that neighbouring
values share what is learnt about them. The prior is a mixture of Gaussians
whose parameters are trained by the same steps as all others (Dilokthanakul et
al. 2016; Tomczak and Welling 2018), so that it needs no other look at the
patients, is covered by the same noise, and is averaged with the rest. Every
parameter sits in a linear layer, which is where gradients can be told apart by
patient.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...privacy.dpsgd.extra import required
from .heads import Heads
from .settings import VaeSettings

if TYPE_CHECKING:
    import torch

LARGEST_LOG_VARIANCE = 6.0


def network(heads: Heads, settings: VaeSettings) -> torch.nn.Module:
    """An untrained network for the heads.

    Its forward takes cells as zeros and ones, shape (patients, cells), and gives
    the log likelihood of each patient and the divergence of the latent
    distribution from the prior, drawn once, both of shape (patients,).
    """
    torch = required("torch")
    linear = torch.nn.Linear
    knots = sum(head.basis.shape[1] for head in heads.heads)
    cells, latent, prior = sum(heads.sizes), settings.latent, settings.components

    class TypedVae(torch.nn.Module):
        """Parameters by name; see `decoder.can_draw`."""

        def __init__(self) -> None:
            super().__init__()
            self.encode_in = linear(knots, settings.hidden)
            self.encode_out = linear(settings.hidden, 2 * latent)
            self.decode_in = linear(latent, settings.hidden)
            self.decode_out = linear(settings.hidden, knots)
            self.level = linear(1, cells, bias=False)
            self.prior_middle = linear(1, prior * latent, bias=False)
            self.prior_spread = linear(1, prior * latent, bias=False)
            self.prior_weight = linear(1, prior, bias=False)
            for layer in (self.level, self.prior_spread, self.prior_weight):
                torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(self.decode_out.bias)
            torch.nn.init.normal_(self.prior_middle.weight)
            self.register_buffer("basis", torch.from_numpy(_diagonal(heads)).float())
            self.register_buffer("offset", torch.from_numpy(heads.offset).float())
            head = torch.from_numpy(np.repeat(np.arange(len(heads.sizes)), heads.sizes))
            self.register_buffer("head_of_cell", head)
            self.register_buffer("members", torch.nn.functional.one_hot(head).float())

        def forward(self, coded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            one = torch.ones(len(coded), 1, dtype=coded.dtype)
            seen = self.encode_out(torch.relu(self.encode_in(coded @ self.basis)))
            middle, spread = seen.chunk(2, dim=1)
            spread = _bounded(spread)
            drawn = middle + torch.exp(spread / 2) * torch.randn_like(middle)
            told = self.decode_out(torch.relu(self.decode_in(drawn))) @ self.basis.T
            told = told + self.offset + self.level(one)
            likelihood = (coded * told).sum(1) - self._normaliser(told)
            posterior = _log_density(drawn, middle, spread)
            return likelihood, posterior - self._prior(drawn, one)

        def _normaliser(self, told: torch.Tensor) -> torch.Tensor:
            """Sum over the heads of the logarithm of their cells' summed exponentials."""
            head = self.head_of_cell.expand(len(told), -1)
            least = told.detach().new_full((len(told), self.members.shape[1]), -torch.inf)
            largest = least.scatter_reduce(1, head, told.detach(), "amax")
            summed = torch.exp(told - largest[:, self.head_of_cell]) @ self.members
            return (summed.log() + largest).sum(1)

        def _prior(self, drawn: torch.Tensor, one: torch.Tensor) -> torch.Tensor:
            middles = self.prior_middle(one).unflatten(1, (prior, latent))
            spreads = _bounded(self.prior_spread(one).unflatten(1, (prior, latent)))
            densities = _log_density(drawn.unsqueeze(1), middles, spreads)
            weights = torch.log_softmax(self.prior_weight(one), dim=1)
            return torch.logsumexp(weights + densities, dim=1)

    def _log_density(at: torch.Tensor, middle: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
        """Of a Gaussian, up to a constant that the two sides share."""
        return -0.5 * (spread + (at - middle).square() / spread.exp()).sum(-1)

    def _bounded(spread: torch.Tensor) -> torch.Tensor:
        return spread.clamp(-LARGEST_LOG_VARIANCE, LARGEST_LOG_VARIANCE)

    return TypedVae()


def loss_of(settings: VaeSettings) -> Any:
    """``loss(module, coded)``: the negative evidence bound, one number a patient."""

    def loss(module: torch.nn.Module, coded: torch.Tensor) -> torch.Tensor:
        likelihood, apart = module(coded)
        return settings.kl_weight * apart - likelihood

    return loss


def _diagonal(heads: Heads) -> np.ndarray:
    """Bases of all heads along one diagonal, shape (cells, knots)."""
    cells = np.cumsum([0, *heads.sizes])
    knots = np.cumsum([0, *(head.basis.shape[1] for head in heads.heads)])
    basis = np.zeros((cells[-1], knots[-1]))
    for place, head in enumerate(heads.heads):
        basis[cells[place] : cells[place + 1], knots[place] : knots[place + 1]] = head.basis
    return basis


def one_hot(codes: np.ndarray, sizes: tuple[int, ...]) -> np.ndarray:
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
