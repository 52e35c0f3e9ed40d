"""What does a round cost, in bytes and in time?

Bytes follow from the number of hospitals and of values, and are the same in
every run. Times are of the machine and of the moment; they are shown and never
part of a result that is compared.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...secure_aggregation import Identity, Roster, RoundSettings
from ..memory import MemoryChannel

_NO_MODEL = hashlib.sha256(b"").digest()
_CLIP = 10**6
BYTES_A_VALUE = 4


@dataclass(frozen=True, eq=False, repr=False)
class Cost:
    """What rounds cost.

    Parameters
    ----------
    bytes : DataFrame
        Columns ``hospitals``, ``values``, ``sent`` and ``received`` (bytes of one
        hospital in a round, all messages), ``plain`` (bytes of the bare vector),
        ``above plain`` (share that sending under masks adds).
    milliseconds : DataFrame
        Columns ``hospitals``, ``values``, ``milliseconds``: the whole round, all
        hospitals and the coordinator one after another in one process.
    """

    bytes: pd.DataFrame
    milliseconds: pd.DataFrame

    def _wide(self) -> pd.DataFrame:
        wide = self.milliseconds.pivot(
            index="hospitals", columns="values", values="milliseconds"
        ).round(0)
        return wide.astype(int)

    def __str__(self) -> str:
        return (
            "Milliseconds of a whole round in one process, by hospitals (rows) and values "
            f"(columns)\n{self._wide().to_string()}"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        wide = self._wide()
        head = "".join(f'<th scope="col">{values:,} values</th>' for values in wide.columns)
        rows = "".join(
            f'<tr><th scope="row">{hospitals} hospitals</th>'
            + "".join(f'<td style="text-align:right">{ms:,} ms</td>' for ms in row)
            + "</tr>"
            for hospitals, row in zip(wide.index, wide.to_numpy(), strict=True)
        )
        return (
            "<table><caption>A whole round in one process, on this machine, just now</caption>"
            f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


def measure_cost(
    hospitals: Sequence[int] = (3, 5, 10),
    values: Sequence[int] = (1_000, 10_000, 100_000, 1_000_000),
) -> Cost:
    """Run one round of each size and note what it costs.

    Parameters
    ----------
    hospitals : sequence of int
        At least three each.
    values : sequence of int
        Lengths of the vectors.

    Returns
    -------
    Cost

    Examples
    --------
    >>> cost = measure_cost([3], [1000])
    >>> cost.bytes[["hospitals", "values", "plain"]].iloc[0].tolist()
    [3, 1000, 4000]
    """
    spent, took = [], []
    for sites in hospitals:
        people = [Identity.new(f"hospital-{number:02d}") for number in range(sites)]
        roster = Roster.of(person.member() for person in people)
        for length in values:
            settings = RoundSettings(
                roster, f"cost/{sites}/{length}", length, _CLIP, 1, _NO_MODEL, _NO_MODEL
            )
            channel = MemoryChannel(settings, people)
            vectors = {name: np.ones(length, dtype=np.int64) for name in roster.names}
            begun = time.perf_counter()
            channel.run(vectors)
            ended = time.perf_counter()
            sent = max(channel.transcript.sent.values())
            plain = BYTES_A_VALUE * length
            spent.append(
                {
                    "hospitals": sites,
                    "values": length,
                    "sent": sent,
                    "received": max(channel.transcript.received.values()),
                    "plain": plain,
                    "above plain": round(sent / plain - 1, 4),
                }
            )
            took.append(
                {"hospitals": sites, "values": length, "milliseconds": 1000 * (ended - begun)}
            )
    return Cost(pd.DataFrame(spent), pd.DataFrame(took))
