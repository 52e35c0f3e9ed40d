"""How good is every generator, what does federating cost, and how long does the flagship take?

``python -m benchmarks.run generators`` makes the three tables; it takes hours, may be
stopped and goes on where it was. Options narrow it::

    python -m benchmarks.run generators --data amlsg --methods marginal,trees --seeds 3 --quick
    python -m benchmarks.run generators --tables sites --data leuksurv --sites 3,8
    python -m benchmarks.run generators --only-kept
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path

from . import generators_costs, generators_sites
from .generators_cohorts import AMLSG_COLUMNS, COHORTS, SCD_COLUMNS
from .generators_costs import costs_table
from .generators_kept import FOLDER, Kept
from .generators_methods import chosen
from .generators_sites import PARTITIONS, Grid, sites_table
from .generators_table import methods_table
from .machine import described

TABLES = ("methods", "sites", "costs")
ROWS_CHECKED, QUICK_ROWS = 100_000, 2000
HOW = f"""\
Seeds: each is another split into 70% and 30% by a keyed hash, another fit and another sample as \
large as the 70%; cells are the median and the range over seeds. Measures are those of \
synthema_lab.validate.
C2ST AUC below 0.5: rows lie nearer to the patients learnt from than other patients would; \
whether that tells on somebody is what the membership attacks measure.
Real, held out: the 30% in place of the synthetic table, so with fewer rows; its C-index is that \
of a model learnt from the 70%. Its log HR error is what another draw of patients brings, and may \
exceed a method's, which is measured against the patients learnt from.
Real, redrawn in bins: the same patients with other numbers inside the dictionary's bins, which is \
the most that a method on public codes can reach.
TPR at 1% FPR: the strongest of the membership attacks; chance: the same under shuffled labels; \
seen: seeds in which it exceeds chance at the 5% level, where 1 in 20 does so by accident. \
Verbatim: share of continuous values that equal some training patient's; chance: the same among \
held-out patients. Rules broken: rows, of all that were drawn over the seeds.
Fit: imports included. Memory: the largest of the process of one fit, or of one that it started.
AMLSG, {len(AMLSG_COLUMNS)} columns: {", ".join(AMLSG_COLUMNS)}.
SCD (simulated), {len(SCD_COLUMNS)} columns: {", ".join(SCD_COLUMNS)}."""


def run(options: Sequence[str] = ()) -> str:
    """Measure what is not kept yet and return the tables."""
    asked = _parser().parse_args(list(options))
    kept = Kept(
        asked.keep, fresh=asked.fresh, retry=asked.retry, minutes=asked.minutes,
        only_kept=asked.only_kept,
    )  # fmt: skip
    rows = chosen(asked.methods)
    seeds = range(1, (asked.seeds or (2 if asked.quick else 5)) + 1)
    checked = QUICK_ROWS if asked.quick else -(-ROWS_CHECKED // len(seeds))
    grid = Grid(
        asked.partitions or (("centre",) if asked.quick else PARTITIONS),
        asked.sites or ((3,) if asked.quick else generators_sites.SITES),
        asked.draws or (2 if asked.quick else generators_sites.FEWEST_DRAWS),
        samples=1 if asked.quick else 3,
    )
    lines: list[str] = []
    remarks: list[str] = []
    if "methods" in asked.tables:
        for data in asked.data or COHORTS:
            lines += methods_table(kept, rows, data, seeds, checked)
        remarks += HOW.splitlines()
    if "sites" in asked.tables:
        for data in asked.data or ("amlsg", "leuksurv"):
            lines += sites_table(kept, data, grid)
        remarks += generators_sites.HOW.splitlines()
    if "costs" in asked.tables:
        lines += costs_table(kept, 1 if asked.quick else 3)
        remarks += generators_costs.HOW.splitlines()
    title = "Generators" + (", a quick look" if asked.quick else "")
    for remark in [*remarks, *kept.remarks()]:
        lines += textwrap.wrap(remark, 98, initial_indent="- ", subsequent_indent="  ")
    return "\n".join([title, "", *lines, described(("torch", "numpy", "scipy", "pandas"))])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run generators")
    parser.add_argument(
        "--tables", type=_among(TABLES), default=TABLES, help="of methods,sites,costs"
    )
    parser.add_argument("--data", type=_among(tuple(COHORTS)), help="of amlsg,leuksurv,scd")
    parser.add_argument("--methods", type=_names, help="as in marginal,trees,synthcity:arf,real")
    parser.add_argument("--seeds", type=int, help="how many; 5 by default")
    parser.add_argument("--partitions", type=_among(PARTITIONS), help="of even,uneven,centre")
    parser.add_argument("--sites", type=_numbers, help="as in 3,5,8,17")
    parser.add_argument("--draws", type=int, help="draws of the noise a cell; 5 by default")
    parser.add_argument("--quick", action="store_true", help="fewer seeds, draws, sites and rows")
    parser.add_argument("--keep", type=Path, default=FOLDER, help="folder of the runs made")
    parser.add_argument("--fresh", action="store_true",
                        help="make runs again that another state of the code made")  # fmt: skip
    parser.add_argument("--retry", action="store_true", help="make runs again that failed")
    parser.add_argument("--minutes", type=float, default=45.0, help="limit of one run")
    parser.add_argument("--only-kept", action="store_true", help="run nothing, print what is kept")
    return parser


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _numbers(text: str) -> list[int]:
    return [int(name) for name in _names(text)]


def _among(known: tuple[str, ...]):
    """A parser of names out of `known`, separated by commas."""

    def parsed(text: str) -> list[str]:
        unknown = [name for name in _names(text) if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is not in {', '.join(known)}")
        return _names(text)

    return parsed
