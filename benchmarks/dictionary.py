"""How long does a check of a large table against its dictionary take?"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd

from synthema_lab.cohorts import read_table, write_table
from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary

from .machine import described

ROWS, INVENTED = 100_000, 2_000
LIMITS = {"check as read from CSV": 5.0, "check conformed": 5.0, "invent 500 patients": 5.0}
Result = TypeVar("Result")


def patients_of(dictionary: DataDictionary, rows: int) -> pd.DataFrame:
    """Invented patients, drawn with replacement from fewer, under pseudonyms of their own."""
    rng = np.random.default_rng(1)
    invented = mock_patients(dictionary, INVENTED, rng)
    table = invented.iloc[rng.integers(0, INVENTED, rows)].reset_index(drop=True)
    table[dictionary.patient] = pd.array([f"P{at:06d}" for at in range(rows)], dtype="string")
    return table


def timed(work: Callable[[], Result]) -> tuple[Result, float]:
    """What a piece of work gives, and the seconds it took."""
    started = time.perf_counter()
    result = work()
    return result, time.perf_counter() - started


def run() -> str:
    """Check tables of 100,000 patients and return the table of times."""
    lines = []
    for name in ("scd", "aml"):
        dictionary = DataDictionary.load(name)
        _, invent = timed(lambda d=dictionary: mock_patients(d, 500, np.random.default_rng(1)))
        table = patients_of(dictionary, ROWS)
        findings, conformed = timed(lambda d=dictionary, t=table: d.check(t))
        assert findings.ok, findings.summary
        with tempfile.TemporaryDirectory() as folder:
            path = write_table(table, Path(folder) / "patients.csv")
            raw, reading = timed(lambda p=path: read_table(p))
        findings, checking = timed(lambda d=dictionary, r=raw: d.check(r))
        assert findings.ok, findings.summary
        size = f"{len(raw):,} x {len(raw.columns)}, {len(dictionary.rules)} rules"
        lines.append(f"  {name}: {size}")
        measured = {
            "read the CSV": reading,
            "check as read from CSV": checking,
            "check conformed": conformed,
            "invent 500 patients": invent,
        }
        for what, seconds in measured.items():
            limit = f"   limit {LIMITS[what]:g}" if what in LIMITS else ""
            lines.append(f"    {what:<26}{seconds:8.2f} s{limit}")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return "\n".join(
        ["A check against the dictionary: every cell, every rule, the table as a whole",
         *lines, f"  memory (GB){memory:21.2f}", described(("numpy", "pandas", "pyarrow"))]
    )  # fmt: skip


if __name__ == "__main__":
    print(run())
