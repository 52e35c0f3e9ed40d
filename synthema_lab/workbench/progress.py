"""How far is a notebook, or a chain of notebooks?"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, str], None]
"""Called with the number of cells that are done and what is being done."""


@contextmanager
def bar(total: int, wanted: bool = True) -> Iterator[Progress]:
    """A progress bar by cell on the error stream of a terminal; elsewhere nothing.

    Parameters
    ----------
    total : int
        Cells in all.
    wanted : bool

    Yields
    ------
    callable
        ``report(done, what)``.
    """
    if not wanted or not sys.stderr.isatty():
        yield lambda done, what: None
        return
    from tqdm import tqdm

    form = "{desc} {bar} {n_fmt}/{total_fmt} cells, {elapsed}"
    with tqdm(total=total, bar_format=form, dynamic_ncols=True, leave=False) as shown:
        ended = threading.Event()

        def keep_time() -> None:
            while not ended.wait(1.0):
                shown.refresh()

        def report(done: int, what: str) -> None:
            shown.n = done
            shown.set_description_str(f"{what[:44]:<44}")

        ticking = threading.Thread(target=keep_time, daemon=True)
        ticking.start()
        try:
            yield report
        finally:
            ended.set()
            ticking.join()
