"""How are the executed runs that are committed made again?

``make reference`` runs the demo of each cohort in its smoke preset, then the
notebooks that take too long for a demo, and replaces
``reports/reference/<cohort>``. Opened sums that are committed there are
replayed, so that the numbers move only where code or parameters did; what is
new is drawn freshly, in a workspace that is thrown away. The table of
headlines in the README is written from the result.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd

from ..storage import whole_file
from .demo import CHAINS, run_demo
from .fingerprints import RESTRICTED
from .outputs import PAPERS
from .paths import RUNS, project_root, reference_folder, slug
from .report import NAME as REPORT
from .runner import run_notebook
from .setting import COHORT

IN_README = "leuksurv"
"""The cohort whose headlines the README shows."""


def remake(cohort: str = IN_README, preset: str = "smoke") -> Path:
    """Run the demo again and replace its committed copy.

    Parameters
    ----------
    cohort, preset : str

    Returns
    -------
    pathlib.Path
        The folder that was replaced.
    """
    committed = reference_folder() / cohort
    with tempfile.TemporaryDirectory(prefix="synthema-reference-") as temporary:
        workspace = Path(temporary) / "runs"
        carry_releases(committed, workspace)
        before = os.environ.get(RUNS)
        os.environ[RUNS] = str(workspace)
        try:
            demo = run_demo(cohort, preset, out=Path(temporary) / cohort)
            for longer in CHAINS[cohort].longer:
                run_notebook(longer, preset, {COHORT: cohort}, out=demo.path / slug(longer))
        finally:
            os.environ.pop(RUNS) if before is None else os.environ.update({RUNS: before})
        folders = [*demo.path.glob(f"*/{RESTRICTED}"), *demo.path.glob(f"*/{PAPERS}")]
        for kept_back in [demo.path / REPORT, *folders]:
            shutil.rmtree(kept_back) if kept_back.is_dir() else kept_back.unlink()
        shutil.rmtree(committed, ignore_errors=True)
        shutil.copytree(demo.path, committed)
    if cohort == IN_README:
        _write_headlines(committed)
    return committed


def carry_releases(committed: Path, workspace: Path) -> None:
    """Put the committed opened sums where a fit looks for them."""
    store = workspace / "releases"
    store.mkdir(parents=True, exist_ok=True)
    for release in committed.glob("*/releases/*.npz"):
        shutil.copy(release, store)


def _write_headlines(committed: Path) -> None:
    """Write the table of headlines into the README, between its two marks."""
    readme = project_root() / "README.md"
    headlines = pd.read_csv(next(committed.glob("*/tables/headlines.csv")), dtype=str).fillna("")
    lines = ["| " + " | ".join(headlines.columns) + " |", "|---" * len(headlines.columns) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in headlines.itertuples(index=False)]
    marked = "<!-- headlines -->\n" + "\n".join(lines) + "\n<!-- /headlines -->"
    text = re.sub(
        r"<!-- headlines -->.*?<!-- /headlines -->", lambda _: marked,
        readme.read_text(encoding="utf-8"), flags=re.DOTALL,
    )  # fmt: skip
    with whole_file(readme) as path:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for named in sys.argv[1:] or CHAINS:
        print(f"Written: {remake(named)}", flush=True)
