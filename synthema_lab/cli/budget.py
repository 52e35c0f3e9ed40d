"""What has been spent of the privacy budget?"""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from .output import answer, answering, as_text

_LEDGER = click.option("--ledger", "ledger_file", type=click.Path(path_type=Path),
                       help="A ledger file instead of the workspace's.")  # fmt: skip
_BUDGET = click.option("--budget", type=float, default=20.0, show_default=True,
                       help="Epsilon that each data set may spend in all.")  # fmt: skip


@click.group("budget")
def budget_command() -> None:
    """Show what has been spent of the privacy budget."""


def _ledger(ledger_file: Path | None, budget: float):
    from ..privacy import Ledger
    from ..workbench.fitting import ledger

    return ledger(budget) if ledger_file is None else Ledger(ledger_file, budget)


@budget_command.command("show")
@_LEDGER
@_BUDGET
@answering
def show(ledger_file: Path | None, budget: float, as_json: bool, quiet: bool) -> None:
    """Epsilon spent and left, one line a data set."""
    ledger = _ledger(ledger_file, budget)
    record = {
        name: {"spent": ledger.spent(name), "left": ledger.remaining(name), "delta": ledger.delta}
        for name in ledger.datasets()
    }
    answer(str(ledger), record, as_json, quiet)


@budget_command.command("history")
@_LEDGER
@answering
def history(ledger_file: Path | None, as_json: bool, quiet: bool) -> None:
    """Every charge, oldest first."""
    charges = pd.DataFrame(
        [
            {
                "time": charge.time,
                "data set": charge.dataset,
                "release": charge.release,
                "epsilon": round(charge.epsilon, 3),
                "delta": charge.delta,
                "purpose": charge.purpose,
            }
            for charge in _ledger(ledger_file, 20.0).history()
        ]
    )
    text = as_text(charges) if len(charges) else "Nothing has been charged."
    answer(text, charges, as_json, quiet)
