"""How do drawn patients come to keep every rule that can be decided?

Drawn again where they break one: first other values inside the same bins, then
other patients, up to a cap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd

from ..dictionary import Rule
from ..errors import GateFailed
from .asked import require_rows, require_seed
from .encoder import Encoder
from .structural_zeros import rule_coverage

_REDRAWS = 200
_OTHER_PATIENTS_EVERY = 20


def breaks_a_rule(rules: Iterable[Rule], patients: pd.DataFrame) -> np.ndarray:
    """Which patients certainly break one of these rules; shape (patients,).

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> rules, _ = DataDictionary.load("leuksurv").decidable(["os_days"])
    >>> breaks_a_rule(rules, pd.DataFrame({"os_days": [10]})).tolist()
    [False]
    """
    broken = np.zeros(len(patients), dtype=bool)
    for rule in rules:
        broken |= np.asarray(rule.holds(patients)) == 0
    return broken


def draw_cohort(
    draw: Callable[[int, np.random.Generator], np.ndarray],
    encoder: Encoder,
    rows: int,
    seed: int,
    counts: Mapping[str, np.ndarray] | None = None,
) -> pd.DataFrame:
    """Draw a synthetic cohort in which every decidable rule holds.

    Parameters
    ----------
    draw : callable
        ``draw(rows, rng)``: codes of shape (rows, variables).
    encoder : Encoder
    rows : int
        From 1 to `asked.MOST_ROWS`.
    seed : int
    counts : mapping of str to numpy.ndarray, optional
        See `Encoder.decode`.

    Returns
    -------
    pandas.DataFrame
        ``.attrs["redrawn"]`` is the share of rows that were drawn again.

    Raises
    ------
    ArgumentRefused
        If `rows` or `seed` is not such a whole number.
    GateFailed
        If the rules cannot be met within the cap on redraws.
    """
    require_rows(rows)
    require_seed(seed)
    rng = np.random.default_rng([int(seed), 0x5A])
    rules = rule_coverage(encoder).decidable
    codes = draw(int(rows), rng)
    cohort = encoder.decode(codes, rng, counts)
    redrawn = None
    for attempt in range(_REDRAWS):
        broken = breaks_a_rule(rules, cohort)
        if not broken.any():
            break
        redrawn = broken.mean() if redrawn is None else redrawn
        # First other values inside the same bins, then other patients.
        if attempt % _OTHER_PATIENTS_EVERY == _OTHER_PATIENTS_EVERY - 1:
            codes[broken] = draw(max(int(rows), 100), rng)[: broken.sum()]
        fresh = encoder.decode(codes[broken], rng, counts)
        fresh.index = cohort.index[broken]
        cohort.loc[broken, fresh.columns] = fresh
    else:
        raise GateFailed(
            f"{int(broken.sum())} synthetic patients still break a rule after {_REDRAWS} redraws.",
            "A model and rules that can be met together.",
            "Look for contradicting rules or bins that straddle a rule's limit in "
            f"'{encoder.dictionary.name}'.",
        )
    cohort.attrs = {"redrawn": float(redrawn or 0.0)}
    return cohort
