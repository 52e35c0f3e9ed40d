"""How is one network trained over several sites in one process?

Everything that runs in hospitals runs here, on the same state machines; only
the wire is missing. With the noise off, the same seed gives the same model.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ... import randomness
from ...errors import ArgumentRefused
from ...privacy import DpSgdEvent
from ...privacy.dpsgd import DpSgdSettings
from ...privacy.dpsgd.extra import required
from ...secure_aggregation import Identity, Roster, RoundSettings
from ...secure_aggregation.errors import TooFewSites
from ..memory import Transcript
from .layout import ParameterLayout
from .model import SharedModel
from .series import MemorySeries
from .settings import AveragingSettings
from .site import AveragingSite

if TYPE_CHECKING:
    import torch

    from ...privacy.dpsgd.forward import Loss

_NO_STUDY = hashlib.sha256(b"").digest()


@dataclass(frozen=True, eq=False)
class AveragedFit:
    """A model averaged over sites.

    Parameters
    ----------
    module : torch.nn.Module
        With the averaged parameters, in evaluation mode.
    model : SharedModel
        The same parameters in double precision.
    survivors : tuple of tuple of str
        By round, the sites whose changes were counted.
    events : mapping of str to tuple of DpSgdEvent
        By site, what all rounds cost its patients; empty tuples without noise.
    transcript : Transcript
    """

    module: torch.nn.Module = field(repr=False)
    model: SharedModel
    survivors: tuple[tuple[str, ...], ...] = field(repr=False)
    events: Mapping[str, tuple[DpSgdEvent, ...]]
    transcript: Transcript = field(repr=False)

    def __str__(self) -> str:
        noise = "with noise of each site" if any(self.events.values()) else "without noise"
        return (
            f"Model of {self.model.layout.length:,} parameters, averaged over "
            f"{len(self.events)} sites in {len(self.survivors)} rounds, {noise}. "
            f"{self.transcript}"
        )


def fit_averaged(
    sites: Mapping[str, Sequence[torch.Tensor]],
    factory: Callable[[], torch.nn.Module],
    loss: Loss,
    settings: AveragingSettings,
    *,
    privacy: DpSgdSettings | None = None,
    charge: Callable[[str, tuple[DpSgdEvent, ...]], object] | None = None,
    dropouts: Mapping[int, Mapping[str, str]] | None = None,
    threshold: int | None = None,
    study_digest: bytes = _NO_STUDY,
    probe: Sequence[torch.Tensor] | None = None,
    progress: Callable[[float], None] | None = None,
) -> AveragedFit:
    """Train a network over several sites by federated averaging (McMahan et al. 2017).

    Parameters
    ----------
    sites : mapping of str to sequence of torch.Tensor
        By name, at least three; each tensor with one row a patient.
    factory : callable
        Makes the module; called once, with torch seeded by ``settings.seed``.
    loss : callable
        ``loss(module, *batch)``: one loss a patient, shape (patients,).
    settings : AveragingSettings
    privacy : DpSgdSettings, optional
        Of one site in one round. Every site adds noise of its own to its own
        steps, so that a patient is protected whatever other sites do.
    charge : callable, optional
        Called with each site's name and the events of all rounds before any
        patient is read.
    dropouts : mapping of int to mapping of str to str, optional
        By round from 0, the sites that fall silent in it and the last stage each
        answers; see `MemorySeries.run`.
    threshold : int, optional
        Sites needed in a round; the smallest number above two thirds if not given.
    study_digest : bytes
        SHA-256 of the approved study, which binds every round.
    probe : sequence of torch.Tensor, optional
        Mock rows that the loss is tried with where there is noise.
    progress : callable, optional
        Called with the share done, from 0 to 1.

    Returns
    -------
    AveragedFit

    Raises
    ------
    ArgumentRefused, DataMismatch, BudgetExhausted, ExtraMissing
    RoundAborted
        If a round loses more sites than the threshold allows; no part of it is used.

    Examples
    --------
    >>> import torch
    >>> def squared(module, x, y):
    ...     return (module(x) - y).square().sum(1)
    >>> def rows(patients):
    ...     return [torch.ones(patients, 2), torch.ones(patients, 1)]
    >>> fit = fit_averaged(
    ...     {"east": rows(20), "north": rows(30), "south": rows(25)},
    ...     lambda: torch.nn.Linear(2, 1), squared,
    ...     AveragingSettings(rounds=5, local_steps=10, learning_rate=0.1),
    ... )
    >>> [round(float(value), 3) for value in fit.module(torch.ones(1, 2)).detach()]
    [1.0]
    """
    names = tuple(sorted(sites))
    if len(names) < 3:
        raise TooFewSites(
            f"A model was to be averaged over {len(names)} sites.",
            "At least three: with two, each learns the other's change.",
            "Give the patients of three sites or more.",
        )
    settings.require_sites(names)
    module = _first(factory, settings.seed)
    layout = ParameterLayout.of(module)
    model = SharedModel(layout, layout.flatten(dict(module.named_parameters())))
    parties = [
        AveragingSite(
            name, sites[name], copy.deepcopy(module), loss, settings, privacy,
            None if charge is None else _for_site(charge, name), number, probe=probe,
        )
        for number, name in enumerate(names)
    ]  # fmt: skip
    series = _series(names, layout.length, settings, study_digest, threshold)
    survivors = []
    for number in range(settings.rounds):
        given = {one.name: one.contribution(model.parameters, number) for one in parties}
        opened = series.run(
            {name: one.vector for name, one in given.items()},
            {"": model.digest} | {name: one.model for name, one in given.items()},
            (dropouts or {}).get(number),
        )
        model = model.moved_by(opened.total, opened.survivors, settings)
        survivors.append(opened.survivors)
        if progress is not None:
            progress((number + 1) / settings.rounds)
    layout.load(module, model.parameters)
    events = {one.name: one.events for one in parties}
    return AveragedFit(module.eval(), model, tuple(survivors), events, series.transcript)


def _first(factory: Callable[[], torch.nn.Module], seed: int) -> torch.nn.Module:
    torch = required("torch")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = factory()
    if not isinstance(module, torch.nn.Module):
        raise ArgumentRefused(
            f"The factory made {type(module).__name__}.",
            "A torch.nn.Module.",
            "Give a function that returns the module: lambda: torch.nn.Linear(4, 1).",
        )
    return module


def _series(
    names: Sequence[str], length: int, settings: AveragingSettings, study_digest: bytes,
    threshold: int | None,
) -> MemorySeries:  # fmt: skip
    identities = [Identity.new(name) for name in names]
    roster = Roster.of(identity.member() for identity in identities)
    series = randomness.random_bytes(8).hex()

    def settings_of(number: int) -> RoundSettings:
        return settings.round(roster, f"average/{series}/{number}", length, study_digest, threshold)

    return MemorySeries(settings_of, identities, settings.rounds)


def _for_site(
    charge: Callable[[str, tuple[DpSgdEvent, ...]], object], name: str
) -> Callable[[tuple[DpSgdEvent, ...]], object]:
    return lambda events: charge(name, events)
