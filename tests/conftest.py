"""Which tests start first where several processes share them?"""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order files, and classes of a file, by the seconds of their mark, then by their tests.

    What takes longest and comes last keeps one process busy while the others wait. Inside
    a file or a class the order stays; so does that of a run in one process.
    """
    if not hasattr(config, "workerinput"):
        return
    scopes = {item: item.nodeid.rpartition("::")[0] for item in items}
    tests, seconds = Counter(scopes.values()), Counter()
    for item, scope in scopes.items():
        for mark in item.iter_markers("slow"):
            seconds[scope] = max(seconds[scope], *mark.args, 10)
    ranks = sorted(tests, key=lambda scope: (-seconds[scope], -tests[scope]))
    rank = {scope: place for place, scope in enumerate(ranks)}
    items.sort(key=lambda item: rank[scopes[item]])
