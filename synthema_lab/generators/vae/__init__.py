"""How is a cohort learnt by a small network? (a variational autoencoder)

It reads the public codes of the dictionary, so that nothing is fitted to
patients before training, and gives back the chances of each code. Trained at
one custodian here, and across hospitals as a study. Loads torch when a
training begins, never to draw a cohort.
"""

from __future__ import annotations

from .model import VaeModel
from .settings import VaeSettings
from .vae import Vae

__all__ = ["Vae", "VaeModel", "VaeSettings"]
