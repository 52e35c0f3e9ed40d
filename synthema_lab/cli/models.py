"""How is a generator fitted and sampled from a terminal?"""

from __future__ import annotations

import math
from pathlib import Path

import click

from ..errors import ArgumentRefused, DataMismatch
from ..storage import check_writable
from .output import answer, answering


class _Epsilon(click.ParamType):
    """A number above 0, or ``none`` for noise off."""

    name = "number|none"

    def convert(self, value: object, param: object, ctx: object) -> float | str:
        if value is None or str(value).lower() == "none":
            return "none"
        try:
            return float(str(value))
        except ValueError:
            return math.nan


@click.command("fit")
@click.option("--data", "files", required=True, multiple=True, type=click.Path(path_type=Path),
              help="A CSV or Parquet table; give it once a site, at least three, to learn "
                   "across sites.")  # fmt: skip
@click.option("--dictionary", required=True, help="A dictionary file, or a name such as leuksurv.")
@click.option("--generator", default="marginal", show_default=True, help="See synthema list.")
@click.option("--epsilon", type=_Epsilon(), default="3", show_default=True,
              help="Privacy budget of this release; none switches noise off.")  # fmt: skip
@click.option("--delta", type=float, default=1e-5, show_default=True)
@click.option("--colluding", type=int, default=0, show_default=True,
              help="Sites whose share of the noise is not counted on.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Never touches the noise.")
@click.option("--fresh-noise", is_flag=True,
              help="A new release even where one was paid for; charged again.")  # fmt: skip
@click.option("--prior", "prior_file", type=click.Path(path_type=Path),
              help="A model of other patients, such as a simulator's, for what these are too few "
                   "to say; costs no privacy.")  # fmt: skip
@click.option("--ledger", "ledger_file", type=click.Path(path_type=Path),
              help="Ledger to charge instead of the workspace's.")  # fmt: skip
@click.option("--budget", type=float, default=20.0, show_default=True,
              help="Epsilon each table may spend in all; book-keeping by its path.")  # fmt: skip
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The model file.")
@answering
def fit_command(
    files: tuple[Path, ...], dictionary: str, generator: str, epsilon: float | str, delta: float,
    colluding: int, seed: int, fresh_noise: bool, prior_file: Path | None,
    ledger_file: Path | None, budget: float, out: Path, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Learn a generator from one table, or across sites with --data given three times or more."""
    from ..cohorts import read_table
    from ..dictionary import DataDictionary
    from ..generators import Marginal, get, load_model, require_prior, with_prior
    from ..privacy import Ledger, check_budget
    from ..workbench.fitting import fit, ledger

    get(generator)
    asked = None if epsilon == "none" else epsilon
    check_budget(asked, delta)
    if len({path.resolve() for path in files}) < len(files):
        raise ArgumentRefused(
            "The same file was given twice.", "One file a site.", "Remove the repeated --data."
        )
    check_writable(out)
    described = DataDictionary.load(dictionary)
    prior = None if prior_file is None else load_model(prior_file)
    if prior is not None and generator != Marginal.name:
        raise ArgumentRefused(
            f"A prior was given for {generator}.",
            "With --generator marginal, whose sums a prior can stand beside.",
            "Leave --prior out, or use --generator marginal.",
        )
    sites = {}
    for path in files:
        table = read_table(path)
        findings = described.check(table, require_core=False)
        if not findings.ok:
            raise DataMismatch(
                f"{path.name} does not match {described.name}: {findings.errors[0].message}"
                + (f" and {len(findings.errors) - 1} more" if len(findings.errors) > 1 else ""),
                "A table without errors against its dictionary.",
                f"See all findings: synthema data check {path} --dictionary {dictionary}",
            )
        sites[str(path.resolve())] = described.conform(table)
        if prior is not None:
            require_prior(prior, described, table.columns)
    model = fit(
        sites, described, generator, epsilon=asked, delta=delta, seed=seed, colluding=colluding,
        fresh_noise=fresh_noise, progress=not quiet and not as_json,
        budget=ledger(budget) if ledger_file is None else Ledger(ledger_file, budget),
    )  # fmt: skip
    model = model if prior is None else with_prior(model, prior, seed)
    model.save(out)
    record = {
        "model": str(out),
        "generator": model.generator,
        "sites": len(sites),
        "columns": model.columns,
        "release": model.release,
        "replayed": model.replayed,
        "privacy": model.privacy,
        "prior": model.provenance.get("prior"),
        "pairs_left_out": model.provenance.get("pairs_left_out", []),
        "rules_undecidable": model.provenance.get("rules_undecidable", []),
    }
    undecided = model.provenance.get("rules_undecidable", [])
    note = "\nReplayed from sums that were paid for: nothing charged." if model.replayed else ""
    note += f"\nNot decided, an input is absent: {', '.join(undecided)}" if undecided else ""
    answer(f"{model}\nModel written to {out}{note}", record, as_json, quiet)


@click.command("sample")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--rows", required=True, type=int, help="Number of synthetic patients.")
@click.option("--where", help='Only patients who meet this, such as "age_years < 18".')
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV or Parquet.")
@answering
def sample_command(
    model: Path, rows: int, where: str | None, seed: int, out: Path, as_json: bool, quiet: bool
) -> None:
    """Draw a synthetic cohort from a fitted model; it costs no privacy."""
    from ..cohorts import write_table
    from ..generators import load_model

    check_writable(out)
    fitted = load_model(model)
    cohort = fitted.sample(rows, seed) if where is None else fitted.subgroup(where, rows, seed)
    write_table(cohort, out)
    warning = "" if fitted.privacy else "\nThe model was fitted with noise off: not for release."
    answer(
        f"{rows} synthetic patients{'' if where is None else f' with {where}'}, "
        f"{len(cohort.columns)} variables, written to {out} "
        f"({cohort.attrs['redrawn']:.1%} redrawn to meet the rules){warning}",
        {"file": str(out), "rows": rows, "columns": list(cohort.columns),
         "redrawn": cohort.attrs["redrawn"], "where": where, "privacy": fitted.privacy},
        as_json, quiet,
    )  # fmt: skip
