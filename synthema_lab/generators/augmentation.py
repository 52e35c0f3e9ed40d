"""How is a small arm of a cohort filled up with synthetic patients?

The table then holds patients and synthetic ones, told apart by a column. Use it
to try an analysis or to train a classifier on even arms; the synthetic patients
say nothing that the model did not learn, so that a standard error which counts
them is too small. It holds real patients and stays where they may be.
"""

from __future__ import annotations

import pandas as pd

from ..errors import ArgumentRefused
from .asked import is_whole
from .model_facts import ShownModel
from .subgroup import condition

ORIGIN = "origin"


def augment(
    patients: pd.DataFrame,
    model: ShownModel,
    where: str,
    to: int,
    seed: int = 0,
) -> pd.DataFrame:
    """Fill a kind of patient up to a number.

    Parameters
    ----------
    patients : pandas.DataFrame
        Conformed to the model's dictionary; may lack variables.
    model : ShownModel
        Of any generator.
    where : str
        A condition in the language of the dictionary's rules.
    to : int
        How many patients of this kind the table is to hold, real and synthetic.
    seed : int

    Returns
    -------
    pandas.DataFrame
        The patients first, unchanged, then the synthetic ones, with a column
        ``origin``: ``"real"`` or ``"synthetic"``. What the model does not draw
        is missing among the latter; a pseudonym is ``synthetic-1`` and so on.
        ``.attrs["not_drawn"]`` names it, ``.attrs["added"]`` counts them.

    Raises
    ------
    ArgumentRefused
        If the condition cannot be used, the table has a column ``origin``, or
        it holds as many patients of this kind already.
    GateFailed
        If too few rows meet the condition.

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> from synthema_lab.generators import get
    >>> scd = load_cohort("scd", patients=300, seed=1)
    >>> model = get("independent").fit(
    ...     [scd.patients[["age_years", "sex", "genotype"]]], scd.dictionary, epsilon=None)
    >>> larger = augment(scd.patients, model, "age_years < 18 and sex == 'F'", to=200)
    >>> larger["origin"].value_counts()["real"], len(larger) == 300 + larger.attrs["added"]
    (np.int64(300), True)
    """
    dictionary = model.dictionary
    if ORIGIN in patients.columns:
        raise ArgumentRefused(
            f"The table has a column {ORIGIN} already.",
            "Patients of one table, as they were conformed.",
            f"Drop or rename {ORIGIN}.",
        )
    rule = condition(where, dictionary, model.columns)
    lacking = sorted(rule.inputs - dictionary.available(patients.columns))
    if lacking:
        raise ArgumentRefused(
            f"The condition names {', '.join(lacking)}, which the table does not hold.",
            f"Of: {', '.join(sorted(dictionary.available(patients.columns)))}.",
            "Name other variables.",
        )
    held = int((rule.holds(patients) == 1).sum())
    if not is_whole(to, numpy_too=True) or to <= held:
        raise ArgumentRefused(
            f"The table holds {held} patients with {where} already.",
            "A larger whole number.",
            f"Ask for more, such as to={2 * max(held, 10)}.",
        )
    drawn = model.subgroup(where, int(to) - held, seed)
    if dictionary.patient in patients.columns:
        drawn.insert(0, dictionary.patient, [f"synthetic-{n}" for n in range(1, len(drawn) + 1)])
    drawn = dictionary.conform(drawn)
    not_drawn = [name for name in patients.columns if name not in drawn.columns]
    shared = [name for name in patients.columns if name in drawn.columns]
    larger = pd.concat(
        [patients.assign(**{ORIGIN: "real"}), drawn[shared].assign(**{ORIGIN: "synthetic"})],
        ignore_index=True,
    )
    larger.attrs = {"added": len(drawn), "not_drawn": not_drawn}
    return larger
