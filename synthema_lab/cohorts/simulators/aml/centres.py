"""In which period and centre is a patient diagnosed?

Three trials and a later registry enrol patients of different ages. Twelve centres of
very uneven size differ in age, in period, and in how much high-risk leukaemia is
referred to them, so that sites are not alike. All shares are assumed (A) but for the
ages of the trials, which follow HD98A, HD98B and 07-04.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthema_lab.cohorts.simulators.aml.constants import Columns, pick

PERIODS = ("hd98", "hd98b", "amlsg0704", "registry")
YEARS = {"hd98": (1998, 2003), "hd98b": (1998, 2003), "amlsg0704": (2004, 2010),
         "registry": (2013, 2022)}  # fmt: skip
_UP_TO_60 = (0.43, 0.0, 0.49, 0.08)
_ABOVE_60 = (0.06, 0.70, 0.06, 0.18)


@dataclass(frozen=True)
class Centre:
    """A centre, and whom it sees more often than others.

    Attributes
    ----------
    size : float
        Relative number of patients.
    older, adverse : float
        Log-odds of seeing a patient for each standard score of age above the mean,
        and for a TP53-aneuploidy, chromatin or inv(3) leukaemia.
    trials : tuple of float
        Relative odds of the four periods.
    country : str
    site : str
        The network that the centre belongs to.
    """

    size: float
    older: float
    adverse: float
    trials: tuple[float, float, float, float]
    country: str
    site: str


CENTRES = {
    "AML-C01": Centre(20.0, -0.35, 0.60, (1.0, 0.4, 1.6, 2.2), "DE", "university"),
    "AML-C02": Centre(14.0, 0.00, -0.10, (1.4, 1.0, 0.8, 0.4), "DE", "south"),
    "AML-C03": Centre(11.0, 0.30, -0.30, (1.0, 1.6, 1.0, 0.8), "DE", "west"),
    "AML-C04": Centre(10.0, -0.25, 0.50, (0.6, 0.3, 1.5, 1.8), "DE", "university"),
    "AML-C05": Centre(9.0, 0.10, -0.40, (1.6, 1.0, 0.5, 0.2), "DE", "south"),
    "AML-C06": Centre(8.0, 0.55, -0.55, (0.9, 2.0, 0.7, 0.5), "DE", "west"),
    "AML-C07": Centre(7.0, 0.20, 0.00, (1.0, 1.0, 1.0, 1.0), "AT", "alpine"),
    "AML-C08": Centre(6.0, -0.15, 0.45, (0.3, 0.2, 1.8, 1.5), "DE", "university"),
    "AML-C09": Centre(5.0, 0.45, -0.60, (1.5, 1.4, 0.5, 0.2), "DE", "west"),
    "AML-C10": Centre(4.0, -0.40, 0.10, (1.0, 0.5, 1.2, 1.0), "AT", "alpine"),
    "AML-C11": Centre(3.5, 0.25, -0.35, (1.0, 1.0, 1.0, 0.6), "DE", "west"),
    "AML-C12": Centre(2.5, 0.70, -0.50, (0.8, 2.0, 0.6, 0.6), "DE", "west"),
}  # fmt: skip
"""Twelve invented centres; none stands for a hospital."""

SITE_OF_CENTRE = {name: centre.site for name, centre in CENTRES.items()}


def draw_period(columns: Columns, rng: np.random.Generator) -> Columns:
    """``period`` (a code into `PERIODS`) and ``dx_year``, given the age."""
    older = columns["age_years"] > 60
    weights = np.where(older[:, None], np.array(_ABOVE_60), np.array(_UP_TO_60))
    period = pick(weights, rng)
    first, last = np.array([YEARS[name] for name in PERIODS]).T
    year = first[period] + np.floor(rng.random(len(period)) * (last - first + 1)[period])
    return {"period": period, "dx_year": year}


def draw_centre(referred: np.ndarray, columns: Columns, rng: np.random.Generator) -> Columns:
    """``centre_id`` and ``country``, given age, period and kind of leukaemia.

    Parameters
    ----------
    referred : ndarray of bool, shape (patients,)
        Whether the leukaemia is of a kind for which patients are referred.
    columns : mapping of name to ndarray
        With ``age_score`` and ``period``.
    rng : Generator
    """
    centres = list(CENTRES.values())
    log_odds = np.log([centre.size for centre in centres])[None, :]
    log_odds = log_odds + columns["age_score"][:, None] * [centre.older for centre in centres]
    log_odds = log_odds + referred[:, None] * np.array([centre.adverse for centre in centres])
    trials = np.array([centre.trials for centre in centres]).T
    chosen = pick(np.exp(log_odds) * trials[columns["period"]], rng)
    return {
        "centre_id": np.array(list(CENTRES), dtype=object)[chosen],
        "country": np.array([centre.country for centre in centres], dtype=object)[chosen],
    }
