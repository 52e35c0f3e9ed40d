"""How is a long label made short enough to stand beside a mark?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_ASIDE = re.compile(r"\s+\([^()]*\)$")


def brief(label: str, most: int) -> str:
    """A label of at most `most` characters: first without a last aside, then cut between words.

    Examples
    --------
    >>> brief("-7 (monosomy 7)", 20), brief("homozygous HbS (sickle-cell anaemia)", 20)
    ('-7 (monosomy 7)', 'homozygous HbS')
    >>> brief("Event observed: failure, relapse or death", 26)
    'Event observed: failure…'
    """
    text = str(label)
    if len(text) > most:
        text = _ASIDE.sub("", text)
    if len(text) <= most:
        return text
    cut = text[:most]
    words = cut.rsplit(" ", 1)[0] if " " in cut else cut[:-1]
    return words.rstrip(" ,;:") + "…"


def briefs(labels: Iterable[str], most: int) -> dict[str, str]:
    """The brief form of each label; what would then read like another stays whole.

    Examples
    --------
    >>> briefs(["Days to relapse", "Days to remission", "Age at diagnosis"], 10)["Days to relapse"]
    'Days to relapse'
    """
    short = {label: brief(label, most) for label in labels}
    times = Counter(short.values())
    return {label: one if times[one] == 1 else label for label, one in short.items()}
