"""What goes into the manifest when a run finishes?"""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import manifest
from .fingerprints import digests_in, file_digest, key_name
from .folder import executed_name
from .provenance import code_state, lock_digest, machine, peak_memory_mib
from .summary import Summary

if TYPE_CHECKING:
    from .run import Run

REPLAY = "SYNTHEMA_REPLAY"


def finish_run(run: Run) -> Summary:
    """Write the manifest of a run and summarise it."""
    setting = run.setting
    headlines = [given.as_record(name) for (_, name), given in run.headlines.items()]
    stable: dict[str, Any] = {
        "notebook": {"name": setting.notebook, "source": setting.source},
        "cohort": run.cohort,
        "preset": setting.preset,
        "parameters": {
            name: {"value": value, "from": setting.provenance[name]}
            for name, value in setting.values.items()
        },
        "seeds": {"seed": setting.values.get("seed"), "streams": sorted(run.streams)},
        "code": code_state(),
        "lock": lock_digest(),
        "dictionaries": run.inputs.dictionaries,
        "inputs": run.inputs.records,
        "outputs": list(run.outputs.records.values()),
        "headlines": headlines,
        "privacy": run.spent,
        "releases": _releases(run.folder),
    }
    volatile = {
        "started": run.started,
        "finished": manifest.now(),
        "seconds": _seconds_since(run.started),
        "upstream": run.inputs.runs,
        "key": key_name(),
        "machine": machine(),
        "peak_memory_mib": peak_memory_mib(),
        "files": digests_in(
            run.folder, (manifest.NAME, executed_name(setting.notebook), *run.outputs.retold)
        ),
    }
    manifest.write(run.folder, stable, volatile)
    return Summary(setting.notebook, headlines, stable["outputs"])


def _releases(folder: Path) -> list[dict[str, str]]:
    """Opened noisy sums that this run, or the one it repeats, has paid for."""
    replay = os.environ.get(REPLAY)
    found: dict[str, str] = {}
    for place in filter(None, [Path(replay) if replay else None, folder / "releases"]):
        if place.is_dir():
            found |= {path.name: file_digest(path) for path in place.glob("*.npz")}
    return [
        {"release": Path(name).stem, "file": f"releases/{name}", "digest": digest}
        for name, digest in sorted(found.items())
    ]


def _seconds_since(started: str) -> int:
    began = datetime.datetime.strptime(started, "%Y-%m-%dT%H:%M:%SZ")
    ended = datetime.datetime.strptime(manifest.now(), "%Y-%m-%dT%H:%M:%SZ")
    return round((ended - began).total_seconds())
