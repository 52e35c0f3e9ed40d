"""Can an attacker do better than chance? ROC curves where false alarms are rare."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthema_lab.errors import ArgumentRefused
from synthema_lab.validation import Validation

from .style import GREY, LIGHT, Plot, canvas, house_style, light_grid, named, series

SAID = {
    "nearest": "nearest synthetic row",
    "nearest_calibrated": "nearest row, calibrated",
    "density_ratio": "density ratio",
    "exact_values": "exact rare values",
}


def attack_roc(validations: Validation | Mapping[str, Validation]) -> Plot:
    """Membership attacks on log axes, with chance and the 1% line.

    One table shows each attack; several tables show the strongest attack on
    each.

    Raises
    ------
    ArgumentRefused
        When no attack was run, for want of held-out patients.
    """
    tables = named(validations)
    for validation in tables.values():
        if "attack_roc" not in validation.curves:
            raise ArgumentRefused(
                "No attack was run on this table.",
                "A validation made with held-out patients.",
                "Use validate(real, synthetic, dictionary, holdout=holdout).",
            )
    data, best = _lines(tables)
    first = next(iter(tables.values()))
    lowest = 0.5 / first.real_rows
    resolved = 1 / first.holdout_rows
    with house_style():
        figure, (panel,) = canvas(5.9)
        few = f"cannot be told from {first.holdout_rows} others"
        panel.axvspan(1e-4, resolved, color=LIGHT, alpha=0.5, linewidth=0, label=few)
        rates = np.geomspace(1e-3, 1, 50)
        panel.plot(rates, rates, color=GREY, linewidth=1.2, label="chance")
        panel.axvline(0.01, color=GREY, linewidth=1, linestyle=(0, (2, 2)))
        panel.annotate(
            _at_one_percent(tables),
            (0.01, 0.02),
            xycoords=panel.get_xaxis_transform(),
            xytext=(5, 0),
            textcoords="offset points",
            va="bottom",
            color=GREY,
            fontsize=10,
            bbox={"facecolor": "white", "alpha": 0.8, "linewidth": 0, "pad": 2},
            zorder=5,
        )
        for number, (line, part) in enumerate(data.groupby("line", sort=False)):
            style = series(number)
            part = part[part["false_positive_rate"] > 0]
            panel.step(
                part["false_positive_rate"],
                part["true_positive_rate"].clip(lower=lowest),
                where="post",
                color=style["color"],
                linestyle=style["linestyle"],
                marker=style["marker"],
                markersize=5,
                markevery=(3 * number, 10),
                label=line,
            )
            if line in best:
                panel.fill_between(
                    part["false_positive_rate"],
                    part["low"].clip(lower=lowest),
                    part["high"].clip(lower=lowest),
                    step="post",
                    color=style["color"],
                    alpha=0.15,
                    linewidth=0,
                )
        panel.set_xscale("log")
        panel.set_yscale("log")
        panel.set_xlim(1e-3, 1)
        panel.set_ylim(lowest, 1.1)
        for axis in (panel.xaxis, panel.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value * 100:g}%")
        panel.set_xlabel("Non-members wrongly named (log scale)")
        panel.set_ylabel("Members named (log scale)")
        light_grid(panel)
        handles, labels = panel.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda place: labels[place] in ("chance", few))
        figure.legend(
            [handles[place] for place in order],
            [labels[place] for place in order],
            loc="outside upper left",
            ncols=2,
        )
    return Plot(figure, data, _caption(tables, lowest), _alt(tables))


def _at_one_percent(tables: Mapping[str, Validation]) -> str:
    """What is read where the dotted line stands; for several tables its name alone."""
    if len(tables) > 1:
        return "1% false alarms"
    found = next(iter(tables.values()))["membership_tpr"]
    return (
        f"at 1% false alarms the strongest attack\nnames {found.value:.1%} of members "
        f"({found.low:.1%} to {found.high:.1%})"
    )


def _lines(tables: Mapping[str, Validation]) -> tuple[pd.DataFrame, set[str]]:
    parts, best = [], set()
    for name, validation in tables.items():
        attacks, roc = validation.curves["attacks"], validation.curves["attack_roc"]
        strongest = attacks.loc[attacks["tpr"].idxmax(), "attack"]
        for attack in attacks["attack"]:
            if len(tables) > 1 and attack != strongest:
                continue
            line = (
                SAID.get(attack, attack)
                if len(tables) == 1
                else f"{name}: {SAID.get(attack, attack)}"
            )
            if attack == strongest:
                best.add(line)
            parts.append(roc[roc["attack"] == attack].assign(table=name, line=line))
    return pd.concat(parts, ignore_index=True), best


def _caption(tables: Mapping[str, Validation], lowest: float) -> str:
    text = (
        "Membership inference: training patients named against others wrongly named, both on log "
        "axes. Up and to the left means leakage; the solid grey line is the chance of one attack, "
        "and the strongest of several lies somewhat above it even when nothing leaks. The coloured "
        "band is the 95% bootstrap interval of the strongest attack. A curve at the lower edge has "
        f"found no member (drawn at {lowest:.2%})."
    )
    return text if len(tables) == 1 else text + " For each table the strongest attack is drawn."


def _alt(tables: Mapping[str, Validation]) -> str:
    said = []
    for name, validation in tables.items():
        tpr, auc = validation["membership_tpr"], validation["membership_auc"]
        inside = "contains" if tpr.low <= tpr.ceiling <= tpr.high else "does not contain"
        said.append(
            f"{name}: at 1% false alarms the strongest attack names {tpr.value:.1%} of members "
            f"(95% {tpr.low:.1%} to {tpr.high:.1%}), an interval that {inside} the chance level "
            f"of {tpr.ceiling:.1%}; largest area under the curve {auc.value:.2f}"
        )
    return "ROC curves of membership attacks on log axes. " + ". ".join(said) + "."
