"""What does one fit cost, and how good is what it draws? (one job, in a process of its own)

A job comes on standard input as JSON and its figures go to standard output, so
that the peak of memory is that of one fit. Figures are aggregates; neither a row
nor a value of a patient leaves the process.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from synthema_lab import generators
from synthema_lab.cohorts import load_cohort, split_sites
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import LabError

from .generators_cohorts import AMLSG_COLUMNS, COHORTS, split
from .generators_methods import CEILINGS, REDRAWN
from .generators_score import real_against_real, rules_broken, score

BOUND = 2**27
"""Largest count of a site, noise included: with eight sites a number takes four bytes."""


def method(job: Mapping) -> dict[str, float]:
    """Figures of a generator on one split of one cohort."""
    cohort, seed = COHORTS[job["data"]](), job["seed"]
    train, test = split(cohort, seed)
    if job["method"] in CEILINGS:
        return real_against_real(
            train, test, cohort.dictionary, seed, redrawn=job["method"] == REDRAWN
        )
    model, found = _fitted(job, [train], cohort.dictionary, seed)
    started = time.perf_counter()
    synthetic = model.sample(len(train), seed)
    found["sample_seconds"] = time.perf_counter() - started
    found["gigabytes"] = _peak()
    found |= score(train, test, synthetic, cohort.dictionary, seed)
    broken, decided = rules_broken(model.sample(job["checked"], seed + 1000), cohort.dictionary)
    return found | {"rows_broken": broken, "rows_checked": job["checked"], "rules": decided}


def federated(job: Mapping) -> dict[str, float | str]:
    """Figures of a generator over sites, all sites pooled, or one site alone."""
    cohort, seed = COHORTS[job["data"]](), job["seed"]
    train, test = split(cohort, seed)
    tables = parts(train, cohort.dictionary, job["partition"], job["sites"])
    if job["alone"] is not None:
        tables = [tables[job["alone"]]]
    model, found = _fitted(job, tables, cohort.dictionary, seed)
    drawn = [
        score(train, test, model.sample(len(train), seed + draw), cohort.dictionary, seed)
        for draw in range(job["samples"])
    ]
    if drawn:
        found |= {name: float(np.mean([one[name] for one in drawn])) for name in drawn[0]}
    sums = b"".join(np.ascontiguousarray(one).tobytes() for one in model.opened.sums)
    rows = model.sample(1000, seed).to_csv(index=False).encode()
    return found | {
        "patients": sum(map(len, tables)), "gigabytes": _peak(),
        "sums": hashlib.sha256(sums).hexdigest(), "sample": hashlib.sha256(rows).hexdigest(),
    }  # fmt: skip


def cost(job: Mapping) -> dict[str, float]:
    """Time and memory on simulated patients with acute myeloid leukaemia."""
    tables, dictionary = _simulated(job)
    return _fitted(job, tables, dictionary, 1)[1]


def loopback(job: Mapping) -> dict[str, float]:
    """Time of a pass over site processes on the same patients."""
    from .generators_loopback import passed

    tables, dictionary = _simulated(job)
    named = {f"site-{place}": table for place, table in enumerate(tables, start=1)}
    return passed(named, dictionary, job["method"], job["epsilon"])


def parts(
    patients: pd.DataFrame, dictionary: DataDictionary, partition: str, sites: int
) -> list[pd.DataFrame]:
    """One table a site.

    Parameters
    ----------
    patients : pandas.DataFrame
    dictionary : DataDictionary
    partition : {"pooled", "even", "uneven", "centre"}
        Uneven: each site has 0.7 of the share of the one before. By centre: whole
        centres stay together, neighbours in the order of their codes at one site.
    sites : int

    Examples
    --------
    >>> from synthema_lab.cohorts import load_cohort
    >>> cohort = load_cohort("leuksurv")
    >>> [len(table) for table in parts(cohort.patients, cohort.dictionary, "uneven", 3)]
    [476, 334, 233]
    """
    if partition == "pooled" or sites == 1:
        return [patients]
    if partition == "centre":
        codes = sorted(patients[dictionary.centre].astype(str).unique(), key=lambda c: (len(c), c))
        groups = {
            code: f"site_{place:02d}"
            for place, block in enumerate(np.array_split(codes, sites))
            for code in block.tolist()
        }
        return list(split_sites(patients, dictionary, groups=groups).values())
    shares = [1.0 if partition == "even" else 0.7**place for place in range(sites)]
    return list(split_sites(patients, dictionary, shares=shares, seed=0).values())


def _fitted(
    job: Mapping, tables: Sequence[pd.DataFrame], dictionary: DataDictionary, seed: int
) -> tuple[generators.FittedModel, dict[str, float]]:
    """The model, and what its fit cost; many sites add by the secure sum, counted."""
    settings = dict(job.get("settings") or {})
    total = None
    if len(tables) > 1:
        from synthema_lab.federation import secure_total

        total = secure_total(len(tables), bound=BOUND)
        settings |= {"custody": generators.Custody(total=total), "colluding": job["colluding"]}
    started, worked = time.perf_counter(), _processor()
    model = generators.get(job["method"]).fit(
        list(tables), dictionary, epsilon=job["epsilon"], seed=seed, **settings
    )
    found = {"seconds": time.perf_counter() - started, "processor": _processor() - worked}
    if total is not None:
        found["bytes"] = max(total.transcript.sent.values())
        found["rounds"] = total.transcript.rounds
    return model, found | {"gigabytes": _peak()}


def _simulated(job: Mapping) -> tuple[list[pd.DataFrame], DataDictionary]:
    """Even sites of as many patients and columns as are asked for."""
    cohort = load_cohort("aml", patients=job["patients"], seed=1)
    dictionary = cohort.dictionary
    there = [name for name in dictionary.modelled if cohort.patients[name].notna().any()]
    names = list(dict.fromkeys([*AMLSG_COLUMNS, *there]))[: job["columns"]]
    patients = cohort.patients[[dictionary.patient, dictionary.centre, *names]]
    return parts(patients, dictionary, "even", job["sites"]), dictionary


def _processor() -> float:
    """Seconds of processor time of this process and those that it started and that ended."""
    return sum(os.times()[:4])


def _peak() -> float:
    """Largest resident memory until now of this process or one that it started, in GB."""
    unit = 1e9 if sys.platform == "darwin" else 1e6
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whose) / unit


KINDS: Mapping[str, Callable[[Mapping], dict]] = {
    "method": method, "federated": federated, "cost": cost, "loopback": loopback,
}  # fmt: skip


def answer(job: Mapping) -> dict[str, object]:
    """The figures of a job, or why there are none.

    A plug-in may raise anything, and its message may hold a patient's values: of an
    error that is not the workbench's own, the kind alone is told.
    """
    try:
        return {"figures": KINDS[job["kind"]](job)}
    except LabError as error:
        return {"failed": error.happened}
    except Exception as error:
        return {"failed": type(error).__name__}


def main() -> None:
    """Read a job and write its answer."""
    job = json.loads(sys.stdin.read())
    # Whatever a library prints must not stand before the answer.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    with told:
        json.dump(answer(job), told)


if __name__ == "__main__":
    main()
