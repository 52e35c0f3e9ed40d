"""Which modules can be trained with DP-SGD?

Those in which a patient's output depends on that patient alone and which keep
nothing. Opacus' validator knows most of the others; batch normalisation without
weights and buffers that change are looked for here. Only what touches patients
needs this: in a generator with a discriminator it is the discriminator, and
whatever only sees its noised weights is trained as usual.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING

from ...errors import ArgumentRefused
from .extra import required

if TYPE_CHECKING:
    import torch


def private_copy(module: torch.nn.Module) -> torch.nn.Module:
    """A copy on the processor, in double precision and training mode, checked.

    Double precision, because a sum in it is known well enough for a clip to be a
    bound; see `clipping`.

    Raises
    ------
    ArgumentRefused
        With the names of the layers that cannot be trained so.
    """
    torch = required("torch")
    if not isinstance(module, torch.nn.Module):
        raise ArgumentRefused(
            f"What is to be trained is {type(module).__name__}.",
            "A torch.nn.Module.",
            "Give the module itself.",
        )
    copied = copy.deepcopy(module).cpu().double().train()
    _require_private(copied)
    return copied


def trainable(module: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    """Names and parameters that are trained, each once."""
    return [(name, one) for name, one in module.named_parameters() if one.requires_grad]


def parameter_count(module: torch.nn.Module) -> int:
    """How many numbers are trained."""
    return sum(math.prod(one.shape) for _, one in trainable(module))


def kept_state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Copies of the module's buffers."""
    return {name: one.detach().clone() for name, one in module.named_buffers()}


def require_same_state(module: torch.nn.Module, before: dict[str, torch.Tensor]) -> None:
    """Refuse a module whose buffers changed: what they took from patients has no noise.

    Raises
    ------
    ArgumentRefused
    """
    now = dict(module.named_buffers())
    changed = [
        name
        for name in {**before, **now}
        if name not in before or name not in now or not now[name].equal(before[name])
    ]
    if changed:
        raise ArgumentRefused(
            f"Training changed buffers of the module: {', '.join(sorted(changed))}.",
            "A module that keeps nothing but its parameters.",
            "Use layers without running statistics, such as GroupNorm or LayerNorm.",
        )


def _require_private(module: torch.nn.Module) -> None:
    torch = required("torch")
    if not trainable(module):
        raise ArgumentRefused(
            "The module has no parameter to train.",
            "At least one parameter with requires_grad.",
            "Leave frozen modules out of the training.",
        )
    validator = required("opacus.validators").ModuleValidator
    batchwise = torch.nn.modules.batchnorm._BatchNorm
    refused = {}
    for name, one in module.named_modules():
        keeps = getattr(one, "track_running_stats", False)
        validate = validator.VALIDATORS.get(type(one))
        if isinstance(one, batchwise) or keeps or (validate is not None and validate(one)):
            refused[name] = type(one).__name__
    if refused:
        named = ", ".join(f"{name or 'the module'} ({kind})" for name, kind in refused.items())
        raise ArgumentRefused(
            f"These layers mix patients or hide their gradients: {named}.",
            "Layers in which a patient's output depends on that patient alone.",
            "Use GroupNorm or LayerNorm, and the DP layers of Opacus for LSTM, GRU and attention; "
            "opacus.validators.ModuleValidator.fix(module) replaces them.",
        )
