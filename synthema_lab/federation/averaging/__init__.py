"""How do hospitals train one network without showing a patient, or an update?

Federated averaging: each site improves the present model on its own patients,
and only the sum of all sites' changes is opened. Nothing here loads torch until
a training begins.
"""

from __future__ import annotations

from .fit import AveragedFit, fit_averaged
from .layout import ParameterLayout, model_digest
from .model import SharedModel
from .series import MemorySeries
from .settings import AveragingSettings
from .site import AveragingSite, Contribution

__all__ = [
    "AveragedFit",
    "AveragingSettings",
    "AveragingSite",
    "Contribution",
    "MemorySeries",
    "ParameterLayout",
    "SharedModel",
    "fit_averaged",
    "model_digest",
]
