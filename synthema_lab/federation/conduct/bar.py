"""How is the progress of a study shown in a terminal or a notebook?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from .progress import Progress

_REFRESH = 0.25
_FORMAT = "{bar:20} {n_fmt}/{total_fmt} {desc} [{elapsed}]"


@contextmanager
def progress_bar(shown: bool = True) -> Iterator[Callable[[Progress], None]]:
    """A bar over the rounds of a study.

    Parameters
    ----------
    shown : bool
        False for none; there is none either where ``TQDM_DISABLE`` is set.

    Yields
    ------
    callable
        To be given to a `Conductor` as `told`.

    Examples
    --------
    >>> with progress_bar(shown=False) as told:
    ...     told(Progress(1, 12))
    """
    hidden = not shown or bool(os.environ.get("TQDM_DISABLE"))
    with tqdm(total=1, bar_format=_FORMAT, disable=hidden) as bar:
        last = -_REFRESH

        def told(moment: Progress) -> None:
            nonlocal last
            over, now = moment.opened >= moment.openings, time.monotonic()
            bar.total = moment.openings
            bar.desc = str(moment)
            if moment.opened != bar.n or (now - last >= _REFRESH and not over):
                bar.n, last = moment.opened, now
                bar.refresh()

        yield told
