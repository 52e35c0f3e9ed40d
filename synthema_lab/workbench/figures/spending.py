"""What does a budget look like as it is spent, and what does an epsilon allow?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.privacy import Ledger, epsilon_of

from .style import BLUE, GREY, VERMILION, Plot, canvas, house_style, light_grid

_FALSE_ALARMS = np.logspace(-4, 0, 200)


def spending(ledger: Ledger, dataset: str) -> Plot:
    """The releases from one table: added up, and composed as the ledger counts them.

    Parameters
    ----------
    ledger : Ledger
        Of a site.
    dataset : str

    Raises
    ------
    ArgumentRefused
        If nothing was charged.
    """
    charges = ledger.history(dataset)
    if not charges:
        raise ArgumentRefused(
            f"Nothing has been charged for {dataset}.", "A ledger with at least one release.",
            "Run a study first.",
        )  # fmt: skip
    events = [[event for charge in charges[: n + 1] for event in charge.events]
              for n in range(len(charges))]  # fmt: skip
    data = pd.DataFrame({
        "release": [f"{n + 1}" for n in range(len(charges))],
        "added up": np.cumsum([charge.epsilon for charge in charges]),
        "composed": [epsilon_of(one, ledger.delta) for one in events],
    }).round(4)  # fmt: skip
    with house_style():
        figure, (panel,) = canvas(3.0)
        at = np.arange(len(data))
        panel.plot(at, data["added up"], "s--", color=GREY, label="epsilons added up")
        panel.plot(at, data["composed"], "o-", color=BLUE, label="spent, as the ledger counts")
        panel.axhline(ledger.epsilon, color=VERMILION, linewidth=2, label="budget of this table")
        panel.set_xticks(at, data["release"])
        panel.set_xlabel("Release")
        panel.set_ylabel("Epsilon")
        panel.set_ylim(0, 1.15 * max(ledger.epsilon, data["added up"].max()))
        light_grid(panel, "y")
        figure.legend(loc="outside upper left", ncols=3)
    left = ledger.remaining(dataset)
    caption = (
        f"Epsilon spent on {dataset} at one site after each release, at delta {ledger.delta:g}. "
        "Releases from the same patients compose to less than the sum of their epsilons; the "
        f"ledger counts what is proven for all of them together. {left:.2f} of "
        f"{ledger.epsilon:g} is left."
    )
    alt = (
        f"{len(data)} releases. Added up {data['added up'].iloc[-1]:.2f}, composed "
        f"{data['composed'].iloc[-1]:.2f}, against a budget of {ledger.epsilon:g}."
    )
    return Plot(figure, data, caption, alt)


def what_epsilon_allows(*epsilons: float, delta: float = 1e-5) -> Plot:
    """The best that any attack can do under a budget: members found against false alarms.

    Parameters
    ----------
    *epsilons : float
    delta : float

    Notes
    -----
    Of an attack that calls a share f of non-members members, the share t of
    members that it finds is at most ``min(exp(eps) f + delta,
    1 - exp(-eps) (1 - delta - f))`` (Kairouz, Oh and Viswanath 2015).
    """
    rows = [
        {"epsilon": epsilon, "false alarms": false, "found": most_found(epsilon, false, delta)}
        for epsilon in epsilons
        for false in _FALSE_ALARMS
    ]
    data = pd.DataFrame(rows).round(6)
    colours = (BLUE, VERMILION, GREY)
    with house_style():
        figure, (panel,) = canvas(3.2)
        for number, epsilon in enumerate(epsilons):
            one = data[data["epsilon"] == epsilon]
            panel.plot(
                one["false alarms"], one["found"], color=colours[number % 3],
                linestyle=("-", "--", ":")[number % 3], label=f"epsilon {epsilon:g}",
            )  # fmt: skip
        panel.plot(_FALSE_ALARMS, _FALSE_ALARMS, color="black", linewidth=1, label="guessing")
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_ylim(1e-4, 1.2)
        panel.set_xlabel("Non-members taken for members (share)")
        panel.set_ylabel("Members found (share), at most")
        light_grid(panel, "both")
        figure.legend(loc="outside upper left", ncols=4)
    told = "; ".join(f"{most_found(e, 0.01, delta):.0%} at epsilon {e:g}" for e in epsilons)
    caption = (
        "The most that any attack on a release can achieve, whatever it knows and however it "
        f"computes, at delta {delta:g}. With one false alarm in a hundred it finds at most {told} "
        "of those who are in the data. Attacks that were run lie far below; this is the promise."
    )
    alt = f"Curves above the diagonal of guessing. At a false alarm rate of 0.01: {told}."
    return Plot(figure, data, caption, alt)


def most_found(epsilon: float, false_alarms: float, delta: float) -> float:
    """The largest share of members that any attack finds.

    Examples
    --------
    >>> round(most_found(0.0, 0.01, 0.0), 3), most_found(50.0, 0.01, 1e-5)
    (0.01, 1.0)
    """
    low = np.exp(epsilon) * false_alarms + delta
    high = 1 - np.exp(-epsilon) * (1 - delta - false_alarms)
    return float(min(1.0, low, high))
