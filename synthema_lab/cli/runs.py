"""How are notebooks run, checked and reported from a terminal?"""

from __future__ import annotations

from pathlib import Path

import click
import pandas as pd

from .output import answer, answering, as_text

_PRESET = click.option("--preset", default="standard", show_default=True,
                       help="smoke, standard or full: see presets/.")  # fmt: skip
_OUT = click.option("--out", type=click.Path(path_type=Path),
                    help="A new folder instead of runs/<id>.")  # fmt: skip


@click.command("list")
@answering
def list_command(as_json: bool, quiet: bool) -> None:
    """List notebooks, generators and finished runs."""
    from ..generators import describe
    from ..workbench.folder import finished_runs
    from ..workbench.overviews import notebooks
    from ..workbench.paths import runs_folder

    runs = [
        {
            "run": str(run.path.relative_to(runs_folder())),
            "notebook": run.notebook,
            "folder": str(run.path),
        }
        for run in finished_runs()
    ]
    questions = notebooks()
    generators = describe().reset_index()[["generator", "use"]]
    recent = pd.DataFrame(runs[-10:], columns=["run", "notebook"])
    text = f"{as_text(questions)}\n\n{as_text(generators)}"
    text += f"\n\n{as_text(recent)}" if runs else "\n\nNo finished run. Start with: synthema demo"
    answer(text, {"notebooks": questions, "generators": generators, "runs": runs}, as_json, quiet)


@click.command("run")
@click.argument("notebook")
@_PRESET
@click.option("-p", "parameters", nargs=2, multiple=True, metavar="NAME VALUE",
              help="A parameter of the notebook; may be given several times.")  # fmt: skip
@_OUT
@answering
def run_command(
    notebook: str, preset: str, parameters: tuple[tuple[str, str], ...], out: Path | None,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Run a notebook with parameters, into a folder of its own."""
    from ..workbench.runner import run_notebook

    finished = run_notebook(
        notebook, preset, dict(parameters), out, progress=not (quiet or as_json)
    )
    answer(str(finished), {"folder": str(finished.path), **finished.manifest}, as_json, quiet)


@click.command("demo")
@click.option("--cohort", default="leuksurv", show_default=True)
@_PRESET
@click.option("--fresh-noise", is_flag=True,
              help="Draw new noise: a new release, charged to the ledger again.")  # fmt: skip
@_OUT
@answering
def demo_command(
    cohort: str, preset: str, fresh_noise: bool, out: Path | None, as_json: bool, quiet: bool
) -> None:
    """The main job end to end: prepare, four sites, secure sum, cohort, validation, report."""
    from ..workbench.demo import run_demo

    demo = run_demo(cohort, preset, out, fresh_noise, progress=not (quiet or as_json))
    answer(
        str(demo),
        {"folder": str(demo.path), "report": str(demo.report), "headlines": demo.headlines,
         "seconds": {run.notebook: run.manifest["volatile"]["seconds"] for run in demo.runs}},
        as_json, quiet,
    )  # fmt: skip


@click.command("verify")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--rerun", is_flag=True, help="Run again and compare the numbers; nothing charged.")
@answering
def verify_command(run: Path, rerun: bool, as_json: bool, quiet: bool) -> None:
    """Check a run's files, or run it again and compare the numbers.

    Leaves with 6 where something differs.
    """
    from ..workbench.verify import verify

    verified = verify(run, rerun, progress=not (quiet or as_json))
    answer(str(verified), vars(verified), as_json, quiet)


@click.command("report")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["html"]), default="html", show_default=True)
@answering
def report_command(run: Path, form: str, as_json: bool, quiet: bool) -> None:
    """Write the report of a run, or of a demo, again."""
    from ..workbench.demo import report_again

    written = report_again(run)
    answer(f"Report: {written}", {"report": str(written), "format": form}, as_json, quiet)
