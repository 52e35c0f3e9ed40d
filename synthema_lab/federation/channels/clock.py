"""What time is it, and how is time let pass?

Injected, so that a test needs no waiting and a site's wrong clock can be
played. Time limits are measured on the monotonic clock; the calendar serves
the expiry of identity keys alone, so that clocks that differ by an hour change
neither order nor delivery.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Clock:
    """The clock of one party.

    Parameters
    ----------
    now : callable
        Unix time in seconds.
    monotonic : callable
        Seconds since some moment; never goes back.
    sleep : callable
        Lets a number of seconds pass.

    Examples
    --------
    >>> Clock(now=lambda: 3600.0).now()
    3600.0
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
