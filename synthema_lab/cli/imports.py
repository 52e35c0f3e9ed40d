"""How does a hospital's export become a table of a dictionary, from a terminal?

What comes out is checked before it is written: where there is an error, the
findings are printed, nothing is written, and the command leaves with 3.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .check_report import as_report
from .output import answer, answering

if TYPE_CHECKING:
    from ..cohorts.importers.imported import Imported

_Command = TypeVar("_Command", bound=Callable[..., Any])

DICTIONARY = click.option(
    "--dictionary", required=True, help="A dictionary file, or a name such as aml."
)
OUT = click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV or Parquet.")


def _clinical_source(function: _Command) -> _Command:
    """Give a command the options of sources with many records a patient."""
    for option in (
        click.option("--centre", help="The centre of all patients, where the source has none."),
        click.option(
            "--unrecorded",
            type=click.Choice(["absent", "missing"]),
            default="absent",
            show_default=True,
            help="What a condition or drug that is nowhere recorded counts as.",
        ),
        click.option(
            "--index",
            type=click.Choice(["condition", "measurement", "steady"]),
            help="The day patients are looked at; by default the disease's own rule.",
        ),
        OUT,
        DICTIONARY,
    ):
        function = option(function)
    return function


@click.group("import")
def import_command() -> None:
    """Turn an export into a table of a dictionary, checked before it is written."""


@import_command.command("amlsg")
@click.option(
    "--from", "folder", required=True, type=click.Path(path_type=Path),
    help="The folder with the files of the public release.",
)  # fmt: skip
@OUT
@answering
def amlsg(folder: Path, out: Path, as_json: bool, quiet: bool) -> None:
    """The public release of the AMLSG cohort: 1540 adults with AML, 45 centres."""
    from ..cohorts.importers.amlsg import import_amlsg

    _finish(import_amlsg(folder), out, as_json, quiet)


@import_command.command("table")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping", help="A mapping file, or a name such as redcap_scd. By default by column names."
)
@DICTIONARY
@OUT
@click.option("--centre", help="The centre of all patients, where the file has none.")
@answering
def table(
    file: Path, mapping: str | None, dictionary: str, out: Path, centre: str | None,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """A CSV or Parquet export (REDCap, registry, laboratory), with a mapping file.

    Without a mapping the columns have to be known by name: the dictionary's
    own, or those of the consortium's AML schema.
    """
    from ..cohorts.importers.mapping import load_mapping
    from ..cohorts.importers.table import import_table
    from ..dictionary import DataDictionary

    described = DataDictionary.load(dictionary)
    loaded = None if mapping is None else load_mapping(mapping)
    _finish(import_table(file, described, loaded, centre), out, as_json, quiet)


@import_command.command("omop")
@click.argument("folder", type=click.Path(path_type=Path))
@_clinical_source
@answering
def omop(
    folder: Path, dictionary: str, out: Path, index: str | None, unrecorded: str,
    centre: str | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Tables of the OMOP Common Data Model, CSV or Parquet, in one folder."""
    from ..cohorts.importers.omop import import_omop
    from ..dictionary import DataDictionary

    described = DataDictionary.load(dictionary)
    with _bar("Reading OMOP tables", as_json or quiet) as progress:
        imported = import_omop(
            folder, described, index, unrecorded=unrecorded, centre=centre, progress=progress
        )
    _finish(imported, out, as_json, quiet)


@import_command.command("fhir")
@click.argument("path", type=click.Path(path_type=Path))
@_clinical_source
@answering
def fhir(
    path: Path, dictionary: str, out: Path, index: str | None, unrecorded: str,
    centre: str | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """FHIR bundles or bulk exports: a file, or a folder of them."""
    from ..cohorts.importers.fhir import import_fhir
    from ..dictionary import DataDictionary

    described = DataDictionary.load(dictionary)
    with _bar("Reading FHIR resources", as_json or quiet) as progress:
        imported = import_fhir(
            path, described, index=index, unrecorded=unrecorded, centre=centre, progress=progress
        )
    _finish(imported, out, as_json, quiet)


@click.command("map")
@click.argument("file", type=click.Path(path_type=Path))
@DICTIONARY
@click.option(
    "--suggest", is_flag=True, default=True, help="From names and values; this is the default."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="The mapping file to write."
)
@answering
def map_command(
    file: Path, dictionary: str, suggest: bool, out: Path, as_json: bool, quiet: bool
) -> None:
    """Propose a mapping file for an export; read it before you use it.

    Each line comes with a confidence and a reason, and shows no patient's
    value. Nothing is asked over the network.
    """
    from ..cohorts.importers.export import read_export
    from ..cohorts.importers.suggest import suggest_mapping
    from ..dictionary import DataDictionary
    from ..storage import whole_file

    described = DataDictionary.load(dictionary)
    proposed = suggest_mapping(read_export(file), described, name=out.stem)
    with whole_file(out) as temporary:
        temporary.write_text(proposed.text, encoding="utf-8")
    then = (
        f"Written to {out}. Read it, correct it, then: synthema data import table {file} "
        f"--mapping {out} --dictionary {dictionary} --out FILE"
    )
    answer(
        f"{proposed}\n{then}",
        {"file": str(out), "dictionary": described.name, "proposals": proposed.table(),
         "not_understood": proposed.not_understood},
        as_json, quiet,
    )  # fmt: skip


def _finish(imported: Imported, out: Path, as_json: bool, quiet: bool) -> None:
    """Check, write where there is no error, and answer."""
    from ..cohorts import write_table

    findings = imported.check()
    if findings.ok:
        write_table(imported.patients, out)
    written = f"Written to {out}" if findings.ok else "Nothing was written."
    described = imported.dictionary
    answer(
        f"{as_report({imported.source: findings}, described)}\n{written}",
        {"ok": findings.ok, "source": imported.source, "dictionary": described.name,
         "rows": len(imported.patients), "columns": list(imported.patients.columns),
         "file": str(out) if findings.ok else None, "findings": findings.table(),
         "undecided": list(findings.undecided)},
        as_json, quiet and findings.ok,
    )  # fmt: skip
    if not findings.ok:
        raise SystemExit(3)


@contextmanager
def _bar(label: str, silent: bool) -> Iterator[Callable[[float], None]]:
    """A progress bar on the error stream of a terminal; elsewhere nothing."""
    if silent or not sys.stderr.isatty():
        yield lambda share: None
        return
    with click.progressbar(length=100, label=label, file=sys.stderr) as shown:
        yield lambda share: shown.update(max(0, round(100 * share) - shown.pos))
