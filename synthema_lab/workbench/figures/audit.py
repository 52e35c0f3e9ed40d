"""Do an attacker's errors stay where the stated epsilon keeps them?"""

from __future__ import annotations

import numpy as np

from synthema_lab.validation import Audit

from .style import (
    BLUE,
    GREY,
    LIGHT,
    VERMILION,
    Plot,
    canvas,
    house_style,
    light_grid,
    series,
    wrapped,
)


def audit(found: Audit) -> Plot:
    """Trade-off between false alarms and misses, with what the stated epsilon forbids.

    Parameters
    ----------
    found : Audit
        Of `synthema_lab.validation.audit_epsilon` or `audit_marginal`.
    """
    curve = found.curve
    rates = np.r_[0.0, np.geomspace(1e-4, 1.0, 200)]
    least = np.maximum.reduce(
        [
            np.zeros(len(rates)),
            1 - found.delta - np.exp(found.stated) * rates,
            np.exp(-found.stated) * (1 - found.delta - rates),
        ]
    )
    with house_style():
        figure, (panel,) = canvas(4.7)
        panel.fill_between(
            rates, 0, least, color=LIGHT, linewidth=0,
            label=wrapped(
                f"forbidden by epsilon {found.stated:.2f} and delta {found.delta:g}", 30
            ),
        )  # fmt: skip
        panel.plot([0, 1], [1, 0], color=GREY, linewidth=1.2, label="guessing")
        style = series(0)
        panel.step(
            curve["false_positive_rate"], curve["false_negative_rate"], where="post",
            color=VERMILION if found.refuted else BLUE, linestyle=style["linestyle"],
            label=wrapped("the attacker who knows all others", 30),
        )  # fmt: skip
        panel.set_xlim(0, 1)
        panel.set_ylim(0, 1)
        panel.set_xlabel("False alarms: said to be there, and was not")
        panel.set_ylabel("Misses: was there, and was not named")
        light_grid(panel)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:.0%}")
        panel.legend(loc="upper right", labelspacing=0.8)  # nobody does worse than guessing
    word = "refuted" if found.refuted else "not refuted"
    caption = (
        f"{found.worlds} runs of the measurement with one patient unlike all others, and as many "
        f"without. At a stated epsilon of {found.stated:.2f} and delta of {found.delta:g} the "
        f"curve cannot lie in the grey corner. Lower bounds at {found.level:.0%} confidence: "
        f"{found.bound:.2f} without an assumption, {found.bound_by_shape:.2f} if the noise is "
        f"Gaussian; so many runs could show {found.largest:.2f}. The statement is {word}."
    )
    middle = curve.iloc[(curve["false_positive_rate"] - 0.1).abs().idxmin()]
    alt = (
        f"Trade-off curve of false alarms and misses. At {middle['false_positive_rate']:.0%} false "
        f"alarms the attacker misses {middle['false_negative_rate']:.0%}; guessing would miss "
        f"{1 - middle['false_positive_rate']:.0%}. The stated epsilon is {word}."
    )
    return Plot(figure, curve, caption, alt)
