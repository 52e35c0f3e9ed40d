"""How is a study run from a terminal?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ArgumentRefused, DataMismatch
from ..storage import check_writable
from .output import answer, answering
from .places import KEY, TO

if TYPE_CHECKING:
    from ..dictionary import DataDictionary
    from ..federation.evaluation import Evaluation
    from ..federation.study import SignedStudy, Study


_PEERS = Path("~/.local/state/synthema-lab/peers")
"""How far the books of sites had come, over all studies of this researcher."""


@click.command("run")
@click.argument("signed", type=click.Path(path_type=Path))
@TO
@KEY
@click.option("--out", type=click.Path(path_type=Path), required=True,
              help="Where the result is written: a model, or an evaluation.")  # fmt: skip
@click.option("--dictionary", help="The cohort's data dictionary: a file, or a name. Default: the "
                                   "cohort's name.")  # fmt: skip
@click.option("--synthetic", type=click.Path(path_type=Path),
              help="The synthetic cohort, for a study that judges one.")  # fmt: skip
@click.option("--appetite", help="Limits that a verdict is held against: a file, for a study that "
                                 "judges a cohort. Default: risk_appetite.")  # fmt: skip
@click.option("--state", type=click.Path(path_type=Path),
              help="Folder that remembers how far it is. Default: SIGNED with .run.")  # fmt: skip
@click.option("--patience", type=float, default=120.0, show_default=True,
              help="Seconds that sites are waited for at each step.")  # fmt: skip
@click.option("--wait", "approval_within", type=float, default=0.0, show_default=True,
              help="Seconds that approvals are waited for.")  # fmt: skip
@answering
def run(
    signed: Path, folders: tuple[Path, ...], key: Path | None, out: Path, dictionary: str | None,
    synthetic: Path | None, appetite: str | None,
    state: Path | None, patience: float, approval_within: float, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Run a study that hospitals have approved, or go on with it where it stopped.

    Leaves with 5 where it judged a cohort and the verdict is to refuse.
    """
    from ..cohorts import read_table
    from ..federation.conduct import progress_bar, run_study
    from ..federation.evaluation import Evaluation, bring
    from ..federation.site import card_of, exchange_of
    from ..federation.study import load_key
    from ..federation.study.keyfile import place
    from ..validation import RiskAppetite
    from .evaluation import refuse_if_refused

    check_writable(out)
    limits = None if appetite is None else RiskAppetite.load(appetite)
    study = signed_study(signed).study
    described = _dictionary(study, dictionary)
    if synthetic is not None:
        bring(read_table(synthetic), described)
    exchanges = [exchange_of(folder) for folder in folders]
    by_site = {card_of(folder)[0].name: folder for folder in exchanges}
    strangers = sorted(set(by_site) - {site.name for site in study.sites})
    if strangers:
        raise ArgumentRefused(
            f"The study does not ask {', '.join(strangers)}.",
            f"Folders of: {', '.join(site.name for site in study.sites)}.",
            "Leave it out, or submit a study that names it.",
        )
    with progress_bar(not (quiet or as_json)) as told:
        result = run_study(
            study, described, load_key(place(key, "SYNTHEMA_RESEARCHER_KEY", "researcher")),
            by_site, state or signed.with_suffix(".run"), peers=_PEERS.expanduser(),
            patience=patience, approval_within=approval_within, told=told, progress=told.after,
        )  # fmt: skip
    record = {"study": study.hash, "sites": sorted(by_site), "result": str(out)}
    if not isinstance(result, Evaluation):
        result.save(out)
        answer(f"{result}\nWritten to {out}", record, as_json, quiet)
        return
    result = result if limits is None else result.judged_by(limits)
    record["verdict"] = result.decision.as_dict()
    _save_evaluation(result, out)
    answer(f"{result}\nWritten to {out}", record, as_json, quiet)
    refuse_if_refused(result.decision, "cohort", out / "report.html")


def _save_evaluation(result: Evaluation, out: Path) -> None:
    """The figures, the verdict, and the report that `synthema validate` writes."""
    from ..workbench.validation_page import validation_report

    page, paper = validation_report(result.validation, result.decision)
    result.save(out, {"report.html": page.encode("utf-8"), "report.pdf": paper})


def _dictionary(study: Study, named: str | None) -> DataDictionary:
    from ..dictionary import DataDictionary

    found = DataDictionary.load(named or study.cohort)
    if found.digest != study.dictionary:
        raise DataMismatch(
            f"{found.name} is not the data dictionary that the study was written for.",
            "The dictionary of the hospitals, of which the study bears the digest.",
            "Give it with --dictionary FILE.",
        )
    return found


def signed_study(path: Path) -> SignedStudy:
    from ..federation.study import SignedStudy

    content = bytes_of(path)
    if b"signature:" not in content:
        raise ArgumentRefused(
            f"{path.name} is not signed.",
            "The file that submitting has kept, such as study.signed.yaml.",
            f"Type: synthema study submit {path} --to FOLDER",
        )
    return SignedStudy.from_yaml(content)


def bytes_of(path: Path) -> bytes:
    if not path.is_file():
        raise ArgumentRefused(
            f"There is no file {path}.", "A study as YAML.", "Check the name of the file."
        )
    with open(path, "rb") as stream:
        return stream.read(2_000_000)
