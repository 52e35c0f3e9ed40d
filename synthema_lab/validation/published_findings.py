"""Do findings that were published of such patients hold in the synthetic table?

A file ``findings_NAME.yaml`` beside the dictionary NAME lists them, each with
its source: what is compared, in whom, the direction, and the limits within
which the effect must lie.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import numpy as np
import pandas as pd

from synthema_lab.dictionary import DataDictionary
from synthema_lab.dictionary.evaluate import Rows, evaluate, three_valued
from synthema_lab.dictionary.expressions import ExpressionError, parse
from synthema_lab.dictionary.load import folders, read_file
from synthema_lab.dictionary.sections import Section
from synthema_lab.dictionary.values import KindError, as_number
from synthema_lab.errors import ArgumentRefused, DataMismatch

from .admission import listed
from .bootstrap import distance_interval
from .columns import Columns
from .finding_effects import Effect, Finding, effect_of
from .metric import Estimate, Measure
from .reference import Reference

FEWEST = 10
GROUPS = {
    "hazard_ratio": (2,), "odds_ratio": (2,), "mean_difference": (2,), "rate_ratio": (2,),
    "share": (1, 2), "median": (1, 2),
}  # fmt: skip
"""Kinds, and how many groups each compares. A share of two groups is their difference and a
median of two groups their ratio."""
KEYS = ("text", "kind", "of", "between", "direction", "expected", "within", "source", "evidence")
EVIDENCE = ("read", "computed", "recalled", "assumed")


class _Section(Section):
    def refuse(self, happened: str, expected: str, next_step: str = "") -> NoReturn:
        raise ArgumentRefused(
            f"{self.where} {happened}",
            expected,
            next_step or "Correct the file; data_dictionaries/findings_leuksurv.yaml is one.",
        )


def read_findings(content: Mapping[str, object], dictionary: DataDictionary) -> tuple[Finding, ...]:
    """Published findings from plain values, as YAML gives them.

    Raises
    ------
    ArgumentRefused
        For an unknown key, kind, variable or category, or limits that contradict
        the published effect.

    Examples
    --------
    >>> older = {"text": "Older patients die sooner.", "kind": "hazard_ratio",
    ...          "between": ["age_years > 60", "age_years <= 60"], "direction": "higher",
    ...          "expected": 2, "within": [1.3, 4], "source": "custom", "evidence": "recalled"}
    >>> leuksurv = DataDictionary.load("leuksurv")
    >>> read_findings({"findings": {"older": older}}, leuksurv)[0].holds(2.5)
    np.True_
    """
    section = _Section(content, "The file of findings", ("dictionary", "findings"))
    named = section.mapping("findings")
    if section.text("dictionary", dictionary.name) != dictionary.name or not named:
        section.refuse(
            "names another dictionary or holds no finding.",
            f"dictionary: {dictionary.name}, and one finding or more under findings.",
        )
    return tuple(_finding(name, declared, dictionary) for name, declared in named.items())


def load_findings(dictionary: DataDictionary) -> tuple[Finding, ...] | None:
    """The findings in ``data_dictionaries/findings_NAME.yaml``, or None without such a file.

    Raises
    ------
    ArgumentRefused
        If the file is unsound.

    Examples
    --------
    >>> len(load_findings(DataDictionary.load("aml"))) >= 10
    True
    """
    name = Path(f"findings_{dictionary.name}.yaml").name
    for file in (folder / name for folder in folders()):
        if file.is_file():
            try:
                content = read_file(file)
            except DataMismatch as problem:
                raise ArgumentRefused(
                    f"{file.name} is no YAML mapping with each key once.",
                    "A file with dictionary and findings.",
                    "See data_dictionaries/findings_leuksurv.yaml for one.",
                ) from problem
            return read_findings(content, dictionary)
    return None


def _finding(name: str, declared: object, dictionary: DataDictionary) -> Finding:
    section = _Section(declared, f"Finding {name}", KEYS)
    kind = section.choice("kind", tuple(GROUPS))
    texts = [str(text) for text in section.items("between")]
    if len(texts) not in GROUPS[kind]:
        section.refuse("has the wrong number of groups.", f"{GROUPS[kind]} under between.")
    if section.given("of") == (kind == "hazard_ratio"):
        section.refuse("has an outcome too many or too few.", "of, except for a hazard_ratio.")
    if kind == "hazard_ratio" and dictionary.survival is None:
        section.refuse("needs survival.", "A dictionary that names survival time and event.")
    empty = Rows(pd.DataFrame(index=range(0)), dictionary.variables, dictionary.derivations)
    try:
        between = tuple(parse(text, dictionary.variables) for text in texts)
        of = parse(section.text("of"), dictionary.variables) if section.given("of") else None
        for group in between:
            three_valued(evaluate(group, empty), 0)
        if of is not None:
            value = evaluate(of, empty)
            three_valued(value, 0) if kind in ("odds_ratio", "share") else as_number(value)
    except (ExpressionError, KindError) as problem:
        section.refuse(f"cannot be decided: {problem}.", "Conditions in the language of the rules.")
    found = Finding(
        name, section.text("text"), section.text("source"), section.choice("evidence", EVIDENCE),
        kind, of, between, section.choice("direction", ("higher", "lower", "near")),
        section.number("expected"), section.pair("within") or section.refuse(
            "has no limits.", "The smallest and largest effect under within, as in [1.2, 4]."),
    )  # fmt: skip
    if not found.holds(found.expected):
        section.refuse("does not hold of its own expected effect.", "expected within the limits.")
    return found


def findings_reproduced(candidate: Columns, reference: Reference) -> Estimate:
    """Share of the decidable findings that hold in the table, with a table by finding."""
    try:
        findings = reference.once(("findings", "file"), lambda: load_findings(reference.dictionary))
    except ArgumentRefused as refused:
        return Estimate.absent(f"the published findings cannot be read: {refused.happened}")
    if findings is None:
        return Estimate.absent(
            f"no published findings are listed for '{reference.dictionary.name}'"
        )
    decided, undecided = reference.once(
        ("findings decided", "train"), lambda: _decided(findings, reference)
    )
    if not decided:
        return Estimate.absent(
            f"no published finding can be decided: a variable is absent, or fewer than {FEWEST} "
            "real patients are in a group"
        )
    real = [_effect(finding, reference.train, reference) for finding in decided]
    other = [_effect(finding, candidate, reference) for finding in decided]
    pairs = list(zip(decided, other, strict=True))
    holds = np.array([finding.holds(effect.value) for finding, effect in pairs])
    drawn = np.mean([finding.holds(effect.draws) for finding, effect in pairs], axis=0)
    value = float(holds.mean())
    low, high = distance_interval(value, np.abs(drawn - value))
    kept = np.array([f.holds(effect.value) for f, effect in zip(decided, real, strict=True)])
    note = (
        f"{int(holds.sum())} of {len(decided)} findings hold; {int(kept.sum())} hold in the real "
        f"training patients, of which {int((holds & kept).sum())} also here"
    )
    if not holds.all():
        fail = [finding.name for finding, fine in zip(decided, holds, strict=True) if not fine]
        note += f"; not held: {listed(fail)}"
    if undecided:
        note += f"; not decidable: {listed(undecided)}"
    shown = candidate.role not in ("train", "holdout")
    table = pd.DataFrame(
        {
            "finding": finding.name,
            "text": finding.text,
            "kind": finding.kind,
            "source": finding.source,
            "evidence": finding.evidence,
            "expected": finding.expected,
            "least": finding.within[0],
            "most": finding.within[1],
            **_told("real", finding, of_real, of_real.smallest_cell >= FEWEST),
            **_told("candidate", finding, effect, shown or effect.smallest_cell >= FEWEST),
        }
        for finding, of_real, effect in zip(decided, real, other, strict=True)
    )
    return Estimate(value, low, high, candidate.rows, note, curves={"findings": table})


def _decided(
    findings: tuple[Finding, ...], reference: Reference
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Findings with all variables and enough real patients, and the names of the others."""
    train = reference.train
    there = reference.dictionary.available(train.variables)
    can, cannot = [], []
    for finding in findings:
        decided = finding.decided_by(there, train.has_survival)
        if not decided or _effect(finding, train, reference).smallest_group < FEWEST:
            cannot.append(finding.name)
        else:
            can.append(finding)
    return tuple(can), tuple(cannot)


def _effect(finding: Finding, columns: Columns, reference: Reference) -> Effect:
    return reference.once(
        ("finding", finding.name, columns.role),
        lambda: effect_of(finding, columns, reference.dictionary, reference.counts(columns)),
    )


def _told(table: str, finding: Finding, effect: Effect, shown: bool) -> dict[str, object]:
    """An effect to three digits, hidden where fewer than ten real patients stand behind it."""
    numbers = (effect.value, effect.low, effect.high)
    told = [float(f"{number:.3g}") if shown else float("nan") for number in numbers]
    holds = bool(finding.holds(effect.value))
    return dict(zip((table, f"{table}_low", f"{table}_high"), told, strict=True)) | {
        f"{table}_holds": holds
    }


MEASURES = (
    Measure(
        "findings_reproduced",
        "Published findings reproduced",
        "clinical",
        "maximise",
        (0.0, 1.0),
        "Share of published findings of such patients whose direction and size hold.",
        frozenset(),
        "train",
        findings_reproduced,
    ),
)
