"""How is a Cox model's likelihood opened over the risk sets of all sites together?

At each point two vectors are opened. First S0 and S1, the risk-set sums of
weights and weighted covariates on the merged grid; they give the log partial
likelihood and its gradient (Breslow 1974). Then, with the now public weights
``d_k / S0_k``, the one matrix ``sum_k d_k S2_k / S0_k``, which completes the
information: S2 of a single interval, a table of pairs of covariates among few
patients, is never opened.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...secure_aggregation.errors import ValueBeyondClip
from .consortium import Consortium
from .newton import Point
from .packing import Block, Packing, symmetric, upper
from .risk_sets import interval_of, risk_sums, weighted_second_moment
from .standard import Standard


@dataclass(frozen=True, eq=False)
class RiskSets:
    """The sums opened at one point.

    Parameters
    ----------
    number : int
        Of the point, from 1.
    s0 : numpy.ndarray, shape (groups,)
    mean : numpy.ndarray, shape (groups, columns)
        ``S1 / S0``.
    """

    number: int
    s0: np.ndarray
    mean: np.ndarray


class PooledLikelihood:
    """Value, gradient and information of the pooled partial likelihood.

    Parameters
    ----------
    consortium : Consortium
    standard : Standard
    time : str
    others : tuple of str
        Time and event.
    where : str or None
    edges : numpy.ndarray, shape (groups + 1,)
        Of the merged grid.
    deaths : numpy.ndarray of int, shape (groups,)
        Events in each group.
    resolution : float
        Steps to which each site rounds its sums; 0 for the finest.
    purpose : str
    """

    def __init__(
        self,
        consortium: Consortium,
        standard: Standard,
        time: str,
        others: tuple[str, ...],
        where: str | None,
        edges: np.ndarray,
        deaths: np.ndarray,
        resolution: float,
        purpose: str,
    ) -> None:
        self._consortium, self._standard = consortium, standard
        self._time, self._edges, self._deaths = time, edges, deaths
        self._resolution, self._purpose = resolution, purpose
        self._asked = {"variables": (*standard.design.variables, *others), "where": where}
        self._opened = 0

    def evaluate(self, beta: np.ndarray) -> Point:
        """Open S0 and S1 at some coefficients."""
        groups, size = len(self._deaths), len(beta)
        most = self._standard.patients * self._standard.largest_weight(beta) + self._resolution
        packing = Packing(
            (
                Block("s0", np.full(groups, most)),
                Block("s1", np.tile(most * self._standard.reach, (groups, 1))),
            )
        )

        def local(patients: pd.DataFrame) -> np.ndarray:
            covariates, interval = self._at_risk(patients)
            s0, s1 = risk_sums(covariates, interval, beta, 0.0, groups)
            return self._rounded(packing.pack(s0=s0, s1=s1))

        number = self._opened + 1
        try:
            vector = self._consortium.sum(
                f"{self._purpose}: step {number}, S0 and S1 of {groups} intervals at beta "
                f"{said(beta * self._standard.to_units)}",
                local,
                clip=packing.clip,
                **self._asked,
            )
        except ValueBeyondClip:  # a site refused: the step was too long
            return Point(beta, -np.inf, np.zeros(size), refused=True)
        self._opened = number
        rounded = len(self._consortium.sites) * self._resolution / 2
        opened = packing.unpack(vector)
        errors = packing.unpack(self._consortium.opened[-1].error + rounded)
        s0, deaths = opened["s0"], self._deaths
        if (s0 <= 2 * errors["s0"]).any():  # hazards so far apart that a risk set vanishes
            return Point(beta, -np.inf, np.zeros(size))
        mean = opened["s1"] / s0[:, None]
        value = float(beta @ self._standard.event_sum - deaths @ np.log(s0))
        gradient = self._standard.event_sum - deaths @ mean
        each = (errors["s1"] + np.abs(mean) * errors["s0"][:, None]) / s0[:, None]
        wrong = self._standard.event_sum_error + deaths @ each
        unsure = np.abs(beta) @ self._standard.event_sum_error + deaths @ (errors["s0"] / s0)
        return Point(beta, value, gradient, RiskSets(number, s0, mean), wrong, float(unsure))

    def inform(self, point: Point) -> np.ndarray:
        """Open the second moment at a point that was evaluated; gives the information."""
        sums, deaths, reach = point.opened, self._deaths, self._standard.reach
        weights = deaths / sums.s0

        def local(patients: pd.DataFrame) -> np.ndarray:
            covariates, interval = self._at_risk(patients)
            second = weighted_second_moment(covariates, interval, point.beta, 0.0, weights)
            return self._rounded(upper(second))

        opened = self._consortium.sum(
            f"{self._purpose}: step {sums.number}, S2 over all intervals at that beta",
            local,
            clip=(deaths.sum() + self._resolution) * upper(np.outer(reach, reach)),
            **self._asked,
        )
        second = symmetric(opened, len(reach))
        return second - (sums.mean * deaths[:, None]).T @ sums.mean

    def _rounded(self, vector: np.ndarray) -> np.ndarray:
        if self._resolution == 0:
            return vector
        return np.rint(vector / self._resolution) * self._resolution

    def _at_risk(self, patients: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        last = len(self._deaths) - 1
        interval = interval_of(patients[self._time].to_numpy(dtype=float), self._edges)
        return self._standard.code(patients), np.minimum(interval, last)


def said(beta: np.ndarray) -> str:
    """Coefficients for the list of what was opened, in reported units.

    Examples
    --------
    >>> said(np.array([0.0, -0.25]))
    '(0, -0.25)'
    """
    return "(" + ", ".join(f"{value:.6g}" for value in beta) + ")"
