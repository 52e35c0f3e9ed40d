"""Which cohorts are there, and does a table match its dictionary?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ArgumentRefused
from .check_report import TOGETHER, as_report
from .imports import import_command, map_command
from .output import answer, answering, as_text

if TYPE_CHECKING:
    import pandas as pd

    from ..dictionary import DataDictionary, Findings


@click.group("data")
def data_command() -> None:
    """List, load, import, map and check cohorts and tables."""


data_command.add_command(import_command)
data_command.add_command(map_command)


@data_command.command("list")
@answering
def list_cohorts(as_json: bool, quiet: bool) -> None:
    """The cohorts that come with the workbench."""
    from ..cohorts import available_cohorts

    table = available_cohorts()
    answer(as_text(table), table, as_json, quiet)


@data_command.command("load")
@click.argument("name")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV or Parquet.")
@click.option("--patients", type=int, help="How many to simulate.")
@click.option("--seed", type=int, help="Seed of a simulated cohort; 1 by default.")
@click.option("--mock", is_flag=True, help="Invent patients from the dictionary alone.")
@answering
def load(
    name: str, out: Path, patients: int | None, seed: int | None, mock: bool, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Write a cohort to a file."""
    from ..cohorts import load_cohort, write_table

    cohort = load_cohort(name, patients=patients, seed=seed, mock=mock)
    write_table(cohort.patients, out)
    answer(
        f"{cohort}\nWritten to {out}",
        {"name": cohort.name, "rows": len(cohort.patients), "file": str(out),
         "columns": list(cohort.patients.columns), "licence": cohort.licence,
         "source": cohort.source},
        as_json, quiet,
    )  # fmt: skip


@data_command.command("check")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--dictionary", required=True, help="A dictionary file, or a name such as leuksurv.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Write the findings to a CSV or Parquet file, without any value.",
)
@answering
def check(
    files: tuple[Path, ...], dictionary: str, out: Path | None, as_json: bool, quiet: bool
) -> None:
    """Check tables against their dictionary: rule, rows and counts, never values.

    Several files are taken as one a site, and patients they share are told.
    Leaves with 3 where there is an error; warnings leave with 0.
    """
    from ..cohorts import write_table
    from ..dictionary import DataDictionary

    described = DataDictionary.load(dictionary)
    named = _checked(files, described)
    ok = all(findings.ok for findings in named.values())
    table = _findings_table(named)
    if out is not None:
        rows = [", ".join(map(str, kept)) for kept in table["rows"]]
        write_table(table.assign(rows=rows), out)
    text = as_report(named, described) + (f"\nWritten to {out}" if out is not None else "")
    answer(
        text,
        {"ok": ok, "dictionary": described.name, "findings": table,
         "rows": sum(findings.rows for name, findings in named.items() if name != TOGETHER),
         "undecided": sorted({rule for findings in named.values() for rule in findings.undecided})},
        as_json, quiet,
    )  # fmt: skip
    if not ok:
        raise SystemExit(3)


def _checked(files: tuple[Path, ...], described: DataDictionary) -> dict[str, Findings]:
    """The findings of each file, and of all together where there are several."""
    from ..cohorts import check_sites, read_table

    distinct = len({file.name for file in files}) == len(files)
    tables = {file.name if distinct else str(file): read_table(file) for file in files}
    if len(tables) < len(files):
        raise ArgumentRefused(
            "The same file is given twice.", "Each site's file once.", "Name each file once."
        )
    named = {name: described.check(table) for name, table in tables.items()}
    if len(tables) > 1:
        named[TOGETHER] = check_sites(tables, described)
    return named


def _findings_table(named: dict[str, Findings]) -> pd.DataFrame:
    """One line a finding; a column ``file`` in front where there are several files."""
    import pandas as pd

    tables = [findings.table() for findings in named.values()]
    if len(tables) == 1:
        return tables[0]
    for name, table in zip(named, tables, strict=True):
        table.insert(0, "file", name)
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
