"""What does anonymeter find on the same tables, run by an interpreter of its own?

Started by `attacks` with ``PYTHON attacks_anonymeter.py JOB``: it imports nothing of the
workbench, reads a job and CSV files beside it, and writes one JSON document to its
standard output. The tool is only called; no code of it stands here.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

TRAITS = 3
TRIES = 20
NEIGHBOURS = (1, 5)


def main(path: Path) -> None:
    """Read a job, attack each of its tables, and print what was found."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    told = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        job = json.loads(path.read_text(encoding="utf-8"))
        real = [_read(path.parent / f"{name}.csv", job) for name in ("train", "holdout")]
        _compiled(real, job)
        found = {
            table: _attacked(_read(path.parent / f"{table}.csv", job), *real, job)
            for table in job["tables"]
        }
    packages = ("anonymeter", "numpy", "pandas", "polars", "numba")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    json.dump({"versions": versions, "found": found}, told)


def _compiled(real: list[pd.DataFrame], job: Mapping) -> None:
    """Let the tool compile what it compiles at first use, so that it is not timed."""
    few = [table.head(40) for table in (real[0], *real)]
    for tables in (few, _closed(tuple(few), job["numeric"])):
        for _ in _linked(*tables, job["halves"], TRIES, 0.95):
            pass


def _read(path: Path, job: Mapping) -> pd.DataFrame:
    """Codes as text with a gap as a word; numbers that may be missing."""
    types = {name: "str" for name in job["coded"]} | {name: "float64" for name in job["numeric"]}
    return pd.read_csv(path, dtype=types, float_precision="round_trip")


def _attacked(
    synthetic: pd.DataFrame, train: pd.DataFrame, holdout: pd.DataFrame, job: Mapping
) -> dict[str, list[dict]]:
    np.random.seed(job["seed"])
    tables = (synthetic, train, holdout)
    targets = min(len(train), len(holdout))
    closed = _closed(tables, job["numeric"])
    singled = 1 - 0.05 / 2
    linked = 1 - 0.05 / len(NEIGHBOURS)
    guesses = [*_what_is_guessed(job)]
    guessed = 1 - 0.05 / max(1, len(guesses))
    return {
        "singling out": [*_singled_out(synthetic, *_as_many(train, holdout, job), job, singled)],
        "singling out, sizes as they are": [*_singled_out(*tables, job, singled)],
        "singling out, nobody learnt from": [
            *_singled_out(synthetic, *_parted(holdout, len(train)), job, singled)
        ],
        "linkability": [*_linked(*closed, job["halves"], targets, linked)],
        "linkability, gaps as they are": [*_linked(*tables, job["halves"], targets, linked)],
        "attribute inference": [*_inferred(*closed, guesses, targets, guessed, tables)],
    }


def _as_many(train: pd.DataFrame, holdout: pd.DataFrame, job: Mapping) -> list[pd.DataFrame]:
    """As many patients of both kinds, drawn from the larger table."""
    rows = min(len(train), len(holdout))
    # Not the draw that picked which patients a half copy holds.
    return [table.sample(rows, random_state=1000 + job["seed"]) for table in (train, holdout)]


def _parted(holdout: pd.DataFrame, learnt_from: int) -> list[pd.DataFrame]:
    """Patients whom nobody learnt from in place of both tables, in the same proportion."""
    share = learnt_from / (learnt_from + len(holdout))
    mixed = holdout.sample(frac=1.0, random_state=2000)
    first = round(share * len(holdout))
    return [mixed[:first], mixed[first:]]


def _closed(tables: tuple[pd.DataFrame, ...], numeric: list[str]) -> list[pd.DataFrame]:
    """Gaps of numbers filled by one value, and a word beside each number that says so."""
    closed = [table.copy() for table in tables]
    for name in numeric:
        if not any(table[name].isna().any() for table in tables):
            continue
        middle = tables[0][name].median()
        for table in closed:
            table[f"{name} known"] = np.where(table[name].isna(), "no", "yes")
            table[name] = table[name].fillna(0.0 if np.isnan(middle) else middle)
    return closed


