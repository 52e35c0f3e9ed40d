"""What does a table suggest that no single cell proves?

Each module looks for one family of mistakes that hospital exports really hold, and
says so by name. None prints a value: rows and counts only.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import TYPE_CHECKING

from synthema_lab.dictionary.suspicions.copies import repeated_rows
from synthema_lab.dictionary.suspicions.dates import years_ahead
from synthema_lab.dictionary.suspicions.identity import direct_identifiers
from synthema_lab.dictionary.suspicions.swaps import swapped_columns
from synthema_lab.dictionary.suspicions.units import units_mixed_up

if TYPE_CHECKING:
    from synthema_lab.dictionary.cells import Cells
    from synthema_lab.dictionary.dictionary import DataDictionary
    from synthema_lab.dictionary.findings import Finding


def suspicions(dictionary: DataDictionary, cells: Cells, today: datetime.date) -> Iterator[Finding]:
    """All that the table as a whole suggests, as findings.

    Parameters
    ----------
    dictionary : DataDictionary
    cells : Cells
        At least one row.
    today : datetime.date
        What counts as the future lies behind it.
    """
    mixed, findings = swapped_columns(cells)
    yield from findings
    # A column in the wrong place is not in the wrong unit besides.
    yield from units_mixed_up(cells, but=mixed)
    yield from years_ahead(cells, today)
    yield from direct_identifiers(dictionary, cells)
    yield from repeated_rows(dictionary, cells)
