"""The page on the threat model says what the code does."""

from __future__ import annotations

import math
import re
from pathlib import Path

import synthema_lab as lab
from synthema_lab.federation.rehearsal import rehearse
from synthema_lab.secure_aggregation import default_threshold, graph

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "threat_model.md").read_text(encoding="utf-8")


def rows(heading):
    """The numbers of the first table below a heading, a list a row."""
    below = PAGE.split(f"## {heading}")[1]
    lines = re.findall(r"^\|(.+)\|$", below.split("\n## ")[0], re.MULTILINE)[2:]
    return [[int(re.sub(r" others?$", "", cell.strip())) for cell in line.split("|")[:4]]
            + [line.split("|")[4].strip()] for line in lines]  # fmt: skip


def test_its_table_of_colluding_sites_is_computed_from_the_code():
    told = rows("How many may collude")
    assert [row[0] for row in told] == [3, 5, 8, 10, 17]
    for sites, threshold, may_drop, colluding, hidden in told:
        assert threshold == default_threshold(sites)
        assert may_drop == sites - threshold
        assert colluding == 2 * threshold - sites - 1
        assert hidden == f"{sites - 2} other{'s' if sites > 3 else ''}"


def test_its_table_of_neighbours_is_computed_from_the_code():
    told = rows("Above 100 sites")
    assert [row[0] for row in told] == [101, 200, 500, 1000]
    assert graph.ALL_WITH_ALL == 100
    for sites, neighbours, needed, colluding, exposure in told:
        assert neighbours == graph.default_neighbours(sites)
        assert needed == graph.shares_needed(neighbours)
        assert colluding == sites // 10
        assert (
            exposure
            == f"2^{math.ceil(graph.exposure(default_threshold(sites), neighbours, colluding))}"
        )


def test_what_it_names_exists():
    for path in re.findall(r"`((?:tests|benchmarks)/[\w/.]+)`", PAGE):
        assert (ROOT / path).exists(), path
    for name in re.findall(r"notebook `(\w+)`", PAGE, re.IGNORECASE):
        assert (ROOT / "notebooks" / f"{name}.ipynb").exists(), name
    for name in ("secure_sum", "federation.rehearse", "federation.secure_total"):
        found = lab
        for part in name.split("."):
            found = getattr(found, part)
        assert part in PAGE


def test_what_it_says_is_not_promised_is_what_the_rehearsal_shows():
    limits = {shown.limit.name for shown in rehearse(attacks=()).limits if shown.happened}
    told = {
        "a hospital that lies within its clip": "A true answer",
        "a sum over few patients": "What the sum itself tells",
        "two sums that differ by one hospital": "Two sums over cohorts",
        "all others against one": "Two parties",
        "a hospital that forgets what it has answered": "Keep one journal, apart from backups",
        "whoever reads every message reads the sum": "Encrypt the way",
        "one hostile hospital ends a round": "Ending well",
        "the coordinator ends a round": "Ending well",
        "the sizes of messages": "Who and when",
    }
    assert limits == set(told)
    for words in told.values():
        assert words in PAGE, words
