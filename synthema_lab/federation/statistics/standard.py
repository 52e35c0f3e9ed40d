"""How are covariates centred and scaled by sums that were opened?

After the counts, one vector is opened: the sum of each covariate, of its
square, and its sum over patients with the event. Every later sum is of
covariates less their mean and divided by their standard deviation over all
sites, which are public then: one tolerance suits all columns, and sums keep
their digits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .coding import coded
from .consortium import Consortium
from .design import Design
from .newton import collinear
from .packing import Block, Packing
from .support import Support, observed

LARGEST_DEVIATION = 32.0
LARGEST_LOG_HAZARD = 8.0
NARROWEST = 1e-6


@dataclass(frozen=True, eq=False)
class Standard:
    """Covariates in standard deviations about their mean.

    Parameters
    ----------
    design : Design
    patients, events : int
        Complete cases of all sites.
    mean, sd : numpy.ndarray, shape (columns,)
        On the public scale.
    event_sum : numpy.ndarray, shape (columns,)
        Of the standardised covariates over patients with the event.
    event_sum_error : numpy.ndarray, shape (columns,)
        Bound on its encoding error.

    Examples
    --------
    >>> from synthema_lab.dictionary import DataDictionary
    >>> from synthema_lab.federation.statistics.design import plan_design
    >>> design = plan_design(DataDictionary.load("leuksurv"), ["sex"])
    >>> half, zero = np.array([0.5]), np.zeros(1)
    >>> standard = Standard(design, 100, 80, half, half, zero, zero)
    >>> standard.reach.tolist(), standard.spans.tolist(), standard.largest_weight(zero)
    ([1.0], [2.0], 1.0)
    """

    design: Design
    patients: int
    events: int
    mean: np.ndarray
    sd: np.ndarray
    event_sum: np.ndarray
    event_sum_error: np.ndarray

    def code(self, patients: pd.DataFrame) -> np.ndarray:
        """One site's standardised covariates, shape (patients, columns)."""
        return (coded(patients, self.design) - self.mean) / self.sd

    @property
    def spans(self) -> np.ndarray:
        """Difference between the largest and smallest value a patient can have, at most 64."""
        width = (1.0 - self.design.lowest) / self.sd
        return np.minimum(width, 2 * LARGEST_DEVIATION)

    @property
    def reach(self) -> np.ndarray:
        """Largest absolute value that is allowed for on average of a site, at most 32."""
        far = np.maximum(1.0 - self.mean, self.mean - self.design.lowest) / self.sd
        return np.minimum(far, LARGEST_DEVIATION)

    def largest_weight(self, beta: np.ndarray) -> float:
        """Largest ``exp(x'beta)`` that is allowed for on average of a site.

        What the dictionary's limits allow, and at most ``exp(8)``: a site whose
        patients' hazards were, on average, 3000 times that of the mean patient
        would be refused.
        """
        high = (1.0 - self.mean) / self.sd
        low = (self.design.lowest - self.mean) / self.sd
        limit = float(np.maximum(beta * high, beta * low).sum())
        return float(np.exp(min(limit, LARGEST_LOG_HAZARD)))

    @property
    def to_units(self) -> np.ndarray:
        """What a coefficient is multiplied by to be reported per unit."""
        return self.design.units / self.sd


def standardise(
    consortium: Consortium,
    design: Design,
    support: Support,
    others: tuple[str, ...],
    event: str,
    where: str | None,
    purpose: str,
    horizon: tuple[str, float] | None = None,
) -> Standard:
    """Open sums, sums of squares and sums over events of the covariates.

    Parameters
    ----------
    horizon : (str, float), optional
        Time variable and last time: events beyond it are not counted.

    Raises
    ------
    CollinearDesign
        If a column is constant over all sites.
    """
    size = len(design.columns)
    packing = Packing(
        (
            Block("sums", np.full(size, float(support.patients))),
            Block("squares", np.full(size, float(support.patients))),
            Block("over events", np.full(size, float(max(support.events, 1)))),
        )
    )

    def local(patients: pd.DataFrame) -> np.ndarray:
        covariates = coded(patients, design)
        died = observed(patients, event, horizon)
        return packing.pack(
            **{
                "sums": covariates.sum(axis=0),
                "squares": (covariates**2).sum(axis=0),
                "over events": covariates[died].sum(axis=0),
            }
        )

    opened = packing.unpack(
        consortium.sum(
            f"{purpose}: sums of covariates, of their squares, and over patients with the event",
            local,
            variables=(*design.variables, *others),
            where=where,
            clip=packing.clip,
        )
    )
    errors = packing.unpack(np.broadcast_to(consortium.opened[-1].error, packing.clip.shape))
    mean = opened["sums"] / support.patients
    sd = np.sqrt(np.maximum(opened["squares"] / support.patients - mean**2, 0.0))
    constant = [name for name, width in zip(design.names, sd, strict=True) if width < NARROWEST]
    if constant:
        raise collinear(constant)
    return Standard(
        design,
        support.patients,
        support.events,
        mean,
        sd,
        (opened["over events"] - support.events * mean) / sd,
        errors["over events"] / sd,
    )
