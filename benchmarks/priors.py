"""What does a prior give a hospital that has few patients?

Some patients of the AMLSG release with the simulator of acute myeloid leukaemia as
a prior, and some of one part of LeukSurv with a private model of its other parts.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import numpy as np
import pandas as pd

from synthema_lab.cohorts import load_cohort
from synthema_lab.generators import Marginal, with_prior

from .generators_cohorts import COHORTS, CohortAbsent, split
from .generators_score import score
from .generators_table import cell
from .machine import described

PATIENTS, EPSILONS, SEEDS = (80, 200, 500), (1.0, 3.0), range(1, 6)
SIMULATED, OTHERS_EPSILON = 4000, 3.0
COLUMNS = (("c2st_auc", "C2ST AUC"), ("km_gap", "KM gap"), ("log_hr_error", "log HR error"),
           ("c_index", "C-index"))  # fmt: skip
HOW = (
    "Each seed is another 70% of the patients, another draw of the few from them, other noise and "
    "another sample as large as the 70%, which it is compared with; C-index on the other 30%. "
    "Median and range over seeds.",
    "amlsg: the prior is marginal without noise on simulated patients. The simulator was "
    "calibrated on published aggregates, some of them of the same trials, so it knows this disease "
    "as well as a simulator can.",
    "leuksurv: the prior is marginal at epsilon 3 on the patients of all districts but some; the "
    "few are of those left out, about a third, and so is what it is compared with.",
)


def run() -> str:
    """Measure and return the tables."""
    lines = ["A prior for few patients", ""]
    for data in ("amlsg", "leuksurv"):
        try:
            COHORTS[data]()
        except CohortAbsent as reason:
            lines += [f"{data}: left out, {reason}", ""]
            continue
        lines += [*_table(data), ""]
    for remark in HOW:
        lines += textwrap.wrap(remark, 98, initial_indent="- ", subsequent_indent="  ")
    return "\n".join([*lines, described(("numpy", "scipy", "pandas"))])


def _table(data: str) -> Iterator[str]:
    found: dict[tuple[str, str], list[dict[str, float]]] = {}
    for seed in SEEDS:
        patients, test, prior, dictionary = _scene(data, seed)

        def figures(model, kind: tuple[str, str]) -> None:
            synthetic = model.sample(len(patients), seed)  # noqa: B023
            told = score(patients, test, synthetic, dictionary, seed)  # noqa: B023
            found.setdefault(kind, []).append(told)

        figures(prior, ("-", "prior alone"))
        for size in PATIENTS:
            if size > len(patients):
                continue
            few = patients.sample(size, random_state=seed)
            for epsilon in EPSILONS:
                model = Marginal().fit([few], dictionary, epsilon=epsilon)
                kind = f"{size} at epsilon {epsilon:g}"
                figures(model, (kind, "by themselves"))
                figures(with_prior(model, prior, seed), (kind, "with the prior"))
    yield f"{data}, {len(SEEDS)} seeds"
    yield f"  {'patients':<18}{'':<16}" + "".join(f"{title:<18}" for _, title in COLUMNS).rstrip()
    for (kind, how), told in found.items():
        cells = "".join(f"{cell([one[name] for one in told]):<18}" for name, _ in COLUMNS)
        yield f"  {kind:<18}{how:<16}{cells}".rstrip()


def _scene(data: str, seed: int):
    """Patients to draw few from, those held out, the prior and the dictionary."""
    cohort = COHORTS[data]()
    train, test = split(cohort, seed)
    dictionary = cohort.dictionary
    train = dictionary.conform(train)
    columns = [name for name in dictionary.modelled if name in train.columns]
    if data == "amlsg":
        other = load_cohort("aml", patients=SIMULATED, seed=100 + seed).patients[columns]
        return train, test, Marginal().fit([other], dictionary, epsilon=None), dictionary
    here = _some_centres(train, dictionary.centre, seed)
    prior = Marginal().fit([train[~here][columns]], dictionary, epsilon=OTHERS_EPSILON)
    return train[here].reset_index(drop=True), test, prior, dictionary


def _some_centres(patients: pd.DataFrame, centre: str, seed: int) -> np.ndarray:
    """Who is of a third of the centres."""
    centres = sorted(patients[centre].astype(str).unique())
    chosen = np.random.default_rng(seed).choice(centres, len(centres) // 3, replace=False)
    return patients[centre].astype(str).isin(chosen).to_numpy()
