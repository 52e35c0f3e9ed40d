"""How is the progress of a study shown in a terminal or a notebook?"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tqdm import tqdm

from .progress import Progress

_REFRESH = 0.25
_FORMAT = "{bar:20} {n_fmt}/{total_fmt} {desc} [{elapsed}]"


class ShownProgress:
    """A bar over the rounds of a study, and what follows them.

    Parameters
    ----------
    bar : tqdm
    """

    def __init__(self, bar: tqdm) -> None:
        self._bar, self._last = bar, -_REFRESH

    def __call__(self, moment: Progress) -> None:
        """Show a moment of the rounds; to be given to a `Conductor` as `told`."""
        over = moment.opened >= moment.openings
        self._bar.total, self._bar.desc = moment.openings, str(moment)
        self._show(moment.opened, moment.opened != self._bar.n, not over)

    def after(self, share: float) -> None:
        """Show how much is done of what follows the rounds, from 0 to 1."""
        self._bar.desc = f"all rounds done, making the result: {share:.0%}"
        self._show(self._bar.n, False, True)

    def _show(self, opened: int, now: bool, soon: bool) -> None:
        moment = time.monotonic()
        if now or (soon and moment - self._last >= _REFRESH):
            self._bar.n, self._last = opened, moment
            self._bar.refresh()


@contextmanager
def progress_bar(shown: bool = True) -> Iterator[ShownProgress]:
    """A bar over the rounds of a study.

    Parameters
    ----------
    shown : bool
        False for none; there is none either where ``TQDM_DISABLE`` is set.

    Yields
    ------
    ShownProgress

    Examples
    --------
    >>> with progress_bar(shown=False) as told:
    ...     told(Progress(1, 12))
    """
    hidden = not shown or bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(total=1, bar_format=_FORMAT, disable=hidden) as bar:
        yield ShownProgress(bar)