def _singled_out(synthetic, train, holdout, job: Mapping, level: float) -> Iterator[dict]:
    import polars
    from anonymeter.evaluators import SinglingOutEvaluator
    from anonymeter.evaluators.singling_out_evaluator import univariate_singling_out_queries

    synthetic, train, holdout = (table.convert_dtypes() for table in (synthetic, train, holdout))
    for mode in ("univariate", "multivariate"):
        asked = job["predicates"]
        if mode == "univariate":
            rows = polars.DataFrame(synthetic).unique(maintain_order=True)
            rng = np.random.default_rng(job["seed"])
            asked = len(univariate_singling_out_queries(rows, asked, rng))
        if asked < TRIES:
            continue
        started = time.perf_counter()
        attack = SinglingOutEvaluator(
            train, synthetic, n_attacks=asked, n_cols=min(TRAITS, synthetic.shape[1]),
            control=holdout, max_attempts=TRIES * asked, seed=job["seed"],
        )  # fmt: skip
        try:
            attack.evaluate(mode=mode)
        except RuntimeError as error:
            yield {"mode": mode, "failed": str(error)}
            continue
        yield _said(mode, attack, level, time.perf_counter() - started)


def _linked(synthetic, train, holdout, halves, targets: int, level: float) -> Iterator[dict]:
    """Mean over the halves: of success, of the risk, and of the width of its interval."""
    from anonymeter.evaluators import LinkabilityEvaluator

    found: dict[int, list[dict]] = {number: [] for number in NEIGHBOURS}
    for half in halves:
        started = time.perf_counter()
        both = tuple([*_with_gaps(part, synthetic)] for part in half)
        attack = LinkabilityEvaluator(
            train, synthetic, both, n_attacks=targets, n_neighbors=max(NEIGHBOURS), control=holdout
        ).evaluate(n_jobs=1)
        seconds = (time.perf_counter() - started) / len(NEIGHBOURS)
        for number in NEIGHBOURS:
            mode = f"{number} nearest"
            found[number].append(_said(mode, attack, level, seconds, n_neighbors=number))
    for rows in found.values():
        mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0] if
                name not in ("mode", "seconds")}  # fmt: skip
        yield {"mode": rows[0]["mode"], "seconds": sum(row["seconds"] for row in rows)} | mean


def _what_is_guessed(job: Mapping) -> Iterator[tuple[str, str, list[str]]]:
    variables = [*job["numeric"], *job["coded"]]
    for secret in job["secrets"]:
        for label, known in (("all", variables), ("quasi", job["quasi"])):
            known = [name for name in known if name != secret]
            if known:
                yield secret, label, known


def _inferred(
    synthetic, train, holdout, guesses, targets: int, level: float, tables
) -> Iterator[dict]:
    from anonymeter.evaluators import InferenceEvaluator

    for secret, label, known in guesses:
        parts = []
        for closed, table in zip((synthetic, train, holdout), tables, strict=True):
            part = closed.assign(**{secret: table[secret]})[_known(table[secret])]
            parts.append(part.reset_index(drop=True))
        number = min(targets, *(len(part) for part in parts))
        if number < TRIES:
            continue
        started = time.perf_counter()
        attack = InferenceEvaluator(
            parts[1], parts[0], aux_cols=[*_with_gaps(known, parts[0])], secret=secret,
            n_attacks=number, control=parts[2],
        ).evaluate(n_jobs=1)  # fmt: skip
        yield _said(f"{secret} from {label}", attack, level, time.perf_counter() - started)


def _known(values: pd.Series) -> pd.Series:
    """Where there is a value: a number, or a code that is not the word for a gap."""
    return values.notna() & (values != "gap")


def _with_gaps(names, table: pd.DataFrame) -> Iterator[str]:
    for name in names:
        yield name
        if f"{name} known" in table.columns:
            yield f"{name} known"


def _said(mode: str, attack, level: float, seconds: float, **asked) -> dict[str, object]:
    """Rates as they were counted, and the tool's risk before it is cut to 0 and 1."""
    from anonymeter.stats.confidence import residual_success

    found = attack.results(confidence_level=level, **asked)
    risk = residual_success(found.attack_rate, found.control_rate)
    return {
        "mode": mode, "seconds": seconds, "members": found.n_success / found.n_attacks_ori,
        "others": found.n_control / found.n_attacks_control, "risk": float(risk.value),
        "error": float(risk.error),
    }  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]))
