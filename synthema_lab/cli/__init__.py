"""What is typed in a terminal?

Exit codes: 0 done, 2 bad arguments or parameters, 3 data does not match its
dictionary, 4 privacy budget exhausted, 5 disclosure or privacy gate failed,
6 not reproduced, 7 a missing extra, 8 approval missing or changed, 130
interrupted.
"""

from __future__ import annotations

import errno
import importlib
import sys

import click

from ..errors import LabError
from .output import complain

_COMMANDS = {
    "budget": ("budget", "Show what has been spent of the privacy budget."),
    "data": ("data", "List, load, import, map and check cohorts and tables."),
    "deidentify": ("deidentify", "Make a hospital's export fit to leave, and measure it."),
    "demo": ("runs", "The main job end to end, with a report."),
    "doctor": ("doctor", "Say what is missing here, and how to get it."),
    "fit": ("models", "Learn a generator from one table, or across sites."),
    "list": ("runs", "List notebooks and finished runs."),
    "privacy": ("evaluation", "Attack a synthetic table and report the residual risk."),
    "report": ("runs", "Write the report of a run again."),
    "run": ("runs", "Run a notebook with parameters, into a folder of its own."),
    "sample": ("models", "Draw a synthetic cohort from a fitted model."),
    "site": ("site", "A hospital's side: review studies, approve or refuse them."),
    "study": ("study", "A researcher's side: ask hospitals for a study."),
    "validate": ("evaluation", "Compare a synthetic table with the real one."),
    "verify": ("runs", "Check a run's files, or run it again and compare the numbers."),
}


class _Lazy(click.Group):
    """Imports a command when it is asked for, so that help is fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f".{_COMMANDS[cmd_name][0]}", __name__)
        return getattr(module, f"{cmd_name}_command")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name][1]) for name in sorted(_COMMANDS)])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="synthema-lab", prog_name="synthema")
def command() -> None:
    """Hospitals learn together without showing a patient."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        command.main(args=given, prog_name="synthema", standalone_mode=False)
    except LabError as error:
        sys.exit(complain(error, "--json" in given))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help())
        sys.exit(2)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; nothing half-written was left.", err=True)
        sys.exit(130)
    except OSError as error:
        sys.exit(complain(_refused(error), "--json" in given))


def _refused(error: OSError) -> LabError:
    """An error of the operating system in three parts; its words hold no patient's value."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        happened = "There is no space left to write to."
    elif isinstance(error, TimeoutError):
        happened = "Another fit in this workspace has held its lock for too long."
    else:
        happened = f"A file cannot be read or written ({error.strerror or type(error).__name__})."
    return LabError(
        happened,
        "A folder with free space that you may write to; nothing half-written was left.",
        "Free some space, or choose another folder with --out or SYNTHEMA_RUNS.",
    )
