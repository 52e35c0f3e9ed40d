"""How is a synthetic table validated?"""

from __future__ import annotations

from functools import partial

import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ArgumentRefused

from .admission import admit_synthetic
from .columns import Columns, read_columns
from .metric import Estimate, Measure
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
) -> Validation:
    """Compare a synthetic table with the real patients it was learnt from.

    Parameters
    ----------
    real : DataFrame or Reference
        The training patients, or what `prepare` made of them. With a
        `Reference` the floor and the ceiling are computed once for all tables,
        and `dictionary`, `holdout`, `metrics`, `draws` and `seed` are its own.
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
    candidate = read_columns(synthetic, reference.dictionary, reference.train.variables)
    from threadpoolctl import threadpool_limits

    measures = measures_of(reference.metrics)
    jobs = [job for job in _bound_jobs(reference) if not reference.knows(job[0])]
    jobs += [((measure.name, "candidate"), measure, candidate) for measure in measures]
    try:
        # One thread: on tables of this size more are slower, and sums taken in
        # another order would make the numbers depend on the machine.
        with progress_of(progress) as said, threadpool_limits(limits=1):
            for done, (key, measure, table) in enumerate(jobs):
                said(done, len(jobs), measure.label)
                reference.once(key, partial(_estimate, measure, table, reference))
            said(len(jobs), len(jobs), "done")
        found = {role: _found(reference, role) for role in ("candidate", "floor", "ceiling")}
    finally:
        reference.forget("candidate")
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
        curves=published_curves(reference, candidate, found),
        dictionary=reference.dictionary.name,
        real_rows=reference.train.rows,
        holdout_rows=0 if reference.holdout is None else reference.holdout.rows,
        synthetic_rows=candidate.rows,
        draws=reference.draws,
        seed=reference.seed,
    )


def _bound_jobs(reference: Reference) -> list[tuple[tuple[str, str], Measure, Columns]]:
    """Floors and ceilings: what to compute on which table."""
    jobs = []
    for measure in measures_of(reference.metrics):
        jobs.append(((measure.name, "floor"), measure, reference.floor))
        table = {"train": reference.train, "holdout": reference.holdout}.get(measure.ceiling)
        if table is not None:
            jobs.append(((measure.name, "ceiling"), measure, table))
    return jobs


def _estimate(measure: Measure, table: Columns, reference: Reference) -> Estimate:
    lacking = measure.missing(reference)
    return Estimate.absent(lacking) if lacking else measure.estimate(table, reference)


def _found(reference: Reference, role: str) -> dict[str, Estimate]:
    absent = Estimate.absent("not computed")
    return {
        measure.name: reference.once((measure.name, role), lambda: absent)
        if reference.knows((measure.name, role))
        else absent
        for measure in measures_of(reference.metrics)
    }
