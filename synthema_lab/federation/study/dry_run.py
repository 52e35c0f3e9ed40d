"""What would the study compute here, tried on invented patients?

The study runs at as many pretended sites as it needs, on mock patients made
from the data dictionary alone, up to the point where vectors would be handed
to the secure sum. No patient is read, nothing is spent, nothing leaves. What
the noise costs does not depend on patients, so it is known exactly from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...cohorts.mock import mock_patients
from ...dictionary import DataDictionary
from ...errors import LabError
from ...generators import Custody, get
from ...privacy import SkellamEvent, epsilon_of
from .study import Study

MOCK_PATIENTS = 120
MOST_SITES = 10


class _WouldLeaveError(Exception):
    """Carries the vectors from where they would be summed."""

    def __init__(self, vectors: Sequence[np.ndarray]) -> None:
        super().__init__(len(vectors))
        self.vectors = vectors


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
    events : tuple of SkellamEvent
        What the ledger would be charged.
    problem : str
        Why nothing could be tried; empty otherwise.
    """

    patients: int
    sites: int
    length: int = 0
    bytes_a_round: int = 0
    largest: float = 0.0
    fits: bool = True
    events: tuple[SkellamEvent, ...] = ()
    problem: str = ""

    def epsilon(self, delta: float) -> float:
        """What it would cost at `delta`."""
        return epsilon_of(self.events, delta)

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
            f"site would send {self.length:,} numbers ({self.bytes_a_round:,} bytes) a round, "
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
    # What the noise costs does not depend on how many share it, so a few will do.
    sites = min(study.secure_aggregation.minimum_sites, MOST_SITES)
    names = [name for name, _ in study.variables]
    charged: list[SkellamEvent] = []
    vectors: Sequence[np.ndarray] = ()
    problem = ""

    def stop(counts: Sequence[np.ndarray]) -> np.ndarray:
        raise _WouldLeaveError(counts)

    rng = np.random.default_rng(seed)
    try:
        unknown = [name for name in names if name not in dictionary.variables]
        if unknown:
            return DryRun(patients, sites, problem=f"{unknown[0]} is no variable here.")
        get(study.generator).fit(
            [mock_patients(dictionary, patients, rng)[names] for _ in range(sites)],
            dictionary,
            epsilon=study.budget.epsilon,
            delta=study.budget.delta,
            colluding=min(study.budget.colluding, sites - 2),
            custody=Custody(total=stop, charge=lambda _, events: charged.extend(events)),
            **dict(study.settings),
        )
        problem = "it opens no sum."
    except _WouldLeaveError as reached:
        vectors = reached.vectors
    except LabError as error:
        problem = error.happened
    except TypeError:
        problem = "its settings are not those of this generator."
    if problem:
        return DryRun(patients, sites, problem=problem)
    terms = study.secure_aggregation
    largest = max(float(np.abs(vector).max()) for vector in vectors)
    length = int(vectors[0].size)
    return DryRun(
        patients, sites, length, length * terms.modulus_bits // 8, largest,
        largest <= terms.clip, tuple(charged),
    )  # fmt: skip
