"""Which known name was meant?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest to `name`, or None when nothing is close.

    Examples
    --------
    >>> nearest("os_day", ["os_days", "os_event"])
    'os_days'
    """
    by_lower = {candidate.lower(): candidate for candidate in known}
    close = difflib.get_close_matches(str(name).lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence that offers the nearest known name, or lists a few.

    Examples
    --------
    >>> did_you_mean("wbc", ["wbc_gl", "sex"])
    'Did you mean wbc_gl?'
    >>> did_you_mean("zzz", ["wbc_gl", "sex"])
    'Known names: wbc_gl, sex.'
    """
    known = list(known)
    best = nearest(name, known)
    if best is not None:
        return f"Did you mean {best}?"
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f"Known names: {shown or '(none)'}."
