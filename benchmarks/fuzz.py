"""What comes of a few hundred thousand malformed messages thrown at both sides of a secure sum?

Hypothesis makes the cases of `tests/secure_aggregation/fuzzing.py`, in runs with
seeds of their own. Where atheris is installed (it is no requirement), the same
properties are run once more on inputs that it steers by the coverage reached.

``python -m benchmarks.fuzz 200000`` prints the table.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.secure_aggregation import fuzzing

from .machine import described

CASES = 200_000
_RUN = 2_000
# Of ten cases, so many for: whole messages, bodies, snapshots.
_SHARES = {"messages": 6, "bodies": 3, "snapshots": 1}


def _properties() -> dict[str, tuple[object, Callable[[tuple], str]]]:
    """By name: the cases, and what is tried with one of them."""
    stage = fuzzing.Stage()
    return {
        "messages": (fuzzing.cases(stage), lambda case: fuzzing.thrown(stage, *case)),
        "bodies": (fuzzing.parsed(stage), lambda case: fuzzing.parsed_or_refused(*case)),
        "snapshots": (
            fuzzing.snapshots(stage),
            lambda case: fuzzing.restored_or_refused(stage, *case),
        ),
    }


def _test(
    strategy: object, attempt: Callable[[tuple], str], seen: Counter[str], examples: int
) -> Callable[[], None]:
    """A hypothesis test of so many cases, which counts what came of each."""

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def tried(case: tuple) -> None:
        seen["cases"] += 1
        seen[attempt(case)] += 1

    return tried


def run(cases: int = CASES) -> str:
    """Try at least `cases` cases and return the table.

    Parameters
    ----------
    cases : int
        How many; runs of up to 2,000 are made until so many were tried.
    """
    lines, findings, total, begun = [], [], 0, time.perf_counter()
    for name, (strategy, attempt) in _properties().items():
        seen: Counter[str] = Counter()
        wanted, started, number = cases * _SHARES[name] // 10, time.perf_counter(), 0
        enough = len(findings) + 5
        while seen["cases"] < wanted and len(findings) < enough:
            tried = _test(strategy, attempt, seen, min(_RUN, wanted - seen["cases"]))
            number += 1
            try:
                seed(number)(tried)()
            except Exception as error:  # whatever comes out is a finding
                findings.append(f"{name}, seed {number}: {type(error).__name__}: {error}")
        tried_of_name = seen.pop("cases", 0)
        total += tried_of_name
        lines.append(f"  {name:<32}{tried_of_name:10,} cases{time.perf_counter() - started:8.1f} s")
        lines += [f"    {outcome:<30}{count:10,}" for outcome, count in seen.most_common()]
    lines.append(f"  {'all':<32}{total:10,} cases{time.perf_counter() - begun:8.1f} s")
    return "\n".join(
        ["Malformed messages, bodies and snapshots, and what came of them",
         *lines,
         _steered(),
         f"  findings: {len(findings)}",
         *(f"    {finding}" for finding in findings),
         described(("hypothesis", "cryptography", "numpy"))]
    )  # fmt: skip


def _steered() -> str:
    """One line on the run that coverage steers, in a process of its own."""
    if importlib.util.find_spec("atheris") is None:
        return "  steered by coverage: not run, atheris is not installed"
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.fuzz_steered"], capture_output=True, text=True
    )
    counted = re.findall(r"^Done (\d+)", done.stderr, flags=re.MULTILINE)
    took = time.perf_counter() - started
    if done.returncode or not counted:
        return f"  steered by coverage: A FINDING\n{done.stderr[-2000:]}"
    return f"  {'steered by coverage (atheris)':<32}{int(counted[0]):10,} cases{took:8.1f} s"


if __name__ == "__main__":
    print(run(int(sys.argv[1]) if len(sys.argv) > 1 else CASES))
