"""What does a study compute at a site, and what is made of the opened sums?

A procedure is the part of the installed package that a study names; a study
brings no code. `procedure_of` finds it.
"""

from __future__ import annotations

from .procedure import Assembly, Contribution, Given, Plan, Procedure, SiteTask
from .registry import PROCEDURES, procedure_of

__all__ = [
    "PROCEDURES",
    "Assembly",
    "Contribution",
    "Given",
    "Plan",
    "Procedure",
    "SiteTask",
    "procedure_of",
]
