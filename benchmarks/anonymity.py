"""How long does it take to measure how identifying a table is, and to generalise it?"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from synthema_lab.deidentify import Hierarchy, Target, measure, search
from synthema_lab.deidentify.classes import equivalence_classes
from synthema_lab.deidentify.keys import SiteKey
from synthema_lab.deidentify.pseudonyms import pseudonyms
from synthema_lab.dictionary import Variable

from .machine import described

ROWS = 100_000
LEVELS = {"age": 90, "sex": 2, "centre": 45, "country": 20, "year": 30, "origin": 9,
          "genotype": 5, "height": 120}  # fmt: skip
LIMITS = {"k over 8 quasi-identifiers": 10.0}


def table(rows: int = ROWS) -> pd.DataFrame:
    """Patients with eight quasi-identifiers and a sensitive count."""
    rng = np.random.default_rng(1)
    patients = pd.DataFrame(
        {
            name: pd.array(rng.integers(0, most, rows), dtype="Int64")
            for name, most in LEVELS.items()
        }
    )
    return patients.assign(crises=rng.poisson(1.5, rows))


def ladders() -> list[Hierarchy]:
    """Steps for the eight: halves, quarters, nothing."""
    made = []
    for name, most in LEVELS.items():
        variable = Variable(name, name, "integer", range=(0.0, float(most - 1)))
        widths = [width for width in (5, 10, 30) if width < most - 1]
        made.append(Hierarchy.of(variable, [*({"width": width} for width in widths), "suppress"]))
    return made


def seconds(work: Callable[[], object]) -> float:
    """Wall clock of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def run() -> str:
    """Measure and return the table."""
    patients, names = table(), list(LEVELS)
    steps, target = ladders(), Target(k=5, suppress_at_most=0.05)
    nodes = int(np.prod([ladder.top + 1 for ladder in steps]))
    taken = {
        "k over 8 quasi-identifiers": seconds(lambda: equivalence_classes(patients, names)),
        "all measures, subsets up to 3": seconds(lambda: measure(patients, names, ["crises"])),
        f"search, exact, 3 ladders, {np.prod([h.top + 1 for h in steps[:3]])} nodes": seconds(
            lambda: search(patients, steps[:3], target)
        ),
        f"search, exact, 8 ladders, {nodes} nodes": seconds(
            lambda: search(patients, steps, target)
        ),
        "search, beam, the same": seconds(
            lambda: search(patients, steps, target, exhaustive_below=1)
        ),
        "pseudonyms": seconds(
            lambda: pseudonyms([f"H{n}" for n in range(ROWS)], SiteKey.temporary(), "study")
        ),
    }
    lines = [
        f"  {name:<46}{value:8.2f} s" + (f"   limit {LIMITS[name]:g} s" if name in LIMITS else "")
        for name, value in taken.items()
    ]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return "\n".join(
        [f"{ROWS} patients (memory of the process {memory:.2f} GB)", *lines,
         described(("numpy", "pandas", "scipy"))]
    )  # fmt: skip
