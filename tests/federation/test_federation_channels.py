"""What a researcher and a site rely on holds over every channel, and no file can break it."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import subprocess
import sys
import uuid
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthema_lab.errors import ExtraMissing
from synthema_lab.federation import channels
from synthema_lab.federation.channels import Clock, Delivery, FolderChannel, MemoryPost
from synthema_lab.federation.channels import folder_shelf as shelf_module
from synthema_lab.federation.channels import outbox as outbox_module
from synthema_lab.federation.channels import register as register_module
from synthema_lab.federation.channels.drive import FolderDrive
from synthema_lab.federation.channels.drive_calls import DriveService
from synthema_lab.federation.channels.drive_shelf import DriveShelf
from synthema_lab.federation.channels.errors import (
    AddressRefused,
    ChannelClosed,
    ChannelInUse,
    FolderFull,
    FolderReadOnly,
    FolderUnusable,
    MessageDiffers,
    MessagesMissing,
    MessageTooLarge,
    MessageUnreadable,
    ReceiverBehind,
    SenderNotOwner,
    SiteNotJoined,
    SiteSilent,
    StateRefused,
)
from synthema_lab.federation.channels.folder_shelf import FolderShelf
from synthema_lab.federation.channels.letter import Letter, LetterMalformed, place_of
from synthema_lab.federation.channels.memory import MemoryShelf
from synthema_lab.federation.channels.numbered import UNTOLD
from synthema_lab.federation.channels.pysyft import folder_connection
from synthema_lab.federation.channels.sealing import accounts_of
from synthema_lab.federation.channels.seals import SealBroken
from synthema_lab.secure_aggregation import Coordinator, Identity

from .channel_site import settings_in

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("lab", "north", "south")
TOPIC = "study-7"
SECRET = b"haemoglobin of the third patient"


class Exchange:
    """Ends of a channel, opened by name, and the shelf that a hostile party reaches."""

    def __init__(self, kind: str, home: Path) -> None:
        self.kind, self._home = kind, home
        self.people = {name: Identity.new(name) for name in NAMES}
        self._post = MemoryPost()
        if kind == "memory":
            self.shelf = self._post.shelf
        elif kind == "drive":
            self._drives, accounts = MemoryShelf(), accounts_of(NAMES)
            self._shelves = {name: self._drive(name, accounts) for name in NAMES}
            self.shelf = AnyOwner(self._shelves)
        else:
            self.shelf = FolderShelf(
                home / "shared" if kind == "folder" else f"memory://{uuid.uuid4()}"
            )
        self._ends = []

    def _drive(self, name: str, accounts: dict[str, str]) -> DriveShelf:
        service = DriveService(FolderDrive(self._drives, name, accounts), accounts[name])
        return DriveShelf(folder_connection(accounts[name], service), name, accounts)

    def end(self, name: str, **options):
        if self.kind == "memory":
            post = self._post
            post.shelf = self.shelf
            post._clock, post._largest = options.get("clock"), options.get("largest", 2**28)
            channel = post.channel(name)
        else:
            others = [one.member() for one in self.people.values() if one.name != name]
            shelf = self._shelves[name] if self.kind == "drive" else self.shelf
            channel = FolderChannel(shelf, self.people[name], others, self._home / name, **options)
        self._ends.append(channel)
        return channel

    def counted(self) -> list[str]:
        """The calls that ends opened from now on make of their shelves, as they come."""
        asked: list[str] = []
        if self.kind == "drive":
            self._shelves = {name: Counting(shelf, asked) for name, shelf in self._shelves.items()}
        else:
            self.shelf = Counting(self.shelf, asked)
        return asked

    def files(self) -> list[str]:
        return sorted(path for name in NAMES for path in self.shelf.names(name))

    def letters(self, sender: str) -> list[str]:
        return [path for path in self.files() if path.startswith(sender) and "sealed" in path]

    def close(self) -> None:
        for channel in self._ends:
            channel.close()


class AnyOwner:
    """Writes in every party's name, as whoever owns the drive's machines could."""

    def __init__(self, shelves) -> None:
        self._shelves = shelves

    def __getattr__(self, name):
        def asked(path, *content):
            shelf = self._shelves.get(path.partition("/")[0], self._shelves["lab"])
            if name == "write" and path.partition("/")[0] not in self._shelves:
                return None
            return getattr(shelf, name)(path, *content)

        return asked


class Counting:
    """A shelf that counts what is asked of it."""

    def __init__(self, shelf, asked: list[str]) -> None:
        self._shelf, self._asked = shelf, asked

    def __getattr__(self, name):
        method = getattr(self._shelf, name)
        if not callable(method):
            return method

        def counted(*arguments):
            self._asked.append(name)
            return method(*arguments)

        return counted


@pytest.fixture(params=["memory", "folder", "object store", "drive"])
def exchange(request, tmp_path):
    """One channel of each kind."""
    made = Exchange(request.param, tmp_path)
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    """A channel over a folder on disk."""
    made = Exchange("folder", tmp_path)
    yield made
    made.close()


@pytest.fixture
def sealed(tmp_path):
    """A channel over an object store."""
    made = Exchange("object store", tmp_path)
    yield made
    made.close()


def arrived(channel, sender="north", topic=TOPIC):
    """Messages that can be had now, none acknowledged."""
    if channel.troubles:
        channel._clock.sleep(0.3)
    found = []
    while delivery := channel.poll(topic, [sender]):
        found.append(delivery.message)
    return found


def patient(limit=100.0):
    """A clock whose waiting takes no time."""
    passed = [0.0]

    def sleep(seconds):
        passed[0] += seconds
        assert passed[0] < limit

    return Clock(monotonic=lambda: passed[0], sleep=sleep)


def both(exchange, **options):
    lab = exchange.end("lab", **options)
    return lab, exchange.end("north", **options)


# Delivery


def test_a_message_arrives_whole_with_its_sender_and_number(exchange):
    lab, north = both(exchange)
    message = bytes(range(256)) * 20
    assert north.send("lab", TOPIC, message) == 1
    delivery = lab.receive(TOPIC, "north", timeout=0)
    assert (delivery.sender, delivery.topic, delivery.number) == ("north", TOPIC, 1)
    assert delivery.message == message
    assert SECRET.decode() not in repr(delivery)


def test_an_empty_message_is_a_message(exchange):
    lab, north = both(exchange)
    north.send("lab", TOPIC, b"")
    assert lab.receive(TOPIC, "north", timeout=0).message == b""


def test_messages_of_a_pair_and_topic_arrive_in_order_and_once(exchange):
    lab, north = both(exchange)
    for number in range(5):
        north.send("lab", TOPIC, bytes([number]))
    assert arrived(lab) == [bytes([number]) for number in range(5)]
    assert arrived(lab) == []


def test_two_studies_at_once_do_not_wait_for_each_other(exchange):
    lab, north = both(exchange)
    lab.send("north", "study-7", b"seven")
    lab.send("north", "study-8", b"eight")
    assert north.receive("study-8", "lab", timeout=0).message == b"eight"
    north.send("lab", "study-8", b"answer to eight")
    assert arrived(lab, topic="study-8") == [b"answer to eight"]
    assert arrived(north, "lab", "study-7") == [b"seven"]
    assert arrived(lab, topic="study-7") == []


def test_the_coordinator_gathers_from_many_sites_and_sees_who_is_silent(exchange):
    lab, north = both(exchange, clock=patient())
    exchange.end("south")
    north.send("lab", TOPIC, b"here")
    found = lab.gather(TOPIC, ["north", "south"], timeout=30)
    assert {name: one.message for name, one in found.items()} == {"north": b"here"}
    with pytest.raises(SiteSilent, match="south was silent for 30 seconds"):
        lab.receive(TOPIC, "south", timeout=30)


def test_a_message_of_five_megabytes_arrives(exchange):
    lab, north = both(exchange)
    message = np.random.default_rng(7).bytes(5_000_000)
    north.send("lab", TOPIC, message)
    assert lab.receive(TOPIC, "north", timeout=0).message == message


def test_a_message_beyond_the_limit_is_refused_at_either_end(exchange):
    north = exchange.end("north", largest=2**20)
    lab = exchange.end("lab", largest=1000)
    with pytest.raises(MessageTooLarge, match="At most 1,048,576 bytes"):
        north.send("lab", TOPIC, bytes(2**20 + 1))
    north.send("lab", TOPIC, bytes(2**20))
    assert lab.poll(TOPIC, ["north"]) is None
    assert "larger than 1,000 bytes" in str(lab.troubles[0])


@pytest.mark.parametrize("topic", ["", "../keys", "a b", "x" * 129, 7])
def test_a_topic_that_could_be_a_path_is_refused(exchange, topic):
    lab, _ = both(exchange)
    with pytest.raises(AddressRefused):
        lab.send("north", topic, b"x")
    with pytest.raises(AddressRefused):
        lab.poll(topic, ["north"])


def test_a_name_that_could_be_a_path_and_text_are_refused(exchange):
    lab, _ = both(exchange)
    with pytest.raises(AddressRefused):
        lab.send("../north", TOPIC, b"x")
    with pytest.raises(AddressRefused):
        lab.send("north", TOPIC, "text")


# Restarts


def test_what_was_not_acknowledged_is_delivered_again_after_a_restart(exchange):
    lab, north = both(exchange)
    for message in (b"one", b"two", b"three"):
        north.send("lab", TOPIC, message)
    first = lab.receive(TOPIC, "north", timeout=0)
    lab.receive(TOPIC, "north", timeout=0)
    lab.acknowledge(first)
    lab.close()
    lab = exchange.end("lab")
    assert arrived(lab) == [b"two", b"three"]


def test_a_restarted_sender_goes_on_with_its_numbers(exchange):
    lab, north = both(exchange)
    north.send("lab", TOPIC, b"one")
    north.close()
    north = exchange.end("north")
    assert north.send("lab", TOPIC, b"two") == 2
    assert arrived(lab) == [b"one", b"two"]


def test_sending_again_under_the_same_number_changes_nothing(exchange):
    lab, north = both(exchange)
    north.send("lab", TOPIC, b"one", number=1)
    north.close()
    north = exchange.end("north")
    assert north.send("lab", TOPIC, b"one", number=1) == 1
    lab.acknowledge(lab.receive(TOPIC, "north", timeout=0))
    lab.send("north", TOPIC, b"heard")
    arrived(north, "lab")
    assert north.send("lab", TOPIC, b"one", number=1) == 1
    assert arrived(lab) == []


def test_another_message_under_a_used_number_is_refused(exchange):
    _, north = both(exchange)
    north.send("lab", TOPIC, b"one", number=1)
    with pytest.raises(MessageDiffers, match="Another message was sent to lab under number 1"):
        north.send("lab", TOPIC, b"other", number=1)
    with pytest.raises(MessageDiffers, match="after number 1"):
        north.send("lab", TOPIC, b"far", number=3)


def test_a_number_noted_by_a_process_that_died_before_it_wrote_is_used_again(exchange, monkeypatch):
    def die(*_):
        raise KeyboardInterrupt

    lab, north = both(exchange)
    north.send("lab", TOPIC, b"one")
    monkeypatch.setattr(north._outbox, "write", die)
    with pytest.raises(KeyboardInterrupt):
        north.send("lab", TOPIC, b"lost")
    north.close()
    north = exchange.end("north")
    assert north.send("lab", TOPIC, b"two") == 2
    assert arrived(lab) == [b"one", b"two"]


def test_one_party_is_open_once(exchange):
    lab = exchange.end("lab")
    with pytest.raises(ChannelInUse):
        exchange.end("lab")
    lab.close()
    exchange.end("lab")


def test_a_closed_end_and_a_forgotten_topic_are_refused(exchange):
    lab, north = both(exchange)
    lab.send("north", TOPIC, b"one")
    lab.forget(TOPIC)
    assert exchange.letters("lab") == []
    with pytest.raises(ChannelClosed):
        lab.send("north", TOPIC, b"two")
    lab.close()
    lab = exchange.end("lab")
    with pytest.raises(ChannelClosed):
        lab.send("north", TOPIC, b"two")
    lab.send("north", "study-8", b"eight")
    assert arrived(north, "lab", "study-8") == [b"eight"]
    lab.close()
    with pytest.raises(ChannelClosed):
        lab.send("north", "study-8", b"nine")


class Died(BaseException):
    """A process that ended in the middle of something."""


ACTS = ("send", "die before", "die after", "take", "take and keep", "restart north", "restart lab",
        "answer", "hear")  # fmt: skip


@given(acts=st.lists(st.sampled_from(ACTS), max_size=60))
@settings(max_examples=150, deadline=None)
def test_whoever_dies_whenever_each_message_is_taken_once_and_in_order(acts):
    post = MemoryPost()
    ends = {"lab": post.channel("lab"), "north": post.channel("north")}
    sent, taken = [], []

    def restart(name):
        ends[name].close()
        ends[name] = post.channel(name)

    def send(dies=None):
        """North makes its next message; if it dies, it comes back and sends it again."""
        message = bytes([len(sent)])
        sent.append(message)
        write = ends["north"]._outbox.write

        def dying(*arguments):
            if dies == "after":
                write(*arguments)
            raise Died

        if dies:
            ends["north"]._outbox.write = dying
            with pytest.raises(Died):
                ends["north"].send("lab", TOPIC, message, number=len(sent))
            restart("north")
        assert ends["north"].send("lab", TOPIC, message, number=len(sent)) == len(sent)

    def take(keep):
        delivery = ends["lab"].poll(TOPIC, ["north"])
        if delivery is None:
            return
        if keep:
            taken.append(delivery.message)
            ends["lab"].acknowledge(delivery)
        else:
            restart("lab")

    def hear():
        if delivery := ends["north"].poll(TOPIC, ["lab"]):
            ends["north"].acknowledge(delivery)

    for act in acts:
        {
            "send": send,
            "die before": lambda: send("before"),
            "die after": lambda: send("after"),
            "take": lambda: take(keep=False),
            "take and keep": lambda: take(keep=True),
            "restart north": lambda: restart("north"),
            "restart lab": lambda: restart("lab"),
            "answer": lambda: ends["lab"].send("north", TOPIC, b"heard"),
            "hear": hear,
        }[act]()
        assert taken == sent[: len(taken)]
    while len(taken) < len(sent):
        take(keep=True)
    assert taken == sent
    assert ends["lab"].poll(TOPIC, ["north"]) is None
    assert ends["lab"].troubles == ends["north"].troubles == ()


# Corrupt, foreign and misplaced files


@pytest.mark.parametrize("left", [0, 1, 40, -1])
def test_a_half_written_file_is_named_and_waited_for(exchange, left):
    lab, north = both(exchange, clock=patient())
    north.send("lab", TOPIC, SECRET)
    (place,) = exchange.letters("north")
    whole = exchange.shelf.read(place)
    exchange.shelf.write(place, whole[:left])
    assert lab.poll(TOPIC, ["north"]) is None
    assert [trouble.place for trouble in lab.troubles] == [place]
    with pytest.raises(MessageUnreadable, match=place) as raised:
        lab.receive(TOPIC, "north", timeout=3)
    assert SECRET.decode() not in str(raised.value)
    exchange.shelf.write(place, whole)
    assert arrived(lab) == [SECRET]
    assert lab.troubles == ()


def test_any_altered_byte_is_refused_or_is_padding(sealed):
    lab, north = both(sealed, clock=patient(limit=1000.0))
    north.send("lab", TOPIC, SECRET)
    (place,) = sealed.letters("north")
    whole = sealed.shelf.read(place)
    # PySyft states the length of what it signs in bytes 5 to 8, and pads the header to 4 KiB.
    stated, enciphered = 9 + int.from_bytes(whole[5:9], "little"), len(whole) - len(SECRET)
    for byte in [*range(0, stated, 3), *range(enciphered, len(whole)), *range(2000, 4000, 50)]:
        altered = bytearray(whole)
        altered[byte] ^= 1 << (byte % 8)
        sealed.shelf.write(place, bytes(altered))
        lab._clock.sleep(0.3)
        delivery = lab.poll(TOPIC, ["north"])
        if delivery is None:
            assert [trouble.place for trouble in lab.troubles] == [place]
        else:
            assert stated < byte < enciphered
            assert delivery.message == SECRET
            lab._inbox._taken.clear()


def test_foreign_files_in_the_folder_are_left_alone(exchange):
    lab, north = both(exchange)
    north.send("lab", TOPIC, b"one")
    (place,) = exchange.letters("north")
    beside = place.rpartition("/")[0]
    for name in ("notes.txt", "00000002.sealed~", ".tmp-00000002.sealed", "desktop.ini"):
        exchange.shelf.write(f"{beside}/{name}", b"x")
    exchange.shelf.write("readme.txt", b"x")
    assert arrived(lab) == [b"one"]
    assert lab.troubles == ()


def test_a_message_sealed_by_another_site_is_not_believed(exchange):
    lab, north = both(exchange, clock=patient())
    south = exchange.end("south")
    south.send("lab", TOPIC, b"I am north")
    (spoofed,) = exchange.letters("south")
    exchange.shelf.write(spoofed.replace("south", "north", 1), exchange.shelf.read(spoofed))
    assert lab.poll(TOPIC, ["north"]) is None
    with pytest.raises(SenderNotOwner, match="is not from north"):
        lab.receive(TOPIC, "north", timeout=1)
    north.send("lab", TOPIC, b"I am north")
    assert arrived(lab) == [b"I am north"]


def test_a_message_that_states_another_sender_than_its_seal_is_not_believed(folder):
    lab, _ = both(folder)
    south = folder.end("south")
    letter = Letter("north", "lab", TOPIC, 1, 0, b"I am north").written()
    place = place_of("north", "lab", TOPIC, 1)
    folder.shelf.write(place, south._outbox._seals.seal("lab", letter))
    assert lab.poll(TOPIC, ["north"]) is None
    assert lab.troubles[0].foreign


def test_a_stranger_with_keys_of_its_own_is_not_believed(folder, tmp_path):
    lab = folder.end("lab")
    false_north = Identity.new("north")
    stranger = FolderChannel(
        folder.shelf, false_north, [folder.people["lab"].member()], tmp_path / "stranger"
    )
    stranger.send("lab", TOPIC, b"I am north")
    assert lab.poll(TOPIC, ["north"]) is None
    with pytest.raises(SiteNotJoined, match="pinned identity key"):
        lab.send("north", TOPIC, b"to north")
    stranger.close()


def test_a_message_copied_to_another_place_is_not_believed(exchange):
    lab, north = both(exchange)
    south = exchange.end("south")
    north.send("lab", TOPIC, b"one")
    north.send("south", TOPIC, b"for south")
    to_lab, to_south = exchange.letters("north")
    exchange.shelf.write(to_lab.replace("1.sealed", "2.sealed"), exchange.shelf.read(to_lab))
    assert arrived(lab) == [b"one"]
    assert lab.troubles[0].place.endswith("00000002.sealed")
    exchange.shelf.write(to_south, exchange.shelf.read(to_lab))
    assert south.poll(TOPIC, ["north"]) is None
    other = place_of("north", "lab", "study-8", 1)
    exchange.shelf.write(other, exchange.shelf.read(to_lab))
    assert lab.poll("study-8", ["north"]) is None


def test_a_message_that_was_cleared_away_and_put_back_is_not_delivered_again(exchange):
    lab, north = both(exchange)
    north.send("lab", TOPIC, b"one")
    (place,) = exchange.letters("north")
    kept = exchange.shelf.read(place)
    lab.acknowledge(lab.receive(TOPIC, "north", timeout=0))
    lab.send("north", TOPIC, b"heard")
    assert arrived(north, "lab") == [b"heard"]
    assert exchange.letters("north") == []
    exchange.shelf.write(place, kept)
    lab.close()
    assert arrived(exchange.end("lab")) == []


def test_an_acknowledgement_of_what_was_never_sent_is_not_believed(exchange):
    lab, north = both(exchange)
    letter = Letter("north", "lab", TOPIC, 1, 9, b"x").written()
    exchange.shelf.write(
        place_of("north", "lab", TOPIC, 1), north._outbox._seals.seal("lab", letter)
    )
    assert lab.poll(TOPIC, ["north"]) is None
    assert "never sent" in str(lab.troubles[0])


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"[" * 60_000, bytes(2**20), b"\xff"])
def test_keys_that_are_no_keys_are_left_alone(sealed, content):
    lab, north = both(sealed)
    north.send("lab", TOPIC, b"one")
    whole = sealed.shelf.read("north/keys.json")
    sealed.shelf.write("north/keys.json", content)
    with pytest.raises(SiteNotJoined):
        lab.send("north", TOPIC, b"two")
    assert lab.poll(TOPIC, ["north"]) is None
    assert "has shown no keys" in str(lab.troubles[0])
    sealed.shelf.write("north/keys.json", whole)
    assert arrived(lab) == [b"one"]


def test_a_state_folder_from_an_old_backup_is_noticed(folder, tmp_path):
    lab, north = both(folder, clock=patient())
    register = tmp_path / "north" / "register.json"
    north.send("lab", TOPIC, b"one")
    backup = register.read_bytes()
    for message in (b"two", b"three"):
        north.send("lab", TOPIC, message)
    assert arrived(lab) == [b"one", b"two", b"three"]
    north.close()
    register.write_bytes(backup)
    north = folder.end("north", clock=patient())
    lab.acknowledge(Delivery("north", TOPIC, 3, b""))
    lab.send("north", TOPIC, b"heard three")
    with pytest.raises(MessageUnreadable, match="never sent from this state folder"):
        north.receive(TOPIC, "lab", timeout=1)


def test_a_missing_message_is_told_apart_from_silence(exchange):
    lab, north = both(exchange, clock=patient())
    for message in (b"one", b"two"):
        north.send("lab", TOPIC, message)
    exchange.shelf.remove(exchange.letters("north")[0])
    with pytest.raises(MessagesMissing, match="Message 1 of north is missing, and 2 is there"):
        lab.receive(TOPIC, "north", timeout=1)


@pytest.mark.parametrize(
    "content", [b"", b"SLCL", b"x" * 60, Letter("a", "b", "c", 1, 0).written() + b"x"]
)
def test_what_is_no_letter_is_refused(content):
    with pytest.raises(LetterMalformed):
        Letter.read(content)


# The folder


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (errno.EROFS, FolderReadOnly),
        (errno.EACCES, FolderReadOnly),
        (errno.ENOSPC, FolderFull),
        (errno.EIO, FolderUnusable),
    ],
)
def test_a_folder_that_cannot_be_written_is_an_error_and_then_nothing_is_lost(
    folder, monkeypatch, fault, error
):
    lab, north = both(folder)
    north.send("lab", TOPIC, b"one")

    @contextmanager
    def refusing(place):
        raise OSError(fault, os.strerror(fault))
        yield

    with monkeypatch.context() as patched:
        patched.setattr(shelf_module, "whole_file", refusing)
        with pytest.raises(error, match="nothing was half-sent"):
            north.send("lab", TOPIC, b"two")
        assert arrived(lab) == [b"one"]
    assert north.send("lab", TOPIC, b"two") == 2
    assert arrived(lab) == [b"two"]


def test_a_state_folder_that_is_full_is_an_error_and_leaves_no_gap(folder, monkeypatch):
    lab, north = both(folder)
    north.send("lab", TOPIC, b"one")

    @contextmanager
    def full(place):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        yield

    with monkeypatch.context() as patched:
        patched.setattr(register_module, "whole_file", full)
        with pytest.raises(StateRefused, match="No space left on device"):
            north.send("lab", TOPIC, b"two")
    assert north.send("lab", TOPIC, b"two") == 2
    assert arrived(lab) == [b"one", b"two"]


def test_a_broken_file_is_not_read_again_and_again(exchange):
    asked = exchange.counted()
    lab, north = both(exchange, clock=patient())
    north.send("lab", TOPIC, b"one")
    (place,) = exchange.letters("north")
    exchange.shelf.write(place, b"half")
    asked.clear()
    assert lab.gather(TOPIC, ["north"], timeout=2) == {}
    assert asked.count("read") <= 10


def test_a_store_that_renames_onto_no_file_is_written_all_the_same(sealed, monkeypatch):
    move = sealed.shelf._files.mv

    def refusing(old, new):
        if sealed.shelf._files.exists(new):
            raise OSError("Failure")
        move(old, new)

    monkeypatch.setattr(sealed.shelf._files, "mv", refusing)
    sealed.shelf.write("north/1", b"one")
    sealed.shelf.write("north/1", b"two")
    assert sealed.shelf.read("north/1") == b"two"
    assert sealed.shelf.names("north") == ["north/1"]


def test_a_folder_that_vanished_is_an_error_when_waiting_ends(folder, monkeypatch):
    lab, north = both(folder, clock=patient())
    north.send("lab", TOPIC, b"one")

    def gone(path):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(folder.shelf._files, "info", gone)
    assert lab.poll(TOPIC, ["north"]) is None
    with pytest.raises(MessageUnreadable, match="cannot be used"):
        lab.receive(TOPIC, "north", timeout=1)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "shared").write_text("a file")
    with pytest.raises(FolderUnusable):
        FolderShelf(str(tmp_path / "shared" / "below"))


def test_clocks_that_differ_by_two_hours_change_nothing(exchange):
    lab = exchange.end("lab", clock=Clock(now=lambda: 1e9 + 3600))
    north = exchange.end("north", clock=Clock(now=lambda: 1e9 - 3600))
    north.send("lab", TOPIC, b"one")
    for path in exchange.files() if exchange.kind == "folder" else ():
        os.utime(Path(exchange.shelf._root) / path, (1e9, 1e9))
    north.send("lab", TOPIC, b"two")
    assert arrived(lab) == [b"one", b"two"]
    lab.send("north", TOPIC, b"three")
    assert arrived(north, "lab") == [b"three"]


def test_a_site_whose_identity_key_has_expired_is_neither_written_to_nor_read(folder):
    folder.people["north"] = Identity.new("north", expires=2000)
    north = folder.end("north")
    now = [1999.0]
    lab = folder.end("lab", clock=Clock(now=lambda: now[0]))
    north.send("lab", TOPIC, b"one")
    north.send("lab", TOPIC, b"two")
    assert lab.receive(TOPIC, "north", timeout=0).message == b"one"
    now[0] = 2000.0
    assert lab.poll(TOPIC, ["north"]) is None
    with pytest.raises(SiteNotJoined, match="expired"):
        lab.send("north", TOPIC, b"three")


def test_a_site_that_never_joined_is_an_error_at_once(folder):
    lab = folder.end("lab")
    with pytest.raises(SiteNotJoined, match="Start the site of north"):
        lab.send("north", TOPIC, b"one")
    folder.end("north")
    assert lab.send("north", TOPIC, b"one") == 1


# Growth


def test_neither_files_nor_work_grow_over_fifty_rounds(exchange):
    asked = exchange.counted()
    exchange.end("lab").close()
    lab, north = both(exchange)
    files, work = [], []
    for _ in range(50):
        asked.clear()
        lab.send_all({"north": b"question"}, TOPIC)
        north.acknowledge(question := north.receive(TOPIC, "lab", timeout=0))
        north.send("lab", TOPIC, question.message + b"!")
        lab.acknowledge(lab.receive(TOPIC, "north", timeout=0))
        work.append(sorted(asked))
        files.append(len(exchange.letters("lab") + exchange.letters("north")))
    assert set(files[1:]) == {1}
    assert all(calls == work[1] for calls in work[1:])
    assert "names" not in work[1]
    assert len(work[1]) <= 10


def test_one_way_traffic_does_not_grow_either(exchange):
    lab, north = both(exchange)
    most = 0
    for _ in range(60):
        lab.send("north", TOPIC, b"news")
        north.acknowledge(north.receive(TOPIC, "lab", timeout=0))
        most = max(most, len(exchange.letters("lab")))
    assert most <= 2 * UNTOLD
    assert len(exchange.letters("north")) == 1


def test_a_receiver_that_takes_nothing_is_an_error_before_the_folder_fills(exchange, monkeypatch):
    monkeypatch.setattr(outbox_module, "BACKLOG", 10)
    lab, _ = both(exchange)
    for _ in range(10):
        lab.send("north", TOPIC, b"news")
    with pytest.raises(ReceiverBehind, match="10 messages to north"):
        lab.send("north", TOPIC, b"news")


def test_what_an_interrupted_write_left_behind_is_swept_up(folder):
    north = folder.end("north")
    folder.shelf.write("north/lab/ab/.00000001-x7.sealed", b"half")
    north.close()
    folder.end("north")
    assert not any("x7" in path for path in folder.files())


# Secrecy


def test_nothing_that_is_sent_can_be_read_in_the_folder(folder, tmp_path):
    lab, north = both(folder)
    lab.send("north", "aml-relapse-study", SECRET * 100)
    north.acknowledge(north.receive("aml-relapse-study", "lab", timeout=0))
    north.send("lab", "aml-relapse-study", SECRET)
    written = [path for path in (tmp_path / "shared").rglob("*") if path.is_file()]
    assert len(written) >= 4
    for path in written:
        content = path.read_bytes() + str(path.relative_to(tmp_path)).encode()
        for secret in (SECRET, b"haemoglobin", b"aml-relapse", b"private"):
            assert secret not in content
    register = (tmp_path / "lab" / "register.json").read_text()
    assert "haemoglobin" not in register


def test_another_site_cannot_open_what_was_not_sealed_for_it(folder):
    _, north = both(folder)
    south = folder.end("south")
    north.send("lab", TOPIC, SECRET)
    (place,) = folder.letters("north")
    with pytest.raises(SealBroken, match="sealed for another"):
        south._outbox._seals.opened("north", folder.shelf.read(place))


def test_private_keys_are_for_their_owner_alone_and_outlive_a_restart(folder, tmp_path):
    lab, north = both(folder)
    keys = tmp_path / "north" / "crypto_keys.json"
    assert keys.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "north").stat().st_mode & 0o777 == 0o700
    before = keys.read_bytes()
    lab.send("north", TOPIC, b"one")
    north.close()
    north = folder.end("north")
    assert keys.read_bytes() == before
    assert arrived(north, "lab") == [b"one"]


def test_a_lost_state_folder_is_refused_and_not_made_up_for(folder, tmp_path):
    north = folder.end("north")
    north.close()
    (tmp_path / "north").rename(tmp_path / "lost")
    with pytest.raises(StateRefused, match="Restore it from its backup"):
        folder.end("north")


@pytest.mark.parametrize("file", ["register.json", "crypto_keys.json"])
@pytest.mark.parametrize("content", ["", "{}", '{"name": "south", "lines": [], "closed": []}'])
def test_a_damaged_state_is_refused(folder, tmp_path, file, content):
    folder.end("north").close()
    (tmp_path / "north" / file).write_text(content)
    with pytest.raises(StateRefused, match="damaged, or belongs to another party"):
        folder.end("north")
    (tmp_path / "north").rename(tmp_path / "set aside")


def test_memory_needs_no_pysyft_and_the_folder_says_what_is_missing(monkeypatch):
    code = (
        "import sys, synthema_lab.federation.channels as c; c.MemoryPost().channel('lab');"
        "print(*{'syft', 'syft_crypto_python', 'fsspec'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == ""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match="extra 'federation'"):
        channels.FolderChannel  # noqa: B018
    with pytest.raises(AttributeError):
        channels.Pigeon  # noqa: B018


# Real processes


@contextmanager
def site_process(home: Path, name: str, *arguments: str):
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "federation" / "channel_site.py"), str(home), name,
         *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_three_site_processes_and_a_killed_one_open_the_right_sum(tmp_path):
    values = {"east": 1.5, "north": -2.0, "south": 4.25}
    people = {name: Identity.new(name) for name in values}
    lab = Identity.new("lab")
    for name, identity in people.items():
        (tmp_path / "sites" / name).mkdir(parents=True)
        (tmp_path / "sites" / name / "identity").write_bytes(identity.private_key)
    agreed = {
        "members": {name: one.member().key.hex() for name, one in people.items()},
        "lab": lab.member().key.hex(),
        "length": 1000,
        "values": values,
    }
    (tmp_path / "round.json").write_text(json.dumps(agreed))
    members = [one.member() for one in people.values()]
    coordinator = Coordinator(settings_in(tmp_path))
    with (
        FolderChannel(tmp_path / "shared", lab, members, tmp_path / "lab") as channel,
        site_process(tmp_path, "east"),
        site_process(tmp_path, "south"),
        site_process(tmp_path, "north", "2") as killed,
    ):
        exchanges = 0
        while coordinator.opened is None:
            found = channel.gather(TOPIC, values, timeout=0.2 if exchanges == 2 else 30)
            if set(found) != set(values):
                assert killed.wait(timeout=30) == -9
                with site_process(tmp_path, "north"):
                    found |= channel.gather(TOPIC, set(values) - set(found), timeout=30)
                    finished(coordinator, channel, found, values)
                break
            exchanges += 1
            answer(coordinator, channel, found)
        assert coordinator.opened.survivors == ("east", "north", "south")
        assert np.array_equal(coordinator.opened.total, np.full(1000, 3.75))


def answer(coordinator, channel, found) -> None:
    """Take what came, and send what follows."""
    for delivery in found.values():
        coordinator.receive(delivery.message)
    messages = coordinator.close()
    channel.acknowledge(*found.values())
    if messages:
        channel.send_all(messages, TOPIC)


def finished(coordinator, channel, found, names) -> None:
    """Go on to the opened sum."""
    while coordinator.opened is None:
        answer(coordinator, channel, found)
        if coordinator.opened is None:
            found = channel.gather(TOPIC, names, timeout=30)
