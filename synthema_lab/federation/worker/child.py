"""What runs in a worker's process?

Started by its path, not as a module, so that nothing is imported before the
process has confined itself. It answers calls on the pipes that it was started
with; whatever is printed goes into the site's log.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys


def main() -> None:
    """Confine this process, then answer calls until the pipe closes."""
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    allowed = json.loads(sys.argv[1])
    kernel = _by_path("kernel")
    how = kernel.confine(allowed["readable"], allowed["writable"])
    from synthema_lab.federation.worker.answering import answer_calls

    kernel.watch(allowed["readable"], allowed["writable"])
    answer_calls(calls, answers, how)


def _by_path(name: str) -> object:
    place = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"_{name}", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
