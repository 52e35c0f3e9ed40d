"""How does a researcher run a study that hospitals have approved?

`Conductor` is the researcher's side of the rounds; `run_study` runs a study
over the exchange folders of the hospitals, and `run_in_memory` with all
parties in one process.
"""

from __future__ import annotations

from .bar import progress_bar
from .conductor import Conductor
from .errors import StudyStopped
from .in_memory import run_in_memory
from .over_folders import run_study
from .progress import Progress

__all__ = ["Conductor", "Progress", "StudyStopped", "progress_bar", "run_in_memory", "run_study"]
