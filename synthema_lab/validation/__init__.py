"""Is a synthetic table faithful, useful, clinically sound, and safe?

Every number comes with a 95% interval, a floor (independent marginals) and a
ceiling (real patients against real patients, or chance for an attack).
"""

from __future__ import annotations

from .appetite import RiskAppetite
from .comparison import validate
from .metric import Metric
from .reference import Reference, prepare
from .registry import describe
from .result import Validation
from .verdict import Verdict, decide, refusals

__all__ = [
    "Metric",
    "Reference",
    "RiskAppetite",
    "Validation",
    "Verdict",
    "decide",
    "describe",
    "prepare",
    "refusals",
    "validate",
]
