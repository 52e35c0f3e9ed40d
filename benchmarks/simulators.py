"""How long does it take to simulate a cohort, and how much memory?"""

from __future__ import annotations

import json
import subprocess
import sys

from .machine import described

COHORTS = {"scd": 1500, "aml": 1540}
"""Simulated cohorts and their usual number of patients."""

MANY = 100_000
LIMITS = {"usual": 2.0, "many": 60.0, "memory (GB)": 2.0}

_PROGRAM = """
import json, resource, sys, time
from synthema_lab.cohorts import load_cohort
name, patients = sys.argv[1], int(sys.argv[2])
started = time.perf_counter()
load_cohort(name, patients=patients, seed=1)
seconds = time.perf_counter() - started
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
print(json.dumps([seconds, memory]))
"""


def measured(cohort: str, patients: int) -> tuple[float, float]:
    """Seconds and gigabytes of one simulation in a fresh interpreter, imports included."""
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, cohort, str(patients)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    seconds, memory = json.loads(done.stdout)
    return seconds, memory


def run() -> str:
    """Simulate each cohort in its usual size and with 100,000 patients; return the table."""
    lines = []
    for cohort, usual in COHORTS.items():
        for what, patients in (("usual", usual), ("many", MANY)):
            seconds, memory = measured(cohort, patients)
            lines.append(
                f"  {cohort:<5}{patients:>8} patients{seconds:8.2f} s   limit {LIMITS[what]:g}"
                f"{memory:8.2f} GB   limit {LIMITS['memory (GB)']:g}"
            )
    return "\n".join(
        ["Simulated cohorts, missing values and dictionary types included", *lines,
         described(("numpy", "pandas"))]
    )  # fmt: skip
