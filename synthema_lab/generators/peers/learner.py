"""What happens in the process in which a plug-in of synthcity learns? (its entry point)

It reads one request from its standard input, tells how far it is on its
standard output, and ends with a pool of rows or with why there is none. When
its standard input closes, whoever asked is gone, and it ends. What the library
prints or writes to its working folder is seen by nobody and removed.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import shutil
import sys
import threading
import time
import traceback
import types
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from ...dictionary import DataDictionary
from ...errors import LabError
from ..model_file import packed, unpacked
from .catalogue import LEAF, LIBRARY, SURVIVAL
from .complete_table import CompleteTable
from .kept_pool import kept_pool
from .pipe_parts import FOLDER, read_part, write_part

LEARNING = 0.85
"""Share of the progress that is learning; the rest is drawing the pool."""
_SHORT_BAR = 20
_ONLY_FOR_OTHERS = {
    f"{LIBRARY}.plugins.core.models.convnet": "suggest_image_classifier_arch",
    "shap": "TreeExplainer",
}
"""Half the library's import is for classifying images and explaining models: left out."""


def main() -> None:
    """Answer one request."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    request = json.loads(read_part(sys.stdin.buffer))
    numbers = unpacked(read_part(sys.stdin.buffer))["patients"]
    threading.Thread(target=_end_with_the_asker, daemon=True).start()

    def told(share: float) -> None:
        write_part(answers, json.dumps({"share": share}).encode())

    try:
        pool, facts = _learn(request, numbers, told)
    except LabError as error:
        kind, parts = type(error).__name__, [error.happened, error.expected, error.next_step]
        write_part(answers, json.dumps({"refused": kind, "parts": parts}).encode())
    except BaseException as error:
        # Its type and place only: its words may hold a patient's value.
        write_part(
            answers, json.dumps({"fault": type(error).__name__, "at": _place(error)}).encode()
        )
    else:
        write_part(answers, json.dumps({"facts": facts}).encode())
        write_part(answers, packed({"pool": pool}))
    answers.close()
    os._exit(0)  # threads of the library may still run


def _learn(
    request: dict[str, object], numbers: np.ndarray, told: Callable[[float], None]
) -> tuple[np.ndarray, dict[str, object]]:
    dictionary, columns = DataDictionary.from_dict(request["dictionary"]), request["columns"]
    survival = dictionary.survival
    times = (survival.time,) if request["family"] == SURVIVAL else ()
    rng = np.random.default_rng([request["seed"], 0x9E])
    complete = CompleteTable(numbers, columns, dictionary, rng, times)
    _seed_all(request["seed"])
    _follow_bars(lambda share: told(LEARNING * share))
    plugin = _plugin(request)
    plugin.fit(_loaded(complete.table, columns, request["family"], dictionary, request["plugin"]))
    for part in _parts(plugin):
        part.strict = False
    told(LEARNING)

    def draw(count: int, batch: int) -> np.ndarray:
        seed = int(np.random.default_rng([request["seed"], batch]).integers(2**31))
        drawn = plugin.generate(count=count, random_state=seed)
        return complete.restored(drawn.dataframe())

    pool, tally = kept_pool(
        draw, request["pool"], columns, dictionary, numbers, rng,
        lambda share: told(LEARNING + (1 - LEARNING) * share),
    )  # fmt: skip
    return pool, {
        "drawn": tally.drawn, "kept": tally.kept, "copies": tally.copies,
        "refused_by_rule": dict(tally.rules), "refused_by_limit": dict(tally.limits),
        "processor_seconds": round(time.process_time(), 1),
    }  # fmt: skip


def _plugin(request: dict[str, object]) -> object:
    """The plug-in, and no other: the library's own loader imports all of them."""
    for module, name in _ONLY_FOR_OTHERS.items():
        sys.modules[module] = types.ModuleType(module)
        setattr(sys.modules[module], name, None)
    parameters = dict(request["parameters"])
    if request["plugin"] == "syn_seq":
        _leave_no_leaf_alone(parameters.pop(LEAF))
    folders = importlib.import_module(f"{LIBRARY}.plugins")
    warnings.simplefilter("ignore")
    wanted = {f"plugin_{request['plugin']}", f"plugin_{request['inner']}"}
    for family, files in folders.plugins.items():
        folders.plugins[family] = [one for one in files if Path(one).stem in wanted]
    return folders.Plugins().get(
        request["plugin"], random_state=request["seed"] % 2**31, workspace=Path("workspace"),
        **parameters,
    )  # fmt: skip


