"""How do two tools' figures stand beside each other, and do both find what matters?"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from synthema_lab.validation.metric import Estimate

from .attacked_tables import COPY, FLOOR, HALF

ATTACKS = {
    "singling out": "singling_out_gain",
    "linkability": "linkability_gain",
    "attribute inference": "attribute_inference_gain",
}
ALONE = {
    "singling out, sizes as they are": "singling out",
    "singling out, nobody learnt from": "singling out",
    "linkability, gaps as they are": "linkability",
}
"""What the peer alone does once more, without what makes it comparable with ours."""
GENERATED = {"trees": ("trees", None), "marginal, eps 3": ("marginal", 3.0)}
TABLES = (COPY, HALF, *GENERATED, FLOOR)


def ours(found: Estimate, seconds: float) -> dict[str, object]:
    """A measure as a row, with its gain as a share of what others leave.

    Success on others is in the note of an attack on records. What singles out is a share
    already, of what a copy would gain, and its rates stand beside the clearest predicates.
    """
    others = re.search(r"([\d.]+) for others", found.note)
    rate = float(others[1]) if others else float("nan")
    gain, share = found.value, found.value / max(1 - rate, 1e-9)
    if "singling_out" in found.curves:
        table = found.curves["singling_out"]
        row = table.loc[(table["gain"] - found.value).abs().idxmin()]
        gain, share = float(row["members"] - row["others"]), found.value
    # A rate has a chance above 0; a gain has none.
    chance = found.chance if "attack_roc" in found.curves else 0.0
    return {
        "tool": "ours", "gain": gain, "share": share, "low": found.low, "high": found.high,
        "found": bool(found.low > max(0.0, chance)), "seconds": seconds, "mode": "",
    }  # fmt: skip


def theirs(modes: Sequence[Mapping]) -> dict[str, object]:
    """The clearest of the peer's modes: gain, and as its risk what others leave of it.

    Examples
    --------
    >>> found = theirs([{"mode": "one", "members": 0.6, "others": 0.2, "risk": 0.5,
    ...                  "error": 0.1, "seconds": 2.0}])
    >>> round(found["gain"], 3), found["share"], found["low"], found["found"]
    (0.4, 0.5, 0.4, True)
    """
    rows = [row for row in modes if "failed" not in row]
    if not rows:
        nothing = dict.fromkeys(("gain", "share", "low", "high", "seconds"), float("nan"))
        return {"tool": "theirs", **nothing, "found": False, "mode": "none"}
    best = max(rows, key=lambda row: row["risk"] / row["error"])
    low, high = best["risk"] - best["error"], min(1.0, best["risk"] + best["error"])
    return {
        "tool": "theirs", "gain": best["members"] - best["others"], "share": best["risk"],
        "low": low, "high": high, "found": low > 0,
        "seconds": sum(row["seconds"] for row in rows), "mode": best["mode"],
    }  # fmt: skip


def cohort_lines(rows: pd.DataFrame, title: str) -> list[str]:
    """The figures of one cohort, medians over its seeds, and where the tools agree.

    Parameters
    ----------
    rows : pandas.DataFrame
        One row a table, attack, seed and tool, as `ours` and `theirs` make them.
    title : str
    """
    head = f"{'gain':>7}{'share':>7}{'95%':>16}{'found':>7}{'s':>6}"
    lines = [title, f"  {'':<18}{'ours':<43}  theirs", f"  {'':<18}{head}  {head}"]
    lines += [f"  {'':<18}{'(of gain)':>30}{'':>13}  {'(of share)':>30}"]
    for attack in (*ATTACKS, "membership"):
        lines.append(f"  {attack}")
        for label in TABLES:
            lines.append(f"    {label:<16}" + "  ".join(_cells(rows, attack, label)))
    for again, attack in ALONE.items():
        lines.append(f"  {again}: theirs")
        for label in TABLES:
            blank = " " * len(_cells(rows, attack, label)[0])
            lines.append(f"    {label:<16}{blank}  {_cells(rows, again, label)[-1]}")
    lines.append("  do both find what matters")
    return [line.rstrip() for line in (*lines, *(_agreement(rows, one) for one in ATTACKS))]


def _cells(rows: pd.DataFrame, attack: str, label: str) -> list[str]:
    cells = []
    for tool in ("ours", "theirs"):
        some = rows[(rows["attack"] == attack) & (rows["table"] == label) & (rows["tool"] == tool)]
        if some.empty:
            continue
        middle = some[["gain", "share", "low", "high", "seconds"]].median()
        share = "-" if np.isnan(middle["share"]) else f"{middle['share']:.3f}"
        interval = f"{middle['low']:.2f} to {middle['high']:.2f}"
        seen = f"{int(some['found'].sum())}/{len(some)}"
        cells.append(
            f"{middle['gain']:>7.3f}{share:>7}{interval:>16}{seen:>7}{middle['seconds']:>6.1f}"
        )
    return cells


def _agreement(rows: pd.DataFrame, attack: str) -> str:
    """Copies found by both, the floor by how often either, and the order of the tables."""
    some = rows[rows["attack"] == attack]
    seen = some.groupby(["table", "tool"])["found"].agg(["sum", "size"])
    told = []
    for label in (COPY, HALF):
        both = all(seen.loc[(label, tool), "sum"] == seen.loc[(label, tool), "size"]
                   for tool in ("ours", "theirs"))  # fmt: skip
        told.append(f"{label} {'yes' if both else 'NO'}")
    alarms = [seen.loc[(FLOOR, tool)] for tool in ("ours", "theirs")]
    told.append("floor " + " and ".join(f"{one['sum']}/{one['size']}" for one in alarms))
    order = some.groupby(["table", "tool"])["share"].median().unstack().rank()
    # Of the places, the plain correlation is Spearman's.
    together = order["ours"].corr(order["theirs"])
    told.append(f"order of {len(order)} tables {together:+.2f}")
    return f"    {attack:<20} {'; '.join(told)}"
