"""Does a patient's loss depend on that patient alone, and is all of its gradient seen?

Tried before any patient is read, on made-up or mock rows: a row's loss and
gradient must stay when the other rows of its batch are replaced, and the norms
by which gradients will be clipped must be those that plain differentiation
gives. So a loss that compares patients with each other, a penalty on the
weights added to every patient's loss, or a layer that Opacus does not see is
refused. What only shows on other rows is not found: this is a check, not a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ArgumentRefused
from .clipping import Clipping
from .extra import required
from .forward import Loss, losses_of
from .modules import trainable

if TYPE_CHECKING:
    import torch

ROWS = 3
_SEED = 1


def made_up_rows(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Rows of the same shapes and types that hold nobody: from 0 to 1, or zeros where whole.

    Examples
    --------
    >>> import torch
    >>> [rows.shape for rows in made_up_rows([torch.ones(9, 2)])]
    [torch.Size([3, 2])]
    """
    torch = required("torch")
    source = torch.Generator().manual_seed(_SEED)
    return [
        torch.rand((ROWS, *one.shape[1:]), generator=source, dtype=one.dtype)
        if one.is_floating_point()
        else torch.zeros((ROWS, *one.shape[1:]), dtype=one.dtype)
        for one in tensors
    ]


def mock_rows(probe: Sequence[torch.Tensor], tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Rows that a caller gives instead, checked against the shape of the patients' tensors.

    Raises
    ------
    ArgumentRefused
    """
    probe = list(probe)
    fitting = len(probe) == len(tensors) and all(
        len(rows) >= ROWS and rows.shape[1:] == one.shape[1:] and rows.dtype == one.dtype
        for rows, one in zip(probe, tensors, strict=True)
    )
    if not fitting:
        raise ArgumentRefused(
            "The mock rows given as probe are not shaped as the patients' tensors.",
            f"As many tensors, with at least {ROWS} rows each, and the same shapes and types.",
            "Encode mock patients in the way that the patients are encoded.",
        )
    return probe


def require_by_patient(
    plain: torch.nn.Module, loss: Loss, clipping: Clipping, module: torch.nn.Module,
    probe: Sequence[torch.Tensor],
) -> None:  # fmt: skip
    """Refuse a module and a loss whose gradients cannot be told apart by patient.

    Parameters
    ----------
    plain : torch.nn.Module
        Without hooks.
    loss : callable
    clipping : Clipping
        What will be used, with its hooks on `module`.
    module : torch.nn.Module
        The same parameters as `plain`.
    probe : sequence of torch.Tensor
        At least `ROWS` rows that may be known to all.

    Raises
    ------
    ArgumentRefused
    """
    torch = required("torch")
    probe = [one[:ROWS] for one in probe]
    losses, gradients = _plainly(plain, loss, probe)
    if not bool(torch.isfinite(gradients).all()):
        raise ArgumentRefused(
            "On the rows that the loss is tried with, it is not finite.",
            "A loss that is defined on rows between 0 and 1, or on the rows given as probe.",
            f"Give probe=: at least {ROWS} mock rows of each tensor.",
        )
    for row in (0, ROWS - 1):
        others, turned = _plainly(plain, loss, [one[[row] * ROWS] for one in probe])
        same = torch.isclose(others[row], losses[row], rtol=1e-7, atol=1e-9)
        if not (bool(same) and _near(turned[row], gradients[row])):
            raise ArgumentRefused(
                "A row's loss changes with the other rows of its batch.",
                "A loss that depends on its own patient alone.",
                "Leave out means, ranks and normalisation over the batch.",
            )

    def seeded(rows: np.ndarray) -> torch.Tensor:
        return losses_of(loss, module, [one[rows] for one in probe], _SEED)

    total, norms = clipping.clipped_sum(seeded, np.arange(ROWS), float("inf"))
    if not (_near(norms, gradients.norm(dim=1)) and _near(total, gradients.sum(0))):
        raise ArgumentRefused(
            "Part of the gradient is not seen patient by patient.",
            "Every parameter used through its own layer, and no penalty in the loss.",
            "Use weight_decay for a penalty, untie shared weights, or set clipping='per-sample'.",
        )


def _plainly(
    plain: torch.nn.Module, loss: Loss, rows: Sequence[torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Losses, and the gradient of each, shape (rows, parameters), by plain differentiation."""
    torch = required("torch")
    parameters = [one for _, one in trainable(plain)]
    losses = losses_of(loss, plain, rows, _SEED)
    gradients = []
    for one in losses:
        parts = torch.autograd.grad(one, parameters, retain_graph=True, allow_unused=True)
        gradients.append(
            torch.cat(
                [
                    torch.zeros_like(p).flatten() if g is None else g.flatten()
                    for p, g in zip(parameters, parts, strict=True)
                ]
            )
        )
    return losses.detach(), torch.stack(gradients)


def _near(found: torch.Tensor, exact: torch.Tensor) -> bool:
    return bool((found - exact).norm() <= 1e-5 * exact.norm() + 1e-9)
