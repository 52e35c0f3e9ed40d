"""What does a run say about itself, so that it can be checked and repeated?

``manifest.json`` has two parts. ``stable`` is what a rerun must give again;
``volatile`` is what may differ: times, the machine, versions, pictures.
``fingerprint`` is the hash of the stable part.
"""

from __future__ import annotations

import datetime
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import DataMismatch
from ..storage import whole_file
from .fingerprints import digest

NAME = "manifest.json"
FORMAT = "synthema-run/1"
DIGITS = 10


def plain(value: Any) -> Any:
    """A value as canonical JSON knows it.

    Numbers of numpy become Python's; floats keep ten significant digits, so
    that the last bits of a sum do not decide whether a run is reproduced; what
    is not finite becomes text (``"nan"``, ``"inf"``).

    Examples
    --------
    >>> plain({"value": 0.1 + 0.2, "limits": (float("inf"), 1)})
    {'value': 0.3, 'limits': ['inf', 1]}
    """
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        parts = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
        return [plain(part) for part in parts]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def canonical(value: Any) -> str:
    """One text for equal values: sorted keys, no spaces, finite numbers only.

    Examples
    --------
    >>> canonical({"b": 1, "a": [1.0, "x"]})
    '{"a":[1.0,"x"],"b":1}'
    """
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def fingerprint(stable: Mapping[str, Any]) -> str:
    """The hash of the stable part."""
    return digest(canonical(stable).encode())


def write(folder: Path, stable: Mapping[str, Any], volatile: Mapping[str, Any]) -> Path:
    """Write ``manifest.json`` into a run's folder, whole or not at all."""
    content = {
        "format": FORMAT,
        "fingerprint": fingerprint(stable),
        "stable": plain(stable),
        "volatile": plain(volatile),
    }
    text = json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    with whole_file(folder / NAME) as path:
        path.write_text(text + "\n", encoding="utf-8")
    return folder / NAME


def read(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The manifest of a run's folder.

    Raises
    ------
    DataMismatch
        If there is none, or it was changed by hand.
    """
    path = Path(folder) / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        whole = content["format"] == FORMAT and isinstance(content["volatile"], dict)
        kept = whole and content["fingerprint"] == fingerprint(content["stable"])
    except (OSError, ValueError, KeyError, TypeError):
        whole = kept = False
    if kept:
        return content
    if not path.is_file():
        happened = f"'{Path(folder).name}' has no manifest.json: it is not a finished run."
    elif whole:
        happened = f"The manifest of '{Path(folder).name}' does not match its own fingerprint."
    else:
        happened = f"The manifest of '{Path(folder).name}' cannot be read."
    raise DataMismatch(
        happened,
        f"The folder of a finished run with a manifest of format {FORMAT}.",
        "See the finished runs with: synthema list",
    )


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