def _leave_no_leaf_alone(patients: int) -> None:
    """Trees of `syn_seq` with so many patients in a leaf, and draws that differ by column.

    As it comes it grows every tree until a leaf is one patient, and draws every
    column with the same random numbers: 98% of its rows were patients.
    """
    trees = importlib.import_module(f"{LIBRARY}.plugins.core.models.syn_seq.syn_seq")
    grow, draw = trees.METHOD_MAP["cart"]

    def drawn(tree: object, table: object) -> object:
        return draw(tree, table, random_state=int(np.random.randint(2**31)))

    trees.METHOD_MAP["cart"] = (functools.partial(grow, min_samples_leaf=patients), drawn)


def _loaded(
    table: pd.DataFrame, columns: list[str], family: str, dictionary: DataDictionary, plugin: str
) -> object:
    """The table in the loader that the plug-in takes: for `syn_seq` outcome first."""
    loaders = importlib.import_module(f"{LIBRARY}.plugins.core.dataloader")
    survival = dictionary.survival
    named = () if survival is None else (survival.time, survival.event)
    outcome = [f"v{columns.index(name)}" for name in named if name in columns]
    if plugin == "syn_seq":
        first = [name for name in outcome if name in table.columns]
        order = [*first, *(name for name in table.columns if name not in first)]
        return loaders.Syn_SeqDataLoader(table, user_custom={"syn_order": order}, verbose=False)
    if family == SURVIVAL:
        return loaders.SurvivalAnalysisDataLoader(
            table, time_to_event_column=outcome[0], target_column=outcome[1]
        )
    return loaders.GenericDataLoader(table)


def _parts(plugin: object) -> list[object]:
    """A plug-in and the generators inside it, which would each refuse rows of their own."""
    found = [plugin]
    for name in ("model", "generator"):
        found += [
            getattr(part, name) for part in found if hasattr(getattr(part, name, None), "strict")
        ]
    return found


def _seed_all(seed: int) -> None:
    """Give a seed to numpy's generators that the library makes without one."""
    seeds, made = np.random.default_rng([seed, 0x5E]), np.random.default_rng

    def generator(given: object = None) -> np.random.Generator:
        return made(seeds.integers(2**63) if given is None else given)

    np.random.default_rng = generator


def _follow_bars(told: Callable[[float], None]) -> None:
    """Tell the library's own progress bars on, which nobody sees."""
    bars = importlib.import_module("tqdm.std")
    furthest = 0.0

    def display(bar: object, *_: object, **__: object) -> None:
        nonlocal furthest
        if bar.total and bar.total >= _SHORT_BAR and bar.n / bar.total > furthest:
            furthest = min(bar.n / bar.total, 1.0)
            told(furthest)

    bars.tqdm.display = display


def _place(error: BaseException) -> str:
    """Module and line where it happened, the library's own if it went through there."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if f"{os.sep}{LIBRARY}{os.sep}" in one.filename]
    last = (own or frames)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"


def _end_with_the_asker() -> None:
    """End this process, and remove its folder, when its standard input closes."""
    while sys.stdin.buffer.read(1):
        pass
    if Path.cwd().name.startswith(FOLDER):
        shutil.rmtree(Path.cwd(), ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
