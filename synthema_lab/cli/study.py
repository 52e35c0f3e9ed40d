"""What does a researcher type to ask hospitals?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .output import answer, answering
from .places import KEY, TO
from .run_study import bytes_of, run, signed_study


@click.group("study")
def study_command() -> None:
    """A researcher's side: ask hospitals for a study, and see what they say."""


study_command.add_command(run)


@study_command.command("submit")
@click.argument("draft", type=click.Path(path_type=Path))
@TO
@KEY
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Where the signed study is kept. Default: DRAFT with .signed.yaml.",
)
@click.option("--synthetic", type=click.Path(path_type=Path),
              help="A synthetic cohort to be judged; its digest goes into the study.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Check it and say what it costs; send nothing.")
@answering
def submit(
    draft: Path, folders: tuple[Path, ...], key: Path | None, out: Path | None,
    synthetic: Path | None, dry_run: bool, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Sign the study of a YAML file and send it to hospitals.

    What the draft leaves out is filled in: your public key, the digest of the dictionary, the
    version of the workbench, and the hospitals' keys from their cards. Hospitals approve exactly
    what is signed: to change anything is to ask again.
    """
    from ..federation.site import card_of, exchange_of
    from ..federation.study import SignedStudy, complete
    from ..federation.study.keyfile import fingerprint, key_at, load_key, place
    from ..federation.study.strict_yaml import read_strictly
    from ..federation.window.sending import require_fit, send
    from ..secure_aggregation import Identity
    from ..storage import whole_file

    exchanges = [exchange_of(folder) for folder in folders]
    cards = [card_of(folder) for folder in exchanges]
    key_file = place(key, "SYNTHEMA_RESEARCHER_KEY", "researcher")
    content = read_strictly(bytes_of(draft), draft.name)
    if synthetic is not None:
        content["generator"] = _judging(content, synthetic)
    hospitals = {member.name: member for member, _ in cards}
    if dry_run and not key_file.exists():
        researcher, made = Identity.new("researcher"), False
    else:
        researcher = load_key(key_file) if key_file.exists() else None
        if researcher is None:
            complete(content, Identity.new("researcher"), hospitals)  # no key for a bad draft
        researcher, made = key_at(key_file, "researcher")
    signed = SignedStudy.sign(complete(content, researcher, hospitals), researcher)
    study = signed.study
    for member, card in cards:
        require_fit(study, member.name, card)
    kept = out or draft.with_suffix(".signed.yaml")
    if not dry_run:
        with whole_file(kept) as path:
            path.write_bytes(signed.to_yaml())
        send({str(folder): folder for folder in exchanges}, f"{study.hash}.yaml", signed.to_yaml())
    said = "Would be sent" if dry_run else "Sent"
    keys = "\n".join(f"  {site.name}: key {fingerprint(site.key)}" for site in study.sites)
    news = f"\nYour key was made: {key_file}. Whoever has it can ask in your name." if made else ""
    text = (
        f"{said} to {len(exchanges)} hospital(s): {study.title}\n  study {study.hash}\n{keys}\n"
        f"  your key {fingerprint(study.researcher.key)}: have the hospitals compare it{news}\n"
        + ("Nothing was written." if dry_run else f"Kept as {kept}")
    )
    record = {
        "study": study.hash, "done": not dry_run, "sent_to": [str(f) for f in exchanges],
        "kept": None if dry_run else str(kept), "fingerprint": fingerprint(study.researcher.key),
    }  # fmt: skip
    answer(text, record, as_json, quiet)


@study_command.command("status")
@click.argument("signed", type=click.Path(path_type=Path))
@TO
@answering
def status(signed: Path, folders: tuple[Path, ...], as_json: bool, quiet: bool) -> None:
    """Where a study stands at each hospital, as the hospitals have signed it."""
    from ..federation.site import card_of, exchange_of
    from ..federation.site.answers import answer_of

    study = signed_study(signed).study
    rows: list[dict[str, Any]] = []
    for folder in folders:
        exchange = exchange_of(folder)
        rows.append(answer_of(study, card_of(exchange)[0].name, exchange))
    lines = [f"{study.title}, study {study.hash[:12]}"]
    for row in rows:
        rounds = ""
        if row.get("rounds_approved"):
            rounds = f", {row['rounds_begun']} of {row['rounds_approved']} rounds begun"
        lines.append(f"  {row['site']}: {row['state']}{rounds}")
        lines += [f"    outside its policy: {reason}" for reason in row["reasons"]]
    answer("\n".join(lines), {"study": study.hash, "sites": rows}, as_json, quiet)


@study_command.command("cancel")
@click.argument("signed", type=click.Path(path_type=Path))
@TO
@KEY
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be done.")
@answering
def cancel(
    signed: Path, folders: tuple[Path, ...], key: Path | None, yes: bool, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Withdraw a study at hospitals; what was spent stays spent."""
    from ..federation.site import exchange_of
    from ..federation.study import cancellation, load_key, require_cancellation
    from ..federation.study.keyfile import place
    from ..federation.window.sending import send

    study = signed_study(signed).study
    researcher = load_key(place(key, "SYNTHEMA_RESEARCHER_KEY", "researcher"))
    word = cancellation(study, researcher)
    require_cancellation(word, study)
    exchanges = [exchange_of(folder) for folder in folders]
    if yes:
        send({str(folder): folder for folder in exchanges}, f"{study.hash}.cancel.yaml", word)
    said = "Withdrawn" if yes else "Would be withdrawn, for good,"
    text = f"{said} at {len(exchanges)} hospital(s): {study.title}"
    text += "" if yes else "\nNothing was written. To withdraw it, add --yes."
    record = {"study": study.hash, "done": yes, "sent_to": [str(folder) for folder in exchanges]}
    answer(text, record, as_json, quiet)


def _judging(content: Any, synthetic: Path) -> dict[str, Any]:
    """The generator's section of a draft that judges a synthetic cohort, with its digest."""
    from ..cohorts import read_table
    from ..dictionary import DataDictionary
    from ..federation.evaluation import bring
    from ..federation.study.fields import Fields

    part = Fields(content, "The draft", tuple(content) if isinstance(content, dict) else ())
    cohort = part.mapping("cohort")
    named = str(cohort.get("dictionary") or cohort.get("name"))
    described = DataDictionary.load(named if len(named) != 64 else str(cohort.get("name")))
    generator = part.mapping("generator") if part.given("generator") else {"name": "validate"}
    settings = dict(generator.get("settings") or {})
    settings["synthetic"] = bring(read_table(synthetic), described)
    return {**generator, "settings": settings}
