"""How is a cohort learnt one variable after another? (classification and regression trees)

The outcome comes first, then the other variables, each drawn from the leaf that
the variables before it lead to (Reiter 2005; Nowok, Raab and Dibben 2016). For
the data of one custodian. It states no privacy: a leaf holds what its patients
had, and a model file is as confidential as the patients are.
"""

from __future__ import annotations

from .model import TreesModel
from .settings import TreesSettings
from .trees import Trees

__all__ = ["Trees", "TreesModel", "TreesSettings"]
