"""What leaves the source system, and how identifying is what is left?"""

from __future__ import annotations

from synthema_lab.deidentify.assessment import Assessment, assess
from synthema_lab.deidentify.export_example import export_example
from synthema_lab.deidentify.hierarchy import Hierarchy
from synthema_lab.deidentify.information import InformationLoss
from synthema_lab.deidentify.keys import SiteKey
from synthema_lab.deidentify.lattice import Target
from synthema_lab.deidentify.policy import Policy
from synthema_lab.deidentify.prepare import InputRefused
from synthema_lab.deidentify.pseudonyms import pseudonyms, rotate
from synthema_lab.deidentify.release import Deidentified, deidentify
from synthema_lab.deidentify.risk import Risk, measure
from synthema_lab.deidentify.search import Generalisation, search
from synthema_lab.deidentify.sensitive import sensitive_codes
from synthema_lab.deidentify.study import Study

__all__ = [
    "Assessment",
    "Deidentified",
    "Generalisation",
    "Hierarchy",
    "InformationLoss",
    "InputRefused",
    "Policy",
    "Risk",
    "SiteKey",
    "Study",
    "Target",
    "assess",
    "deidentify",
    "export_example",
    "measure",
    "pseudonyms",
    "rotate",
    "search",
    "sensitive_codes",
]
