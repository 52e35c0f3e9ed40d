"""How is the network trained at one custodian, with noise and without?

The number of steps is fixed beforehand. With noise, what is kept is the mean of
the parameters over the later half of the steps (Polyak and Juditsky 1992): it
costs no privacy, since every step's parameters may be known to all, and it
takes out much of what the noise of the last steps adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...privacy.dpsgd import DpSgdSettings, PrivateTraining
from ...privacy.dpsgd.extra import required
from ...privacy.dpsgd.threads import threads_for
from .settings import VaeSettings

if TYPE_CHECKING:
    import torch

    from ...privacy.dpsgd.training import Charge

_TOLD_EVERY = 20


class LateMean:
    """Mean of the parameters over the later half of a training.

    Parameters
    ----------
    steps : int
        How many there will be, steps or rounds.
    summed : numpy.ndarray or float
        Sum of the parameters that were taken so far.
    seen : int
        Steps that were seen so far.

    Examples
    --------
    >>> mean = LateMean(4)
    >>> for step in range(4):
    ...     mean.see(np.array([float(step)]))
    >>> mean.value.tolist()
    [2.5]
    """

    def __init__(self, steps: int, summed: np.ndarray | float = 0.0, seen: int = 0) -> None:
        self.steps, self.summed, self.seen = steps, summed, seen

    def see(self, parameters: np.ndarray) -> None:
        """Parameters after one more step."""
        if self.seen >= self.steps // 2:
            self.summed = self.summed + parameters
        self.seen += 1

    @property
    def value(self) -> np.ndarray:
        """The mean so far."""
        return np.asarray(self.summed / max(self.seen - self.steps // 2, 1))


def train_exactly(
    module: torch.nn.Module, loss: Any, coded: Sequence[torch.Tensor], settings: VaeSettings,
    seed: int, progress: Callable[[float], None] | None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Parameters after steps of Adam without noise; the same seed gives the same ones."""
    torch = required("torch")
    rng = np.random.default_rng([seed, 0x7A])
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.learning_rate)
    size = sum(one.numel() for one in module.parameters()) * settings.batch_size
    with torch.random.fork_rng(devices=[]), threads_for(size):
        torch.manual_seed(int(rng.integers(2**63)))
        for step in range(1, settings.steps + 1):
            size = min(settings.batch_size, len(coded[0]))
            rows = rng.choice(len(coded[0]), size=size, replace=False)
            optimizer.zero_grad(set_to_none=True)
            loss(module, coded[0][rows]).mean().backward()
            optimizer.step()
            _tell(progress, step, settings.steps)
    return {name: one.detach().double().numpy() for name, one in module.named_parameters()}


def train_with_noise(
    module: torch.nn.Module, loss: Any, coded: Sequence[torch.Tensor], settings: DpSgdSettings,
    charge: Charge | None, progress: Callable[[float], None] | None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Parameters after DP-SGD, the mean of the later half of its steps."""
    training = PrivateTraining(module, loss, coded, settings, charge=charge)
    parameters = dict(training.module.named_parameters())
    mean = LateMean(settings.steps)
    for step in range(1, settings.steps + 1):
        training.step()
        mean.see(np.concatenate([one.detach().numpy().ravel() for one in parameters.values()]))
        _tell(progress, step, settings.steps)
    ends = np.cumsum([one.numel() for one in parameters.values()])[:-1]
    parts = np.split(mean.value, ends)
    return {
        name: part.reshape(tuple(one.shape))
        for (name, one), part in zip(parameters.items(), parts, strict=True)
    }


def _tell(progress: Callable[[float], None] | None, step: int, steps: int) -> None:
    if progress is not None and (step % _TOLD_EVERY == 0 or step == steps):
        progress(step / steps)
