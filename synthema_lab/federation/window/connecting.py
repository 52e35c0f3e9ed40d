"""How does a researcher come to look at hospitals?"""

from __future__ import annotations

import os
from pathlib import Path

from ...errors import ArgumentRefused
from ...secure_aggregation import Identity
from ..site.exchange import card_of, exchange_of
from .hospital import Hospital
from .hospitals import Hospitals
from .shown import window_of


def connect(
    *folders: str | os.PathLike[str], key: Identity | str | os.PathLike[str] | None = None
) -> Hospitals:
    """Look at hospitals, through the exchange folders that they share with a researcher.

    Parameters
    ----------
    *folders : path
        One for each hospital.
    key : Identity or path, optional
        The researcher's; ``$SYNTHEMA_RESEARCHER_KEY``, else
        ``~/.config/synthema/researcher.key``, which is made at the first use.

    Returns
    -------
    Hospitals

    Raises
    ------
    SiteRefused
        If there is no hospital, or something is not what it has signed.
    ArgumentRefused
        If two hospitals bear one name.
    """
    found: dict[str, Hospital] = {}
    for folder in folders:
        exchange = exchange_of(folder)
        member, _ = card_of(exchange)
        if member.name in found:
            raise ArgumentRefused(
                f"Two hospitals are called {member.name}.",
                "One folder for each hospital.",
                "Leave one out.",
            )
        found[member.name] = Hospital(member.name, member, exchange, window_of(exchange, member))
    if not found:
        raise ArgumentRefused(
            "No folder was given.", "The exchange folder of each hospital.",
            "Use connect('/srv/north/exchange', ...).",
        )  # fmt: skip
    return Hospitals(found, key if key is None or isinstance(key, Identity) else Path(key))
