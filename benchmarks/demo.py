"""How long does each stage of the demo take, and how much memory?"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .machine import described

LIMITS = {"demo (s)": 300.0, "memory (GB)": 4.0, "import synthema_lab (s)": 0.5}


def import_seconds() -> float:
    """Median over five fresh interpreters, less the start of the interpreter."""

    def median(code: str) -> float:
        taken = []
        for _ in range(5):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True)
            taken.append(time.perf_counter() - started)
        return sorted(taken)[2]

    return max(0.0, median("import synthema_lab") - median("pass"))


def run() -> str:
    """Run the demo in an empty workspace and return the table."""
    with tempfile.TemporaryDirectory() as workspace:
        environment = {**os.environ, "SYNTHEMA_RUNS": str(Path(workspace) / "runs")}
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", "from synthema_lab.cli import main; main(['demo', '--json'])"],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        whole = time.perf_counter() - started
    stages = json.loads(done.stdout)["seconds"]
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    measured = {
        "demo (s)": whole,
        "memory (GB)": memory,
        "import synthema_lab (s)": import_seconds(),
    }
    lines = [f"  {name:<28}{seconds:8.1f} s" for name, seconds in stages.items()]
    lines += [
        f"  {name:<28}{value:8.2f}   limit {LIMITS[name]:g}" for name, value in measured.items()
    ]
    return "\n".join(
        ["The demo, stage by stage, in an empty workspace (memory of the largest process)",
         *lines, described(("numpy", "pandas", "papermill"))]
    )  # fmt: skip
