"""How is a review read in a terminal?"""

from __future__ import annotations

import datetime
import textwrap

from .keyfile import fingerprint
from .review import Review

WIDTH = 92


def as_text(review: Review) -> str:
    """A review in plain text, at most 92 characters wide."""
    study, lines = review.study, []

    def head(text: str) -> None:
        lines.extend(["", text, "-" * len(text)])

    def say(text: str, mark: str = "", indent: int = 2) -> None:
        first = " " * indent + mark
        lines.extend(
            textwrap.wrap(
                text, WIDTH, initial_indent=first, subsequent_indent=" " * len(first),
                break_long_words=False, break_on_hyphens=False,
            )
        )  # fmt: skip

    lines.extend([study.title, "=" * len(study.title)])
    say(f"Study {study.hash}", indent=0)
    say(f"At {review.site}: {review.state}", indent=0)
    verdict = "The policy of this site allows it." if review.allowed else (
        "The policy of this site does NOT allow it:"
    )  # fmt: skip
    lines.append("")
    say(verdict, indent=0)
    for reason in review.reasons:
        say(reason, "x ")
    for caution in review.cautions:
        say(caution, "! ")

    head("Who asks, and for what")
    asks = study.researcher
    say(f"{asks.name}, {asks.institution}")
    say(f"Key {fingerprint(asks.key)}")
    say(f"Purpose: {asks.purpose}")
    say(f"Legal basis: {asks.legal_basis}")

    head(f"Which variables of {study.cohort}, and why")
    for row in review.variables():
        unit = f", {row['unit']}" if row["unit"] else ""
        note = f" [{row['identifying']}]" if row["identifying"] else ""
        say(f"{row['name']} ({row['label']}{unit}){note}: {row['reason']}", "- ")

    head("What leaves")
    for line in review.leaving(outside=False) or ["Nothing that is protected by epsilon."]:
        say(line, "- ")
    head("What leaves outside epsilon")
    for line in review.leaving(outside=True):
        say(line, "- ")

    head("What it costs, and what remains")
    say(review.cost_in_words())
    if review.account.promised:
        say(f"Other approved studies may still spend up to {review.account.promised:.2f}.")

    head("How it runs")
    for line in running(review):
        say(line, "- ")

    head("What has changed since the last approved study")
    if review.previous is None:
        say("No study of this cohort was approved here before.")
    elif not review.changes:
        say("Nothing: it is the very study that was approved last.")
    for change in review.changes:
        say(str(change), "- ")

    head("A try on invented patients")
    say(str(review.tried) if review.tried else "Not tried.")
    lines += ["", f"To approve:  synthema site approve {study.hash[:12]} --yes"]
    return "\n".join(lines)


def running(review: Review) -> list[str]:
    """How the study runs, in sentences."""
    study, terms = review.study, review.study.secure_aggregation
    repeats = f", and up to {study.repeats} again where one breaks off" if study.repeats else ""
    rounds = "round" if study.rounds == 1 else "rounds"
    threshold = terms.threshold or "more than two thirds"
    kind = "whole numbers" if terms.scale == 1 else f"steps of 1/{terms.scale}"
    last = datetime.date.isoformat(study.expires)
    return [
        f"The generator '{study.generator}' in {study.rounds} {rounds}{repeats}, "
        f"until {last}, with version {study.package_version} of the workbench. No code is sent.",
        f"Sums over at least {terms.minimum_sites} of {len(study.sites)} hospitals; "
        f"{threshold} of them must stay. Nobody sees the part of one hospital.",
        f"Each number at most {terms.clip:,.10g}, in {kind}, {terms.modulus_bits} bits.",
        "Hospitals: " + "; ".join(f"{s['name']} ({s['fingerprint']})" for s in review.sites()),
    ]
