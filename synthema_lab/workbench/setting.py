"""How was a run started?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COHORT = "cohort_name"
"""The parameter by which a notebook names the cohort that it reads."""


@dataclass(frozen=True)
class Setting:
    """How a run was started.

    Attributes
    ----------
    notebook : str
    values, provenance : mapping
        Every parameter and where its value comes from.
    preset : str
    source : str
        Digest of the notebook's cells, or ``"unknown"``.
    headless : bool
        Whether the runner runs it.
    beside, pinned : pathlib.Path or None
        The folder of a demo; the manifest of a run that is being repeated.
    """

    notebook: str
    values: Mapping[str, Any]
    provenance: Mapping[str, str]
    preset: str = ""
    source: str = "unknown"
    headless: bool = False
    beside: Path | None = None
    pinned: Path | None = None
