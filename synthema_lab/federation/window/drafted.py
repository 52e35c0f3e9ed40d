"""What does a study say that a researcher drafts in a few words?"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from ...dictionary import DataDictionary
from ...errors import ArgumentRefused
from ..procedures.registry import procedure
from ..study.parts import NO_NOISE

_PROFILE = ("name", "institution", "purpose", "legal_basis")
_OPENED = {
    "marginal": "A table of invented patients, drawn from the summed and noised counts.",
    "independent": "Invented patients in which no variable knows of another: a floor to compare.",
    "vae": "Invented patients, drawn from a network that was trained at all sites.",
    "validate": "How near a synthetic cohort comes to the patients, and what attacks on it find.",
}


def content_of(
    sites: int,
    title: str,
    variables: Mapping[str, str],
    who: Mapping[str, str],
    cohort: str,
    dictionary: DataDictionary,
    generator: str,
    settings: Mapping[str, Any],
    epsilon: float | None,
    delta: float,
    colluding: int,
    rounds: int | None,
    repeats: int,
    all_must_stay: bool,
    days: int,
    opened: str,
    smallest_cell: int | None,
) -> dict[str, Any]:
    """The draft as plain values, for `study.complete`; see `Hospitals.draft`.

    Raises
    ------
    ArgumentRefused
        If it does not say who asks.
    """
    absent = [one for one in _PROFILE if not who.get(one)]
    if absent:
        raise ArgumentRefused(
            f"The study does not say who asks: {', '.join(absent)} left out.",
            f"who with {', '.join(_PROFILE)}.",
            "Give them in plain words: the owner of the data decides by them.",
        )
    last = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=days)
    what = opened or _OPENED.get(generator, "What the study comes to.")
    protection = "epsilon" if epsilon is not None else (
        "outside_epsilon" if smallest_cell is None else "disclosure_control"
    )  # fmt: skip
    return {
        "title": title,
        "researcher": {one: who[one] for one in _PROFILE},
        "cohort": {"name": cohort, "dictionary": dictionary.digest},
        "variables": dict(variables),
        "generator": {"name": generator, "settings": dict(settings)},
        "rounds": {"asked": rounds or procedure(generator).openings, "repeats": repeats},
        "secure_aggregation": {
            "threshold": sites if all_must_stay else None, "minimum_sites": 3,
            "noise_bound": 0,
            **procedure(generator).terms(sites, settings),
        },
        "budget": {
            "epsilon": NO_NOISE if epsilon is None else epsilon, "delta": delta,
            "colluding": colluding,
        },
        "outputs": {"result": {"what": what, "protection": protection}},
        "smallest_cell": smallest_cell,
        "expires": last.isoformat(),
    }  # fmt: skip
