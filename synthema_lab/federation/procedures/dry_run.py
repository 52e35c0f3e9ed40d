"""What would the study compute here, tried on invented patients?

The study runs at as many pretended sites as it names, on mock patients made
from the data dictionary alone, up to the point where vectors would be handed
to the secure sum. No patient is read, nothing is spent, nothing leaves. What
the noise costs does not depend on patients, so it is known exactly from here.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np

from ...cohorts.mock import mock_patients
from ...dictionary import DataDictionary
from ...errors import LabError
from ...privacy import PrivacyEvent, epsilon_of
from ...secure_aggregation import default_threshold
from ..study.study import Study
from .procedure import Given
from .registry import procedure_of

MOCK_PATIENTS = 120


@dataclass(frozen=True)
class DryRun:
    """What a try on mock patients showed.

    Attributes
    ----------
    patients, sites : int
        Mock patients a site, and how many pretended sites.
    length : int
        Numbers in the vector that a site would send in a round; 0 if unknown.
    bytes_a_round : int
        Size of that vector once covered.
    largest : float
        Largest absolute number in it, with its share of noise.
    fits : bool
        Whether all of it is within the study's clip.
    events : tuple of PrivacyEvent
        What the ledger would be charged.
    problem : str
        Why nothing could be tried; empty otherwise.
    rounds : int
        How many sums would be opened.
    """

    patients: int
    sites: int
    length: int = 0
    bytes_a_round: int = 0
    largest: float = 0.0
    fits: bool = True
    events: tuple[PrivacyEvent, ...] = ()
    problem: str = ""
    rounds: int = 1

    def epsilon(self, delta: float) -> float:
        """What it would cost at `delta`."""
        return epsilon_of(self.events, delta)

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"

    def __str__(self) -> str:
        if self.problem:
            return f"It could not be tried on mock patients: {self.problem}"
        cost = (
            f" Its noise costs epsilon {self.epsilon(1e-5):.2f} at delta 1e-05."
            if self.events
            else ""
        )
        within = "within" if self.fits else "BEYOND"
        return (
            f"On {self.patients} invented patients at each of {self.sites} pretended sites, a "
            f"site would send {self.length:,} numbers ({self.bytes_a_round:,} bytes) a round"
            f"{f', in {self.rounds} rounds' if self.rounds > 1 else ''}, "
            f"each at most {self.largest:,.0f} here, {within} the clip of the study.{cost}"
        )


def dry_run(
    study: Study, dictionary: DataDictionary, patients: int = MOCK_PATIENTS, seed: int = 1
) -> DryRun:
    """Try a study on mock patients.

    Parameters
    ----------
    study : Study
    dictionary : DataDictionary
        The one the study names.
    patients : int
        Mock patients a site.
    seed : int
        Of the invented patients; the noise has none.

    Returns
    -------
    DryRun
        Also where it fails: `problem` then says why.

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_study
    >>> tried = dry_run(example_study(), DataDictionary.load("leuksurv"), patients=50)
    >>> tried.sites, tried.fits, tried.epsilon(1e-5) <= 3.0
    (3, True, True)
    """
    terms = study.secure_aggregation
    sites = tuple(site.name for site in study.sites)
    names = [name for name, _ in study.variables]
    unknown = [name for name in names if name not in dictionary.variables]
    if unknown:
        return DryRun(patients, len(sites), problem=f"{unknown[0]} is no variable here.")
    shares = (terms.threshold or default_threshold(len(sites))) - study.budget.colluding
    rng = np.random.default_rng(seed)
    mock, held_out = (mock_patients(dictionary, patients, rng) for _ in range(2))
    named = [*names, *({dictionary.patient} & set(mock.columns) - set(names))]
    try:
        procedure = procedure_of(study)
        plan = procedure.plan(study, dictionary)
        model = procedure.assembly(study, dictionary, sites, shares).model
        given = Given(study, dictionary, mock[named], held_out[named], sites[0], sites, shares)
        vector = procedure.task(given).contribution(0, model).vector
    except LabError as error:
        return DryRun(patients, len(sites), problem=error.happened)
    largest = float(np.abs(vector).max())
    return DryRun(
        patients, len(sites), max(plan.lengths), max(plan.lengths) * terms.modulus_bits // 8,
        largest, largest <= terms.clip, plan.events, rounds=len(plan.lengths),
    )  # fmt: skip
