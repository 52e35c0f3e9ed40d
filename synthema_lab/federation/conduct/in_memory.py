"""How does a study run with all parties in one process?

For notebooks and tests: the sites' services and the researcher's conductor are
the ones that run apart; only the wire is missing. With noise off it gives what
separate processes give, to the last digit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...dictionary import DataDictionary
from ..channels import MemoryPost
from ..rounds.series import RESEARCHER
from ..service import InProcess, Service
from ..service.part import Computes
from ..site.folder import SiteFolder
from ..study.study import Study
from .conductor import PATIENCE, Conductor
from .progress import Progress


def run_in_memory(
    study: Study,
    dictionary: DataDictionary,
    sites: Mapping[str, SiteFolder],
    folder: Path,
    *,
    computes: Computes = InProcess,
    patience: float = PATIENCE,
    told: Callable[[Progress], object] | None = None,
) -> Any:
    """Run a study that these sites have approved.

    Parameters
    ----------
    study : Study
    dictionary : DataDictionary
    sites : mapping of str to SiteFolder
    folder : pathlib.Path
        For the researcher's state.
    computes : callable
        See `service.StudyPart`.
    patience : float
    told : callable, optional
        Called with a `Progress`.

    Returns
    -------
    object
        What the procedure makes of the sums.
    """
    post = MemoryPost()
    with ExitStack() as stack:
        services = [
            stack.enter_context(
                Service(site, computes, lambda site, _: post.channel(site.identity.name))
            )
            for site in sites.values()
        ]

        def meanwhile() -> None:
            for service in services:
                service.step()

        own = post.channel(RESEARCHER)
        conductor = Conductor(
            study, dictionary, dict.fromkeys(sites, own), folder,
            patience=patience, meanwhile=meanwhile, told=told,
        )  # fmt: skip
        return conductor.run()
