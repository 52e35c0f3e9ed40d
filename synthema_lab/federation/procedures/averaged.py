"""How is a network trained across hospitals: by federated averaging, as a study?

Every opening is one round (McMahan et al. 2017): the sites improve the model
they were sent on their own patients, and the clipped changes are summed. With
a budget each site trains by DP-SGD with noise of its own, so that its patients
are protected whatever the others do; the noise follows from public numbers of
the study alone, never from a site's number of patients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ...generators.asked import LARGEST_SEED, require_seed
from ...generators.vae.model import VaeModel
from ...generators.vae.network import loss_of
from ...generators.vae.settings import VaeSettings
from ...generators.vae.training import LateMean
from ...generators.vae.vae import prepared, private_settings, tensors, trained
from ...privacy import DpSgdEvent
from ...secure_aggregation import Identity, OpenedSum, Roster
from ..averaging.layout import ParameterLayout
from ..averaging.model import SharedModel
from ..averaging.settings import AveragingSettings
from ..averaging.site import AveragingSite, events_of
from ..study.errors import StudyRefused
from .procedure import Contribution, Given, Plan

if TYPE_CHECKING:
    from ..study.study import Study

_DEFAULTS = {"seed": 0, "local_steps": 20, "clip": 10.0, "coordinate_clip": 1.0}


class Averaged:
    """The `vae` as a study.

    Settings are those of `VaeSettings` without steps, and ``seed``,
    ``local_steps`` (in a round), ``clip`` and ``coordinate_clip`` (of a site's
    change); see `AveragingSettings`. The study's rounds are the rounds.

    Parameters
    ----------
    name : {"vae"}
    """

    openings = 1

    def __init__(self, name: str) -> None:
        self.name = name

    def terms(self, sites: int, settings: Mapping[str, Any]) -> dict[str, Any]:
        """A scale that suits the largest change of a parameter; see `Procedure.terms`."""
        _, averaging = _settings(settings, 1, False)
        roster = Roster.of(Identity.new(f"site-{number}").member() for number in range(sites))
        round_ = averaging.round(roster, "terms", 1, bytes(32))
        return {
            "modulus_bits": round_.modulus_bits, "scale": round_.scale, "clip": round_.clip,
        }  # fmt: skip

    def plan(self, study: Study, dictionary: DataDictionary) -> Plan:
        """One opening a round; see `Procedure.plan`."""
        agreed = _Agreed(study, dictionary)
        return Plan((agreed.layout.length,) * study.rounds, agreed.events)

    def task(self, given: Given) -> AveragedTask:
        """A site's training; see `Procedure.task`."""
        return AveragedTask(given)

    def assembly(
        self, study: Study, dictionary: DataDictionary, sites: tuple[str, ...], shares: int
    ) -> AveragedAssembly:
        """The averaged network; see `Procedure.assembly`."""
        return AveragedAssembly(study, dictionary)


class _Agreed:
    """What a study says about the training, the same for everybody."""

    def __init__(self, study: Study, dictionary: DataDictionary) -> None:
        noise = study.budget.epsilon is not None
        self.vae, self.averaging = _settings(study.settings, study.rounds, noise)
        terms = study.secure_aggregation
        if terms.clip != self.averaging.coordinate_clip:
            raise _refused(f"Its sums are clipped at {terms.clip:g}, its changes elsewhere.")
        self.seed = self.averaging.seed
        names = [name for name, _ in study.variables]
        self.heads, self.module = prepared(dictionary, names, self.vae, self.seed)
        self.layout = ParameterLayout.of(self.module)
        self.privacy = None
        if noise:
            steps = self.averaging.rounds * self.averaging.local_steps
            budget = study.budget
            self.privacy = private_settings(self.vae, steps, budget.epsilon, budget.delta)

    @property
    def events(self) -> tuple[DpSgdEvent, ...]:
        """What all rounds cost a site's patients."""
        return events_of(self.averaging, self.privacy)


