"""What does the owner of the data type?

Approving and taking back are said first and done with ``--yes`` only: without
it each command shows what it would do and writes nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ArgumentRefused
from .output import answer, answering
from .places import AT
from .serve import serve

if TYPE_CHECKING:
    from ..federation.site import SiteFolder

_YES = click.option("--yes", is_flag=True, help="Do it; without, only say what would be done.")


@click.group("site")
def site_command() -> None:
    """A hospital's side: keep a site, review studies, approve or refuse them."""


def _opened(folder: Path) -> SiteFolder:
    """The site, with what is new in its inbox taken in."""
    from ..federation.site import SiteFolder, receive

    site = SiteFolder(folder)
    receive(site)
    return site


site_command.add_command(serve)


@site_command.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The site's name, such as north.")
@click.option("--approver", required=True, help="Who may approve, such as ana.costa.")
@click.option(
    "--approver-key",
    type=click.Path(path_type=Path),
    help="The approver's key; made where absent. Default: $SYNTHEMA_APPROVER_KEY, else "
    "~/.config/synthema/approver.key.",
)
@click.option(
    "--dataset",
    "datasets",
    nargs=3,
    multiple=True,
    metavar="NAME DICTIONARY TABLE",
    help="A cohort for studies; may be given again, and added to site.yaml later.",
)
@click.option("--exchange", default="exchange", show_default=True, help="Folder of in- and outbox.")
@click.option(
    "--anchor",
    type=click.Path(path_type=Path),
    help="A file outside the folder, on a disk that is not restored with it, which notices an "
    "older copy. Default: in $SYNTHEMA_ANCHORS, else ~/.local/state/synthema-lab.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be made; write nothing.")
