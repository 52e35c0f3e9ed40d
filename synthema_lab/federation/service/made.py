"""Which vectors of a study were made at this site, says the logbook?

A vector is entered, under a keyed digest, before it is sent. The logbook is
chained and others remember its head; the folder of a study's rounds is neither.
So a folder that was lost or put back makes no second vector: noise that was
paid for once is drawn once.
"""

from __future__ import annotations

import hashlib
import hmac

import numpy as np

from ..site.errors import SiteRefused
from ..site.folder import SiteFolder
from ..site.logbook import VECTOR
from ..study.study import Study


class Made:
    """The vectors of a study that were made here.

    Parameters
    ----------
    site : SiteFolder
    study : Study
    """

    def __init__(self, site: SiteFolder, study: Study) -> None:
        self._site, self._study = site, study
        self._key = site.derived("vectors", study.hash)

    def require_new(self, opening: int, edition: int) -> None:
        """Refuse to make a vector that was made before, or that of an earlier opening.

        Raises
        ------
        SiteRefused
        """
        told = self._told()
        if any(one > opening for one, _ in told):
            raise SiteRefused(
                f"Opening {opening} was asked for after a later one.",
                "Each opening once, in their order: what is trained again would be paid again.",
                "Go on with the opening that is next.",
            )
        if (opening, edition) in told:
            raise SiteRefused(
                f"The vector of opening {opening} was made here, and is not here any more.",
                "The folder of this study's rounds as it was: noise is drawn once for one charge.",
                "Put the folder back; where it is lost, submit another study.",
            )

    def enter(self, opening: int, edition: int, vector: np.ndarray) -> None:
        """Enter a vector before it is sent; one that is entered already must be the same.

        Raises
        ------
        SiteRefused
        """
        digest = self._digest(vector)
        known = self._told().get((opening, edition))
        if known is None:
            with self._site.step():
                self._site.logbook.enter(
                    VECTOR, self._study.hash, opening=opening, edition=edition, digest=digest
                )
        elif known != digest:
            raise SiteRefused(
                f"The vector of opening {opening} is not the one that was made first.",
                "The folder of this study's rounds as it was.",
                "Put the newest folder back; where it is lost, submit another study.",
            )

    def _told(self) -> dict[tuple[int, int], str]:
        entries = self._site.logbook.entries(self._study.hash, VECTOR)
        return {
            (one.details["opening"], one.details["edition"]): one.details["digest"]
            for one in entries
        }

    def _digest(self, vector: np.ndarray) -> str:
        told = hmac.new(self._key, vector.dtype.str.encode(), hashlib.sha256)
        told.update(np.ascontiguousarray(vector).tobytes())
        return told.hexdigest()
