"""How does the main job run from end to end: prepare, train, generate, validate, report?"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from ..dictionary.spelling import did_you_mean
from ..errors import ArgumentRefused
from ..storage import whole_folder
from . import failures
from .display import cells, html_table, text_table
from .folder import RunFolder, new_id, open_runs
from .headlines import HEADER, rows_of
from .parameters import declared
from .paths import find_notebook, runs_folder, slug
from .progress import bar
from .report import NAME as REPORT
from .report import build_report
from .runner import cell_count, execute, refuse_used
from .setting import COHORT
from .values import Resolved, resolve

COMPARED = "headlines"
"""Name of the table in which a notebook sets cohorts side by side."""


@dataclass(frozen=True)
class Chain:
    """The notebooks of a demo, in order, and the words of its report.

    Attributes
    ----------
    notebooks : sequence of str
    title, summary : str
    unreported : sequence of str
        Notebooks of the demo whose outputs are no results: not in its report.
    longer : sequence of str
        Notebooks on this cohort that take too long for a demo. Run each by name;
        ``make reference`` runs them after the demo.
    """

    notebooks: Sequence[str]
    title: str
    summary: str
    unreported: Sequence[str] = ()
    longer: Sequence[str] = ()


_LEARNT = (
    "The hospitals learnt one model together: only sums over all of them were opened, with "
    "noise that hides any one patient. A synthetic cohort was drawn from that model and compared "
    "with the patients it was learnt from. The table says how close it comes, between what "
    "independent variables would give (floor) and what other patients give (ceiling), and how "
    "much of a patient it still gives away."
)
_SIMULATED = (
    "No patient in it ever lived: wherever this report says real, read simulated. It shows what "
    "the method keeps and loses, and nothing about the disease that was not put in. "
)

CHAINS: Mapping[str, Chain] = MappingProxyType(
    {
        "scd": Chain(
            (
                "10_prepare_scd",
                "20_deidentify",
                "30_train_across_hospitals",
                "40_generate",
                "41_generate_scd",
                "50_validate",
                "51_validate_scd",
            ),
            "Sickle-cell disease: a synthetic cohort learnt across hospitals",
            "A cohort of people with sickle-cell disease was simulated from published figures "
            "and divided among hospitals that differ in size, genotypes and ages. "
            + _SIMULATED
            + _LEARNT,
        ),
        "aml": Chain(
            (
                "11_prepare_aml",
                "20_deidentify",
                "30_train_across_hospitals",
                "40_generate",
                "42_generate_aml",
                "50_validate",
                "52_validate_aml",
            ),
            "Acute myeloid leukaemia and its mutations: a synthetic cohort learnt across hospitals",
            "A cohort of people with acute myeloid leukaemia was simulated from the figures of "
            "a public trial cohort, mutations and outcome included, and divided among hospitals. "
            + _SIMULATED
            + _LEARNT,
        ),
        "leuksurv": Chain(
            (
                "00_start_here",
                "12_prepare_leuksurv",
                "20_deidentify",
                "30_train_across_hospitals",
                "31_sum_without_sharing",
                "32_spend_a_privacy_budget",
                "40_generate",
                "50_validate",
            ),
            "Acute myeloid leukaemia survival: a synthetic cohort learnt across hospitals",
            "Patients with acute myeloid leukaemia in the north west of England, a public "
            "cohort, were divided among hospitals as if each kept its own. " + _LEARNT,
            unreported=(
                "00_start_here",
                "31_sum_without_sharing",
                "32_spend_a_privacy_budget",
            ),
            longer=("43_compare_generators", "46_borrow_from_others", "53_measure_privacy_risk"),
        ),
    }
)


@dataclass(frozen=True)
class Demo:
    """A finished demo.

    Attributes
    ----------
    path : pathlib.Path
        Its folder, with one folder a notebook.
    report : pathlib.Path
    """

    path: Path
    report: Path

    @property
    def runs(self) -> list[RunFolder]:
        """Its runs in order."""
        return open_runs(self.path)

    @property
    def headlines(self) -> list[Mapping[str, Any]]:
        """The headlines of all its notebooks; what two of them say alike, once."""
        said: list[Mapping[str, Any]] = []
        for run in self.runs:
            said += [record for record in run.headlines if record not in said]
        return said

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Header and rows of what comes first.

        The table that a notebook saved as ``headlines``, where cohorts stand
        side by side; without one, a row for each headline.
        """
        for run in self.runs:
            path = run.find(f"{COMPARED}.csv")
            if path is not None:
                return cells(pd.read_csv(path, dtype=str))
        return list(HEADER), rows_of(self.headlines)

    def __str__(self) -> str:
        return f"{text_table(*self.table())}\n\nReport: {self.report}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = html_table(*self.table(), "Headlines")
        return f"{table}<p>Report: {escape(str(self.report))}</p>"


