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
from ...privacy.dpsgd import DpSgdSettings, train_privately
from ...privacy.dpsgd.extra import required
from ...privacy.dpsgd.threads import threads_for
from ..encoder import Encoder
from ..learnt import UNIT
from ..measured import Custody, require_patients
from .model import VaeModel
from .network import loss_of, network, one_hot
from .settings import VaeSettings, require_seed

if TYPE_CHECKING:
    import torch


class Vae:
    """A variational autoencoder over the dictionary's public codes."""

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
        agreed = VaeSettings.of(settings)
        encoder, module = prepared(dictionary, tables[0].columns, agreed, seed)
        patients = require_patients(tables[0], dictionary)
        coded = tensors(encoder, patients)
        loss = loss_of(encoder.sizes, agreed)
        release, events = randomness.random_bytes(16).hex(), ()
        if epsilon is None:
            _train(module, loss, coded, agreed, seed, progress)
        else:
            private = private_settings(agreed, agreed.steps, epsilon, delta)
            charge = custody.charge if custody else None
            update = train_privately(
                module, loss, coded, progress=progress,
                charge=None if charge is None else lambda events: charge(release, events),
                **vars(private),
            )  # fmt: skip
            events = (private.event,)
            with required("torch").no_grad():
                for name, one in module.named_parameters():
                    one += update.changes[name]
        parameters = {
            name: one.detach().double().numpy() for name, one in module.named_parameters()
        }
        if not all(np.isfinite(one).all() for one in parameters.values()):
            raise ArgumentRefused(
                f"The training diverged at a learning rate of {agreed.learning_rate:g}.",
                "Parameters that stay finite.",
                "Take a smaller learning_rate; what was charged stays charged.",
            )
        return trained(encoder, parameters, events, epsilon, delta, release, 1, seed, agreed)


def prepared(
    dictionary: DataDictionary, columns: Collection[str], settings: VaeSettings, seed: int
) -> tuple[Encoder, torch.nn.Module]:
    """Encoder and first network, the same for everybody."""
    require_seed(seed)
    torch = required("torch")
    encoder = Encoder(dictionary, columns)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return encoder, network(encoder.sizes, settings)


def tensors(encoder: Encoder, patients: pd.DataFrame) -> list[torch.Tensor]:
    """Patients as the network reads them."""
    torch = required("torch")
    coded = one_hot(encoder.encode(patients), encoder.sizes)
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
    encoder: Encoder,
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
        encoder.dictionary, encoder.columns, parameters, privacy,
        {"dictionary": encoder.dictionary.digest, "sites": sites, "seed": seed,
         "settings": vars(settings)},
        release,
    )  # fmt: skip


def _train(
    module: torch.nn.Module, loss: Any, coded: Sequence[torch.Tensor], settings: VaeSettings,
    seed: int, progress: Callable[[float], None] | None,
) -> None:  # fmt: skip
    """Steps of Adam without noise; the same seed gives the same parameters."""
    torch = required("torch")
    rng = np.random.default_rng([seed, 0x7A])
    optimizer = torch.optim.Adam(module.parameters(), lr=settings.learning_rate)
    size = sum(one.numel() for one in module.parameters()) * settings.batch_size
    with torch.random.fork_rng(devices=[]), threads_for(size):
        torch.manual_seed(int(rng.integers(2**63)))
        for step in range(settings.steps):
            size = min(settings.batch_size, len(coded[0]))
            rows = rng.choice(len(coded[0]), size=size, replace=False)
            optimizer.zero_grad(set_to_none=True)
            loss(module, coded[0][rows]).mean().backward()
            optimizer.step()
            if progress is not None and (step + 1) % 50 == 0:
                progress((step + 1) / settings.steps)
