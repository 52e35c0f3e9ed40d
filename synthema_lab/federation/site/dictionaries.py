"""Which data dictionary does the site hold for a cohort?"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from ...dictionary import DataDictionary
from ...dictionary.load import find
from ...errors import LabError


def held(name: str) -> DataDictionary | None:
    """The dictionary of a file or a name, read again only where the file has changed.

    Parameters
    ----------
    name : str
        A file, or a name such as ``leuksurv``.

    Returns
    -------
    DataDictionary or None
        None where there is none, or none that can be used.

    Examples
    --------
    >>> held("leuksurv").name, held("nothing of the kind")
    ('leuksurv', None)
    """
    try:
        path = find(name)
        state = path.stat()
        return _loaded(path.resolve(), state.st_mtime_ns, state.st_size)
    except (LabError, OSError):
        return None


@lru_cache(maxsize=32)
def _loaded(path: Path, changed: int, size: int) -> DataDictionary:
    return DataDictionary.load(path)
