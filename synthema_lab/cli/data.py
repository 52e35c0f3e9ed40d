"""Which cohorts are there, and does a table match its dictionary?"""

from __future__ import annotations

from pathlib import Path

import click

from .output import answer, answering, as_text


@click.group("data")
def data_command() -> None:
    """List, load and check cohorts and tables."""


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
@answering
def load(name: str, out: Path, as_json: bool, quiet: bool) -> None:
    """Write a cohort to a file."""
    from ..cohorts import load_cohort, write_table

    cohort = load_cohort(name)
    write_table(cohort.patients, out)
    answer(
        f"{cohort}\nWritten to {out}",
        {"name": cohort.name, "rows": len(cohort.patients), "file": str(out),
         "columns": list(cohort.patients.columns), "licence": cohort.licence,
         "source": cohort.source},
        as_json, quiet,
    )  # fmt: skip


@data_command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dictionary", required=True, help="A dictionary file, or a name such as leuksurv.")
@answering
def check(file: Path, dictionary: str, as_json: bool, quiet: bool) -> None:
    """Check a table against its dictionary: rule, rows and counts, never values.

    Leaves with 3 where there is an error; warnings leave with 0.
    """
    from ..cohorts import read_table
    from ..dictionary import DataDictionary

    described = DataDictionary.load(dictionary)
    findings = described.check(read_table(file))
    answer(str(findings), {"ok": findings.ok, "findings": findings.table()}, as_json, quiet)
    if not findings.ok:
        raise SystemExit(3)
