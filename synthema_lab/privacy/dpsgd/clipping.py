"""How is the sum of a batch's clipped gradients computed?

Two ways with one result. Per sample: Opacus keeps each patient's gradient, and
they are scaled and added. Ghost: Opacus gives the norms alone, and the scaled
losses are differentiated once more. Both in double precision. A patient whose
gradient is not finite counts as zero, which keeps the bound.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from ...errors import ArgumentRefused
from .extra import required
from .modules import parameter_count, trainable

if TYPE_CHECKING:
    import numpy as np
    import torch

LossesOf = Callable[["np.ndarray"], "torch.Tensor"]
"""From row numbers, one loss a row."""

GHOST_FROM = 500_000
"""Numbers in a batch of gradients (patients times parameters) from which ghost is faster."""


class Clipping(Protocol):
    """Sums clipped gradients."""

    def clipped_sum(
        self, losses_of: LossesOf, rows: np.ndarray, clip: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Sum over `rows` of gradients of norm at most `clip`, flat; and the norms before."""


def clipping_for(module: torch.nn.Module, kind: str, patients: float) -> Clipping:
    """The way that `kind` names; where it is "auto", by size and layers alone.

    Parameters
    ----------
    module : torch.nn.Module
        Gets Opacus' hooks.
    kind : str
        "auto", "per-sample" or "ghost".
    patients : float
        That go through the module at once, as agreed.
    """
    if kind == "auto":
        large = patients * parameter_count(module) >= GHOST_FROM
        kind = "ghost" if large and _all_have_ghost_norms(module) else "per-sample"
    return GhostClipping(module) if kind == "ghost" else PerSampleClipping(module)


class PerSampleClipping:
    """Keeps every patient's gradient."""

    def __init__(self, module: torch.nn.Module) -> None:
        wrapper = required("opacus.grad_sample").GradSampleModule
        self._hooks = wrapper(module, loss_reduction="sum", strict=False)
        self._parameters = [one for _, one in trainable(module)]

    def clipped_sum(
        self, losses_of: LossesOf, rows: np.ndarray, clip: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See `Clipping`."""
        torch = required("torch")
        with _quiet():
            losses_of(rows).sum().backward()
        gradients = [one.grad_sample for one in self._parameters]
        for one in self._parameters:
            one.grad_sample = one.grad = None
        for gradient in gradients:
            if gradient is not None and len(gradient) != len(rows):
                raise _not_by_patient()
        squares = [g.flatten(1).square().sum(1) for g in gradients if g is not None]
        norms = torch.stack(squares).sum(0).sqrt() if squares else torch.zeros(len(rows))
        kept = torch.isfinite(norms)
        factor = _factor(norms[kept], clip)
        everyone = bool(kept.all())
        sums = [
            torch.zeros_like(one).flatten()
            if g is None
            else factor @ (g if everyone else g[kept]).flatten(1)
            for one, g in zip(self._parameters, gradients, strict=True)
        ]
        return torch.cat(sums), norms


class GhostClipping:
    """Computes the norms of the gradients alone, then goes back once more."""

    def __init__(self, module: torch.nn.Module) -> None:
        wrapper = required("opacus.grad_sample").GradSampleModuleFastGradientClipping
        self._hooks = wrapper(module, loss_reduction="sum", strict=False, max_grad_norm=1.0)
        self._parameters = [one for _, one in trainable(module)]

    def clipped_sum(
        self, losses_of: LossesOf, rows: np.ndarray, clip: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See `Clipping`."""
        torch = required("torch")
        with _quiet():
            losses = losses_of(rows)
            losses.sum().backward(retain_graph=True)
            norms = self._norms(len(rows))
            kept = torch.isfinite(norms)
            if not bool(kept.all()):
                del losses
                if not bool(kept.any()):
                    return torch.zeros(sum(one.numel() for one in self._parameters)), norms
                return self.clipped_sum(losses_of, rows[kept.numpy()], clip)
            self._hooks.disable_hooks()
            scaled = (_factor(norms, clip) * losses).sum()
            sums = torch.autograd.grad(scaled, self._parameters, allow_unused=True)
            self._hooks.enable_hooks()
        pairs = zip(self._parameters, sums, strict=True)
        return torch.cat([torch.zeros_like(p).flatten() if s is None else s.flatten()
                          for p, s in pairs]), norms  # fmt: skip

    def _norms(self, patients: int) -> torch.Tensor:
        torch = required("torch")
        squares = torch.zeros(patients, dtype=torch.float64)
        for one in self._parameters:
            norm = one.__dict__.pop("_norm_sample", None)
            one.grad = None
            if norm is not None and norm.shape != (patients,):
                raise _not_by_patient()
            squares += 0.0 if norm is None else norm.square()
        return squares.sqrt()


def _factor(norms: torch.Tensor, clip: float) -> torch.Tensor:
    """What each gradient is multiplied by; 1 where it is within the clip."""
    return (clip / norms.clamp_min(1e-300)).clamp_max(1.0)


def _all_have_ghost_norms(module: torch.nn.Module) -> bool:
    """Whether Opacus knows the norm without the gradient for every layer that is trained."""
    known = required("opacus.grad_sample").GradSampleModuleFastGradientClipping.NORM_SAMPLERS
    uses = [id(p) for one in module.modules() for p in one.parameters(recurse=False)]
    return len(uses) == len(set(uses)) and all(
        type(one) in known
        for one in module.modules()
        if any(p.requires_grad for p in one.parameters(recurse=False))
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without torch's notice that the patients' values need no gradient: they do not."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Full backward hook is firing")
        yield


def _not_by_patient() -> ArgumentRefused:
    return ArgumentRefused(
        "A layer does not see one row a patient.",
        "The patients as the first dimension of every layer's input.",
        "Keep the first dimension through the module: x.flatten(1), not x.view(-1, k).",
    )
