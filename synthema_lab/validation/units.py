"""How is a UCUM unit written for a reader?"""

from __future__ import annotations

import re

WORDS = {"d": "days", "wk": "weeks", "mo": "months", "a": "years", "h": "hours", "%": "%"}
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def readable_unit(unit: str | None) -> str:
    """A unit in words or with its powers raised; nothing for a plain number.

    Examples
    --------
    >>> readable_unit("a"), readable_unit("10*9/L"), readable_unit("1")
    ('years', '× 10⁹/L', '')
    """
    if unit in (None, "", "1"):
        return ""
    if unit in WORDS:
        return WORDS[unit]
    raised = re.sub(r"10[*^](-?\d+)", lambda power: f"× 10{power[1].translate(RAISED)}", unit)
    return re.sub(r"[{}\[\]]", "", raised)
