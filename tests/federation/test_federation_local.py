"""Hospitals as real processes: the whole way, and what is left when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthema_lab.cohorts.mock import mock_patients
from synthema_lab.dictionary import DataDictionary
from synthema_lab.errors import ApprovalMissing, ArgumentRefused
from synthema_lab.federation import connect, local_hospitals
from synthema_lab.federation.conduct import run_in_memory
from synthema_lab.federation.site import approve, create_site, deliver, receive, revoke
from synthema_lab.federation.study import SignedStudy
from synthema_lab.secure_aggregation import Identity

WHO = {"name": "Dr Moreau", "institution": "Institute", "purpose": "To see.", "legal_basis": "Law."}
WHY = dict.fromkeys(["age_years", "sex", "os_days", "os_event"], "Needed.")
DICTIONARY = DataDictionary.load("leuksurv")


def tables(seed: int = 3) -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    return {name: mock_patients(DICTIONARY, 50, rng) for name in ("east", "north", "south")}


@pytest.fixture(scope="module")
def hospitals():
    empty = {name: table.head(0) for name, table in tables().items()}
    with local_hospitals(tables(), "leuksurv", empty, {"allow_without_noise": True}) as opened:
        yield opened


@pytest.fixture(scope="module")
def asked(hospitals):
    _until(
        lambda: all((e / "outbox" / "window.json").exists() for e in hospitals.exchanges.values())
    )
    return connect(*hospitals.exchanges.values(), key=Identity.new("researcher"))


def _until(holds, within: float = 30.0) -> None:
    until = time.monotonic() + within
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.05)


def _submitted(hospitals, asked, title, **changed):
    study = asked.draft(title, WHY, who=WHO, **changed)
    submitted = asked.submit(study, kept=hospitals.folder / "researcher")
    hospitals.approve(study)
    return study, submitted


def test_processes_and_one_process_open_the_same_sums(hospitals, asked, tmp_path):
    study, submitted = _submitted(hospitals, asked, "Processes", epsilon=None, all_must_stay=True)
    over_processes = submitted.wait(progress=False)
    sites, approver = {}, Identity.new("ana")
    for name, table in tables().items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        dataset = {
            "name": "leuksurv", "dictionary": "leuksurv", "table": str(tmp_path / f"{name}.csv"),
            "holdout": "0.0",
        }  # fmt: skip
        sites[name] = create_site(tmp_path / name, name, approver, tmp_path / "a" / name, [dataset])
        policy = tmp_path / name / "site.yaml"
        policy.write_text(policy.read_text().replace("without_noise: false", "without_noise: true"))
    researcher = Identity.new("researcher")
    signed = SignedStudy.sign(_for(study, sites, researcher), researcher)
    for site in sites.values():
        deliver(site.policy.exchange, f"{signed.hash}.yaml", signed.to_yaml())
        receive(site)
        approve(site, signed.hash, approver)
    in_memory = run_in_memory(signed.study, DICTIONARY, sites, tmp_path / "lab")
    pairs = zip(over_processes.opened.sums, in_memory.opened.sums, strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)
    assert over_processes.sample(50, 1).equals(in_memory.sample(50, 1))


def _for(study, sites, researcher):
    from synthema_lab.federation import Study

    content = study.as_dict()
    content["researcher"]["key"] = researcher.member().key.hex()
    members = {name: site.identity.member() for name, site in sites.items()}
    content["sites"] = {n: {"key": m.key.hex(), "expires": 0} for n, m in members.items()}
    return Study.from_dict(content)


def test_a_site_that_is_killed_in_a_study_and_started_again_takes_part(hospitals, asked):
    _, submitted = _submitted(hospitals, asked, "Killed", epsilon=None, all_must_stay=True)
    hospitals.kill("north")
    with pytest.raises(ArgumentRefused, match="north did not answer"):
        submitted.wait(patience=3.0, progress=False)
    hospitals.restart("north")
    model = submitted.wait(progress=False)
    assert model.provenance["sites"] == 3


def test_an_approval_taken_back_ends_it_with_8_and_only_a_class_and_a_number(hospitals, asked):
    study, submitted = _submitted(hospitals, asked, "Taken back", epsilon=1.0)
    submitted.kept.mkdir(parents=True)
    (submitted.kept / "sites.txt").write_text("east\nnorth\nsouth")  # as if it had begun
    revoke(hospitals.site("north"), study.hash, "A reason that stays here")
    with pytest.raises(ApprovalMissing) as refused:
        submitted.wait(progress=False)
    assert "A reason" not in str(refused.value)


def test_a_study_is_run_from_a_terminal_and_again_gives_the_same(
    hospitals, tmp_path, monkeypatch, capsys
):
    from synthema_lab.cli import command
    from synthema_lab.federation.study.keyfile import make_key

    monkeypatch.setenv("HOME", str(tmp_path))
    key = make_key(tmp_path / "researcher.key", "researcher")
    there = connect(*hospitals.exchanges.values(), key=key)
    study = there.draft("From a terminal", WHY, who=WHO, generator="independent", epsilon=1.0)
    signed = SignedStudy.sign(study, key)
    (tmp_path / "s.signed.yaml").write_bytes(signed.to_yaml())
    for exchange in hospitals.exchanges.values():
        deliver(exchange, f"{study.hash}.yaml", signed.to_yaml())
    hospitals.approve(study)
    to = [part for folder in hospitals.exchanges.values() for part in ("--to", str(folder))]
    for name in ("one", "two"):
        command.main(
            ["study", "run", str(tmp_path / "s.signed.yaml"), *to, "--key",
             str(tmp_path / "researcher.key"), "--out", str(tmp_path / name), "--json"],
            standalone_mode=False,
        )  # fmt: skip
        assert study.hash in capsys.readouterr().out
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    (tmp_path / "draft.yaml").write_text("title: A draft\n")
    with pytest.raises(ArgumentRefused, match="not signed"):
        command.main(["study", "run", str(tmp_path / "draft.yaml"), *to, "--out", "x"],
                     standalone_mode=False)  # fmt: skip


def test_the_table_shows_processes_and_books(hospitals):
    assert "epsilon spent" in hospitals.table().columns
    assert "<caption" in hospitals._repr_html_()
    assert "site serves" in set(hospitals.audit("north")["event"])


def test_two_hospitals_are_refused():
    two = dict(list(tables().items())[:2])
    with pytest.raises(ArgumentRefused, match="At least three"):
        local_hospitals(two, "leuksurv")


def test_a_killed_notebook_leaves_no_process_and_its_folder_goes_at_the_next_start():
    script = (
        "import sys, time; sys.path.insert(0, 'tests'); "
        "from federation.test_federation_local import tables; "
        "from synthema_lab.federation import local_hospitals; "
        "h = local_hospitals(tables(), 'leuksurv'); "
        "print(h.folder, *(p.pid for p in h._processes.values()), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as notebook:
        folder, *pids = notebook.stdout.readline().split()
        notebook.send_signal(signal.SIGKILL)
    assert len(pids) == 3
    _until(lambda: not any(_serves(int(pid)) for pid in pids))
    from synthema_lab.federation.local.hospitals import _clear_what_others_left

    _clear_what_others_left()
    assert not Path(folder).exists()
    mine = list(Path(tempfile.gettempdir()).glob(f"synthema-hospitals-{os.getpid()}-*"))
    assert len(mine) <= 1


def _serves(pid: int) -> bool:
    try:
        return b"serve" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
