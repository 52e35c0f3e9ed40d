"""How does a study run over the exchange folders of hospitals?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ...dictionary import DataDictionary
from ...errors import ApprovalMissing
from ...secure_aggregation import Identity
from ...storage import whole_file
from ..channels.clock import Clock
from ..channels.waiting import looks
from ..rounds.ends import researcher_end
from ..site.answers import answer_or_why_not
from ..site.standing import HOLDS
from ..study.errors import StudyRefused
from ..study.study import Study
from .conductor import PATIENCE, Conductor
from .progress import Progress


def run_study(
    study: Study,
    dictionary: DataDictionary,
    researcher: Identity,
    exchanges: Mapping[str, Path],
    folder: Path,
    *,
    peers: Path | None = None,
    patience: float = PATIENCE,
    approval_within: float = 0.0,
    told: Callable[[Progress], object] | None = None,
    progress: Callable[[float], None] | None = None,
    clock: Clock | None = None,
) -> Any:
    """Run a study to its end, or on from where it stopped.

    Parameters
    ----------
    study : Study
    dictionary : DataDictionary
        The one that the study names.
    researcher : Identity
        Whose key the study bears.
    exchanges : mapping of str to pathlib.Path
        By site, its exchange folder.
    folder : pathlib.Path
        The researcher's own, for state and keys of this study; to be kept
        until the study is over.
    peers : pathlib.Path, optional
        See `Conductor`.
    patience : float
        Seconds that the sites are waited for at each step.
    approval_within : float
        Seconds that approvals are waited for.
    told, progress : callable, optional
        See `Conductor`.
    clock : Clock, optional

    Returns
    -------
    object
        What the procedure makes of the sums.

    Raises
    ------
    ApprovalMissing
        If too few sites have approved the study; without noise it takes all.
    """
    if researcher.member().key.hex() != study.researcher.key:
        raise StudyRefused(
            "The key is not the one that this study bears.",
            "The key with which the study was signed.",
            "Give it with --key.",
        )
    members = {one.name: one for one in study.sites}
    sites = _approved(study, exchanges, folder, approval_within, clock or Clock())
    with ExitStack() as stack:
        channels = {
            site: stack.enter_context(
                researcher_end(
                    exchanges[site], study, researcher, members[site], folder / "channels" / site
                )
            )
            for site in sites
        }
        return Conductor(
            study,
            dictionary,
            channels,
            folder,
            peers=peers,
            patience=patience,
            told=told,
            clock=clock,
        ).run(progress)


def _approved(
    study: Study, exchanges: Mapping[str, Path], folder: Path, within: float, clock: Clock
) -> tuple[str, ...]:
    """The sites that take part: those that have approved, the same ones after a restart."""
    kept = folder / "sites.txt"
    if kept.exists():
        return tuple(kept.read_text(encoding="ascii").split())
    states: dict[str, str] = {}
    for _ in looks(clock, within, 0.5):
        for site, exchange in exchanges.items():
            states[site] = answer_or_why_not(study, site, exchange)["state"]
        if all(state == HOLDS for state in states.values()):
            break
    sites = sorted(site for site, state in states.items() if state == HOLDS)
    # Without noise two sums that differ by a site would show that site's numbers.
    noise = study.budget.epsilon is not None
    needed = study.secure_aggregation.minimum_sites if noise else len(study.sites)
    if len(sites) < needed:
        others = "; ".join(f"{s}: {state}" for s, state in sorted(states.items()) if s not in sites)
        raise ApprovalMissing(
            f"{len(sites)} of {len(states)} sites have approved the study. {others}.",
            f"At least {needed} sites that have approved it{'' if noise else ', all: no noise'}.",
            "Wait, and ask again: synthema study status",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole_file(kept) as path:
        path.write_text("\n".join(sites), encoding="ascii")
    return tuple(sites)
