"""On how many cores are measures computed, and with the same numbers on each?

A measure draws its random numbers from the seed and its own name, so that neither
the order nor the process changes a result. Measures that build on the same
intermediate results, and stand in one module, go to one process. The patients go
to the other processes of this machine through pipes, and are never written to a
disk; each process keeps the last two tables that it was sent, such as sample and whole.
"""

from __future__ import annotations

import hashlib
import pickle
import warnings
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from synthema_lab.errors import ArgumentRefused

from .columns import Columns
from .metric import Estimate, Measure
from .reference import Reference

Job = tuple[str, Measure]
"""Role of a table, and the measure to take of it."""
TOGETHER = {"membership_worst": "membership", "hazard_overlap": "hazards"}
"""Modules whose measures start from the results of another module's."""
WORTH_IT = 20_000
"""Values in the training table below which other processes start too slowly to help."""
_KEPT: OrderedDict[str, tuple[Reference, Columns]] = OrderedDict()


def cores_for(reference: Reference, cores: int | None) -> int:
    """How many processes to use.

    Parameters
    ----------
    reference : Reference
    cores : int or None
        As asked for; None takes all cores of this machine for the standard set of
        a cohort that is not small, otherwise one.

    Raises
    ------
    ArgumentRefused
        If it is no whole number above 0.
    """
    if cores is None:
        values = reference.train.rows * len(reference.train.variables)
        if reference.metrics == "quick" or values < WORTH_IT:
            return 1
        from joblib import cpu_count

        return max(1, cpu_count())
    if isinstance(cores, bool) or not isinstance(cores, int) or cores < 1:
        raise ArgumentRefused(
            "The number of cores cannot be used.", "A whole number above 0.", "Use cores=1."
        )
    return cores


def estimates(
    jobs: Sequence[Job], reference: Reference, candidate: Columns, cores: int
) -> Iterator[tuple[Job, Estimate]]:
    """Take every measure of its table, in whatever order they get done.

    Parameters
    ----------
    jobs : sequence of (role, Measure)
        The role is that of `candidate`, or one of the reference's tables.
    reference : Reference
    candidate : Columns
        The table to judge, every row.
    cores : int
        Processes; 1 stays in this one.

    Yields
    ------
    ((str, Measure), Estimate)
    """
    if cores == 1 or len(jobs) < 2:
        for role, measure in jobs:
            yield (role, measure), estimate(measure, role, reference, candidate)
    else:
        yield from _elsewhere(jobs, reference, candidate, cores)


def estimate(measure: Measure, role: str, reference: Reference, candidate: Columns) -> Estimate:
    """One measure of one table, with the rows that it reads."""
    from threadpoolctl import threadpool_limits

    lacking = measure.missing(reference)
    if lacking:
        return Estimate.absent(lacking)
    seen = reference.seen_by(measure)
    if role != candidate.role:
        table = getattr(seen, role)
    elif measure.rows != "sample":
        table = candidate
    else:
        table = reference.once(("sampled", role), lambda: reference.sampled(candidate))
    # One thread: on tables of this size more are slower, and sums taken in
    # another order would make the numbers depend on the machine.
    with threadpool_limits(limits=1):
        return measure.estimate(table, seen)


def _elsewhere(
    jobs: Sequence[Job], reference: Reference, candidate: Columns, cores: int
) -> Iterator[tuple[Job, Estimate]]:
    from concurrent.futures import as_completed

    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    from .registry import measure

    batches: dict[tuple[str, str, str], list[str]] = {}
    for role, one in jobs:
        module = one.estimate.__module__.rpartition(".")[2]
        batches.setdefault((TOGETHER.get(module, module), role, one.rows), []).append(one.name)
    # Most measures read samples; only the others are sent every row.
    small = replace(reference, whole=None, _kept={}), reference.sampled(candidate)
    sent = {"sample": pickle.dumps(small)}
    whole = reference.whole is not None or small[1] is not candidate
    if whole and any(rows != "sample" for _, _, rows in batches):
        sent["all"] = pickle.dumps((replace(reference, _kept={}), candidate))
    digests = {name: hashlib.sha256(part).hexdigest() for name, part in sent.items()}
    executor = get_reusable_executor(max_workers=cores)
    try:
        waiting, order = {}, sorted(batches.items(), key=lambda batch: batch[0][2])
        for (_, role, rows), names in order:
            which = "all" if rows != "sample" and whole else "sample"
            future = executor.submit(_in_worker, digests[which], sent[which], role, names)
            waiting[future] = role
        with warnings.catch_warnings():
            # A process that holds many rows is replaced by a new one when it has grown.
            warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
            for future in as_completed(waiting):
                for name, found in future.result():
                    yield (waiting[future], measure(name)), found
    except TerminatedWorkerError:
        raise ArgumentRefused(
            "A process that computed measures was ended from outside, most often for its memory.",
            f"Memory for {cores} processes that hold the cohort.",
            "Use cores=1, or fewer rows of a large table (most_rows).",
        ) from None
    except BaseException:
        executor.shutdown(wait=False, kill_workers=True)
        raise


def _in_worker(digest: str, sent: bytes, role: str, names: list[str]) -> list[tuple[str, Estimate]]:
    """What a process does: read the cohort unless it has it, and take the measures."""
    from .registry import measure

    if digest not in _KEPT:
        _KEPT[digest] = pickle.loads(sent)
        while len(_KEPT) > 2:
            _KEPT.popitem(last=False)
    reference, candidate = _KEPT[digest]
    return [(name, estimate(measure(name), role, reference, candidate)) for name in names]
