"""How is a synthetic table validated?"""

from __future__ import annotations

import hashlib

import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

from .admission import admit_synthetic, refuse_swapped
from .columns import Columns, read_columns
from .metric import Estimate
from .parallel import Job, cores_for, estimates
from .progress import Progress, progress_of
from .published import published_curves
from .reference import Reference, prepare
from .registry import measures_of
from .result import Validation


def validate(
    real: pd.DataFrame | Reference,
    synthetic: pd.DataFrame,
    dictionary: DataDictionary | None = None,
    holdout: pd.DataFrame | None = None,
    metrics: str = "quick",
    draws: int | None = None,
    seed: int = 0,
    progress: Progress | bool | None = None,
    cores: int | None = None,
) -> Validation:
    """Compare a synthetic table with the real patients it was learnt from.

    Parameters
    ----------
    real : DataFrame or Reference
        The training patients, or what `prepare` made of them. With a
        `Reference` the floor and the ceiling are computed once for all tables, a
        table that comes again is not computed again, and `dictionary`, `holdout`,
        `metrics`, `draws` and `seed` are its own.
    synthetic : DataFrame
        The table to judge.
    dictionary : DataDictionary
        Needed unless `real` is a `Reference`.
    holdout : DataFrame, optional
        Real patients whom the generator never saw.
    metrics : {"quick", "standard"}
        The measures that take seconds, with 200 bootstrap draws, or all with 1000.
    draws : int, optional
        Another number of draws, at least 20.
    seed : int
        The same seed gives the same numbers on any machine with these packages.
    progress : callable, bool, optional
        Called with (steps done, steps in all, label); True shows a bar.
    cores : int, optional
        Processes to compute in; all cores of this machine by default where that is
        faster. The numbers are the same with any.

    Returns
    -------
    Validation

    Raises
    ------
    DataMismatch
        Tables that cannot be compared (see `prepare`).
    ArgumentRefused
        A setting that cannot be used.

    Examples
    --------
    A copy of the training table is as faithful as can be, and no release:

    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> train, holdout = cohort.patients[:200], cohort.patients[200:300]
    >>> found = validate(train, train, cohort.dictionary, holdout, draws=20)
    >>> found["km_gap"].value, found["row_copies"].value, found["membership_tpr"].value
    (0.0, 1.0, 1.0)
    """
    if isinstance(real, Reference):
        if dictionary is not None or holdout is not None:
            raise ArgumentRefused(
                "A prepared reference already holds its dictionary and its holdout.",
                "validate(reference, synthetic), and nothing else about the real side.",
                "Make another reference with prepare(real, holdout, dictionary).",
            )
        reference = real
    else:
        if dictionary is None:
            raise ArgumentRefused(
                "No data dictionary was given.",
                "The dictionary that says what each variable is.",
                "Use validate(real, synthetic, DataDictionary.load('leuksurv')).",
            )
        reference = prepare(real, holdout, dictionary, metrics=metrics, draws=draws, seed=seed)
    admit_synthetic(synthetic, reference.train.variables, reference.dictionary)
    every = reference.every
    refuse_swapped(every.train.table, synthetic, reference.dictionary)
    candidate = read_columns(synthetic, reference.dictionary, reference.train.variables)
    measures = measures_of(reference.metrics)
    names = {"candidate": _digest(candidate), "floor": "floor", "ceiling": "ceiling"}
    _compute(reference, candidate, names["candidate"], cores_for(reference, cores), progress)
    absent = Estimate.absent("not computed")
    found = {
        role: {one.name: reference.recall((one.name, kept), absent) for one in measures}
        for role, kept in names.items()
    }
    return Validation(
        metrics=tuple(
            measure.metric(
                found["candidate"][measure.name],
                found["floor"][measure.name].value,
                found["candidate"][measure.name].chance
                if measure.ceiling == "chance"
                else found["ceiling"][measure.name].value,
            )
            for measure in measures
        ),
        curves=published_curves(reference, reference.sampled(candidate), found),
        dictionary=reference.dictionary.name,
        real_rows=every.train.rows,
        holdout_rows=0 if every.holdout is None else every.holdout.rows,
        synthetic_rows=candidate.rows,
        draws=reference.draws,
        seed=reference.seed,
        most_rows=reference.most_rows,
    )


def _compute(
    reference: Reference, candidate: Columns, digest: str, cores: int,
    progress: Progress | bool | None,
) -> None:  # fmt: skip
    """Take every measure that the reference does not know yet, and let it keep the estimates."""
    kept: dict[Job, tuple[str, str]] = {}
    for measure in measures_of(reference.metrics):
        kept["candidate", measure] = (measure.name, digest)
        kept["floor", measure] = (measure.name, "floor")
        if measure.ceiling != "chance" and getattr(reference, measure.ceiling) is not None:
            kept[measure.ceiling, measure] = (measure.name, "ceiling")
    jobs = [job for job, key in kept.items() if not reference.knows(key)]
    try:
        with progress_of(progress) as said:
            said(0, len(jobs), "starting")
            made = estimates(jobs, reference, candidate, cores)
            for done, (job, estimate) in enumerate(made, start=1):
                said(done, len(jobs), job[1].label)
                reference.keep(kept[job], estimate)
    finally:
        reference.forget("candidate")


def _digest(columns: Columns) -> str:
    """SHA-256 of what a table holds, row after row."""
    rows = pd.util.hash_pandas_object(columns.table, index=False).to_numpy()
    names = "\n".join(map(str, columns.table.columns)).encode("utf-8")
    return hashlib.sha256(names + rows.tobytes()).hexdigest()
