"""What a worker can reach, with every layer of confinement that this machine has."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from synthema_lab.dictionary.load import find
from synthema_lab.errors import GateFailed
from synthema_lab.federation.rounds.letters import ANSWER, BEGIN, REFUSED, TURN, Letter, pack
from synthema_lab.federation.service.apart import Apart
from synthema_lab.federation.worker import (
    Confinement,
    Worker,
    WorkerDied,
    WorkerFailed,
    confinement,
    kernel,
    process,
    require_sound,
)
from synthema_lab.federation.worker.confinement import needed_to_run, wrapped

confinement_module = sys.modules["synthema_lab.federation.worker.confinement"]

DICTIONARY = find("leuksurv").resolve()
HOSTILE = """
import importlib.util, json, os, resource, subprocess, sys
spec = importlib.util.spec_from_file_location("kernel", sys.argv[1])
kernel = importlib.util.module_from_spec(spec)
spec.loader.exec_module(kernel)
asked = json.loads(sys.argv[2])
how = kernel.confine(asked["readable"], asked["writable"]) if asked["kernel"] else {}
if asked["python"]:
    kernel.watch([*sys.path, asked["table"]], asked["writable"])

def tried(act):
    try:
        act()
    except Exception as error:
        return type(error).__name__
    return "done"

def connect():
    import socket
    socket.create_connection(("127.0.0.1", asked["port"]), timeout=2).close()

