"""Is a synthetic table faithful, useful, clinically sound, and safe?

Every number comes with a 95% interval, a floor (independent marginals) and a
ceiling (real patients against real patients, or chance for an attack).
"""

from __future__ import annotations

from .comparison import validate
from .gate import refusals
from .metric import Metric
from .reference import Reference, prepare
from .registry import describe
from .result import Validation

__all__ = ["Metric", "Reference", "Validation", "describe", "prepare", "refusals", "validate"]
