"""What must the reference know from the sums, before measures would ask patients?

Scores of attacks, published effects, and the cells of every pair of findings are summed;
the pooled suite's measures of them ask for nothing else. Cells of each pair drawn
again by themselves, as patients with replacement would fall, stand for resamples
of the patients.
"""

from __future__ import annotations

import numpy as np

from ...validation.co_occurrence import EXPECTED, FEWEST, log_odds
from ...validation.reference import Reference
from .cells import HELD, TABLES, TRAIN, Layout
from .effects import effect_over
from .opened import Tables
from .score_grid import EDGES, expanded


def keep(layout: Layout, real: Tables, reference: Reference) -> None:
    """Let the reference know what the sums say.

    Parameters
    ----------
    layout : Layout
    real : dict of str to numpy.ndarray
        Opened sums without noise.
    reference : Reference
        Keeps what the pooled suite's measures would compute of patients.
    """
    for whom, key in (("attack", "attack_scores"), ("rarest", "scores of the rarest")):
        for place, role in enumerate(TABLES):
            scores = {name: tuple(map(expanded, real[f"{whom} {name}"][place])) for name in EDGES}
            reference.keep((key, role), scores)
    for side, role in ((TRAIN, "train"), (HELD, "holdout")):
        for one in layout.findings:
            rng, total = reference.rng(f"{one.name}, {role}"), real[f"effect {one.name}"][side]
            effect = effect_over(one, layout.dictionary, total, rng, reference.draws)
            reference.keep(("finding", one.name, role), effect)
    if layout.carried:
        _keep_pairs(layout, real, reference)


def _keep_pairs(layout: Layout, real: Tables, reference: Reference) -> None:
    """Pairs that are common enough, and their log odds ratios."""
    chosen = _common(layout, real)
    reference.keep(("findings in pairs", "train"), [layout.carried[place] for place in chosen])
    if not len(chosen):
        return
    for side, role in ((TRAIN, "train"), (HELD, "holdout")):
        cells = real["carried"][side][chosen]
        rng = reference.rng(f"cells of pairs, {role}")
        drawn = [_drawn(part, rng, reference.draws) for part in cells]
        odds = log_odds(np.moveaxis(np.stack(drawn), 2, 0).swapaxes(1, 2))
        reference.keep(
            ("log odds of pairs", role), ((*log_odds(cells.T.astype(float)), cells.T), odds)
        )


def _common(layout: Layout, real: Tables) -> np.ndarray:
    """Places of the pairs that are common enough in patients learnt from."""
    enough = {
        name: real[f"one {name}"][TRAIN][:2].min() >= FEWEST
        for pair in layout.carried
        for name in pair
    }
    both, first, second, neither = real["carried"][TRAIN].T.astype(float)
    known = both + first + second + neither
    expected = np.divide(
        (both + first) * (both + second), known, out=np.zeros_like(known), where=known > 0
    )
    often = [enough[one] and enough[other] for one, other in layout.carried]
    return np.flatnonzero((expected >= EXPECTED) & often)


def _drawn(cells: np.ndarray, rng: np.random.Generator, draws: int) -> np.ndarray:
    """Cells drawn again, shape (draws, 4); zeros where there is nobody."""
    total = int(cells.sum())
    if not total:
        return np.zeros((draws, 4))
    return rng.multinomial(total, cells / total, size=draws).astype(float)
