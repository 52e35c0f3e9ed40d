"""Run every benchmark, or those that are named, print each table and keep it beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

from . import (
    anonymity,
    averaging,
    demo,
    dictionary,
    fuzz,
    multiparty,
    rounds,
    secure_sum,
    simulators,
    studies,
)

BENCHMARKS = {
    "anonymity": anonymity,
    "dictionary": dictionary,
    "simulators": simulators,
    "demo": demo,
    "secure_sum": secure_sum,
    "multiparty": multiparty,
    "rounds": rounds,
    "averaging": averaging,
    "studies": studies,
    "fuzz": fuzz,
}
RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> None:
    """Print each table and write it to ``benchmarks/results/``."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"No benchmark {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
    RESULTS.mkdir(exist_ok=True)
    for name in names or BENCHMARKS:
        table = BENCHMARKS[name].run()
        print(f"{table}\n", flush=True)
        (RESULTS / f"{name}.txt").write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