def _settings(
    settings: Mapping[str, Any], rounds: int, noise: bool
) -> tuple[VaeSettings, AveragingSettings]:  # fmt: skip
    """The network's settings and those of the averaging, from a study's."""
    given = dict(settings)
    mine = {name: given.pop(name, default) for name, default in _DEFAULTS.items()}
    happened = ""
    try:
        require_seed(mine["seed"], LARGEST_SEED, numpy_too=False)
        vae = VaeSettings.of(given, noise)
        averaging = AveragingSettings(
            rounds=rounds, batch_size=vae.batch_size, learning_rate=vae.learning_rate,
            optimizer="adam", **mine,
        )  # fmt: skip
    except ArgumentRefused as error:
        happened = error.happened
    if happened:
        raise _refused(happened)
    return vae, averaging


def _refused(happened: str) -> StudyRefused:
    return StudyRefused(
        happened, "Settings of the vae, and sum terms that fit its coordinate_clip.",
        "Correct generator.settings in the draft, and submit it again.",
    )  # fmt: skip


class AveragedTask:
    """A site's part in the training. Parameters as `Given`."""

    def __init__(self, given: Given) -> None:
        agreed = _Agreed(given.study, given.dictionary)
        self._layout = agreed.layout
        self._site = AveragingSite(
            given.site, tensors(agreed.heads, given.patients), agreed.module,
            loss_of(agreed.vae), agreed.averaging, agreed.privacy,
            number=given.sites.index(given.site), taken=given.taken,
        )  # fmt: skip

    def contribution(self, opening: int, model: bytes) -> Contribution:
        """The clipped change of the model that was sent."""
        parameters = np.frombuffer(model, dtype="<f8")
        if parameters.shape != (self._layout.length,) or not np.isfinite(parameters).all():
            raise StudyRefused(
                "The model that was sent does not fit the network of the study.",
                f"{self._layout.length:,} finite numbers.",
                "Bring both sides to the same version.",
            )
        return self._site.contribution(parameters, opening)


class AveragedAssembly:
    """The network after the rounds so far.

    Parameters
    ----------
    study : Study
    dictionary : DataDictionary
    """

    def __init__(self, study: Study, dictionary: DataDictionary) -> None:
        self._study, self._agreed = study, _Agreed(study, dictionary)
        layout = self._agreed.layout
        first = layout.flatten(dict(self._agreed.module.named_parameters()))
        self._model, self._sites = SharedModel(layout, first), 0
        self._mean = LateMean(study.rounds)

    @property
    def model(self) -> bytes:
        """The parameters, in double precision, little endian."""
        return self._model.parameters.astype("<f8").tobytes()

    @property
    def digest(self) -> bytes:
        """See `averaging.layout.model_digest`."""
        return self._model.digest

    def take(self, opened: OpenedSum) -> None:
        """Move the model by the sum of the changes."""
        agreed, sites = self._agreed.averaging, len(opened.survivors)
        self._model = self._model.moved_by(opened.total, opened.survivors, agreed)
        self._sites = max(self._sites, sites)
        self._mean.see(self._model.parameters)

    def result(self, progress: Callable[[float], None] | None = None) -> VaeModel:
        """The trained network; its release bears the study's hash.

        With noise, the mean of the models of the later half of the rounds.
        """
        agreed, study = self._agreed, self._study
        last = self._model.parameters if agreed.privacy is None else self._mean.value
        parts = agreed.layout.split(last)
        parameters = {name: part.numpy() for name, part in parts.items()}
        budget = study.budget
        return trained(
            agreed.heads, parameters, agreed.events, budget.epsilon, budget.delta,
            study.hash[:32], self._sites, agreed.seed, agreed.vae,
        )  # fmt: skip

    def save(self) -> bytes:
        """The parameters, of how many sites they are, and the later rounds' sum."""
        summed = np.broadcast_to(self._mean.summed, self._model.parameters.shape)
        numbers = np.array([self._sites, self._mean.seen], dtype=">u8")
        return numbers.tobytes() + self.model + summed.astype("<f8").tobytes()

    def restore(self, saved: bytes) -> None:
        """Go on from what `save` gave."""
        if saved:
            self._sites, seen = (int(one) for one in np.frombuffer(saved[:16], dtype=">u8"))
            parameters, summed = np.frombuffer(saved[16:], dtype="<f8").copy().reshape(2, -1)
            self._model = SharedModel(self._agreed.layout, parameters)
            self._mean = LateMean(self._study.rounds, summed, seen)
