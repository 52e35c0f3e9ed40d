"""What does a data protection officer read about a de-identified table?

One page without scripts and without a patient's value: the verdict with its
reasons, measures before and after, what became of each column, what is not
covered.
"""

from __future__ import annotations

from html import escape

import pandas as pd

from synthema_lab.deidentify.release import Deidentified

STYLE = (
    "body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em;line-height:1.4}"
    "table{border-collapse:collapse;margin:1em 0}"
    "th,td{text-align:left;padding:.3em .8em;border-bottom:1px solid #ccc;vertical-align:top}"
)


def report_page(found: Deidentified) -> str:
    """The page as HTML, complete in one file."""
    record = found.record
    facts = pd.DataFrame(
        [
            ("policy", f"{record['policy']} {record['policy_version']}"),
            ("study", record["study"]),
            ("purpose", record["purpose"]),
            ("name of the key", record["key"]),
            ("rows in the export", record["rows_in"]),
            ("rows that leave", record["rows_out"]),
        ],
        columns=["fact", "value"],
    )
    sections = [
        ("What was done", facts),
        ("Verdict and reasons", found.assessment.table()),
        ("Identifiability before and after", found.comparison()),
        ("What was lost", found.loss.table()),
        ("Levels of generalisation", _levels(found)),
        ("What became of each column of the export", found.columns),
        ("Combinations of at most three quasi-identifiers, after", found.after.combinations.table),
    ]
    body = "".join(
        f"<h2>{escape(title)}</h2>{_table(table)}" for title, table in sections if len(table)
    )
    uncovered = "".join(f"<li>{escape(each)}</li>" for each in found.assessment.not_covered)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>De-identification: {escape(str(record['study']))}</title>"
        f"<style>{STYLE}</style></head><body>"
        f"<h1>De-identification: {escape(found.assessment.verdict)}</h1>{body}"
        f"<h2>What this does not cover</h2><ul>{uncovered}</ul></body></html>\n"
    )


def _levels(found: Deidentified) -> pd.DataFrame:
    if found.generalisation is not None:
        return found.generalisation.table()
    return pd.DataFrame(list(found.levels.items()), columns=["variable", "level"])


def _table(table: pd.DataFrame) -> str:
    return table.to_html(
        index=False, border=0, na_rep="", justify="left", float_format=lambda x: f"{x:.3g}"
    )
