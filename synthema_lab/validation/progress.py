"""How far has a long comparison come?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int, str], None]


@contextmanager
def progress_of(progress: Progress | bool | None) -> Iterator[Progress]:
    """Turn what a caller gave into a function of (done, total, label).

    Parameters
    ----------
    progress : callable, bool or None
        A callable is called; True shows a bar; None and False show nothing.

    Examples
    --------
    >>> with progress_of(lambda done, total, label: print(done, total, label)) as say:
    ...     say(1, 2, "Kaplan-Meier gap")
    1 2 Kaplan-Meier gap
    """
    if callable(progress):
        yield progress
    elif progress:
        from tqdm import tqdm

        with tqdm(total=None, unit="metric", leave=False) as bar:

            def show(done: int, total: int, label: str) -> None:
                bar.total, bar.n = total, done
                bar.set_description(label, refresh=False)
                bar.refresh()

            yield show
    else:
        yield lambda done, total, label: None
