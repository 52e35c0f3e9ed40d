"""Is a synthetic table faithful, useful, clinically sound, and safe?

Every number comes with a 95% interval, a floor (independent marginals) and a
ceiling (real patients against real patients, or chance for an attack).
"""

from __future__ import annotations

from .appetite import RiskAppetite
from .auditing import Audit, audit_epsilon
from .canary import audit_marginal
from .comparison import validate
from .false_findings import FalseFindings, false_findings
from .metric import Metric
from .near_copies import near_copies
from .reference import Reference, prepare
from .registry import describe
from .result import Validation
from .shadow_models import ShadowAttack, shadow_attack
from .verdict import Verdict, decide, refusals

__all__ = [
    "Audit",
    "FalseFindings",
    "Metric",
    "Reference",
    "RiskAppetite",
    "ShadowAttack",
    "Validation",
    "Verdict",
    "audit_epsilon",
    "audit_marginal",
    "decide",
    "describe",
    "false_findings",
    "near_copies",
    "prepare",
    "refusals",
    "shadow_attack",
    "validate",
]
