"""What has been spent on which data set, and does the budget cover more?

The ledger is a file with one JSON line an entry, each carrying the SHA-256 of
the line before it, so that a changed or removed entry in the middle is
noticed. (A truncated end is noticed only where the head is anchored elsewhere.)
A charge is written before anything is computed, and is never refunded.
"""

from __future__ import annotations

import datetime
import hashlib
import html
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import BudgetExhausted
from ..storage import whole_file
from .accounting import check_budget, epsilon_of
from .events import PrivacyEvent, UnknownEvent, from_record, to_record

_START = "0" * 64


@dataclass(frozen=True)
class Charge:
    """One line of the ledger: what a release cost a data set.

    Attributes
    ----------
    time : str
        UTC, ISO 8601.
    dataset, release, purpose : str
        Which data, which release (its identifier), and what for.
    epsilon : float
        Proven for this release alone, at `delta`.
    events : tuple of SkellamEvent or DpSgdEvent
        Kinds may be mixed; all speak of one patient added or removed.
    """

    time: str
    dataset: str
    release: str
    purpose: str
    epsilon: float
    delta: float
    events: tuple[PrivacyEvent, ...]


class Ledger:
    """The privacy ledger of a custodian.

    Parameters
    ----------
    path : path
        The file; made at the first charge.
    epsilon, delta : float
        Budget for each data set over all releases together.

    Notes
    -----
    A data set is known by the name it is charged under. Who can rename the
    data can start a new account: the ledger is the custodian's book-keeping,
    and enforcement is the custodian's.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from synthema_lab.privacy import SkellamEvent
    >>> ledger = Ledger(pathlib.Path(tempfile.mkdtemp()) / "ledger.jsonl", epsilon=2.0)
    >>> _ = ledger.charge("registry", "r1", [SkellamEvent(100.0)], "first look")
    >>> round(ledger.spent("registry"), 2), round(ledger.remaining("registry"), 2)
    (0.38, 1.62)
    """

    def __init__(
        self, path: str | os.PathLike[str], epsilon: float = 10.0, delta: float = 1e-5
    ) -> None:
        check_budget(epsilon, delta)
        self.path, self.epsilon, self.delta = Path(path), float(epsilon), float(delta)

    def history(self, dataset: str | None = None) -> tuple[Charge, ...]:
        """All charges in order, or those of one data set."""
        charges = tuple(charge for charge, _ in self._lines())
        return tuple(c for c in charges if dataset is None or c.dataset == dataset)

    def seals(self) -> tuple[str, ...]:
        """The hash of every line in order; the last is the head, to be anchored elsewhere.

        Raises
        ------
        BudgetExhausted
            If a line was changed.
        """
        return tuple(seal for _, seal in self._lines())

    def datasets(self) -> tuple[str, ...]:
        """Names of the data sets that were charged, in order of first charge."""
        return tuple(dict.fromkeys(charge.dataset for charge in self.history()))

    def spent(self, dataset: str) -> float:
        """Epsilon proven for everything that was opened from `dataset`, at `delta`."""
        return epsilon_of(
            [event for charge in self.history(dataset) for event in charge.events], self.delta
        )

    def remaining(self, dataset: str) -> float:
        """What is left of the budget; releases compose better than they add up."""
        return max(0.0, self.epsilon - self.spent(dataset))

    def charge(
        self, dataset: str, release: str, events: Sequence[PrivacyEvent], purpose: str
    ) -> Charge:
        """Write one charge, or refuse it.

        Raises
        ------
        BudgetExhausted
            If all releases with this one would exceed the budget; nothing is
            written then, and nothing may be computed.
        """
        return self.charge_all([dataset], release, events, purpose)[0]

    def charge_all(
        self, datasets: Sequence[str], release: str, events: Sequence[PrivacyEvent], purpose: str
    ) -> tuple[Charge, ...]:
        """Charge one release to several data sets: all of them or none."""
        from filelock import FileLock

        self.path.parent.mkdir(parents=True, exist_ok=True)
        datasets = list(dict.fromkeys(datasets))
        with FileLock(f"{self.path}.lock", timeout=60):
            lines = self._lines()
            for dataset in datasets:
                held = [
                    e for charge, _ in lines if charge.dataset == dataset for e in charge.events
                ]
                together = epsilon_of([*held, *events], self.delta)
                if together > self.epsilon * (1 + 1e-9):
                    raise BudgetExhausted(
                        f"The privacy budget of '{dataset}' does not cover this release: "
                        f"spent {epsilon_of(held, self.delta):.2f}, with it {together:.2f}.",
                        f"At most epsilon {self.epsilon:g} at delta {self.delta:g} in all.",
                        "Replay an existing release (no fresh noise), ask for a smaller epsilon, "
                        "or have the custodian raise the budget. See: synthema budget history",
                    )
            previous = lines[-1][1] if lines else _START
            now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
            charges, written = [], []
            for dataset in datasets:
                charge = Charge(
                    now, dataset, release, purpose,
                    epsilon_of(events, self.delta), self.delta, tuple(events),
                )  # fmt: skip
                line, previous = _sealed(charge, previous)
                charges.append(charge)
                written.append(line)
            before = self.path.read_text(encoding="utf-8") if lines else ""
            with whole_file(self.path) as whole:
                whole.write_text(before + "".join(written), encoding="utf-8")
        return tuple(charges)

    def _lines(self) -> list[tuple[Charge, str]]:
        """Every charge with the hash of its line, the chain checked."""
        if not self.path.exists():
            return []
        lines, previous = [], _START
        for number, text in enumerate(self.path.read_text(encoding="utf-8").splitlines(), start=1):
            try:
                record = json.loads(text)
                events = tuple(from_record(event) for event in record["events"])
                charge = Charge(
                    record["time"], record["dataset"], record["release"], record["purpose"],
                    record["epsilon"], record["delta"], events,
                )  # fmt: skip
                sealed, digest = _sealed(charge, previous)
            except UnknownEvent:
                raise BudgetExhausted(
                    f"Line {number} of the privacy ledger is of a kind unknown to this version.",
                    "Kinds of event that this version can add up.",
                    "Update synthema-lab at this site; until then nothing can be charged.",
                ) from None
            except (ValueError, KeyError, TypeError):
                sealed, digest = "", ""
            if sealed.rstrip("\n") != text:
                raise BudgetExhausted(
                    f"Line {number} of the privacy ledger was changed or damaged.",
                    "A chain of entries, each sealed with the hash of the one before.",
                    f"Restore {self.path.name} from a backup; until then nothing can be charged.",
                )
            lines.append((charge, digest))
            previous = digest
        return lines

    def __str__(self) -> str:
        rows = [
            f"Privacy ledger: budget epsilon {self.epsilon:g} at delta {self.delta:g} a data set"
        ]
        for dataset in self.datasets():
            releases = len(self.history(dataset))
            rows.append(
                f"  {dataset}: spent {self.spent(dataset):.2f}, left "
                f"{self.remaining(dataset):.2f} ({releases} release{'s' * (releases != 1)})"
            )
        return "\n".join(rows if len(rows) > 1 else [*rows, "  nothing spent yet"])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{html.escape(dataset)}</th>"
            f"<td>{self.spent(dataset):.2f}</td><td>{self.remaining(dataset):.2f}</td>"
            f"<td><meter min='0' max='{self.epsilon:g}' value='{self.spent(dataset):.3f}'"
            f" aria-label='share of the budget spent'></meter></td>"
            f"<td>{len(self.history(dataset))}</td></tr>"
            for dataset in self.datasets()
        )
        return (
            f"<table><caption style='text-align:left'>Privacy ledger: budget &epsilon; "
            f"{self.epsilon:g} at &delta; {self.delta:g} for each data set</caption>"
            "<thead><tr><th scope='col'>data set</th><th scope='col'>&epsilon; spent</th>"
            "<th scope='col'>&epsilon; left</th><th scope='col'></th>"
            f"<th scope='col'>releases</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def _sealed(charge: Charge, previous: str) -> tuple[str, str]:
    """The line of a charge and its hash."""
    record = {
        "time": charge.time,
        "dataset": charge.dataset,
        "release": charge.release,
        "purpose": charge.purpose,
        "epsilon": charge.epsilon,
        "delta": charge.delta,
        "events": [to_record(event) for event in charge.events],
        "previous": previous,
    }
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    return json.dumps({**record, "hash": digest}, sort_keys=True) + "\n", digest