@answering
def init(
    folder: Path, name: str, approver: str, approver_key: Path | None,
    datasets: tuple[tuple[str, str, str], ...], exchange: str, anchor: Path | None, dry_run: bool,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Make a site folder: its key, its books, and site.yaml to be edited."""
    from ..dictionary import DataDictionary
    from ..federation.site import create_site
    from ..federation.site.founding import require_new
    from ..federation.study.keyfile import fingerprint, key_at, place
    from ..secure_aggregation import Identity

    key_file = place(approver_key, "SYNTHEMA_APPROVER_KEY", "approver")
    usual = Path(os.environ.get("SYNTHEMA_ANCHORS") or "~/.local/state/synthema-lab").expanduser()
    anchor = (anchor or usual / f"{name}.anchor").expanduser()
    require_new(folder, anchor)
    for member in (name, approver):
        Identity.new(member).member()  # a name that cannot be used is refused before any key
    for _, dictionary, _ in datasets:
        DataDictionary.load(dictionary)
    cohorts = [
        {"name": cohort, "dictionary": dictionary, "table": str(Path(table).resolve())}
        for cohort, dictionary, table in datasets
    ]
    record: dict[str, Any] = {
        "site": name, "folder": str(folder), "anchor": str(anchor), "approver_key": str(key_file),
        "done": not dry_run,
    }  # fmt: skip
    if dry_run:
        text = (
            f"Would make the site {name} in {folder}, its anchor {anchor}, and, where there is "
            f"none, the approver's key {key_file}. Nothing was written."
        )
        answer(text, record, as_json, quiet)
        return
    key, made = key_at(key_file, approver)
    if key.name != approver:
        raise ArgumentRefused(
            f"The key in {key_file} is that of {key.name}.", f"The key of {approver}.",
            f"Use --approver {key.name}, or another file with --approver-key.",
        )  # fmt: skip
    site = create_site(folder, name, key, anchor, cohorts, exchange)
    public = site.identity.member().key
    record |= {"key": public.hex(), "fingerprint": fingerprint(public)}
    news = f"The approver's key was made: {key_file}. Keep it away from the site's machine.\n" if (
        made) else ""  # fmt: skip
    answer(
        f"The site {name} is in {folder}.\n{news}"
        f"Its key has the fingerprint {fingerprint(public)}: tell it to the other hospitals.\n"
        f"Now read and edit {folder / 'site.yaml'}; then: synthema site review --at {folder}",
        record, as_json, quiet,
    )  # fmt: skip


@site_command.command("review")
@click.argument("study", required=False)
@AT
@click.option("--html", type=click.Path(path_type=Path), help="Write the page to a file as well.")
@click.option("--no-dry-run", is_flag=True, help="Do not try the study on invented patients.")
@answering
def review_(
    study: str | None, folder: Path, html: Path | None, no_dry_run: bool, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """What a study asks for, in plain words; without STUDY, which studies there are."""
    from ..federation.site import review, standings
    from ..federation.study import write_page

    site = _opened(folder)
    if study is None:
        found = standings(site)
        text = "\n".join(str(one) for one in found) or "No study has come in."
        answer(text, {"studies": [vars(one) for one in found]}, as_json, quiet)
        return
    seen = review(site, site.shelf.find(study), try_it=not no_dry_run)
    text = str(seen)
    if html is not None:
        text += f"\nThe page: {write_page(seen, html)}"
    answer(text, seen.as_dict(), as_json, quiet)


@site_command.command("approve")
@click.argument("study")
@AT
@click.option("--key", type=click.Path(path_type=Path), help="The approver's key, as for init.")
@click.option("--days", type=int, help="How long it holds; by default as long as is allowed.")
@click.option("--rounds", type=int, help="Fewer rounds than the study asks for.")
@_YES
@answering
def approve_(
    study: str, folder: Path, key: Path | None, days: int | None, rounds: int | None, yes: bool,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Approve exactly this study. Leaves with 5 where the policy does not allow it."""
    from ..federation.site import approve
    from ..federation.site.desk import proposed
    from ..federation.study.keyfile import load_key, place

    site = _opened(folder)
    found = site.shelf.find(study)
    approver = load_key(place(key, "SYNTHEMA_APPROVER_KEY", "approver"))
    decide = approve if yes else proposed
    approval = decide(site, found, approver, days, rounds)
    title = site.shelf.get(found).study.title
    text = (
        f"{'Approved' if yes else 'Would approve'}: {title}\n  study    {found}\n"
        f"  by       {approval.approver}\n  until    {approval.last_day} UTC, or until it is "
        f"taken back\n  rounds   {approval.rounds} at most"
    )
    text += "" if yes else "\nNothing was written. To approve it, add --yes."
    record = {
        "study": found, "approver": approval.approver, "until": approval.last_day,
        "rounds": approval.rounds, "done": yes,
    }  # fmt: skip
    answer(text, record, as_json, quiet)


@site_command.command("revoke")
@click.argument("study")
@AT
@click.option("--reason", default="", help="For the logbook; no patient's data.")
@_YES
@answering
def revoke_(study: str, folder: Path, reason: str, yes: bool, as_json: bool, quiet: bool) -> None:
    """Take an approval back: no further round begins."""
    from ..federation.site import revoke, standing

    site = _opened(folder)
    found = site.shelf.find(study)
    site.require_approved(found)
    if yes:
        revoke(site, found, reason)
    now = standing(site, found)
    text = str(now) if yes else (
        f"{now}\nWould be taken back; rounds that have ended cannot be undone. Nothing was "
        "written. To take it back, add --yes."
    )  # fmt: skip
    answer(text, {**vars(now), "done": yes}, as_json, quiet)


@site_command.command("status")
@AT
@click.option("--audit", is_flag=True, help="Every line of the logbook, for an officer to read.")
@answering
def status(folder: Path, audit: bool, as_json: bool, quiet: bool) -> None:
    """Whether the books are whole, what is spent, and where the studies stand."""
    from ..federation.site import standings
    from ..federation.study import fingerprint

    site = _opened(folder)
    policy, public = site.policy, site.identity.member().key
    entries = tuple(site.logbook.entries())
    if audit:
        lines = [f"Logbook of {policy.site}: {len(entries)} lines, whole."]
        record = {"site": policy.site, "whole": True, "entries": [vars(one) for one in entries]}
        answer("\n".join([*lines, *map(str, entries)]), record, as_json, quiet)
        return
    budgets = []
    for name in policy.datasets:
        ledger = site.ledger(name)
        budgets.append(
            {"cohort": name, "epsilon": ledger.epsilon, "spent": ledger.spent(name),
             "left": ledger.remaining(name), "delta": ledger.delta}
        )  # fmt: skip
    found = standings(site)
    lines = [
        f"Site {policy.site}, key {fingerprint(public)} ({public.hex()})",
        f"Books whole: {len(entries)} lines in the logbook, {len(site.lines)} in the journal.",
        *(
            f"Cohort {one['cohort']}: epsilon {one['spent']:.2f} spent, {one['left']:.2f} left "
            f"of {one['epsilon']:g}"
            for one in budgets
        ),
        *(str(one) for one in found),
    ]
    record = {
        "site": policy.site, "key": public.hex(), "fingerprint": fingerprint(public),
        "whole": True, "budgets": budgets, "studies": [vars(one) for one in found],
    }  # fmt: skip
    answer("\n".join(lines), record, as_json, quiet)
