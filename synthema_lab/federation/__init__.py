"""Who holds the data, what was approved, how do rounds run?

Rounds of `secure_aggregation` in one process: `MemoryChannel`, and over it
`secure_sum` and `secure_total`.
"""

from __future__ import annotations

from .memory import MemoryChannel, Transcript
from .secure_sum import SecureTotal, secure_sum, secure_total

__all__ = ["MemoryChannel", "SecureTotal", "Transcript", "secure_sum", "secure_total"]
