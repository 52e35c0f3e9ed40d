"""How is a synthetic table compared with the real one, and attacked, from a terminal?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pandas as pd

from ..errors import GateFailed
from ..storage import whole_file, whole_folder
from .output import answer, answering, as_text, plain

if TYPE_CHECKING:
    from ..validation import Verdict


def _options(function: Any) -> Any:
    """What both commands take."""
    for option in (
        click.option("--out", required=True, type=click.Path(path_type=Path),
                     help="A new folder: metrics.json, verdict.json, report.html and .pdf."),
        click.option("--appetite", default="risk_appetite", show_default=True,
                     help="A file of limits: what a custodian is willing to risk."),
        click.option("--seed", type=int, default=0, show_default=True),
        click.option("--cores", type=int,
                     help="Processes to compute in; as many as help by default."),
        click.option("--metrics", type=click.Choice(["quick", "standard"]), default="quick",
                     show_default=True, help="What takes seconds, or everything."),
        click.option("--dictionary", required=True,
                     help="A dictionary file, or a name such as leuksurv."),
        click.option("--synthetic", required=True, type=click.Path(path_type=Path)),
        click.option("--real", required=True, type=click.Path(path_type=Path),
                     help="The patients the generator learnt from."),
    ):  # fmt: skip
        function = option(function)
    return function


@click.command("validate")
@_options
@click.option("--holdout", type=click.Path(path_type=Path),
              help="Real patients it never saw; needed for attacks and ceilings.")  # fmt: skip
@answering
def validate_command(holdout: Path | None, **asked: Any) -> None:
    """Compare a synthetic table with the real one: fidelity, clinical value, utility, privacy.

    Leaves with 5 where the verdict is to refuse.
    """
    _evaluate(holdout, None, **asked)


@click.command("privacy")
@_options
@click.option("--holdout", required=True, type=click.Path(path_type=Path),
              help="Real patients it never saw: the attack's non-members.")  # fmt: skip
@answering
def privacy_command(holdout: Path, **asked: Any) -> None:
    """Attack a synthetic table and report the residual risk.

    Leaves with 5 where the verdict is to refuse.
    """
    _evaluate(holdout, "privacy", **asked)


def _evaluate(
    holdout: Path | None, group: str | None, real: Path, synthetic: Path, dictionary: str,
    metrics: str, seed: int, cores: int | None, appetite: str, out: Path, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    from ..cohorts import read_table
    from ..dictionary import DataDictionary
    from ..errors import ArgumentRefused
    from ..validation import RiskAppetite, decide, validate
    from ..workbench.validation_page import validation_report

    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ArgumentRefused(
            f"{out} exists and is not empty.", "A new folder.", "Use another name after --out."
        )
    described, limits = DataDictionary.load(dictionary), RiskAppetite.load(appetite)
    tables = {
        name: described.conform(read_table(path))
        for name, path in {"real": real, "synthetic": synthetic, "holdout": holdout}.items()
        if path is not None
    }
    found = validate(
        tables["real"], tables["synthetic"], described, tables.get("holdout"),
        metrics=metrics, seed=seed, cores=cores, progress=not (quiet or as_json),
    )  # fmt: skip
    verdict = decide(found, limits)
    kept = [m for m in found.as_json() if group is None or m["group"] == group]
    page, paper = validation_report(found, verdict, group)
    with whole_folder(out) as folder:
        with whole_file(folder / "metrics.json") as path:
            path.write_text(json.dumps(plain(kept), indent=1, allow_nan=False))
        with whole_file(folder / "report.html") as path:
            path.write_text(page, encoding="utf-8")
        with whole_file(folder / "report.pdf") as path:
            path.write_bytes(paper)
        with whole_file(folder / "verdict.json") as path:
            path.write_text(json.dumps(verdict.as_dict(), indent=1))
    answer(f"{found.heading}\n{as_text(_shown(kept))}\n{verdict}\nWritten to {out}",
           {"metrics": kept, "verdict": verdict.as_dict(), "folder": str(out)},
           as_json, quiet)  # fmt: skip
    refuse_if_refused(verdict, "table", out / "report.html")


def refuse_if_refused(verdict: Verdict, what: str, report: Path) -> None:
    """Leave with 5 where the verdict on a table, or on a cohort, is to refuse.

    Raises
    ------
    GateFailed
        With the reasons, and where the report is.
    """
    if verdict.verdict == "refuse":
        raise GateFailed(
            f"This {what} must not be released: {'; '.join(verdict.reasons)}.",
            "No training patient recognised or reproduced beyond chance.",
            f"Read {report}; fit with a smaller epsilon, or another generator.",
        )


def _shown(kept: list[dict[str, Any]]) -> pd.DataFrame:
    """The metrics as people read them: value, interval, floor, ceiling."""

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    return pd.DataFrame(
        [
            {
                "group": metric["group"],
                "metric": metric["name"],
                "value": number(metric["value"]),
                "95% interval": f"{number(metric['low'])} to {number(metric['high'])}",
                "floor": number(metric["floor"]),
                "ceiling": number(metric["ceiling"]),
                "goal": metric["goal"],
            }
            for metric in kept
        ]
    )
