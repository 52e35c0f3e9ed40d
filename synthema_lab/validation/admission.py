"""Which tables can be compared at all?

What cannot be compared is refused with the reason, before any number is
computed. Messages name variables and counts; they hold no patient's value.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import DataMismatch

from .columns import Columns, groups_of_copies

CHANCE = 1e-4


def admit_real(
    real: pd.DataFrame, holdout: pd.DataFrame | None, dictionary: DataDictionary
) -> tuple[str, ...]:
    """Check the real tables and return the modelled variables they hold.

    Raises
    ------
    DataMismatch
        A table is empty or not a table, holds none of the modelled variables,
        has columns that the other lacks, has no event, or shares patients
        with the other.
    """
    _refuse_empty(real, "real")
    variables = tuple(name for name in dictionary.modelled if name in real.columns)
    if not variables:
        raise DataMismatch(
            "The real table holds none of the variables that a generator models.",
            f"Some of: {listed(dictionary.modelled)}.",
            f"Check that '{dictionary.name}' is the dictionary of this table.",
        )
    _refuse_no_event(real, dictionary)
    if holdout is not None:
        _refuse_empty(holdout, "holdout")
        refuse_columns(holdout, "holdout", variables, dictionary)
        _refuse_shared_pseudonyms(real, holdout, dictionary)
    return variables


def admit_synthetic(
    synthetic: pd.DataFrame, variables: tuple[str, ...], dictionary: DataDictionary
) -> None:
    """Check a synthetic table against the variables of the real one.

    Raises
    ------
    DataMismatch
        The table is empty, or its modelled variables differ from the real ones.
    """
    _refuse_empty(synthetic, "synthetic")
    refuse_columns(synthetic, "synthetic", variables, dictionary)


def refuse_swapped(real: pd.DataFrame, synthetic: pd.DataFrame, dictionary: DataDictionary) -> None:
    """Refuse a synthetic table whose rows are pseudonymised while those of the real one are not.

    A generator models no pseudonym, so that only real patients have them.

    Raises
    ------
    DataMismatch
    """
    patient = dictionary.patient
    if patient is None or patient in real.columns or patient not in synthetic.columns:
        return
    if synthetic[patient].notna().all() and synthetic[patient].is_unique:
        raise DataMismatch(
            f"Each row of the synthetic table has a pseudonym in {patient}, and no row of the real "
            "table has one.",
            "Real patients in the real table, and generated ones in the synthetic table.",
            f"Swap the two tables, or drop {patient} from the synthetic one if its rows were "
            "generated.",
        )


def refuse_columns(
    table: pd.DataFrame, name: str, variables: tuple[str, ...], dictionary: DataDictionary
) -> None:
    """Refuse a table that lacks a variable of the real table or adds one."""
    lacking = [v for v in variables if v not in table.columns]
    added = [v for v in dictionary.modelled if v in table.columns and v not in variables]
    if not lacking and not added:
        return
    parts = [f"lacks {listed(lacking)}"] if lacking else []
    parts += [f"adds {listed(added)}"] if added else []
    raise DataMismatch(
        f"The columns of the {name} table differ from those of the real table: it "
        f"{' and '.join(parts)}.",
        f"The same {len(variables)} modelled variables in both tables.",
        "Drop the variables that only one table has, or generate the table again "
        "from a model fitted on these variables.",
    )


def refuse_overlap(train: Columns, holdout: Columns, dictionary: DataDictionary) -> None:
    """Refuse a holdout that repeats training rows more often than chance.

    Chance is how often a training row has a twin within the training table.
    The check raises a false alarm about once in 10,000 honest splits.

    Raises
    ------
    DataMismatch
        When more holdout rows equal a training row than chance explains.
    """
    from scipy.stats import binom

    real, held = groups_of_copies(*_whole(dictionary, train, holdout))
    sizes = np.bincount(real, minlength=max(real.max(), held.max()) + 1)
    twins = int((sizes[real] > 1).sum())
    shared = int((sizes[held] > 0).sum())
    chance = (twins + 1) / (train.rows + 2)
    if binom.sf(shared - 1, holdout.rows, chance) >= CHANCE:
        return
    raise DataMismatch(
        f"{shared} of {holdout.rows} holdout rows are identical to a training row; chance "
        f"explains about {chance * holdout.rows:.1f}.",
        "A holdout of patients whom the generator never saw.",
        "Split once, before fitting: train, holdout = split_holdout(patients, dictionary).",
    )


def _whole(dictionary: DataDictionary, *tables: Columns) -> list[np.ndarray]:
    """Modelled variables, and the centre where all tables have it."""
    matrices = [columns.matrix() for columns in tables]
    centre = dictionary.centre
    if centre is None or any(centre not in columns.table.columns for columns in tables):
        return matrices
    known = {
        str(code): number for number, code in enumerate(dictionary.variables[centre].categories)
    }
    return [
        np.column_stack(
            [
                matrix,
                columns.table[centre].astype("string").map(known).to_numpy(float, na_value=-1.0),
            ]
        )
        for matrix, columns in zip(matrices, tables, strict=True)
    ]


def _refuse_empty(table: pd.DataFrame, name: str) -> None:
    if not isinstance(table, pd.DataFrame):
        raise DataMismatch(
            f"The {name} table is a {type(table).__name__}, not a table.",
            "A pandas DataFrame with one row a patient.",
            "Read it with synthema_lab.cohorts.read_table(path).",
        )
    if len(table) == 0:
        raise DataMismatch(
            f"The {name} table has no rows.",
            "At least one row; intervals need 25 or more.",
            "Check the file and the filter that made it.",
        )


def _refuse_no_event(real: pd.DataFrame, dictionary: DataDictionary) -> None:
    survival = dictionary.survival
    if survival is None or not {survival.time, survival.event} <= set(real.columns):
        return
    events = pd.to_numeric(real[survival.event], errors="coerce").fillna(0)
    if (events == 0).all():
        raise DataMismatch(
            f"No patient of the real table has an event in {survival.event}.",
            "1 for an observed event and 0 for a censored patient, with at least one event.",
            f"Check the coding of {survival.event}, or drop both survival columns.",
        )


def _refuse_shared_pseudonyms(
    real: pd.DataFrame, holdout: pd.DataFrame, dictionary: DataDictionary
) -> None:
    patient = dictionary.patient
    if patient is None or patient not in real.columns or patient not in holdout.columns:
        return
    known = set(real[patient].dropna().astype(str))
    shared = int(holdout[patient].dropna().astype(str).isin(known).sum())
    if shared:
        raise DataMismatch(
            f"{shared} holdout rows carry a pseudonym that is also in the training table.",
            "No patient in both tables.",
            "Split once, before fitting: train, holdout = split_holdout(patients, dictionary).",
        )


def listed(names: list[str] | tuple[str, ...], most: int = 12) -> str:
    """Names in a sentence, and how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
