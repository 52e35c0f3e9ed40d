"""How is a field of a FHIR resource read, when anything may stand in it?

Each function takes whatever JSON holds and gives the thing asked for or nothing;
none raises.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterator
from datetime import datetime

from synthema_lab.cohorts.importers.vocabularies import Coding, coding, vocabulary

_DATE = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?)?)?(?:Z|[+-]\d\d:\d\d)?"
)


def part(content: object, *names: str) -> object:
    """What stands under the names, one inside the other; None where it does not.

    Examples
    --------
    >>> part({"code": {"text": "a"}}, "code", "text"), part([], "code")
    ('a', None)
    """
    for name in names:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def text(content: object, *names: str) -> str | None:
    """A text that is not blank, or None."""
    found = part(content, *names)
    return found.strip() or None if isinstance(found, str) else None


def parts(content: object, *names: str) -> list[dict[str, object]]:
    """The objects of a list; a single object counts as a list of one."""
    found = part(content, *names)
    found = found if isinstance(found, list) else [found]
    return [item for item in found if isinstance(item, dict)]


def number(found: object) -> float:
    """A finite number, or NaN.

    Examples
    --------
    >>> number(7), number("7"), number(True), number(10**400)
    (7.0, nan, nan, nan)
    """
    if isinstance(found, bool) or not isinstance(found, int | float) or abs(found) > 1e300:
        return math.nan
    return float(found)


def codings(concept: object) -> Iterator[Coding]:
    """The codings of a CodeableConcept whose vocabularies are known."""
    for one in parts(concept, "coding"):
        found = coding(one.get("system"), one.get("code"))
        if found is not None:
            yield found


def says(concept: object, *codes: str) -> bool:
    """Whether a CodeableConcept holds one of the codes, in any vocabulary."""
    return any(one.get("code") in codes for one in parts(concept, "coding"))


def when(found: object, birth: bool = False) -> datetime | None:
    """A day, with the wall-clock time where it is recorded.

    Parameters
    ----------
    found : object
        A FHIR date, dateTime or instant.
    birth : bool
        Whether a year alone is taken for its middle; otherwise it is too vague.

    Returns
    -------
    datetime or None
        A month without a day is taken for its 15th.

    Examples
    --------
    >>> print(when("2021-03-04T23:30:00+02:00"), when("2021-03"), when("2021"))
    2021-03-04 23:30:00 2021-03-15 00:00:00 None
    """
    return _when(found, birth) if isinstance(found, str) else None


@functools.lru_cache(maxsize=65536)
def _when(found: str, birth: bool) -> datetime | None:
    matched = _DATE.fullmatch(found.strip())
    if matched is None:
        return None
    year, month, day, *clock = (int(group) if group else None for group in matched.groups())
    if month is None:
        if not birth:
            return None
        month, day = 7, 1
    if not 1800 <= year <= 2200:
        return None
    hour, minute, second = (piece or 0 for piece in clock)
    try:
        return datetime(year, month, day or 15, hour, minute, min(second, 59))
    except ValueError:
        return None


def span(content: object, name: str) -> tuple[datetime | None, datetime | None, bool]:
    """The start and the end of ``nameDateTime`` or ``namePeriod``, and whether it was given."""
    for suffix in ("DateTime", "Instant", "String"):
        given = part(content, name + suffix)
        if given is not None:
            return when(given), None, True
    period = part(content, f"{name}Period")
    if period is None:
        timed = part(content, f"{name}Timing", "event")
        given = timed[0] if isinstance(timed, list) and timed else None
        return when(given), None, given is not None
    return when(part(period, "start")), when(part(period, "end")), True


def ucum(quantity: object) -> str | None:
    """The unit of a Quantity: its code where that is UCUM, otherwise as it is printed.

    Examples
    --------
    >>> ucum({"unit": "gramme je Liter", "system": "http://unitsofmeasure.org", "code": "g/L"})
    'g/L'
    """
    system = part(quantity, "system")
    if system is None or vocabulary(system) == "UCUM":
        return text(quantity, "code") or text(quantity, "unit")
    return text(quantity, "unit")
