"""Run every benchmark, or those that are named, print each table and keep it beside this file.

A benchmark that takes hours, or needs an environment of its own, runs only where it is
named. It may take options, and a table that they narrow is kept only with ``--write``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import (
    anonymity,
    attacks,
    averaging,
    demo,
    dictionary,
    fuzz,
    generators,
    multiparty,
    priors,
    rounds,
    secure_sum,
    simulators,
    studies,
    validation,
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
    "priors": priors,
    "generators": generators,
    "attacks": attacks,
    "validation": validation,
}
NAMED = ("generators", "attacks")
"""Those that run only where they are named."""

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str]) -> None:
    """Print each table and write it to ``benchmarks/results/``."""
    narrowed = next((at for at, one in enumerate(arguments) if one[0] == "-"), len(arguments))
    names, options = arguments[:narrowed], [one for one in arguments[narrowed:] if one != "--write"]
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"No benchmark {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
    if arguments[narrowed:] and (len(names) != 1 or names[0] not in NAMED):
        raise SystemExit(f"Options go with one of these benchmarks: {', '.join(NAMED)}.")
    RESULTS.mkdir(exist_ok=True)
    for name in names or [name for name in BENCHMARKS if name not in NAMED]:
        table = BENCHMARKS[name].run(*([options] if name in NAMED else []))
        print(f"{table}\n", flush=True)
        if not options or "--write" in arguments:
            (RESULTS / f"{name}.txt").write_text(table + "\n", encoding="utf-8")
    if not names:
        print(f"Left out, for their time or what they need: {', '.join(NAMED)}. Name them.")


if __name__ == "__main__":
    main(sys.argv[1:])
