"""What is a variable, what may it hold, which rules tie variables together?"""

from __future__ import annotations

from synthema_lab.dictionary.dictionary import DataDictionary
from synthema_lab.dictionary.findings import Finding, Findings
from synthema_lab.dictionary.lookup import Lookup
from synthema_lab.dictionary.rules import Rule
from synthema_lab.dictionary.spelling import did_you_mean, nearest
from synthema_lab.dictionary.variable import Code, Survival, Variable

__all__ = [
    "Code",
    "DataDictionary",
    "Finding",
    "Findings",
    "Lookup",
    "Rule",
    "Survival",
    "Variable",
    "did_you_mean",
    "nearest",
]
