"""What does the same sum cost with Flower's secure aggregation?

Flower's own workflow (server side) and client mod of its SecAgg+ protocol, in
one process: the grid between them hands each message to the mod at once, and
nothing goes over a wire. Flower is no requirement of this project; it is run by
the Python of another environment, named by the variable SYNTHEMA_PEERS:

    python -m venv /tmp/peers && /tmp/peers/bin/pip install flwr
    SYNTHEMA_PEERS=/tmp/peers/bin/python python -m benchmarks.secure_sum
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

_CLIP = 8.0


def measured(sites: int, values: int, rounds: int, timeout: float) -> dict[str, object] | None:
    """Seconds of each round, bytes a site sends, versions; None where Flower is not installed.

    Parameters
    ----------
    sites, values, rounds : int
        At least four sites: Flower wants the threshold below their number.
    timeout : float
        Seconds for all of it.

    Raises
    ------
    subprocess.SubprocessError
        If it is there and fails, or takes longer than `timeout` seconds.
    """
    python = os.environ.get("SYNTHEMA_PEERS")
    if (
        not python
        or not shutil.which(python)
        or subprocess.run([python, "-c", "import flwr"], capture_output=True).returncode
    ):
        return None
    done = subprocess.run(
        [python, "-m", __name__, str(sites), str(values), str(rounds)],
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
        text=True,
        timeout=timeout,
        check=True,
        env={**os.environ, "FLWR_TELEMETRY_ENABLED": "0"},
    )
    return json.loads(done.stdout.splitlines()[-1])


def _rounds(sites: int, values: int, rounds: int) -> dict[str, object]:
    """Run in the other environment: a first round that counts bytes, then the timed ones."""
    import importlib.metadata
    import logging

    import numpy as np
    from flwr.app import ArrayRecord, ConfigRecord, Context, Message, RecordDict
    from flwr.client.mod import secaggplus_mod
    from flwr.common import (
        Code,
        FitIns,
        FitRes,
        Status,
        ndarrays_to_parameters,
    )
    from flwr.common.serde import recorddict_to_proto
    from flwr.compat.common.recorddict_compat import fitres_to_recorddict
    from flwr.server.compat import LegacyContext
    from flwr.server.strategy import FedAvg
    from flwr.server.workflow import SecAggPlusWorkflow
    from flwr.supercore.task_identity import TaskIdentity

    TaskIdentity.run_id = TaskIdentity.node_id = TaskIdentity.task_id = 1
    logging.getLogger("flwr").setLevel(logging.ERROR)
    nodes = range(1, sites + 1)
    vectors = {
        node: 2 * np.random.default_rng(node).random(values, dtype=np.float32) - 1 for node in nodes
    }

    class Node:
        """A proxy, of which the workflow wants the number only."""

        def __init__(self, node_id: int) -> None:
            self.node_id = node_id

    class Sum(FedAvg):
        """Takes every node, and the mean that the workflow has opened."""

        def configure_fit(self, server_round, parameters, client_manager):
            return [(Node(node), FitIns(parameters, {})) for node in nodes]

        def aggregate_fit(self, server_round, results, failures):
            return results[0][1].parameters, {}

    class Clients:
        def num_available(self) -> int:
            return sites

    class Grid:
        """Hands each message to the mod of its node."""

        def __init__(self, count: bool) -> None:
            self.sent = dict.fromkeys(nodes, 0) if count else None
            self._contexts = {node: Context(1, node, {}, RecordDict(), {}) for node in nodes}
            self._trained = {
                node: fitres_to_recorddict(
                    FitRes(Status(Code.OK, ""), ndarrays_to_parameters([vector]), 1000, {}),
                    keep_input=False,
                )
                for node, vector in vectors.items()
            }

        def send_and_receive(self, messages, *, timeout=None):
            replies = []
            for message in messages:
                node = message.metadata.dst_node_id
                message.content = copy.deepcopy(message.content)  # as a wire would: it is short
                reply = secaggplus_mod(message, self._contexts[node], self._train)
                if self.sent is not None:
                    self.sent[node] += recorddict_to_proto(reply.content).ByteSize()
                replies.append(reply)
            return replies

        def _train(self, message, context):
            return Message(self._trained[message.metadata.dst_node_id], reply_to=message)

    def one(count: bool) -> tuple[float, Grid]:
        grid = Grid(count)
        state = RecordDict(
            {"config": ConfigRecord({"current_round": 1}), "parameters": ArrayRecord()}
        )
        context = LegacyContext(
            Context(1, 0, {}, state, {}), strategy=Sum(), client_manager=Clients()
        )
        threshold = 2 * sites // 3 + 1
        workflow = SecAggPlusWorkflow(sites, threshold, clipping_range=_CLIP, max_weight=1000.0)
        began = time.perf_counter()
        workflow(grid, context)
        seconds = time.perf_counter() - began
        mean = context.state.array_records["parameters"].to_numpy_ndarrays()[0]
        exact = sum(vector.astype(np.float64) for vector in vectors.values()) / sites
        if not np.abs(mean - exact).max() <= 2 * _CLIP / 2**22:
            raise ArithmeticError("The opened mean is not the mean of the vectors.")
        return seconds, grid

    _, counted = one(count=True)
    return {
        "seconds": [one(count=False)[0] for _ in range(rounds)],
        "sent": max(counted.sent.values()),
        "version": importlib.metadata.version("flwr"),
        "numpy": np.__version__,
    }


if __name__ == "__main__":
    print(json.dumps(_rounds(*map(int, sys.argv[1:]))))
