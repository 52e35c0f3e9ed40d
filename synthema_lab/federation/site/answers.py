"""Where does a study stand, as a site answers a researcher?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..study.study import Study
from .errors import SiteRefused
from .exchange import OUTBOX, heard

NOT_SEEN = "not seen by the hospital yet"
AWAY = "its exchange folder cannot be read"
FORGED = "what lies in its folder is not signed by it"


def answer_of(study: Study, site: str, exchange: Path) -> dict[str, Any]:
    """Where a study stands at a hospital.

    Parameters
    ----------
    study : Study
    site : str
    exchange : pathlib.Path

    Returns
    -------
    dict
        At least site, state and reasons; more where the hospital has answered.

    Raises
    ------
    SiteRefused
        If the answer was not signed by that hospital.
    """
    member = next((one for one in study.sites if one.name == site), None)
    try:
        state = NOT_SEEN if (exchange / OUTBOX).is_dir() else AWAY
        told = heard(exchange, f"{study.hash}.json", member)
    except OSError:
        state, told = AWAY, None
    return told or {"site": site, "state": state, "reasons": []}


def answer_or_why_not(study: Study, site: str, exchange: Path) -> dict[str, Any]:
    """As `answer_of`; an answer that the hospital did not sign is a state of its own."""
    try:
        return answer_of(study, site, exchange)
    except SiteRefused:
        return {"site": site, "state": FORGED, "reasons": []}
