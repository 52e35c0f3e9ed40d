"""How does a result that rests on fresh noise come out the same when a run is repeated?

An audit, and shadow models of a private generator, draw noise from the operating
system hundreds of times, and no seed repeats it. Their result is kept as a fit's opened
sums are: in the workspace and with the run, under what was asked. Whoever asks the same
again reads it, and whoever changes a parameter, or wants other noise, has it made anew.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pandas as pd

from ..errors import ArgumentRefused, NotReproduced
from ..storage import whole_file
from ..validation import Audit, FalseFindings, ShadowAttack
from .disclosure import check_name
from .paths import runs_folder
from .record import REPLAY

if TYPE_CHECKING:
    from .run import Run

Result = TypeVar("Result", Audit, FalseFindings, ShadowAttack)
KINDS = {kind.__name__: kind for kind in (Audit, FalseFindings, ShadowAttack)}


def recorded(run: Run, name: str, make: Callable[[], Result], fresh_noise: bool = False) -> Result:
    """Make a result, or read it where the same was asked before.

    Parameters
    ----------
    run : Run
        Its notebook and its parameters say what is asked.
    name : str
        Different for each result of a notebook.
    make : callable
        Makes an `Audit`, a `ShadowAttack` or `FalseFindings`.
    fresh_noise : bool
        Make it anew, whatever was kept.

    Returns
    -------
    Audit, ShadowAttack or FalseFindings

    Raises
    ------
    NotReproduced
        If a run is repeated that has not kept it.
    """
    asked = json.dumps([run.notebook, name, run.parameters], sort_keys=True, default=str)
    file = f"{check_name(name)}-{hashlib.sha256(asked.encode()).hexdigest()[:16]}.npz"
    repeated = os.environ.get(REPLAY)
    kept = Path(repeated or runs_folder() / "releases") / file
    if repeated and not kept.is_file():
        raise NotReproduced(
            f"The run that is repeated has not kept the result '{name}'.",
            "The notebook and the parameters of the first time.",
            "Run the notebook itself: synthema run NOTEBOOK",
        )
    if kept.is_file() and (repeated or not fresh_noise):
        content = kept.read_bytes()
    else:
        content = as_bytes(make())
        _write(kept, content)
    _write(run.folder / "releases" / file, content)
    return from_bytes(content)


def as_bytes(result: Audit | FalseFindings | ShadowAttack) -> bytes:
    """A result as the bytes of an ``npz`` file that holds JSON.

    Raises
    ------
    ArgumentRefused
        For a result of another kind.

    Examples
    --------
    >>> audit = Audit(3.0, 0.1, 1.9, 4.0, 1e-5, 0.95, 500, pd.DataFrame({"x": [0.5]}))
    >>> from_bytes(as_bytes(audit)).curve["x"].tolist()
    [0.5]
    """
    kind = type(result).__name__
    if kind not in KINDS:
        raise ArgumentRefused(
            f"A {kind} cannot be kept with a run.", f"One of: {', '.join(KINDS)}.",
            "Save it with run.table or run.figure.",
        )  # fmt: skip
    values = {one.name: _plain(getattr(result, one.name)) for one in fields(result)}
    text = json.dumps({"kind": kind, "values": values}, sort_keys=True, allow_nan=False)
    stream = io.BytesIO()
    np.savez(stream, json=np.frombuffer(text.encode(), dtype=np.uint8))
    return stream.getvalue()


def from_bytes(content: bytes) -> Audit | FalseFindings | ShadowAttack:
    """Undo `as_bytes`."""
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        said = json.loads(arrays["json"].tobytes())
    return KINDS[said["kind"]](**{name: _read(one) for name, one in said["values"].items()})


def _plain(value: object) -> object:
    if isinstance(value, pd.DataFrame):
        return {"columns": {name: list(map(_plain, part)) for name, part in value.items()}}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return list(value) if isinstance(value, tuple) else value


def _read(value: object) -> object:
    if isinstance(value, list):
        return tuple(map(_read, value))
    if not isinstance(value, dict):
        return value
    if "float" in value:
        return float(value["float"])
    return pd.DataFrame({name: list(map(_read, part)) for name, part in value["columns"].items()})


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as temporary:
        temporary.write_bytes(content)
