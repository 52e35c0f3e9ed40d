"""How does a hospital's export become a table that may leave, from a terminal?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ArgumentRefused, GateFailed, LabError
from .output import answer, answering, as_text, plain

if TYPE_CHECKING:
    from ..deidentify import Deidentified, Policy, SiteKey, Study
    from ..deidentify.search import Progress


@click.command("deidentify")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dictionary", required=True, help="A dictionary file, or a name such as leuksurv.")
@click.option("--policy", required=True, help="A policy file, or a name such as leuksurv.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV or Parquet; its dictionary is written beside it.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path),
    help="The site's key; made where absent. Default: $SYNTHEMA_SITE_KEY, else "
    "~/.config/synthema/site.key.",
)
@click.option("--study", help="A study of the policy by name, or a YAML file.")
@click.option("--variables", help="Instead of a study: the variables that are needed, a,b,c.")
@click.option(
    "--sampling-fraction",
    type=float,
    default=1.0,
    show_default=True,
    help="Patients in the table over all patients there are.",
)
@click.option(
    "--report",
    "report",
    type=click.Path(path_type=Path),
    help="A new folder for report.html, measures and the record for an audit.",
)
@click.option("--dry-run", is_flag=True, help="Measure and assess; write no table and make no key.")
@click.option(
    "--rotate-key",
    "new_key",
    type=click.Path(path_type=Path),
    help="Instead of a table, --out gets old and new pseudonyms under this new key; "
    "it stays at the site.",
)
@answering
def deidentify_command(
    file: Path, dictionary: str, policy: str, out: Path, key: Path | None, study: str | None,
    variables: str | None, sampling_fraction: float, report: Path | None, dry_run: bool,
    new_key: Path | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Remove what names patients, generalise what points to them, and measure what is left.

    Leaves with 3 where the export does not match, and with 5, writing no table, where the
    assessment fails.
    """
    from ..cohorts import read_table
    from ..deidentify import Policy, SiteKey, deidentify
    from ..dictionary import DataDictionary

    _require_places(file, out, report, key, new_key)
    described, rules = DataDictionary.load(dictionary), Policy.load(policy)
    wanted = _study(rules, study, variables)
    table = read_table(file)
    if new_key is not None:
        _rotate(table, described, rules, wanted, key, new_key, out, report, as_json, quiet, dry_run)
        return
    secret, made_at = _secret(SiteKey, key, dry_run)
    try:
        with _progress(not (quiet or as_json)) as say:
            found = deidentify(
                table, described, rules, secret, wanted,
                sampling_fraction=sampling_fraction, progress=say,
            )  # fmt: skip
    except LabError:
        if made_at is not None:  # no pseudonym was written under it
            made_at.unlink()
        raise
    failed = found.assessment.verdict == "fail"
    if report is not None:
        _write_report(found, report)
    if not (failed or dry_run):
        _write(found, out)
    written = "Nothing was written." if failed or dry_run else f"Written to {out}"
    news = f"\nA site key was made: {made_at}. Keep it at the site, and keep a copy." if (
        made_at) else ""  # fmt: skip
    answer(f"{found}\n{written}{news}", _plain(found, out, not (failed or dry_run)), as_json, quiet)
    if failed:
        reasons = "; ".join(r.said for r in found.assessment.against if r.verdict == "fail")
        raise GateFailed(
            f"The table must not leave: {reasons}.",
            f"What the policy {rules.name} asks for under assessment.",
            "Let the policy generalise more or leave out more patients, or name fewer variables.",
        )


def _require_places(
    file: Path, out: Path, report: Path | None, key: Path | None, new_key: Path | None
) -> None:
    """Refuse, before any work, places that cannot be written or would destroy something."""
    from ..storage import check_writable

    if out.suffix.lower() not in (".csv", ".parquet"):
        raise ArgumentRefused(
            f"{out.name} is neither CSV nor Parquet by its name.",
            "A file name that ends in .csv or .parquet.", "Give another name after --out.",
        )  # fmt: skip
    resolved = [path.resolve() for path in (file, key, new_key) if path is not None]
    if out.resolve() in resolved:
        raise ArgumentRefused(
            f"{out.name} is also what is read.", "Another file for the result.",
            "Give another name after --out.",
        )  # fmt: skip
    if report is not None and report.exists() and (not report.is_dir() or any(report.iterdir())):
        raise ArgumentRefused(
            f"{report} exists and is not empty.",
            "A new folder.",
            "Use another name after --report.",
        )
    check_writable(out)


