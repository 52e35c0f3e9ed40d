"""Why can a regression not be fitted or not be opened?

Each class is named by what can be done next.
"""

from __future__ import annotations

from ...errors import ArgumentRefused, DataMismatch
from .disclosure import DisclosureRefused


class GroupTooSmall(DisclosureRefused):
    """Too few patients or events stand behind a sum: pool levels, intervals or sites."""


class TooFewPatients(DataMismatch):
    """The model has too many columns for the patients or events: leave columns out."""


class CollinearDesign(DataMismatch):
    """A column is constant or follows from others: leave one of the named columns out."""


class NotConverged(DataMismatch):
    """Newton's method did not end within its steps: simplify the model or allow more steps."""


class MonotoneLikelihood(NotConverged):
    """A column separates those with the event: its hazard ratio is without bound."""


class NoiseUnsupported(ArgumentRefused):
    """The statistic has no stated sensitivity: run it without noise."""
