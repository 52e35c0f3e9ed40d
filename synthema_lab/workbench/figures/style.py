"""How does every figure look, and what travels with it?

One colour-blind-safe palette (Okabe and Ito 2008) and always a second channel:
a line style, a marker or a hatch. Sizes are chosen to be read at 700 pixels.
Nothing global is changed: settings hold inside `house_style` alone, and
figures are made without pyplot, so that no window or backend is needed.
"""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from synthema_lab.errors import ArgumentRefused

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from synthema_lab.validation import Validation

BLACK, GREY, LIGHT = "#000000", "#6E6E6E", "#D9D9D9"
ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"

SERIES = (
    {"color": BLUE, "linestyle": (0, (6, 2)), "marker": "o"},
    {"color": VERMILION, "linestyle": (0, (1, 1.5)), "marker": "s"},
    {"color": GREEN, "linestyle": (0, (6, 2, 1, 2)), "marker": "X"},
    {"color": PURPLE, "linestyle": (0, (3, 1, 1, 1, 1, 1)), "marker": "P"},
    {"color": ORANGE, "linestyle": (0, (10, 2)), "marker": "h"},
)
FILLS = (BLUE, ORANGE, GREEN, SKY, PURPLE, VERMILION, YELLOW)
HATCHES = ("", "///", "...", "xxx", "\\\\\\", "---", "ooo")

SETTINGS = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": "#E5E5E5",
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
    "hatch.linewidth": 0.6,
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "savefig.dpi": 200,
    "svg.hashsalt": "synthema",
}
WIDTH = 7.0


@dataclass(frozen=True)
class Plot:
    """A figure with all that must travel with it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    data : DataFrame
        The numbers drawn, tidy.
    caption : str
        What is shown, from what, and how to read it.
    alt : str
        What is seen, for who cannot see it; computed from the data.
    """

    figure: Figure = field(repr=False)
    data: pd.DataFrame = field(repr=False)
    caption: str
    alt: str

    def png(self) -> bytes:
        """The picture as PNG, the same bytes for the same numbers."""
        stream = io.BytesIO()
        with house_style():
            self.figure.savefig(stream, format="png", metadata={"Software": None})
        return stream.getvalue()

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self.png()).decode("ascii")
        return (
            f'<figure style="max-width:700px"><img src="data:image/png;base64,{picture}" '
            f'alt="{escape(self.alt, quote=True)}" style="width:100%">'
            f"<figcaption>{escape(self.caption)}</figcaption></figure>"
        )


@contextmanager
def house_style() -> Iterator[None]:
    """Settings of the house, inside this block alone."""
    import matplotlib

    with matplotlib.rc_context(SETTINGS):
        yield


def canvas(height: float, rows: int = 1, columns: int = 1, **grid: object) -> tuple[Figure, list]:
    """A figure seven inches wide and its axes, in reading order.

    Parameters
    ----------
    height : float
        In inches.
    rows, columns : int
    **grid
        Passed to ``Figure.subplots``.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **grid)
    return figure, list(axes.ravel())


def drawable(
    found: pd.DataFrame, columns: Sequence[str], what: str, row: str, source: str,
    whole: bool = True,
) -> pd.DataFrame:  # fmt: skip
    """The columns that a figure draws, or a refusal of another table.

    Parameters
    ----------
    found : pandas.DataFrame
    columns : sequence of str
    what, row : str
        What such a table holds, and what a row of it is.
    source : str
        The call that makes one.
    whole : bool
        Whether all else that the figure needs is there.

    Raises
    ------
    ArgumentRefused

    Examples
    --------
    >>> drawable(pd.DataFrame({"a": [1], "b": [2]}), ["b"], "bees", "bee", "bees()").values.tolist()
    [[2]]
    """
    if not set(columns) <= set(found.columns) or found.empty or not whole:
        raise ArgumentRefused(
            f"This is no table of {what}.",
            f"One row a {row}, with the columns {', '.join(columns)}.",
            f"Take the table of lab.overviews.{source}.",
        )
    return found[list(columns)].reset_index(drop=True)


def named(validations: Validation | Mapping[str, Validation]) -> dict[str, Validation]:
    """Several tables by name; one table is called "synthetic"."""
    if isinstance(validations, Mapping):
        return dict(validations)
    return {"synthetic": validations}


def series(number: int) -> dict[str, object]:
    """Colour, line style and marker of the n-th synthetic table."""
    return dict(SERIES[number % len(SERIES)])


def beside_real(tables: Iterable[str]) -> dict[str, dict[str, object]]:
    """Colour and marker of real patients, a black diamond, and then of each synthetic table."""
    looks = {name: series(number) for number, name in enumerate(tables)}
    return {"real": {"color": BLACK, "marker": "D"}} | {
        name: {part: look[part] for part in ("color", "marker")} for name, look in looks.items()
    }


def wrapped(text: str, width: int) -> str:
    """The text with line breaks, at most `width` characters a line."""
    return "\n".join(textwrap.wrap(str(text), width)) or str(text)


def light_grid(axes: Axes, axis: str = "both") -> None:
    """Faint lines behind the data."""
    axes.grid(True, axis=axis, linewidth=0.8)


def at_time(time: float, unit: str) -> str:
    """A time for a sentence.

    Examples
    --------
    >>> at_time(912.5, "days"), at_time(2.5, "years")
    ('912 days', '2.5 years')
    """
    return f"{time:.0f} {unit}".rstrip() if time >= 10 else f"{time:.2g} {unit}".rstrip()


def listed(parts: list[str]) -> str:
    """Words joined as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
