"""PySyft's peers, data sets and jobs run over a shared folder, encrypted and under pinned keys."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from synthema_lab.errors import ArgumentRefused
from synthema_lab.federation.channels import open_channel
from synthema_lab.federation.channels.drive import DriveItemMissing, FolderDrive
from synthema_lab.federation.channels.drive_calls import DriveService
from synthema_lab.federation.channels.drive_query import matches
from synthema_lab.federation.channels.drive_shelf import DriveShelf
from synthema_lab.federation.channels.errors import FolderUnusable, SiteNotJoined
from synthema_lab.federation.channels.folder_shelf import FolderShelf
from synthema_lab.federation.channels.memory import MemoryShelf
from synthema_lab.federation.channels.pysyft import KEY_FILE, Client
from synthema_lab.federation.channels.sealing import PinnedSeals, accounts_of
from synthema_lab.secure_aggregation import Identity

ACCOUNTS = accounts_of(["lab", "north"])
MOCK, PRIVATE, CODE = "age\n40\n", "age\n71\nSECRET-ROW\n", "print('the study')\n"


class Side:
    """One party's client, seals and shelf."""

    def __init__(self, home, people, name) -> None:
        self.shelf = FolderShelf(str(home / "shared"))
        others = [one.member() for one in people.values() if one.name != name]
        self.seals = PinnedSeals(people[name], others, home / name, self.shelf)
        service = DriveService(FolderDrive(self.shelf, name, ACCOUNTS), ACCOUNTS[name])
        self.client = Client(ACCOUNTS[name], home / name, name == "north", service=service)
        self.syft = self.client.syft


@pytest.fixture(scope="module")
def joined(tmp_path_factory):
    """A researcher and a site that are peers, with a data set and a job."""
    home = tmp_path_factory.mktemp("exchange")
    people = {name: Identity.new(name) for name in ("lab", "north")}
    north, lab = Side(home, people, "north"), Side(home, people, "lab")
    lab.client.ask(ACCOUNTS["north"])
    north.seals.require_peer(north.client, "lab")
    north.client.approve(ACCOUNTS["lab"])
    for side in (lab, north):
        side.syft.load_peers()
    for name, content in (("mock.csv", MOCK), ("private.csv", PRIVATE), ("study.py", CODE)):
        (home / name).write_text(content)
    north.syft.create_dataset(
        "scd", home / "mock.csv", home / "private.csv", users=[ACCOUNTS["lab"]]
    )
    lab.syft.sync()
    lab.syft.submit_python_job(
        ACCOUNTS["north"], str(home / "study.py"), "study-7", force_submission=True
    )
    north.syft.sync()
    return SimpleNamespace(home=home, people=people, north=north, lab=lab)


def in_folder(joined, text):
    files = [path for path in (joined.home / "shared").rglob("*") if path.is_file()]
    assert len(files) > 10
    return [path for path in files if text.encode() in path.read_bytes()]


def test_a_researcher_sees_the_mock_rows_and_no_private_row_leaves_the_site(joined):
    (found,) = joined.lab.syft.dataset_manager.get_all()
    assert (found.name, found.owner) == ("scd", ACCOUNTS["north"])
    assert [path.read_text() for path in (joined.home / "lab").rglob("mock.csv")] == [MOCK]
    assert in_folder(joined, "SECRET-ROW") == []
    assert not list((joined.home / "lab").rglob("private*.csv"))
    assert in_folder(joined, MOCK), "mock rows are readable by design"


def test_a_job_reaches_the_site_and_cannot_be_read_in_the_folder(joined):
    (job,) = joined.north.syft.job_client.jobs
    assert (job.name, job.submitted_by) == ("study-7", ACCOUNTS["lab"])
    assert in_folder(joined, "the study") == []
    assert in_folder(joined, "study-7") == []


def test_pysyft_uses_the_keys_that_seal_the_letters_and_peers_outlive_a_restart(joined):
    keys = joined.home / "north" / KEY_FILE
    store = joined.north.syft.peer_manager.peer_store
    assert store.use_encryption
    before = keys.read_bytes()
    again = Side(joined.home, joined.people, "north")
    again.syft.load_peers()
    assert [peer.email for peer in again.syft.peer_manager.approved_peers] == [ACCOUNTS["lab"]]
    assert keys.read_bytes() == before
    envelope = again.syft.peer_manager.peer_store.encrypt(ACCOUNTS["lab"], b"letter")
    assert joined.lab.seals.opened("north", envelope) == b"letter"


def test_a_peer_whose_keys_no_identity_key_signed_is_refused(joined):
    joined.lab.seals.require_peer(joined.lab.client, "north")
    peer = joined.lab.syft.peer_manager.get_cached_peer(ACCOUNTS["north"])
    kept = peer.public_encryption_bundle
    other = joined.lab.syft.peer_manager.peer_store.get_public_bundle()
    try:
        for wrong in (other, {"id": "did:syft:x"}):
            peer.public_encryption_bundle = wrong
            with pytest.raises(SiteNotJoined, match="other keys for north"):
                joined.lab.seals.require_peer(joined.lab.client, "north")
    finally:
        peer.public_encryption_bundle = kept


