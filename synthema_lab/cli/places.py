"""Which folders and keys does a command of a site or of a study work with?"""

from __future__ import annotations

from pathlib import Path

import click

AT = click.option(
    "--at",
    "folder",
    type=click.Path(path_type=Path),
    envvar="SYNTHEMA_SITE",
    default=".",
    help="The site folder. Default: $SYNTHEMA_SITE, else the folder you are in.",
)
TO = click.option(
    "--to",
    "folders",
    type=click.Path(path_type=Path),
    multiple=True,
    required=True,
    help="A site's exchange folder; once for each hospital.",
)
KEY = click.option(
    "--key",
    type=click.Path(path_type=Path),
    help="Your key; made where absent. Default: $SYNTHEMA_RESEARCHER_KEY, else "
    "~/.config/synthema/researcher.key.",
)
