"""Run every benchmark, print its table and keep it beside this file."""

from __future__ import annotations

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
    "fuzz": fuzz,
}
RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Print each table and write it to ``benchmarks/results/``."""
    RESULTS.mkdir(exist_ok=True)
    for name, benchmark in BENCHMARKS.items():
        table = benchmark.run()
        print(f"{table}\n", flush=True)
        (RESULTS / f"{name}.txt").write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
