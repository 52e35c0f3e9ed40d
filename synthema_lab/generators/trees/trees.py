"""How are the trees of one custodian's patients grown?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused, DataMismatch
from ..asked import LARGEST_SEED, require_seed
from ..encoder import Encoder
from ..measured import Custody, require_patients
from .forest import Forest, grow
from .intervals import learn_intervals
from .model import TreesModel
from .order import drawing_order
from .predictors import axes, expected_events, residuals, seen_by_trees, targets
from .sequence import Drawing
from .settings import TreesSettings

HOLDS = "smoothed contents of leaves: as confidential as the patients it was learnt from"


class Trees:
    """Sequential synthesis by classification and regression trees, outcome first.

    The model holds smoothed contents of leaves and is as confidential as the
    patients. Synthetic patients are drawn from leaves of at least ten patients
    and repeat no rare number but by the chance that its resolution gives; that is
    no proof of privacy, and none is stated.
    """

    name = "trees"
    title = "Sequential trees"
    use_when = "the most faithful on one site's 200 to 2000 patients, where no budget is stated"
    privacy = "none stated; measure it on patients held out"
    federated = "no"

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
    ) -> TreesModel:
        """Learn from the table of one custodian.

        Parameters
        ----------
        tables : sequence of one pandas.DataFrame
            Any subset of the dictionary's variables; one row a patient.
        dictionary : DataDictionary
        epsilon : None
            No privacy is stated, so no other value is taken.
        seed : int
            The same seed gives the same model.
        delta, colluding, fresh_noise, custody
            As other generators have them; without a budget they say nothing.
        progress : callable, optional
            Called with the share done, from 0 to 1.
        **settings
            See `TreesSettings`.

        Returns
        -------
        TreesModel

        Raises
        ------
        ArgumentRefused
            With an epsilon, with several tables, or with settings that cannot be used.
        DataMismatch
            If the table does not match the dictionary, or has too few patients for
            two leaves.

        References
        ----------
        Reiter JP. Using CART to generate partially synthetic public use microdata.
        Journal of Official Statistics 2005; 21: 441-462.
        Nowok B, Raab GM, Dibben C. synthpop: bespoke creation of synthetic data in R.
        Journal of Statistical Software 2016; 74(11).

        Examples
        --------
        >>> from synthema_lab.cohorts.mock import mock_patients
        >>> dictionary = DataDictionary.load("leuksurv")
        >>> patients = mock_patients(dictionary, 100, np.random.default_rng(0))
        >>> model = Trees().fit([patients], dictionary, trees=2)
        >>> model.sample(3).shape
        (3, 7)
        """
        if epsilon is not None:
            raise ArgumentRefused(
                "A privacy budget was given, and trees states no privacy.",
                "Epsilon none for trees; a method that keeps a budget for anything else.",
                "Type --epsilon none, or --generator marginal.",
            )
        if len(tables) != 1:
            raise ArgumentRefused(
                f"The trees were to be grown on {len(tables)} tables.",
                "The table of one custodian: a leaf shows what its patients had.",
                "Across hospitals use --generator marginal.",
            )
        require_seed(seed, LARGEST_SEED, numpy_too=False)
        agreed = TreesSettings.of(settings)
        patients = require_patients(tables[0], dictionary)
        encoder = Encoder(dictionary, patients.columns)
        agreed = agreed.for_table(len(encoder.columns), len(patients))
        if len(patients) < 2 * agreed.min_leaf:
            raise DataMismatch(
                f"The table has {len(patients)} patients.",
                f"At least {2 * agreed.min_leaf}: two leaves of {agreed.min_leaf}.",
                "Add patients, or use --generator marginal.",
            )
        encoder.encode(patients)  # refuses what has no code
        drawing = _grown(patients, dictionary, agreed, seed, progress)
        decidable, undecidable = dictionary.decidable(drawing.intervals)
        return TreesModel(
            drawing,
            {
                "dictionary": dictionary.digest, "sites": 1, "seed": seed,
                "settings": vars(agreed), "order": list(drawing.intervals), "holds": HOLDS,
                "rules_kept": [rule.name for rule in decidable],
                "rules_undecidable": [rule.name for rule in undecidable],
            },
        )  # fmt: skip


def _grown(
    patients: pd.DataFrame, dictionary: DataDictionary, settings: TreesSettings, seed: int,
    progress: Callable[[float], None] | None,
) -> Drawing:  # fmt: skip
    rng = np.random.default_rng([seed, 0x7E])
    order = drawing_order(dictionary, patients.columns)
    intervals = {
        name: learn_intervals(dictionary.variables[name], patients[name], settings.smooth_over)
        for name in order
    }
    codes = np.stack([one.codes(patients[name]) for name, one in intervals.items()], axis=1)
    survival, expected, outcome = dictionary.survival, None, None
    if survival is not None and order[:2] == (survival.event, survival.time):
        expected = expected_events(codes[:, 1], codes[:, 0], intervals[survival.time].missing + 1)
        outcome = residuals(codes[:, 0], codes[:, 1], expected)
    forests: list[Forest] = []
    places: list[tuple[np.ndarray, ...]] = []
    for place, known in enumerate(intervals.values()):
        mine, size = codes[:, place], known.missing + 1
        number = known.variable.numeric
        told = targets(known, mine) if number else np.eye(size)[mine]
        where = axes(list(intervals.values())[:place], codes[:, :place], told)
        seen = None
        if place:
            seen = seen_by_trees(where, codes[:, :place], outcome if place > 1 else None)
        forests.append(grow(seen, mine, size, told, not number, settings, rng))
        places.append(where)
        if progress is not None:
            progress((place + 1) / len(order))
    return Drawing(
        dictionary, intervals, tuple(forests), tuple(places), expected, settings.balanced
    )
