"""What does averaging a network over three sites cost beside a plain loop?

All parties in one process, on the state machines that run in hospitals:
without noise, and with every site's own noise. ``python -m benchmarks.averaging``
prints the table.
"""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from synthema_lab.federation.averaging import (
    AveragingSettings,
    AveragingSite,
    ParameterLayout,
    SharedModel,
    fit_averaged,
)
from synthema_lab.privacy.dpsgd import DpSgdSettings, PrivateTraining

from .machine import described

NAMES = ("east", "north", "south")
PATIENTS, ROUNDS, STEPS, BATCH = 400, 20, 10, 32
GOAL = 60.0
AGREED = AveragingSettings(
    rounds=ROUNDS, local_steps=STEPS, batch_size=BATCH, learning_rate=0.01, clip=5.0,
    coordinate_clip=0.5,
)  # fmt: skip
NOISE = DpSgdSettings(
    clip=1.0, noise_multiplier=1.0, sample_rate=BATCH / PATIENTS, steps=1,
    expected_batch_size=BATCH, learning_rate=0.01,
)  # fmt: skip

HOW = f"""\
Seconds on the wall for {ROUNDS} rounds of {STEPS} steps at each of {len(NAMES)} sites, batches of \
{BATCH} of {PATIENTS} patients; with them the seconds of processor time. Plain: the same steps, \
their changes averaged by numpy. A step with noise clips by ghost norms in double precision and \
draws its noise from the operating system's random bits; both ways of clipping are shown for one \
site, in milliseconds of processor time a step."""


def network() -> nn.Module:
    """About 200,000 parameters."""
    return nn.Sequential(
        nn.Linear(64, 400), nn.ReLU(), nn.Linear(400, 400), nn.ReLU(), nn.Linear(400, 32)
    )


def squared(module: nn.Module, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """One loss a patient."""
    return (module(x) - y).square().sum(1)


def patients(seed: int) -> list[torch.Tensor]:
    """Rows of one site."""
    source = torch.Generator().manual_seed(seed)
    shapes = (PATIENTS, 64), (PATIENTS, 32)
    return [torch.rand(shape, generator=source) for shape in shapes]


def plain(sites: dict[str, list[torch.Tensor]]) -> np.ndarray:
    """The same steps, averaged in the open."""
    module = network()
    layout = ParameterLayout.of(module)
    model = SharedModel(layout, layout.flatten(dict(module.named_parameters())))
    parties = [
        AveragingSite(name, rows, module, squared, AGREED, number=place)
        for place, (name, rows) in enumerate(sites.items())
    ]
    for number in range(ROUNDS):
        changes = [one.contribution(model.parameters, number).vector for one in parties]
        model = model.moved_by(np.sum(changes, axis=0), NAMES, AGREED)
    return model.parameters


def a_step(clipping: str, batch: int) -> float:
    """Milliseconds of processor time for a step with noise at one site."""
    agreed = DpSgdSettings(1.0, 1.0, batch / PATIENTS, 6, batch, clipping=clipping)
    training = PrivateTraining(network(), squared, patients(0), agreed)
    training.step()
    start = time.process_time()
    for _ in range(5):
        training.step()
    return 200 * (time.process_time() - start)


def run() -> str:
    """Measure and return the table."""
    before = os.getloadavg()[0]
    sites = {name: patients(place) for place, name in enumerate(NAMES)}
    size = ParameterLayout.of(network()).length
    rows = [f"Federated averaging of {size:,} parameters over three sites", ""]
    rows += [f"{'':24}{'seconds':>10}{'processor':>12}   goal"]
    ways: dict[str, Callable[[], object]] = {
        "plain loop": lambda: plain(sites),
        "secure sum": lambda: fit_averaged(sites, network, squared, AGREED),
        "secure sum, with noise": lambda: fit_averaged(
            sites, network, squared, AGREED, privacy=NOISE
        ),
    }
    for name, way in ways.items():
        start, used = time.perf_counter(), time.process_time()
        way()
        seconds, used = time.perf_counter() - start, time.process_time() - used
        goal = "" if name == "plain loop" else f"   {GOAL:g}"
        rows.append(f"{name:24}{seconds:10.1f}{used:12.1f}{goal}")
    rows += ["", f"{'one step with noise, ms':24}{'by sample':>10}{'by ghost':>12}"]
    for batch in (8, 32, 128):
        times = [a_step(kind, batch) for kind in ("per-sample", "ghost")]
        rows.append(f"{f'batches of {batch}':24}{times[0]:10.0f}{times[1]:12.0f}")
    load = f"Load of the machine at the start: {before:.1f} processes."
    machine = described(("torch", "opacus", "numpy", "cryptography"))
    return "\n".join([*rows, "", *textwrap.wrap(f"{HOW} {load}", 98), machine])


if __name__ == "__main__":
    print(run())
