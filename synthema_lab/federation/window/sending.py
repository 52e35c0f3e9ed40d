"""How does word of a researcher reach hospitals?

What a notebook and the commands ``synthema study`` do alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ArgumentRefused
from ..site.exchange import deliver
from ..study.study import Study


def require_fit(study: Study, site: str, card: Mapping[str, Any]) -> None:
    """Refuse early what a hospital would refuse for certain.

    Parameters
    ----------
    study : Study
    site : str
    card : mapping
        Of that site; see `card_of`.

    Raises
    ------
    ArgumentRefused
        If the study does not name the site under its key, or a cohort of it
        with its dictionary.

    Examples
    --------
    >>> from synthema_lab.federation.study.example import example_study
    >>> study = example_study()
    >>> card = {"key": study.sites[0].key.hex(), "cohorts": {study.cohort: study.dictionary}}
    >>> require_fit(study, study.sites[0].name, card)
    """
    named = {one.name: one.key.hex() for one in study.sites}
    if named.get(site) != card["key"]:
        raise ArgumentRefused(
            f"The study does not name {site} under the key of its card.",
            f"{site} among the sites of the study.",
            "Leave sites out of the draft to take them from the cards.",
        )
    digest = card["cohorts"].get(study.cohort)
    if digest != study.dictionary:
        known = ", ".join(card["cohorts"]) or "none"
        raise ArgumentRefused(
            f"{site} has no cohort {study.cohort} with this data dictionary.",
            f"A cohort of its card ({known}), with the dictionary that it has there.",
            "Name another cohort, or take the hospital's dictionary.",
        )


def send(exchanges: Mapping[str, Path], name: str, content: bytes) -> None:
    """Put a message into every inbox; one that cannot be reached does not keep it from others.

    Parameters
    ----------
    exchanges : mapping of str to pathlib.Path
        By hospital.
    name : str
        Of the message.
    content : bytes

    Raises
    ------
    ArgumentRefused
        If it did not reach all of them, with their names.
    """
    missed: dict[str, str] = {}
    for site, exchange in exchanges.items():
        try:
            deliver(exchange, name, content)
        except OSError as error:
            missed[site] = error.strerror or type(error).__name__
    if missed:
        listed = ", ".join(f"{site} ({why})" for site, why in missed.items())
        reached = ", ".join(site for site in exchanges if site not in missed) or "nobody"
        raise ArgumentRefused(
            f"It could not be left for {listed}. It has reached {reached}.",
            "Exchange folders in which you may write.",
            "Put that right and send it again: it is the same message, and counts once.",
        )
