"""How is a torch model trained so that no patient is learnt?

DP-SGD with per-sample gradients from Opacus, and everything that privacy rests
on kept from the study: noise, draws of patients and the denominator belong to
the site. Nothing here loads torch or Opacus until a training begins.
"""

from __future__ import annotations

from .settings import DpSgdSettings
from .training import PrivateTraining, train_privately
from .update import PrivateUpdate

__all__ = ["DpSgdSettings", "PrivateTraining", "PrivateUpdate", "train_privately"]
