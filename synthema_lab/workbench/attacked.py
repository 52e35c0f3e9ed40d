"""How exposed are the most exposed patients, under one generator and another?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ..validation import ShadowAttack
from .display import interval


def shadowed(attacks: Mapping[str, ShadowAttack]) -> pd.DataFrame:
    """Shadow models against several generators, side by side.

    Parameters
    ----------
    attacks : mapping of str to ShadowAttack
        By generator, on as many targets each.

    Returns
    -------
    pandas.DataFrame
        A row for all targets and one a target, a column a generator: area under the
        curve and its 95% interval; and how small an area would have been seen.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.validation import shadow_attack
    >>> cohort = load_cohort("leuksurv")
    >>> found = shadow_attack(lambda table, seed: table, cohort.patients[:300], cohort.dictionary,
    ...                       targets=2, shadows=20)
    >>> shadowed({"a copy": found})["patient"].tolist()
    ['all together', '1', '2', 'smallest area that would be seen']
    """
    columns = {}
    for name, attack in attacks.items():
        said = [interval(attack.auc, attack.low, attack.high)]
        said += [
            interval(one.auc, one.low, one.high) for one in attack.table.itertuples(index=False)
        ]
        columns[name] = pd.Series([*said, f"{attack.smallest:.2f}"])
    targets = max(len(attack.table) for attack in attacks.values())
    patients = ["all together", *map(str, range(1, targets + 1))]
    table = pd.DataFrame(columns).fillna("")
    table.insert(0, "patient", [*patients, "smallest area that would be seen"])
    return table