def run_demo(
    cohort: str = "leuksurv",
    preset: str = "standard",
    out: str | os.PathLike[str] | None = None,
    fresh_noise: bool = False,
    progress: bool = True,
) -> Demo:
    """Run the notebooks of a cohort one after another, and write one report.

    Parameters
    ----------
    cohort : str
        A name in `CHAINS`.
    preset : str
    out : path, optional
        A new or empty folder instead of ``runs/<id>``.
    fresh_noise : bool
        Draw new privacy noise where a notebook has the parameter
        ``fresh_noise``; otherwise sums that were paid for are replayed.
    progress : bool
        One bar over all cells in a terminal.

    Raises
    ------
    ArgumentRefused
        For an unknown cohort, notebook or preset, before anything runs.
    """
    if cohort not in CHAINS:
        raise ArgumentRefused(
            f"There is no demo for the cohort '{cohort}'.",
            f"One of: {', '.join(CHAINS)}.",
            did_you_mean(cohort, CHAINS),
        )
    chain = CHAINS[cohort]
    planned = [_resolved(name, cohort, preset, fresh_noise) for name in chain.notebooks]
    demo_id = new_id(f"demo-{cohort}")
    destination = Path(out).resolve() if out is not None else runs_folder() / demo_id
    refuse_used(destination)
    try:
        with whole_folder(destination) as folder:
            _run_all(planned, folder, demo_id, progress)
            report_again(folder)
    except OSError as error:
        if failures.is_no_space(error):
            raise failures.no_space(f"the demo of {cohort}") from error
        raise
    return Demo(destination, destination / REPORT)


def report_again(folder: str | os.PathLike[str]) -> Path:
    """Write the report of a run or of a demo; a demo's in the words of its chain.

    Raises
    ------
    DataMismatch
        If the folder holds no finished run, or a file of it is gone.
    """
    runs = open_runs(folder)
    read = {run.stable["cohort"] for run in runs} & CHAINS.keys()
    if len(runs) < 2 or len(read) != 1:
        return build_report(folder)
    chain = CHAINS[read.pop()]
    return build_report(
        folder, title=chain.title, summary=chain.summary, leave_out=chain.unreported
    )


def _resolved(name: str, cohort: str, preset: str, fresh_noise: bool) -> Resolved:
    known = declared(find_notebook(name)[1])
    given: dict[str, Any] = {COHORT: cohort} if COHORT in known else {}
    if fresh_noise and "fresh_noise" in known:
        given["fresh_noise"] = True
    return resolve(name, preset, given)


def _run_all(planned: Sequence[Resolved], folder: Path, demo_id: str, progress: bool) -> None:
    sizes = [cell_count(resolved) for resolved in planned]
    with bar(sum(sizes), progress) as report:
        before = 0
        for resolved, size in zip(planned, sizes, strict=True):

            def told(done: int, what: str, before: int = before) -> None:
                report(before + done, what)

            execute(
                resolved,
                folder / slug(resolved.notebook),
                run_id=f"{demo_id}-{slug(resolved.notebook)}",
                progress=told,
                beside=folder,
            )
            before += size