found = {
    "secret in environment": "SECRET" in os.environ,
    "reads the key": tried(lambda: open(asked["key"]).read()),
    "reads the table": tried(lambda: open(asked["table"]).read()),
    "writes the table": tried(lambda: open(asked["table"], "a").write("x")),
    "removes the table": tried(lambda: os.unlink(asked["table"])),
    "writes beside": tried(lambda: open(asked["key"] + ".copy", "w").write("x")),
    "writes at home": tried(lambda: open(asked["writable"][0] + "/note", "w").write("x")),
    "connects": tried(connect),
    "lists processes of others": str(asked["pid"]) in os.listdir("/proc"),
    "largest file": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
    "how": how,
}
print(json.dumps(found))
"""


def _hostile(tmp_path, monkeypatch, sandbox: bool, in_kernel: bool, in_python: bool) -> dict:
    """What a hostile program reaches from within these layers."""
    monkeypatch.setenv("SECRET", "hunter2")
    home = Path(os.environ.get("HOME", "/root")) / f".worker-test-{os.getpid()}"
    home.mkdir()
    key, table, work = home / "identity.key", tmp_path / "table.csv", tmp_path / "work"
    try:
        key.write_text("the key")
        table.write_text("age\n61\n")
        work.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as server:
            asked = {
                "readable": [*needed_to_run(), "/proc", str(table)],
                "writable": [str(work), "/dev/null"], "key": str(key), "table": str(table),
                "port": server.getsockname()[1], "pid": os.getpid(),
                "kernel": in_kernel, "python": in_python,
            }  # fmt: skip
            command = [sys.executable, "-I", "-c", HOSTILE, kernel.__file__, json.dumps(asked)]
            if sandbox:
                command = wrapped(command, [str(table)], str(work))
            done = subprocess.run(command, capture_output=True, text=True, env={}, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) | {"table": table.exists() and table.read_text()}
    finally:
        for path in home.iterdir():
            path.unlink()
        home.rmdir()


def _require_shut(found: dict) -> None:
    assert found["reads the table"] == "done"
    assert found["writes at home"] == "done"
    assert found["table"] == "age\n61\n"
    assert not found["secret in environment"]
    for act in ("reads the key", "writes the table", "removes the table", "writes beside",
                "connects"):  # fmt: skip
        assert found[act] != "done", act


@pytest.mark.skipif(not confinement().bubblewrap, reason="bubblewrap does not work here")
def test_in_the_sandbox_there_is_nothing_but_the_table(tmp_path, monkeypatch):
    found = _hostile(tmp_path, monkeypatch, sandbox=True, in_kernel=False, in_python=False)
    _require_shut(found)
    assert not found["lists processes of others"]


@pytest.mark.skipif(kernel.landlock_version() < 4, reason="this kernel has no Landlock")
def test_without_a_sandbox_the_kernel_shuts_files_and_network(tmp_path, monkeypatch):
    found = _hostile(tmp_path, monkeypatch, sandbox=False, in_kernel=True, in_python=False)
    _require_shut(found)
    assert found["how"]["landlock"] >= 4


def test_without_either_python_refuses_sockets_and_other_files(tmp_path, monkeypatch):
    found = _hostile(tmp_path, monkeypatch, sandbox=False, in_kernel=False, in_python=True)
    _require_shut(found)
    assert found["connects"] == "PermissionError"


def _asked(tmp_path, **changed) -> dict:
    from synthema_lab.federation.study.example import example_study

    table = tmp_path / "patients.csv"
    table.write_text("patient_id,age_years,sex\nP1,Rumpelstilz,1\n")
    return {
        "study": example_study().as_dict(), "dictionary": str(DICTIONARY), "table": str(table),
        "held_out": 0.0, "secret": "00", "site": "north", "sites": ["east", "north", "south"],
        "shares": 2, "taken": 0, **changed,
    }  # fmt: skip


@pytest.fixture
def worker(tmp_path):
    worker = Worker(tmp_path / "worker.log", [tmp_path, DICTIONARY])
    yield worker
    worker.close()


def test_an_error_is_a_class_and_a_number_and_its_text_stays_in_the_log(worker, tmp_path):
    with pytest.raises(WorkerFailed) as failed:
        worker.call(BEGIN, _asked(tmp_path))
    assert failed.value.error == "DataMismatch"
    assert failed.value.exit_code == 3
    assert "Rumpelstilz" not in str(failed.value)
    log = (tmp_path / "worker.log").read_text()
    assert failed.value.reference in log
    assert "Traceback" in log
    assert (tmp_path / "worker.log").stat().st_mode & 0o077 == 0


def test_a_worker_goes_on_after_an_error(worker, tmp_path):
    for _ in range(2):
        with pytest.raises(WorkerFailed):
            worker.call(BEGIN, _asked(tmp_path))


def test_what_is_no_task_is_told_as_an_error_of_unknown_kind(worker, tmp_path):
    with pytest.raises(WorkerFailed, match="InternalError"):
        worker.call(BEGIN, {**_asked(tmp_path), "dictionary": 7})


def test_a_worker_that_is_killed_is_told_and_leaves_no_folder(worker, tmp_path):
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerDied):
        worker.call(BEGIN, _asked(tmp_path))
    assert not worker._home.exists()


def test_a_worker_that_is_killed_while_it_starts_leaves_no_process(tmp_path):
    for number in range(24):
        worker = Worker(tmp_path / "worker.log", [tmp_path])
        time.sleep(number % 8 * 0.001)
        os.kill(worker.pid, signal.SIGKILL)
        worker.close()
    assert not _processes_with(tmp_path)


def _processes_with(place: Path) -> list[str]:
    """Lines of the processes that were started with this place, once those that end have ended."""
    until, found = time.monotonic() + 10, ["not looked"]
    while found and time.monotonic() < until:
        found = [line for line in map(_line_of, Path("/proc").glob("[0-9]*")) if str(place) in line]
    return found


def _line_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_a_worker_that_takes_too_long_is_ended(worker, tmp_path):
    with pytest.raises(WorkerDied, match="took 0"):
        worker.call(BEGIN, _asked(tmp_path), timeout=0.0)
    assert worker._process.poll() is not None


def test_a_worker_does_not_outlive_its_site(tmp_path):
    script = (
        "import pathlib, sys, time; from synthema_lab.federation.worker import Worker; "
        f"w = Worker(pathlib.Path({str(tmp_path / 'log')!r}), []); print(w.pid, flush=True); "
        "time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True
    ) as site:
        pid = int(site.stdout.readline())
        site.kill()
    until = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_what_confines_is_said_in_plain_words():
    assert "bubblewrap" in str(Confinement(True, 7))
    assert "Landlock 7" in str(Confinement(False, 7))
    assert "but UDP" in str(Confinement(False, 7))
    assert "bubblewrap" in Confinement(False, 7).advice


@pytest.mark.parametrize(
    ("offered", "sound"),
    [((True, 0, False), True), ((False, 7, True), True), ((False, 1, True), True),
     ((False, 7, False), False), ((False, 0, True), False)],
)  # fmt: skip
def test_only_what_shuts_off_files_and_every_network_is_sound(monkeypatch, offered, sound):
    monkeypatch.setattr(confinement_module, "confinement", lambda: Confinement(*offered))
    assert Confinement(*offered).sound is sound
    if sound:
        require_sound()
        return
    with pytest.raises(GateFailed, match="--weakly-confined") as refused:
        require_sound()
    assert refused.value.exit_code == 5


@pytest.mark.parametrize(
    ("kind", "content"), [("|O", bytes(8)), ("<i4", bytes(8)), ("<i8", bytes(9)), (None, b"")]
)
def test_what_a_worker_calls_a_vector_is_one_of_whole_or_of_real_numbers(kind, content):
    apart = object.__new__(Apart)
    answer = Letter(ANSWER, {"type": kind}, {"vector": content, "model": bytes(32)})
    apart._worker = SimpleNamespace(call=lambda *_: answer)
    with pytest.raises(WorkerDied, match="no vector"):
        apart.contribution(0, b"")


def test_the_folder_that_a_site_was_started_in_is_not_readable(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert str(tmp_path) not in needed_to_run()


def _misbehaving(tmp_path, monkeypatch, does: str) -> Worker:
    """A worker that does this instead of answering calls."""
    child = tmp_path / "child.py"
    child.write_text(f"import os, sys, time\n{does}\n")
    monkeypatch.setattr(process, "_CHILD", child)
    monkeypatch.setattr(process, "_STOPS_WITHIN", 0.2)
    return Worker(tmp_path / "log", [child])


def _answering(letter: Letter, times: int = 1) -> str:
    content = pack(letter)
    return f"os.write(1, {(len(content).to_bytes(8, 'big') + content) * times!r}); time.sleep(60)"


@pytest.mark.parametrize(
    ("does", "body"),
    [
        ("time.sleep(60)", 2**20),
        ("os.write(1, bytes(4)); time.sleep(60)", 0),
        ("os.write(1, bytes(6) + bytes([4, 0]) + bytes(9)); time.sleep(60)", 0),
        ("os.write(1, bytes([0, 0, 1]) + bytes(5)); time.sleep(60)", 0),
        (_answering(Letter(BEGIN, {})), 0),
        ("os.write(1, bytes(4))", 0),
    ],
    ids=["reads nothing", "half a length", "half an answer", "oversize", "no answer", "breaks off"],
)
def test_whatever_a_worker_does_its_call_ends(tmp_path, monkeypatch, does, body):
    worker = _misbehaving(tmp_path, monkeypatch, does)
    began = time.monotonic()
    with pytest.raises(WorkerDied):
        worker.call(TURN, {}, {"model": bytes(body)}, timeout=1.0)
    assert time.monotonic() - began < 4.0
    assert worker._process.poll() is not None
    with pytest.raises(WorkerDied):
        worker.call(TURN, {})


@pytest.mark.parametrize(
    ("told", "is_read_as"),
    [
        (("Rumpelstilz", 3, "61"), ("LabError", 3, "-")),
        (("DataMismatch", 3, "0a1b2c3d"), ("DataMismatch", 3, "0a1b2c3d")),
        (("DataMismatch", "Rumpelstilz", 61), ("InternalError", 1, "-")),
        (([61], 61, None), ("InternalError", 1, "-")),
    ],
)
def test_nothing_of_a_patient_leaves_in_what_a_worker_tells_of_an_error(
    tmp_path, monkeypatch, told, is_read_as
):
    says = dict(zip(("error", "exit_code", "reference"), told, strict=True))
    worker = _misbehaving(tmp_path, monkeypatch, _answering(Letter(REFUSED, says)))
    with pytest.raises(WorkerFailed) as failed:
        worker.call(TURN, {}, timeout=10.0)
    worker.close()
    assert (failed.value.error, failed.value.exit_code, failed.value.reference) == is_read_as


def test_a_call_that_was_broken_off_leaves_no_answer_to_the_next(tmp_path, monkeypatch):
    worker = _misbehaving(tmp_path, monkeypatch, _answering(Letter(ANSWER, {"of": 1})))

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "read_letter", interrupted)
    with pytest.raises(KeyboardInterrupt):
        worker.call(TURN, {})
    monkeypatch.undo()
    with pytest.raises(WorkerDied):
        worker.call(TURN, {})


def test_a_log_cannot_fill_the_disk(tmp_path, monkeypatch):
    found = _hostile(tmp_path, monkeypatch, sandbox=False, in_kernel=True, in_python=False)
    assert found["largest file"] == kernel.LARGEST_FILE
