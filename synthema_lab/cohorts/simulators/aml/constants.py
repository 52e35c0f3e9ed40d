"""Which constants does the AML simulator rest on, and where do they come from?

``genetics.yaml`` and ``laboratory.yaml`` hold aggregates of the public AMLSG cohort
(1540 patients; Papaemmanuil et al. 2016, Gerstung et al. 2017; tag C). They were
obtained by ridge regressions: of each mutation and aberration on the genomic class
and on those drawn before it (logistic; normal priors with standard deviation 2 for
a class and 1 for a partner, which stands for the smoothing of small cells), and of
normal scores of age and laboratory values on genes and age. Quantiles stop at the
1st and 99th percentile, beyond which round limits stand. Nothing rests on fewer
than ten patients unless it is pooled or pulled towards all patients in this way.
`estimation` holds the estimators; a test runs them where the table is at hand.

``outcome.yaml`` holds hazard ratios, survival and remissions of the same cohort, and what
was solved from them on a large simulation (`solving`), so that simulated curves meet
their targets. What the release does not record is assumed there and in the modules, and
marked A.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import yaml

Columns = dict[str, np.ndarray]
"""Variables of the patients drawn so far, by name; each of shape (patients,)."""


@cache
def constants(name: str) -> dict:
    """What one of the files of constants holds.

    Parameters
    ----------
    name : {"genetics", "laboratory", "outcome"}

    Examples
    --------
    >>> constants("genetics")["class_share"]["npm1"]
    0.271
    """
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def pick(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One choice a row from weights of shape (patients, choices).

    Examples
    --------
    >>> pick(np.array([[0.0, 1.0], [1.0, 0.0]]), np.random.default_rng(0)).tolist()
    [1, 0]
    """
    upper = np.cumsum(weights, axis=1)
    drawn = rng.random((len(weights), 1)) * upper[:, -1:]
    return (drawn >= upper).sum(axis=1)


def chance(probability: np.ndarray | float, patients: int, rng: np.random.Generator) -> np.ndarray:
    """1 with the given probability, else 0; shape (patients,)."""
    return (rng.random(patients) < probability).astype(float)


def logistic(logit: np.ndarray) -> np.ndarray:
    """The probability that belongs to a logit."""
    return 1 / (1 + np.exp(-logit))
