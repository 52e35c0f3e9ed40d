"""How is a cohort learnt by a small network? (a variational autoencoder)

It reads public cells of the dictionary's bins, so that nothing is fitted to
patients before training, and tells each variable with a likelihood of its type:
categories, skewed numbers, counts with many zeros, and the outcome as a
censored time. Trained at
one custodian here, and across hospitals as a study. Loads torch when a
training begins, never to draw a cohort.
"""

from __future__ import annotations

from .model import VaeModel
from .settings import VaeSettings
from .vae import Vae

__all__ = ["Vae", "VaeModel", "VaeSettings"]
