"""How is the network trained at one custodian, and what is needed to train it at many?"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ... import randomness
from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ...privacy import DpSgdEvent, calibrate_training, check_budget, epsilon_of
from ...privacy.dpsgd import DpSgdSettings
from ...privacy.dpsgd.extra import required
from ..asked import LARGEST_SEED, require_seed
from ..learnt import UNIT
from ..measured import Custody, require_patients
from .heads import Heads
from .model import VaeModel
from .network import loss_of, network, one_hot
from .settings import VaeSettings
from .training import train_exactly, train_with_noise

if TYPE_CHECKING:
    import torch


class Vae:
    """A variational autoencoder with a likelihood for each type of variable."""

    name = "vae"
    title = "Variational autoencoder"
    use_when = "to compare: a network with a stated budget, by federated averaging at hospitals"
    privacy = "differentially private by DP-SGD at each custodian when epsilon is given"
    federated = "yes, as a study: averaged changes, securely summed"

    def fit(
        self,
        tables: Sequence[pd.DataFrame],
        dictionary: DataDictionary,
        *,
        epsilon: float | None = 3.0,
        delta: float = 1e-5,
        seed: int = 0,
        colluding: int = 0,
        fresh_noise: bool = False,
        custody: Custody | None = None,
        progress: Callable[[float], None] | None = None,
        **settings: Any,
    ) -> VaeModel:
        """Train on the table of one custodian.

        Parameters
        ----------
        tables : sequence of one pandas.DataFrame
        dictionary : DataDictionary
        epsilon, delta : float
            Budget; None switches noise off, and then no privacy is claimed.
        seed : int
            Of the first parameters, and of the draws without noise.
        colluding, fresh_noise
            As other generators have them; every training is a new one.
        custody : Custody, optional
            Its `charge` is called before a patient is read.
        progress : callable, optional
        **settings
            See `VaeSettings`.

        Returns
        -------
        VaeModel

        Raises
        ------
        ArgumentRefused
            With several tables, since across sites it is trained as a study; or if
            the training diverges.
        """
        if len(tables) != 1:
            raise ArgumentRefused(
                f"The vae was to be trained on {len(tables)} tables in one process.",
                "One table; across hospitals it is a study, by federated averaging.",
                "See synthema study submit, or the notebook 30_train_across_hospitals.",
            )
        check_budget(epsilon, delta)
        agreed = VaeSettings.of(settings, noise=epsilon is not None)
        heads, module = prepared(dictionary, tables[0].columns, agreed, seed)
        patients = require_patients(tables[0], dictionary)
        coded = tensors(heads, patients)
        loss = loss_of(agreed)
        release, events = randomness.random_bytes(16).hex(), ()
        if epsilon is None:
            parameters = train_exactly(module, loss, coded, agreed, seed, progress)
        else:
            private = private_settings(agreed, agreed.steps, epsilon, delta)
            charge = custody.charge if custody else None
            parameters = train_with_noise(
                module, loss, coded, private,
                None if charge is None else lambda events: charge(release, events), progress,
            )  # fmt: skip
            events = (private.event,)
        if not all(np.isfinite(one).all() for one in parameters.values()):
            raise ArgumentRefused(
                f"The training diverged at a learning rate of {agreed.learning_rate:g}.",
                "Parameters that stay finite.",
                "Take a smaller learning_rate; what was charged stays charged.",
            )
        return trained(heads, parameters, events, epsilon, delta, release, 1, seed, agreed)


def prepared(
    dictionary: DataDictionary, columns: Collection[str], settings: VaeSettings, seed: int
) -> tuple[Heads, torch.nn.Module]:
    """Heads and first network, the same for everybody."""
    require_seed(seed, LARGEST_SEED, numpy_too=False)
    torch = required("torch")
    heads = Heads(dictionary, columns)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return heads, network(heads, settings)


def tensors(heads: Heads, patients: pd.DataFrame) -> list[torch.Tensor]:
    """Patients as the network reads them."""
    torch = required("torch")
    coded = one_hot(heads.encode(patients), heads.sizes)
    return [torch.from_numpy(coded).float()]


def private_settings(
    settings: VaeSettings, steps: int, epsilon: float, delta: float
) -> DpSgdSettings:
    """How much noise so many steps need, from public numbers alone."""
    noise = _noise(epsilon, delta, settings.sample_rate, steps)
    return DpSgdSettings(
        clip=settings.gradient_clip, noise_multiplier=noise, sample_rate=settings.sample_rate,
        steps=steps, expected_batch_size=settings.sample_rate * settings.patients,
        learning_rate=settings.learning_rate, optimizer="adam",
    )  # fmt: skip


@functools.lru_cache(maxsize=32)
def _noise(epsilon: float, delta: float, sample_rate: float, steps: int) -> float:
    """The multiplier; kept, since every part of a study asks for it and it takes seconds."""
    return calibrate_training(epsilon, delta, sample_rate, steps)


def trained(
    heads: Heads,
    parameters: dict[str, np.ndarray],
    events: Sequence[DpSgdEvent],
    asked: float | None,
    delta: float,
    release: str,
    sites: int,
    seed: int,
    settings: VaeSettings,
) -> VaeModel:
    """The model of trained parameters, with what its noise proves."""
    privacy = None
    if asked is not None:
        spent = epsilon_of(events, delta)
        privacy = {
            "epsilon": spent, "delta": delta, "asked": asked, "unit": UNIT,
            "assumed": "one row a patient (checked by pseudonym where there is one)",
            "mechanism": "DP-SGD at every site (Abadi et al. 2016), noise of the site's own",
            "views": {"whoever sees every change of a site, or the model": spent},
            "release": release,
        }  # fmt: skip
    return VaeModel(
        heads.dictionary, heads.columns, parameters, privacy,
        {"dictionary": heads.dictionary.digest, "sites": sites, "seed": seed,
         "settings": vars(settings), "likelihoods": heads.likelihoods},
        release,
    )  # fmt: skip
