"""Does the standard set put a copy last on privacy and the floor last on fidelity, and how fast?

Every generator here is fitted, its table judged by `synthema_lab.validation`, and
put in order beside three tables made to be wrong: a copy of the training patients,
a half copy, and independent marginals. How the set grows with rows is measured in
processes of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import psutil

from synthema_lab.cohorts import Cohort, load_cohort
from synthema_lab.generators import floor_table
from synthema_lab.validation import Validation, decide, prepare, validate
from synthema_lab.validation.uses import way_to_the_floor

from .attacked_tables import COPY, FLOOR, tables_of
from .generators_cohorts import AMLSG_COLUMNS, COHORTS, CohortAbsent, split
from .machine import described

SEED = 1
FLOORS = 5
LIBRARIES = (
    "numpy", "pandas", "scikit-learn", "lifelines", "joblib", "schneiderkamplab-synthcity",
)  # fmt: skip
FIDELITY = (
    "c2st_auc", "correlation_difference", "pmse_ratio", "beta_recall", "km_gap",
    "log_hr_error", "rmst_difference", "co_occurrence_error", "contrast_error", "c_index",
    "outcome_auc", "model_ranking",
)  # fmt: skip
PRIVACY = (
    "membership_tpr", "membership_auc", "membership_worst_case", "attribute_inference_gain",
    "singling_out_gain", "linkability_gain", "small_group_disclosure", "verbatim_values",
    "row_copies",
)  # fmt: skip
GENERATED = {
    "marginal, eps 3": ("marginal", 3.0),
    "marginal, eps 1": ("marginal", 1.0),
    "marginal, no noise": ("marginal", None),
    "trees": ("trees", None),
    "vae, no noise": ("vae", None),
    "vae, eps 3": ("vae", 3.0),
    "Bayesian network": ("synthcity:bayesian_network", None),
    "ARF": ("synthcity:arf", None),
}
COSTS = (
    ("quick set, 1,540 x 30", 1540, "quick", 60, None),
    ("standard set, 1,540 x 30", 1540, "standard", 300, None),
    ("standard set, 100,000 x 30", 100_000, "standard", 1200, 6.0),
)
HOW = """\
Each table has as many rows as patients were learnt from (70%); 30% are held out. Way to the \
floor: where a metric lies between real patients (0) and independent marginals of the patients \
(1); the mean over {fidelity} metrics of fidelity, survival and use that can tell the two apart. \
One draw of the floor differs from another: it is last where no table lies beyond all of {floors} \
draws. A table can come near it whose noise has covered all ties between variables. \
Leak: how far a privacy metric lies above its chance level, in shares of what is left above it \
(0 none, 1 everything); the mean over {privacy} metrics.
Costs: simulated AML, as many rows synthetic as real and 30% held out; in a process of its own \
with imports, all cores; memory is the largest sum over its processes. Limits: 60 s, 5 and 20 \
minutes, 6 GB."""


def run() -> str:
    """The tables, as printed."""
    lines = [
        "Validation: a copy last on privacy, the floor last on fidelity",
        described(LIBRARIES),
        "",
        HOW.format(fidelity=len(FIDELITY), privacy=len(PRIVACY), floors=FLOORS),
        "",
    ]
    for name, load in COHORTS.items():
        try:
            lines += [*_ranked(load(), SEED), ""]
        except CohortAbsent as absent:
            lines += [f"{name}: left out, since {absent}", ""]
    lines += _costs()
    return "\n".join(lines).rstrip()


def _ranked(cohort: Cohort, seed: int) -> Iterator[str]:
    train, test = split(cohort, seed)
    reference = prepare(train, test, cohort.dictionary, metrics="standard", seed=seed)
    found: dict[str, tuple[Validation, float]] = {}
    for label, table in tables_of(train, cohort.dictionary, seed, GENERATED).items():
        started = time.perf_counter()
        found[label] = validate(reference, table), time.perf_counter() - started
    yield (
        f"{cohort.name}, {len(train)} patients learnt from, {len(test)} held out, "
        f"{len(reference.train.variables)} variables"
    )
    yield (
        f"  {'table':<22}{'way to':>8}{'place':>6}{'leak':>8}{'place':>6}{'found at':>10}"
        f"{'C2ST':>7}{'s':>6}  verdict"
    )
    yield f"  {'':<22}{'floor':>8}{'':>6}{'':>8}{'':>6}{'1% FPR':>10}"
    fidelity = {label: _way(validation) for label, (validation, _) in found.items()}
    privacy = {label: _leak(validation) for label, (validation, _) in found.items()}
    places = [pd.Series(one).rank(method="min").astype(int) for one in (fidelity, privacy)]
    for label, (validation, seconds) in sorted(found.items(), key=lambda one: privacy[one[0]]):
        verdict = decide(validation)
        why = (*verdict.reasons, *verdict.shortfalls)
        yield (
            f"  {label:<22}{fidelity[label]:>8.2f}{places[0][label]:>6}{privacy[label]:>8.3f}"
            f"{places[1][label]:>6}{validation['membership_tpr'].value:>10.3f}"
            f"{validation['c2st_auc'].value:>7.3f}{seconds:>6.0f}  "
            f"{verdict.verdict} ({len(why)})"
        )
    floors = [fidelity[FLOOR]]
    for drawn in range(seed + 2, seed + 1 + FLOORS):
        fresh = floor_table(cohort.dictionary.conform(train), cohort.dictionary, len(train), drawn)
        floors.append(_way(validate(reference, fresh)))
    others = max(way for label, way in fidelity.items() if label != FLOOR)
    yield f"  the copy is last on privacy: {_said(privacy[COPY] == max(privacy.values()))}"
    yield (
        f"  the floor is last on fidelity ({FLOORS} draws: {min(floors):.2f} to "
        f"{max(floors):.2f}): {_said(others <= max(floors))}"
    )


def _way(validation: Validation) -> float:
    ways = [way_to_the_floor(validation[name]) for name in FIDELITY]
    return float(np.nanmean(np.minimum(ways, 2.0)))


def _leak(validation: Validation) -> float:
    """How far above chance, by metric, of what there is above chance."""
    shares = []
    for metric in (validation[name] for name in PRIVACY):
        if metric.computed and np.isfinite(metric.ceiling):
            most = metric.range[1]
            shares.append((metric.value - metric.ceiling) / max(most - metric.ceiling, 1e-9))
    return float(np.clip(np.mean(shares), 0.0, 1.0))


def _said(holds: bool) -> str:
    return "yes" if holds else "NO"


def _costs() -> Iterator[str]:
    yield "Time and memory"
    yield f"  {'what':<30}{'s':>8}{'limit':>7}{'GB':>7}{'limit':>7}  met"
    for what, rows, metrics, seconds, gigabytes in COSTS:
        found = _measured({"rows": rows, "metrics": metrics})
        met = found["seconds"] <= seconds and found["gigabytes"] <= (gigabytes or np.inf)
        limit = "" if gigabytes is None else f"{gigabytes:g}"
        yield (
            f"  {what:<30}{found['seconds']:>8.1f}{seconds:>7}{found['gigabytes']:>7.1f}"
            f"{limit:>7}  {_said(met)}"
        )


def _measured(job: Mapping[str, object]) -> dict[str, float]:
    """Seconds that validation takes, and the largest memory of all its processes together."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.validation", json.dumps(job)], stdout=subprocess.PIPE
    )
    watched, largest = psutil.Process(child.pid), 0
    while child.poll() is None:
        try:
            family = [watched, *watched.children(recursive=True)]
            largest = max(largest, sum(one.memory_info().rss for one in family))
        except psutil.NoSuchProcess:  # one ended while it was being read
            continue
        time.sleep(0.2)
    return json.loads(child.communicate()[0]) | {"gigabytes": largest / 1e9}


def _timed(job: Mapping[str, object]) -> dict[str, float]:
    rows = int(job["rows"])
    cohort = load_cohort("aml", patients=round(rows / 0.7), seed=SEED)
    kept = [one for one in AMLSG_COLUMNS if one in cohort.patients.columns]
    patients = cohort.patients[[cohort.dictionary.patient, *kept]]
    train, test = patients[:rows], patients[rows:]
    synthetic = load_cohort("aml", patients=rows, seed=SEED + 1).patients[kept]
    started = time.perf_counter()
    reference = prepare(train, test, cohort.dictionary, metrics=str(job["metrics"]), seed=SEED)
    decide(validate(reference, synthetic))
    return {"seconds": time.perf_counter() - started}


if __name__ == "__main__":
    print(json.dumps(_timed(json.loads(sys.argv[1]))))
