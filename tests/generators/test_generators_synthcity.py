from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest

from synthema_lab.errors import ArgumentRefused, DataMismatch, ExtraMissing, GateFailed
from synthema_lab.generators.model_file import packed
from synthema_lab.generators.peers import (
    PoolModel,
    Synthcity,
    available,
    describe_plugin,
    limited_process,
)
from synthema_lab.generators.peers.complete_table import CompleteTable
from synthema_lab.generators.peers.kept_pool import kept_pool
from synthema_lab.generators.peers.pipe_parts import FOLDER, write_part
from synthema_lab.generators.peers.plain_numbers import from_numbers, to_numbers, within_limits
from synthema_lab.generators.peers.settings import settings_of
from synthema_lab.generators.peers.spread import spread

from .conftest import toy_patients


@pytest.fixture(scope="module", autouse=True)
def own_folder(tmp_path_factory):
    """A folder for temporary files that no other process uses."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        yield


@pytest.fixture(scope="module")
def columns(toy):
    return [name for name in toy.modelled if name in toy_patients(1).columns]


@pytest.fixture(scope="module")
def numbers(toy, columns):
    return to_numbers(toy.conform(toy_patients(300, 5)), columns)


@pytest.fixture(scope="module")
def twice(toy):
    """A plug-in that really learnt, twice and side by side, and the progress of the first."""
    patients = toy_patients(200, 7)
    told: list[float] = []

    def fit(progress: object) -> PoolModel:
        return Synthcity("bayesian_network").fit(
            [patients], toy, seed=3, progress=progress, pool=300
        )

    with ThreadPoolExecutor() as threads:
        models = list(threads.map(fit, [told.append, None]))
    return *models, told


@pytest.fixture(scope="module")
def fitted(twice):
    return twice[0]


def left_behind() -> list[object]:
    """Processes of ours and working folders that are still there."""
    children = psutil.Process().children(recursive=True)
    learners = [
        one for one in children if one.is_running() and "learner" in " ".join(one.cmdline())
    ]
    return [*learners, *Path(tempfile.gettempdir()).glob(f"{FOLDER}*")]


# What there is to use, and what can be set.


def test_plugins_are_listed_without_importing_the_library():
    code = (
        "import sys; from synthema_lab.generators.peers import available;"
        "print(*available()); print(*{'torch', 'synthcity'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names, heavy = done.stdout.split("\n")[:2]
    assert heavy == ""
    wanted = {
        "ctgan",
        "tvae",
        "ddpm",
        "arf",
        "nflow",
        "survival_gan",
        "bayesian_network",
        "syn_seq",
    }
    assert wanted <= set(names.split())
    assert wanted <= set(dir(available()))


def test_an_unknown_plugin_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentRefused, match="synthcity:ctgan"):
        Synthcity("ctgaan")


@pytest.mark.parametrize("name", ["dummy_sampler", "great", "goggle", "decaf", "aim"])
def test_a_plugin_that_cannot_be_used_says_why(name):
    assert name not in available()
    with pytest.raises(ArgumentRefused, match=f"'{name}' of synthcity to use: it "):
        Synthcity(name)


def test_a_missing_library_is_a_missing_extra(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match="deep"):
        Synthcity("ctgan")


def test_parameters_are_those_of_the_plugin_and_of_the_generator_inside_it():
    assert describe_plugin("ctgan").loc["n_iter", "default"] == 300
    limits, parameters = settings_of(
        available().survival_gan, {"n_iter": 50, "tte_strategy": "uncensoring", "pool": 10}
    )
    assert parameters == {"n_iter": 50, "tte_strategy": "uncensoring"}
    assert limits.pool == 10


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"n_itr": 5}, "n_iter"), ({"n_iter": 5.5}, "int"), ({"n_iter": True}, "int"),
        ({"lr": "much"}, "float"), ({"workspace": "here"}, "workspace"), ({"pool": 0}, "pool"),
        ({"pool": 10**9}, "pool"), ({"time_limit": -1}, "seconds"),
        ({"memory_limit": float("nan")}, "GiB"), ({"random_state": 1}, "random_state"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used_are_refused(wrong, named):
    with pytest.raises(ArgumentRefused, match=named):
        settings_of(available().ctgan, wrong)


# A table without gaps, and back.


def test_a_table_comes_back_from_its_complete_form(toy, columns, numbers):
    complete = CompleteTable(numbers, columns, toy, np.random.default_rng(1))
    assert complete.table.notna().all(axis=None)
    assert np.allclose(complete.restored(complete.table), numbers, atol=1e-6, equal_nan=True)


def test_columns_that_never_vary_are_set_aside_and_put_back(toy, columns, numbers):
    still = numbers.copy()
    still[:, columns.index("hb")] = 9.5
    still[:, columns.index("ferritin")] = np.nan
    still[:, columns.index("arm")] = 2
    complete = CompleteTable(still, columns, toy, np.random.default_rng(1))
    assert complete.table.nunique().min() > 1
    assert np.allclose(complete.restored(complete.table), still, equal_nan=True)


def test_variables_missing_in_the_same_patients_share_the_column_that_says_so(
    toy, columns, numbers
):
    together = numbers.copy()
    places = [columns.index(name) for name in ("pregnant", "ferritin")]
    together[np.ix_(np.arange(60), places)] = np.nan
    together[60:, places] = np.nan_to_num(together[60:, places], nan=1)
    complete = CompleteTable(together, columns, toy, np.random.default_rng(1))
    assert sum(name.startswith("m") for name in complete.table) == 1
    back = complete.restored(complete.table)
    assert np.allclose(back, together, atol=1e-6, equal_nan=True)


def test_levels_are_counted_from_0_whatever_values_occur(toy, columns, numbers):
    some = numbers[numbers[:, columns.index("arm")] != 1]
    complete = CompleteTable(some, columns, toy, np.random.default_rng(1))
    assert sorted(complete.table[f"v{columns.index('arm')}"].unique()) == [0, 1]
    assert np.allclose(complete.restored(complete.table), some, equal_nan=True)


def test_what_stands_for_nothing_is_not_within_limits(toy, columns, numbers):
    complete = CompleteTable(numbers, columns, toy, np.random.default_rng(1))
    drawn = complete.table.head(3).astype(float)
    drawn.loc[0, f"v{columns.index('arm')}"] = 7
    drawn.loc[1, f"v{columns.index('hb')}"] = 21.0
    drawn.loc[2, f"v{columns.index('os_days')}"] = np.nan
    allowed = within_limits(complete.restored(drawn), columns, toy)
    outside = {(row, columns[place]) for row, place in np.argwhere(~allowed)}
    assert outside == {(0, "arm"), (1, "hb"), (2, "os_days")}


def test_a_value_of_few_patients_is_moved_between_its_neighbours_and_a_shared_one_stays(toy):
    seen = np.array([[3.0], [5.0], [6.0], [8.0], *[[9.0]] * 9])
    many = np.concatenate([seen, np.arange(20.5, 90)[:, None]])
    drawn = np.array([[6.0]] * 500 + [[9.0]] * 5 + [[7.0]])
    moved = spread(drawn, many, ["ferritin"], toy, np.random.default_rng(2))
    assert (moved[500:505] == 9.0).all()
    assert moved[505] == 7.0
    assert not np.isin(moved[:500], seen).any()
    assert moved[:500].min() > 3
    assert 9 < moved[:500].max() < 22.5


# Rows that keep limits and rules.


def drawn_from(rows: np.ndarray):
    return lambda count, batch: rows[np.random.default_rng(batch).integers(0, len(rows), count)]


def pool_of(toy, columns, rows, patients, wanted=200):
    rng = np.random.default_rng(0)
    return kept_pool(drawn_from(rows), wanted, columns, toy, patients, rng, lambda share: None)


def test_rows_beyond_a_limit_or_against_a_rule_are_drawn_again_and_never_changed(
    toy, columns, numbers
):
    other = to_numbers(toy.conform(toy_patients(300, 6)), columns)
    spoilt = other.copy()
    spoilt[::3, columns.index("pfs_days")] = 1000
    spoilt[1::3, columns.index("hb")] = 25.0
    pool, tally = pool_of(toy, columns, spoilt, numbers)
    assert len(pool) == 200
    assert set(tally.rules) == {"progression_before_death"}
    assert set(tally.limits) == {"hb"}
    assert toy.check(from_numbers(pool, columns, toy), require_core=False).ok
    assert pool[:, columns.index("hb")].max() <= other[:, columns.index("hb")].max()
    assert 0.25 < tally.kept / tally.drawn < 0.45


def test_rules_that_no_row_keeps_are_named_at_the_cap(toy, columns, numbers):
    spoilt = numbers.copy()
    spoilt[:, columns.index("pfs_days")] = 1000
    with pytest.raises(GateFailed, match="progression_before_death"):
        pool_of(toy, columns, spoilt[numbers[:, columns.index("os_days")] < 1000], numbers)


def test_a_plugin_that_hands_patients_back_is_refused(toy, columns, numbers):
    with pytest.raises(GateFailed, match="100% of the rows"):
        pool_of(toy, columns, numbers, numbers)


# A plug-in that really learns, in its own process.


def test_what_a_plugin_drew_conforms_to_the_dictionary(toy, fitted):
    cohort = fitted.sample(300, seed=2)
    assert toy.check(cohort, require_core=False).ok
    assert (cohort.dtypes == toy.derive(toy.conform(toy_patients(2)))[cohort.columns].dtypes).all()
    assert (toy.derive(cohort)["elderly"] == cohort["elderly"]).all()
    assert 0 <= cohort.attrs["redrawn"] < 1
    for name in ("ferritin", "pregnant"):
        assert 0.02 < cohort[name].isna().mean() < 0.5


def test_the_same_seed_gives_the_same_pool(twice):
    assert np.array_equal(twice[0].pool, twice[1].pool, equal_nan=True)


def test_progress_rises_to_1_and_nothing_is_left_behind(twice):
    told = twice[2]
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert left_behind() == []
    assert not Path("workspace").exists()


def test_no_privacy_is_claimed(fitted):
    assert fitted.privacy is None
    assert "no guarantee" in str(fitted)
    assert fitted.provenance["gib"] > 0


def test_a_sample_holds_no_row_of_the_pool_twice_and_repeats_by_seed(fitted):
    model = fitted
    pd.testing.assert_frame_equal(model.sample(50, 1), model.sample(50, 1))
    assert not model.sample(50, 1).equals(model.sample(50, 2))
    whole = to_numbers(model.sample(300, 4), model.columns)
    assert sorted(map(tuple, np.nan_to_num(whole, nan=-1))) == sorted(
        map(tuple, np.nan_to_num(model.pool, nan=-1))
    )


@pytest.mark.parametrize("rows", [0, 301, 2.0, True])
def test_rows_beyond_the_pool_are_refused_with_a_larger_one(fitted, rows):
    with pytest.raises(ArgumentRefused, match="larger pool"):
        fitted.sample(rows)


def test_a_saved_pool_opens_without_the_library_and_holds_no_pickled_object(fitted, tmp_path):
    path = fitted.save(tmp_path / "p.model")
    assert PoolModel.load(path).sample(20, 3).equals(fitted.sample(20, 3))
    assert PoolModel.load(path).save(tmp_path / "q.model").read_bytes() == path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert sorted(archive.namelist()) == ["dictionary.json", "model.json", "pool.npz"]
    code = (
        "import sys; from synthema_lab.generators.peers import PoolModel; "
        f"PoolModel.load({str(path)!r}).sample(5);"
        "print({'torch', 'synthcity'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


@pytest.mark.parametrize("changed", ["format", "columns", "provenance"])
def test_a_file_that_was_changed_is_refused(fitted, tmp_path, changed):
    path = fitted.save(tmp_path / "p.model")
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    described = json.loads(parts["model.json"])
    described[changed] = ["sex"] if changed == "columns" else {}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (parts | {"model.json": json.dumps(described).encode()}).items():
            archive.writestr(name, content)
    with pytest.raises(DataMismatch, match="not a pool"):
        PoolModel.load(path)


def test_a_pool_beyond_the_limits_or_against_the_rules_is_refused(fitted, toy, tmp_path):
    model = fitted
    for name, value in (("hb", 25.0), ("pfs_days", 1000.0)):
        pool = model.pool.copy()
        pool[:, model.columns.index(name)] = value
        spoilt = PoolModel(model.generator, toy, model.columns, pool, model.provenance)
        with pytest.raises(DataMismatch):
            PoolModel.load(spoilt.save(tmp_path / "p.model"))
    with pytest.raises(DataMismatch):
        PoolModel.load(tmp_path / "nothing")


# Limits, interrupts and failures.


@pytest.mark.parametrize(
    ("limit", "named"),
    [
        ({"time_limit": 0.3}, "time limit of 0.3 s"),
        ({"memory_limit": 0.02}, "memory limit of 0.02 GiB"),
    ],
)
def test_a_plugin_is_stopped_at_a_limit_with_all_it_started(toy, limit, named):
    before = time.monotonic()
    with pytest.raises(ArgumentRefused, match=named) as refused:
        Synthcity("ctgan").fit([toy_patients(60)], toy, **limit)
    assert next(iter(limit)) in refused.value.next_step
    assert time.monotonic() - before < 20
    assert left_behind() == []


def test_an_interrupt_stops_the_plugin_and_leaves_nothing(toy):
    def interrupt(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Synthcity("ctgan").fit([toy_patients(60)], toy, progress=interrupt)
    assert left_behind() == []


ANSWERING = """
import json, sys
from synthema_lab.generators.peers.pipe_parts import read_part, write_part
request = json.loads(read_part(sys.stdin.buffer)); read_part(sys.stdin.buffer)
write_part(sys.stdout.buffer, json.dumps({answer}).encode())
"""


@pytest.mark.parametrize(
    ("answer", "kind", "named"),
    [
        ({"fault": "ValueError", "at": "a.py, line 3"}, ArgumentRefused, "ValueError in a.py"),
        ({"fault": "MemoryError", "at": "a.py, line 3"}, ArgumentRefused, "memory limit"),
        ({"refused": "GateFailed", "parts": ["Broken.", "b", "c"]}, GateFailed, "Broken"),
        ({"share": 0.5}, ArgumentRefused, "ended without an answer"),
        ("", ArgumentRefused, "ended without an answer"),
    ],
)  # fmt: skip
def test_a_plugin_that_fails_is_told_apart(toy, monkeypatch, tmp_path, answer, kind, named):
    (tmp_path / "answering.py").write_text(ANSWERING.format(answer=repr(answer)))
    monkeypatch.setattr(limited_process, "_ENTRY", "answering")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with pytest.raises(kind, match=named):
        Synthcity("ctgan").fit([toy_patients(60)], toy)
    assert left_behind() == []


def test_a_learner_ends_and_tidies_up_when_whoever_asked_is_gone(tmp_path):
    folder = tmp_path / f"{FOLDER}orphan"
    folder.mkdir()
    parts = io.BytesIO()
    write_part(parts, b"{}")
    write_part(parts, packed({"patients": np.zeros((1, 1))}))
    waiting = "import time; from synthema_lab.generators.peers import learner as one;"
    waiting += "one._learn = lambda *_: time.sleep(60); one.main()"
    child = subprocess.Popen(
        [sys.executable, "-c", waiting], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder
    )
    child.communicate(parts.getvalue(), timeout=30)
    assert child.returncode == 1
    assert not folder.exists()


# What is refused before anything is learnt.


def test_a_budget_is_refused_since_no_privacy_is_stated(toy):
    for plugin in ("dpgan", "privbayes", "ctgan"):
        with pytest.raises(ArgumentRefused, match="state no privacy here") as refused:
            Synthcity(plugin).fit([toy_patients(60)], toy, epsilon=3.0)
        assert "--epsilon none" in refused.value.next_step
        assert "marginal" in refused.value.next_step


def test_several_tables_are_refused(toy):
    with pytest.raises(ArgumentRefused, match="3 tables"):
        Synthcity("ctgan").fit([toy_patients(60)] * 3, toy)


@pytest.mark.parametrize("seed", [-1, 1.5, True, 2**70])
def test_a_seed_that_cannot_be_used_is_refused(toy, seed):
    with pytest.raises(ArgumentRefused, match="seed"):
        Synthcity("ctgan").fit([toy_patients(60)], toy, seed=seed)


def test_a_table_that_cannot_be_learnt_is_refused(toy):
    patients = toy_patients(60)
    still = pd.DataFrame({"age": [50] * 60, "sex": ["F"] * 60, "hb": np.linspace(8, 12, 60)})
    cases = [
        ("ctgan", patients.head(5), "5 patients"),
        ("ctgan", still, "Fewer than two variables"),
        ("ctgan", patients.assign(hb=99.0), "hb"),
        ("survival_gan", patients.drop(columns="os_days"), "no time and event"),
        ("survival_gan", patients.assign(os_days=0, pfs_days=0), "60 patients"),
        ("survival_gan", patients.assign(os_event=1), "same event status"),
    ]
    for plugin, table, named in cases:
        with pytest.raises(DataMismatch, match=named):
            Synthcity(plugin).fit([table], toy)