def _study(policy: Policy, study: str | None, variables: str | None) -> Study | None:
    from ..deidentify import Study

    if study and variables:
        raise ArgumentRefused(
            "Both --study and --variables were given.", "One of the two.", "Leave one out."
        )
    if variables is not None:
        return Study.of_variables(variables.split(","))
    if study is None:
        return None
    if study in policy.studies:
        return policy.studies[study]
    if Path(study).suffix.lower() in (".yaml", ".yml"):
        return Study.load(study)
    return policy.study(study)


def _secret(kind: type[SiteKey], path: Path | None, dry_run: bool) -> tuple[SiteKey, Path | None]:
    """The site's key, and where it was made if it was made now. A dry run makes none."""
    if dry_run:
        return kind.temporary(), None
    key, place, made = kind.at_site(path)
    return key, place if made else None


def _write(found: Deidentified, out: Path) -> None:
    """The table, and its dictionary beside it."""
    from ..cohorts import write_table
    from ..storage import whole_file

    with whole_file(_dictionary_beside(out)) as path:
        path.write_text(_as_yaml(found.dictionary.as_dict()), encoding="utf-8")
        write_table(found.patients, out)


def _dictionary_beside(out: Path) -> Path:
    return out.with_name(f"{out.stem}.dictionary.yaml")


def _as_yaml(content: dict[str, Any]) -> str:
    import yaml

    head = "# The dictionary of a de-identified table; made from policy and dictionary alone.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _write_report(found: Deidentified, folder: Path) -> None:
    from ..deidentify.report import report_page
    from ..storage import whole_folder

    with whole_folder(folder) as place:
        (place / "report.html").write_text(report_page(found), encoding="utf-8")
        (place / "record.json").write_text(_json(_record(found)), encoding="utf-8")
        found.comparison().to_csv(place / "measures.csv", index=False)
        found.columns.to_csv(place / "columns.csv", index=False)
        found.assessment.table().to_csv(place / "assessment.csv", index=False)


def _record(found: Deidentified) -> dict[str, Any]:
    return {**found.record, "assessment": found.assessment.verdict,
            "reasons": [str(reason) for reason in found.assessment.reasons]}  # fmt: skip


def _json(content: object) -> str:
    return json.dumps(plain(content), indent=1, allow_nan=False)


def _plain(found: Deidentified, out: Path, written: bool) -> dict[str, Any]:
    return {
        **_record(found),
        "written": str(out) if written else None,
        "dictionary_of_output": str(_dictionary_beside(out)) if written else None,
        "measures": found.comparison(),
        "information_loss": found.loss.table(),
        "not_covered": list(found.assessment.not_covered),
        "warnings": [str(finding) for finding in found.findings.warnings],
    }


def _rotate(
    table: Any, dictionary: Any, policy: Policy, study: Study | None, key: Path | None,
    new_key: Path, out: Path, report: Path | None, as_json: bool, quiet: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Old and new pseudonyms for the site alone, and an audit without either."""
    from ..deidentify import SiteKey, rotate
    from ..deidentify.keys import private_file
    from ..deidentify.rotation import source_identifiers
    from ..storage import whole_folder

    if out.suffix.lower() != ".csv" or out.exists():
        raise ArgumentRefused(
            "The file of old and new pseudonyms cannot be written.", "A new file ending in .csv.",
            "Give another name after --out.",
        )  # fmt: skip
    name, identifiers = source_identifiers(table, dictionary, policy, study)
    old = SiteKey.load(SiteKey.place(key))  # one that is not there has made no pseudonyms
    new = SiteKey.temporary() if dry_run else SiteKey.at_site(new_key)[0]
    turned = rotate(identifiers, old, new, name, policy.characters)
    if not dry_run:
        with private_file(out) as stream:
            turned.mapping.to_csv(stream, index=False, lineterminator="\n")
        if report is not None:
            with whole_folder(report) as place:
                (place / "audit.json").write_text(_json(turned.audit), encoding="utf-8")
    answer(_in_columns(turned.audit), turned.audit, as_json, quiet)


def _in_columns(audit: dict[str, object]) -> str:
    """An audit record in two columns."""
    import pandas as pd

    return as_text(pd.DataFrame(list(audit.items()), columns=["what", "value"]))


@contextmanager
def _progress(wanted: bool) -> Iterator[Progress | None]:
    """Combinations looked at, on the error stream of a terminal; elsewhere nothing."""
    import sys

    if not wanted or not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(unit=" combinations", leave=False, dynamic_ncols=True) as bar:
        yield lambda done, what: bar.update(done - bar.n)