# The drive in a folder


def drives():
    shelf = MemoryShelf()
    return shelf, FolderDrive(shelf, "lab", ACCOUNTS), FolderDrive(shelf, "north", ACCOUNTS)


def allowed(account, role):
    return ({"type": "user", "emailAddress": account, "role": role},)


def test_a_file_is_seen_by_its_owner_and_by_whom_the_owner_lets():
    _, lab, north = drives()
    folder = lab.make(None, name="inbox")
    file = lab.make(b"letter", name="1", parents=(folder.id,))
    assert list(north.items()) == []
    lab.change(folder.id, permissions=allowed(ACCOUNTS["north"], "reader"))
    assert north.download(file.id) == b"letter"
    assert north.account(north.item(file.id)) == ACCOUNTS["lab"]


def test_another_than_the_owner_can_move_a_file_where_it_may_write_and_nothing_else():
    _, lab, north = drives()
    folder = lab.make(None, name="inbox", permissions=allowed(ACCOUNTS["north"], "writer"))
    file = lab.make(b"letter", name="1", parents=(folder.id,))
    aside = north.make(None, name="archive")
    north.change(file.id, parents=(aside.id,))
    assert lab.item(file.id).parents == (aside.id,)
    assert lab.item(file.id).name == "1"
    for change in ({"name": "2"}, {"permissions": ()}, {"content": b"other"}):
        with pytest.raises(PermissionError):
            north.change(folder.id, **change)
    with pytest.raises(PermissionError):
        north.delete(file.id)


def test_a_reader_who_moves_a_file_by_hand_is_not_heeded():
    _, lab, north = drives()
    folder = lab.make(None, name="inbox", permissions=allowed(ACCOUNTS["north"], "reader"))
    file = lab.make(b"letter", name="1", parents=(folder.id,))
    north._write(file, None, {"parents": ("elsewhere",), "name": "renamed"})
    assert lab.item(file.id).parents == (folder.id,)
    assert lab.item(file.id).name == "1"


def test_a_file_that_claims_another_owner_belongs_to_the_folder_it_lies_in():
    shelf, lab, _ = drives()
    file = lab.make(b"letter", name="1")
    (record,) = [path for path in shelf.files if path.endswith(".json")]
    forged = json.loads(shelf.files[record]) | {"name": "forged"}
    shelf.files[record.replace("lab/", "north/", 1)] = json.dumps(forged).encode()
    assert lab.item(file.id).name == "1"
    stolen = json.loads(shelf.files[record]) | {"content": "north/register.json"}
    shelf.files["lab/drive/lab~ff.000001.json"] = json.dumps(stolen | {"id": "lab~ff"}).encode()
    assert "lab~ff" not in lab.items()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"id": "lab~00"}', b'{"parents": 3}', b"[" * 60_000, bytes(2**21)],
)
def test_a_broken_record_is_left_alone(content):
    shelf, lab, _ = drives()
    shelf.files["lab/drive/lab~00.000001.json"] = content
    kept = lab.make(b"letter", name="1")
    assert list(lab.items()) == [kept.id]


def test_a_change_replaces_the_files_of_the_version_before():
    shelf, lab, _ = drives()
    file = lab.make(b"one", name="1")
    for content in (b"two", b"three"):
        lab.change(file.id, content)
    assert lab.download(file.id) == b"three"
    assert len(shelf.files) == 2
    lab.delete(file.id)
    assert shelf.files == {}
    with pytest.raises(DriveItemMissing, match="notFound"):
        lab.item(file.id)


def test_a_query_that_is_not_understood_is_an_error_and_not_an_empty_answer():
    item = SimpleNamespace(name="this and that", mimeType="x", parents=[])
    assert matches("name='this and that' and trashed=false", item, "a@x", "a@x")
    assert not matches("name='this' and trashed=false", item, "a@x", "a@x")
    for query in ("modifiedTime > '2020'", "name='a' or name='b'", "name='a"):
        with pytest.raises(ValueError, match="not understood"):
            matches(query, item, "a@x", "a@x")


# Google Drive, by configuration


def test_a_channel_needs_a_folder_or_a_google_token(tmp_path):
    identity, other = Identity.new("lab"), Identity.new("north").member()
    with pytest.raises(ArgumentRefused, match="one of them alone"):
        open_channel(identity, [other], tmp_path / "lab")
    with pytest.raises(ArgumentRefused, match="No Google account is named for lab, north"):
        open_channel(identity, [other], tmp_path / "lab", google_token=tmp_path / "token.json")


class Refusing:
    """A drive service that is out of reach."""

    def __getattr__(self, name):
        def refused(*_, **__):
            raise ConnectionError("no route")

        return lambda *_, **__: SimpleNamespace(execute=refused, list=lambda **_: self.asked())

    def asked(self):
        def refused():
            raise ConnectionError("no route")

        return SimpleNamespace(execute=refused)


def test_a_drive_that_does_not_answer_is_an_error():
    connection = SimpleNamespace(drive_service=Refusing())
    with pytest.raises(FolderUnusable, match=r"did not answer \(ConnectionError\)"):
        DriveShelf(connection, "lab", ACCOUNTS)
