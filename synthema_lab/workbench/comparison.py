"""In what does one run differ from another of the same notebook?

What was asked and what came out must be equal. The commit, the lock and the
preset's name are only told: the same numbers from newer code are reproduced.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .display import interval
from .fingerprints import is_keyed

_TOLD = {"code": "the code", "lock": "the lock file", "preset": "the preset's name"}
_MUST = {
    "seeds": "the seeds",
    "dictionaries": "the data dictionaries",
    "privacy": "the privacy spent",
    "releases": "the opened noisy sums",
    "cohort": "the cohort's name",
}


def differences(
    recorded: Mapping[str, Any], now: Mapping[str, Any], same_key: bool = True
) -> list[str]:
    """What must be equal in the stable parts of two manifests, and is not.

    Parameters
    ----------
    recorded, now : mapping
    same_key : bool
        Whether both were made in one workspace; otherwise keyed digests say nothing.
    """
    found = [words for part, words in _MUST.items() if recorded[part] != now[part]]
    if recorded["notebook"] != now["notebook"]:
        found.append("the notebook's source")
    found += _by_name("parameter", recorded["parameters"], now["parameters"], "value")
    found += _by_name("input", recorded["inputs"], now["inputs"], "digest", same_key)
    found += _by_name("output", _files(recorded), _files(now), "digest", same_key)
    found += _headlines(recorded, now)
    return found


def notes(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What may differ and does."""
    return [
        f"{words} has changed since" for part, words in _TOLD.items() if recorded[part] != now[part]
    ]


def _by_name(
    kind: str,
    recorded: Mapping[str, Any],
    now: Mapping[str, Any],
    part: str,
    same_key: bool = True,
) -> Iterator[str]:
    for name in sorted(set(recorded) | set(now)):
        if name not in now:
            yield f"{kind} {name} (is gone)"
        elif name not in recorded:
            yield f"{kind} {name} (is new)"
        else:
            before, after = recorded[name].get(part), now[name].get(part)
            if before != after and (same_key or not (is_keyed(before) and is_keyed(after))):
                yield f"{kind} {name}"


def _files(stable: Mapping[str, Any]) -> dict[str, Any]:
    return {output["file"]: output for output in stable["outputs"]}


def _headlines(recorded: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    before, after = (
        {f"{h['name']} {h.get('cohort', '')}".strip(): h for h in stable["headlines"]}
        for stable in (recorded, now)
    )
    for name in sorted(set(before) | set(after)):
        if before.get(name) != after.get(name):
            yield f"headline {name} (recorded {_said(before, name)}, now {_said(after, name)})"


def _said(headlines: Mapping[str, Any], name: str) -> str:
    if name not in headlines:
        return "nothing"
    return interval(*(headlines[name][part] for part in ("value", "low", "high")))
