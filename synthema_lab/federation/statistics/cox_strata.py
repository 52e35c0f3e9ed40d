"""How is a Cox model's likelihood opened where each site has its own baseline hazard?

Then a patient is compared with patients of the same site only, and log partial
likelihood, gradient and information are sums over sites. They alone are
opened, a few numbers a step about all patients together; no risk set is.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .consortium import Consortium
from .cox_pooled import said
from .newton import Point
from .packing import Block, Packing, symmetric, upper
from .risk_sets import interval_of, stratum_likelihood
from .standard import Standard
from .support import observed


class StratifiedLikelihood:
    """Value, gradient and information of the partial likelihood stratified by site.

    Parameters
    ----------
    consortium : Consortium
    standard : Standard
    time, event : str
    where : str or None
    edges : numpy.ndarray or None
        Of the grid that times are rounded up to; None for times as recorded.
    purpose : str
    """

    def __init__(
        self,
        consortium: Consortium,
        standard: Standard,
        time: str,
        event: str,
        where: str | None,
        edges: np.ndarray | None,
        purpose: str,
    ) -> None:
        self._consortium, self._standard = consortium, standard
        self._time, self._event, self._edges = time, event, edges
        self._horizon = None if edges is None else (time, float(edges[-1]))
        self._purpose = purpose
        self._asked = {"variables": (*standard.design.variables, time, event), "where": where}
        self._opened = 0

    def evaluate(self, beta: np.ndarray) -> Point:
        """Open value, gradient and information at some coefficients."""
        size, spans = len(beta), self._standard.spans
        events = float(self._standard.events)
        farthest = float(np.abs(beta) @ spans) + np.log(self._standard.patients)
        packing = Packing(
            (
                Block("value", np.array(events * farthest)),
                Block("gradient", events * spans),
                Block("information", events * upper(np.outer(spans, spans))),
            )
        )

        def local(patients: pd.DataFrame) -> np.ndarray:
            value, gradient, information = stratum_likelihood(
                self._standard.code(patients),
                self._rounded(patients),
                observed(patients, self._event, self._horizon),
                beta,
            )
            return packing.pack(value=value, gradient=gradient, information=upper(information))

        self._opened += 1
        vector = self._consortium.sum(
            f"{self._purpose}: step {self._opened}, likelihood, gradient and information at beta "
            f"{said(beta * self._standard.to_units)}",
            local,
            clip=packing.clip,
            **self._asked,
        )
        error = np.broadcast_to(self._consortium.opened[-1].error, vector.shape)
        opened, errors = packing.unpack(vector), packing.unpack(error)
        information = symmetric(opened["information"], size)
        return Point(
            beta,
            float(opened["value"]),
            opened["gradient"],
            information,
            errors["gradient"],
            float(errors["value"]),
        )

    def inform(self, point: Point) -> np.ndarray:
        """The information that was opened with the point."""
        return point.opened

    def _rounded(self, patients: pd.DataFrame) -> np.ndarray:
        time = patients[self._time].to_numpy(dtype=float)
        if self._edges is None:
            return time
        return np.minimum(interval_of(time, self._edges), len(self._edges) - 2)
