"""Do the attacks find what a tool that others keep finds, and where they differ, why?

The tool is anonymeter (Giomi et al. 2023). It needs an older numpy and its licence
grants no patent rights, so it is no dependency and none of its code stands here: it
runs in an environment of its own, and tables go to it as files in a temporary folder::

    python3.11 -m venv /tmp/anonenv && /tmp/anonenv/bin/pip install anonymeter
    python -m benchmarks.run attacks --peer /tmp/anonenv/bin/python
    python -m benchmarks.run attacks --peer /tmp/anonenv/bin/python --data leuksurv --seeds 1
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from synthema_lab.cohorts import Cohort, load_cohort
from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Reference, prepare
from synthema_lab.validation.columns import MISSING, Columns, read_columns
from synthema_lab.validation.knowledge import quasi_identifiers, sensitive_variables
from synthema_lab.validation.linkability import SPLITS
from synthema_lab.validation.registry import measure
from synthema_lab.validation.singling_out import PREDICATES

from .attacked_tables import tables_of
from .attacks_splits import split_lines
from .attacks_table import ATTACKS, GENERATED, TABLES, cohort_lines, ours, theirs
from .generators_cohorts import AMLSG_COLUMNS, SCD_COLUMNS, leuksurv, split
from .machine import described

CHILD = Path(__file__).with_name("attacks_anonymeter.py")
PEER = "SYNTHEMA_ANONYMETER"
SEEDS = 3
MEMBERSHIP = "membership_tpr"
HOW = """\
Medians over {seeds} seeds, each another split into 70% and 30%, another fit and another sample as \
large as the 70%. Half copy: half of the rows are training patients, the others independent. \
Gain: success on training patients less success on others; share: gain of what others leave, \
gain / (1 - others), which is what the peer calls risk, here before it is cut to 0 and 1; for our \
singling out it is the gain of what a copy would gain. 95%: of the gain for ours, of the share for \
theirs and for our singling out, all modes together (Bonferroni). Found: seeds in which the lower \
limit is above 0, for membership above chance. s: seconds, without imports.
Theirs: as many attacks as patients held out, at most; singling out by values of one variable and \
by 3 together, ours by 2 to 8 that hardly any patient should meet; linkability over the same 10 \
halves, 1 and 5 neighbours; attribute inference of each of our sensitive variables from all others \
and from the quasi-identifiers. Like ours the clearest of the modes is shown; of our two that \
single out, the one with the higher lower limit.
Singling out is compared in as many training patients as others, as ours does. With the sizes as \
they are the peer scales the others' success to the size of the training table by a curve that it \
fits at sizes from 1000 patients or all there are: of fewer than 1000 all points of the curve have \
one size, and the result follows from the fit's first guess. So it also finds leaks where both \
tables are patients whom nobody learnt from.
Success at singling out is thinned to the smaller table, so that even a copy gains no more than \
others / training patients less what others give. Of that, as it was found, our gain is a share: \
the last table shows how little it then matters how many are held out, but for the interval.
Linkability: gaps of a number go to the peer as one value and a word beside it, as ours counts \
them; as they are, its distance to every row without that gap is not a number.
Attribute inference: theirs is right if the category is the patient's or the number within 5% of \
the guess; ours weighs categories alike however rare, and takes a tenth of the quartile range. \
Of what nearly all share, others leave little: a share is then large where its gain is small, and \
the peer's interval, which is linear in both rates, too narrow below. What it alone finds in trees \
of aml is another rare mutation in each split, not found again when other patients are drawn; in \
the marginals, whose noise is drawn anew in each run, it is one seed in some runs, none in \
others."""


def run(options: Sequence[str] = ()) -> str:
    """Attack every table with both tools and return the comparison."""
    asked = _parser().parse_args(list(options))
    peer = _interpreter(asked.peer)
    lines, versions = [], ""
    for name in asked.data:
        found = []
        cohort = COHORTS[name]()
        for seed in range(1, asked.seeds + 1):
            rows, versions = _measured(cohort, seed, peer)
            found.append(rows)
        rows = pd.concat(found, ignore_index=True)
        lines += [*cohort_lines(rows, f"{name}, {_size(cohort)}"), ""]
    lines += [*split_lines({name: COHORTS[name]() for name in asked.data}, asked.seeds), ""]
    for remark in HOW.format(seeds=asked.seeds).splitlines():
        lines += textwrap.wrap(remark, 98, initial_indent="- ", subsequent_indent="  ")
    title = "Our attacks beside those of anonymeter"
    return "\n".join(
        [title, "", *lines, described(("numpy", "pandas", "scikit-learn")), f"peer: {versions}"]
    )


def simulated(name: str, columns: Sequence[str]) -> Cohort:
    """A simulated cohort with the columns of the other benchmarks."""
    found = load_cohort(name, seed=1)
    who = [one for one in (found.dictionary.patient, found.dictionary.centre) if one]
    return Cohort(name, found.patients[[*who, *columns]], found.dictionary, found.source, "", "")


COHORTS = {
    "leuksurv": leuksurv,
    "aml": lambda: simulated("aml", AMLSG_COLUMNS),
    "scd": lambda: simulated("scd", SCD_COLUMNS),
}


def _measured(cohort: Cohort, seed: int, peer: str) -> tuple[pd.DataFrame, str]:
    """Ours and theirs on the tables of one split; one row a table, attack and tool."""
    train, test = split(cohort, seed)
    reference = prepare(train, test, cohort.dictionary, metrics="standard", seed=seed)
    tables = {
        label: read_columns(table, cohort.dictionary, reference.train.variables)
        for label, table in tables_of(train, cohort.dictionary, seed, GENERATED).items()
    }
    rows = []
    for label, candidate in tables.items():
        reference.forget(candidate.role)
        for attack, name in (*ATTACKS.items(), ("membership", MEMBERSHIP)):
            started = time.perf_counter()
            found = measure(name).estimate(candidate, reference)
            seconds = time.perf_counter() - started
            rows.append({"table": label, "attack": attack, "seed": seed, **ours(found, seconds)})
    answer = _asked(peer, job_of(reference, seed), reference, tables)
    for label, attacks in answer["found"].items():
        for attack, modes in attacks.items():
            rows.append({"table": label, "attack": attack, "seed": seed, **theirs(modes)})
    return pd.DataFrame(rows), answer["versions"]


def job_of(reference: Reference, seed: int) -> dict[str, object]:
    """What the attackers know: the halves, secrets and quasi-identifiers of our measures."""
    variables = reference.train.variables
    # The same draws as in `linkability_gain`.
    rng = reference.rng("halves of the linkability attack")
    chosen = [rng.permutation(len(variables)) < len(variables) // 2 for _ in range(SPLITS)]
    halves = [
        [
            [name for name, one in zip(variables, half, strict=True) if one == side]
            for side in (1, 0)
        ]
        for half in chosen
    ]
    there = reference.dictionary, reference.train.variables
    secrets = [one for one in sensitive_variables(*there) if one not in reference.constant]
    return {
        "seed": seed, "predicates": PREDICATES, "halves": halves, "tables": [*TABLES],
        "numeric": [*reference.train.numeric], "coded": [*reference.train.coded],
        "secrets": secrets, "quasi": [*quasi_identifiers(*there)],
    }  # fmt: skip


def written(columns: Columns) -> pd.DataFrame:
    """A table as it is handed over: numbers with gaps, and codes as words."""
    words = {
        name: np.where(codes == MISSING, "gap", np.char.add("code ", codes.astype(str)))
        for name, codes in columns.coded.items()
    }
    return pd.DataFrame({**columns.numeric, **words})


def _asked(
    peer: str, job: Mapping, reference: Reference, tables: Mapping[str, Columns]
) -> dict[str, dict]:
    with tempfile.TemporaryDirectory() as folder:
        there = {"train": reference.train, "holdout": reference.holdout, **tables}
        for name, columns in there.items():
            written(columns).to_csv(Path(folder) / f"{name}.csv", index=False)
        path = Path(folder) / "job.json"
        path.write_text(json.dumps(job), encoding="utf-8")
        done = subprocess.run(
            [peer, "-I", str(CHILD), str(path)], stdout=subprocess.PIPE, text=True, check=True
        )
    return json.loads(done.stdout)


def _size(cohort: Cohort) -> str:
    modelled = [name for name in cohort.dictionary.modelled if name in cohort.patients.columns]
    return f"{len(cohort.patients)} patients, {len(modelled)} columns"


def _interpreter(asked: str | None) -> str:
    """The interpreter that has the peer.

    Raises
    ------
    ArgumentRefused
        Where none is named, or it cannot import the peer.
    """
    peer = asked or os.environ.get(PEER, "")
    try:
        done = subprocess.run([peer, "-c", "import anonymeter"], capture_output=True, check=False)
        there = done.returncode == 0
    except OSError:
        there = False
    if not there:
        raise ArgumentRefused(
            f"'{peer}' cannot import anonymeter." if peer else "No environment has anonymeter.",
            f"A Python that has it, named by --peer or ${PEER}; it needs numpy below 2.",
            "python3.11 -m venv /tmp/anonenv && /tmp/anonenv/bin/pip install anonymeter, then "
            "add --peer /tmp/anonenv/bin/python.",
        )
    return peer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run attacks")
    parser.add_argument("--peer", help=f"a Python that has anonymeter; ${PEER} by default")
    parser.add_argument("--data", type=_cohorts, default=[*COHORTS], help="as in leuksurv,aml,scd")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many; {SEEDS} by default")
    return parser


def _cohorts(text: str) -> list[str]:
    unknown = [name for name in text.split(",") if name not in COHORTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)} is not in {', '.join(COHORTS)}")
    return text.split(",")
