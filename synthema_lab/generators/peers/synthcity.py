"""How is a plug-in of synthcity fitted like every other generator?

To compare, and no more: it learns in a process of its own (`limited_process`)
and what is kept is a pool of rows (`model`). Several plug-ins claim
differential privacy; one of them was seen to hand real values back and another
to look at the patients again at each draw, so none is believed and no budget
is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ... import randomness
from ...dictionary import DataDictionary
from ...errors import ArgumentRefused, DataMismatch
from ..asked import LARGEST_SEED, require_seed
from ..encoder import Encoder
from ..measured import Custody, require_patients
from .catalogue import SURVIVAL, Plugin, plugin_named
from .limited_process import learn
from .model import PoolModel
from .plain_numbers import to_numbers
from .settings import settings_of

_FEWEST = 20


class Synthcity:
    """One plug-in of the library synthcity, by name.

    Parameters
    ----------
    plugin : str
        See `available`.

    Raises
    ------
    ArgumentRefused
        If there is no such plug-in, with the nearest name.
    ExtraMissing
        If synthcity is not installed.

    References
    ----------
    Qian Z, Davis R, van der Schaar M. Synthcity: a benchmark framework for
    diverse use cases of tabular synthetic data. NeurIPS 2023.

    Examples
    --------
    >>> Synthcity("ctgan").name
    'synthcity:ctgan'
    """

    name = "synthcity:<plugin>"
    title = "A plug-in of synthcity"
    use_when = "to compare with published generators on one custodian's table"
    privacy = "none stated, whatever the plug-in claims"
    federated = "no"

    def __init__(self, plugin: str) -> None:
        self.plugin: Plugin = plugin_named(plugin)
        self.name = f"synthcity:{plugin}"

    def __repr__(self) -> str:
        return f"Synthcity({self.plugin.name!r})"

    def fit(
        self,
        tables: Sequence[pd.DataFrame],
        dictionary: DataDictionary,
        *,
        epsilon: float | None = None,
        delta: float = 1e-5,
        seed: int = 0,
        colluding: int = 0,
        fresh_noise: bool = False,
        custody: Custody | None = None,
        progress: Callable[[float], None] | None = None,
        **settings: Any,
    ) -> PoolModel:
        """Let the plug-in learn one custodian's table, and keep rows that it drew.

        Parameters
        ----------
        tables : sequence of one pandas.DataFrame
        dictionary : DataDictionary
        epsilon : None
            Anything else is refused: no privacy is stated.
        delta, colluding, fresh_noise, custody
            As other generators have them; without a budget they mean nothing.
        seed : int
            The same seed gives the same pool wherever the plug-in keeps to its
            seed (on one machine, with the same number of threads).
        progress : callable, optional
            Called with the share done, from 0 to 1.
        **settings
            ``pool``, ``time_limit`` and ``memory_limit`` (see `PeerSettings`),
            and the plug-in's own parameters (see `describe_plugin`).

        Returns
        -------
        PoolModel

        Raises
        ------
        ArgumentRefused
            For a budget, several tables, a setting that cannot be used, a limit
            that was reached, or a plug-in that fails.
        DataMismatch
            If the table has too few patients, nothing that varies, or values
            outside the dictionary.
        GateFailed
            If too few of the rows it draws keep the rules, or they are the
            patients themselves.
        """
        if epsilon is not None:
            raise ArgumentRefused(
                f"{self.name} was asked for an epsilon; synthcity plug-ins state no privacy here.",
                "No budget, whatever the plug-in claims for itself.",
                "Use --epsilon none, or --generator marginal for a budget.",
            )
        if len(tables) != 1:
            raise ArgumentRefused(
                f"{self.name} was to learn {len(tables)} tables.",
                "One table: it is not federated.",
                "Use --generator marginal across sites.",
            )
        require_seed(seed, LARGEST_SEED)
        limits, parameters = settings_of(self.plugin, settings)
        patients = require_patients(tables[0], dictionary)
        encoder = Encoder(dictionary, patients.columns)
        encoder.encode(patients)  # refuses what the dictionary does not allow
        numbers = to_numbers(patients, encoder.columns)
        _require_learnable(numbers, encoder, self.plugin)
        request = {
            "plugin": self.plugin.name, "inner": self.plugin.inner, "family": self.plugin.family,
            "parameters": parameters, "pool": limits.pool, "seed": int(seed),
            "columns": list(encoder.columns), "dictionary": dictionary.as_dict(),
        }  # fmt: skip
        pool, facts = learn(request, numbers, limits, progress)
        _, undecidable = dictionary.decidable(encoder.columns)
        provenance = {
            "dictionary": dictionary.digest, "sites": 1, "seed": int(seed),
            "settings": {**vars(limits), **parameters}, **facts,
            "rules_undecidable": [rule.name for rule in undecidable],
        }  # fmt: skip
        release = randomness.random_bytes(16).hex()
        return PoolModel(self.name, dictionary, encoder.columns, pool, provenance, release)


def _require_learnable(numbers: np.ndarray, encoder: Encoder, plugin: Plugin) -> None:
    """Refuse a table that no plug-in, or not this one, can learn."""
    if len(numbers) < _FEWEST:
        raise DataMismatch(
            f"The table has {len(numbers)} patients.",
            f"At least {_FEWEST}, from whom a plug-in can learn.",
            "Use --generator independent, or add patients.",
        )
    varies = [len(np.unique(column)) > 1 for column in numbers.T]
    if sum(varies) < 2:
        raise DataMismatch(
            "Fewer than two variables of the table vary.",
            "Variables with more than one value, from which a plug-in can learn.",
            "Use --generator independent, or add variables.",
        )
    if plugin.family != SURVIVAL:
        return
    survival = encoder.dictionary.survival
    outcome = () if survival is None else (survival.time, survival.event)
    if not outcome or not set(outcome) <= set(encoder.columns):
        raise DataMismatch(
            f"synthcity:{plugin.name} learns survival, and the table has no time and event.",
            "The variables that the dictionary names under survival.",
            "Add them, or use synthcity:ctgan.",
        )
    times, events = (numbers[:, encoder.columns.index(name)] for name in outcome)
    unknown = int((np.isnan(times) | np.isnan(events) | ~(times > 0)).sum())
    if unknown or len(np.unique(events)) < 2:
        raise DataMismatch(
            f"{unknown} patients have no event status or no survival time above 0."
            if unknown else "All patients have the same event status.",
            "A survival time above 0 for every patient, some with and some without the event.",
            "Leave these patients out, or use synthcity:ctgan, which takes the table as it is.",
        )  # fmt: skip
