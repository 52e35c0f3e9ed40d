"""What leaves a private training?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..subsampled import DpSgdEvent
from .extra import required

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class PrivateUpdate:
    """The change of a module's parameters, and what it cost.

    Parameters
    ----------
    changes : mapping of str to torch.Tensor
        By name of a parameter, its value after the training less that before, in
        double precision.
    event : DpSgdEvent
        Every step that was agreed, whether or not it was taken.

    Notes
    -----
    Losses, gradients and how many patients were drawn are not in it: they have
    no noise.
    """

    changes: Mapping[str, torch.Tensor] = field(repr=False)
    event: DpSgdEvent

    @property
    def events(self) -> tuple[DpSgdEvent, ...]:
        """What a ledger is charged with."""
        return (self.event,)

    def apply_to(self, module: torch.nn.Module) -> None:
        """Add the changes to a module's parameters, in place."""
        torch = required("torch")
        with torch.no_grad():
            for name, one in module.named_parameters():
                if name in self.changes:
                    one.copy_(one.cpu().double() + self.changes[name])

    def __str__(self) -> str:
        numbers = sum(change.numel() for change in self.changes.values())
        return (
            f"Private update of {numbers:,} parameters: {self.event.steps} steps, noise "
            f"{self.event.noise_multiplier:g} times the clip, sample rate "
            f"{self.event.sample_rate:g}"
        )
