"""Which risk sets may be opened, so that their differences show no patient?

The difference of two consecutive risk sets is a sum over the patients who left
in between; the last risk set is a sum over those who were left. Opened at
several coefficients, such sums are equations for those patients' covariates.
So intervals of the public grid are merged until every group

- holds at least the smallest cell of events, and
- is left by at least the smallest cell of patients, and by so many that all
  numbers opened about them, at every step that Newton's method may take, are
  fewer than their covariate values, so that no group can be solved for its
  patients by as many equations as unknowns.

That looks at one fit, and only at equations in real numbers: covariates that
take few values are whole numbers of patients, for which fewer equations with
many digits suffice. So the sums are rounded as well; see `cox`. Of the patients
who left in an interval, the number of carriers of a mutation can still be read.
Where that is too much, stratify by site. Fits of the same patients on several
grids open smaller differences; keep to one grid.
"""

from __future__ import annotations

import numpy as np

from .unfitted import GroupTooSmall

FEWEST_GROUPS = 2


def merged_intervals(
    events: np.ndarray, left: np.ndarray, columns: int, smallest_cell: int, most: int
) -> np.ndarray:
    """The group of each interval of the grid, from the opened counts.

    Parameters
    ----------
    events, left : numpy.ndarray of int, shape (intervals,)
        Patients with the event in each interval, and those who left in it with or
        without the event; at least as many as there are, or fewer where small
        counts were zeroed.
    columns : int
        Of the design.
    smallest_cell : int
    most : int
        Points that Newton's method may open.

    Returns
    -------
    numpy.ndarray of int, shape (intervals,)
        From 0, not decreasing. A group's time is the end of its last interval.

    Raises
    ------
    GroupTooSmall
        If no two groups are large enough.

    Examples
    --------
    >>> merged_intervals(
    ...     np.array([9, 8, 1, 2, 9]), np.array([30, 30, 15, 10, 40]), 2, smallest_cell=5, most=10
    ... ).tolist()
    [0, 1, 1, 1, 2]
    """
    least = least_leaving(smallest_cell, most)
    while True:
        group = _merged(events, left, smallest_cell, least)
        groups = int(group[-1]) + 1 if group.size else 0
        if groups < FEWEST_GROUPS:
            raise GroupTooSmall(
                f"The grid holds too few patients for {columns} columns: merged until each "
                f"interval is left by {least} patients or more, with {smallest_cell} events "
                f"or more, fewer than {FEWEST_GROUPS} intervals remain.",
                "More patients, or fewer numbers opened about each.",
                'Use strata="site", which opens no risk set, or set max_steps lower.',
            )
        if left.sum() * columns > opened_numbers(groups, columns, most):
            return group
        least += 1


def least_leaving(smallest_cell: int, most: int) -> int:
    """How many patients must leave between two opened risk sets.

    Of each such group at most ``most * (1 + columns)`` numbers are opened, and
    ``2 * most + 1`` patients have more covariate values than that, however many
    columns there are: models with more columns are opened on the same groups.

    Examples
    --------
    >>> least_leaving(smallest_cell=5, most=10), least_leaving(smallest_cell=25, most=10)
    (21, 25)
    """
    return max(smallest_cell, 2 * most + 1)


def opened_numbers(groups: int, columns: int, most: int) -> int:
    """Real numbers that a fit opens at most: S0, S1 and the second moment at each step.

    Examples
    --------
    >>> opened_numbers(groups=20, columns=6, most=5)
    823
    """
    each_step = groups * (1 + columns) + columns * (columns + 1) // 2
    return most * each_step + 3 * columns


def _merged(events: np.ndarray, left: np.ndarray, smallest_cell: int, least: int) -> np.ndarray:
    """Groups from the end of the grid, each closed as soon as it is large enough."""
    starts = []
    seen_events = seen_left = 0
    for interval in range(len(left) - 1, -1, -1):
        seen_events += int(events[interval])
        seen_left += int(left[interval])
        if seen_events >= smallest_cell and seen_left >= least:
            starts.append(interval)
            seen_events = seen_left = 0
    if not starts:
        return np.empty(0, dtype=int)
    starts[-1] = 0  # what is left at the beginning joins the first group
    group = np.zeros(len(left), dtype=int)
    group[sorted(starts)[1:]] = 1
    return np.cumsum(group)
