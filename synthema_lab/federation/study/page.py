"""How is a review read in a browser?

One HTML file that loads nothing and runs nothing: a content policy forbids
both. Everything that the researcher wrote is escaped.
"""

from __future__ import annotations

import html
import os
from pathlib import Path

from ...storage import whole_file
from .keyfile import fingerprint
from .parts import PROTECTIONS
from .review import ALWAYS, Review
from .terminal import running

_TEMPLATES = Path(__file__).with_name("templates")


def page(review: Review) -> str:
    """The whole page as text."""
    return _render(review, "review.html.j2")


def framed(review: Review) -> str:
    """The page in a frame, for a notebook: just what the owner of the data sees."""
    title = html.escape(f"Review of {review.study.title} at {review.site}", quote=True)
    return (
        f'<iframe title="{title}" sandbox srcdoc="{html.escape(page(review), quote=True)}" '
        'style="width: 100%; height: 60rem; border: 1px solid #888;"></iframe>'
    )


def write_page(review: Review, destination: str | os.PathLike[str]) -> Path:
    """Write the page to a file, whole or not at all."""
    destination = Path(destination)
    with whole_file(destination) as path:
        path.write_text(page(review), encoding="utf-8")
    return destination


def _render(review: Review, template: str) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    account = review.account
    scale = max(account.budget, account.spent_after, 1e-9)
    return environment.get_template(template).render(
        review=review,
        study=review.study,
        fingerprint=fingerprint,
        protections=PROTECTIONS,
        always=ALWAYS,
        running=running(review),
        shares={
            "spent": 100 * account.spent / scale,
            "cost": 100 * max(0.0, account.spent_after - account.spent) / scale,
        },
        style=(_TEMPLATES / "review.css").read_text(encoding="utf-8"),
    )
