"""How does a site notice that an older copy of its books was put back?

The head of a book is the number of its lines and the seal of the last. A site
signs the heads of its books together; one copy is kept outside the site
folder, others go with every message to the coordinator and to the other sites,
who give back the newest they have. Books that do not hold a head which they
once had are refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...errors import LabError
from ...secure_aggregation import Identity, Member
from ...storage import whole_file
from .chain import require_included
from .errors import LedgerRolledBack, RegisterRolledBack, SiteRefused

_TAG = b"synthema-lab heads 1\x00"
LEDGER = "ledger.jsonl"
BOOKS = (LEDGER, "logbook.jsonl", "journal.jsonl")
LARGEST = 4096
LONGEST_ANCHOR = 50_000


@dataclass(frozen=True)
class Heads:
    """The heads of a site's books at one moment.

    Attributes
    ----------
    site : str
    books : tuple of (str, int, str)
        Name of each book, its number of lines and the seal of the last.

    Examples
    --------
    >>> north = Identity.new("north")
    >>> heads = Heads.of("north", {"ledger.jsonl": ["ab"]})
    >>> Heads.read(heads.signed(north), north.member()) == heads
    True
    """

    site: str
    books: tuple[tuple[str, int, str], ...]

    @classmethod
    def of(cls, site: str, seals: Mapping[str, Sequence[str]]) -> Heads:
        """The heads of books with these seals."""
        books = ((n, len(s), s[-1] if s else "") for n, s in sorted(seals.items()))
        return cls(site, tuple(books))

    def signed(self, identity: Identity) -> bytes:
        """The heads as bytes under the site's signature, for others to keep."""
        text = json.dumps({"site": self.site, "books": self.books}, sort_keys=True)
        signature = identity.sign(_TAG + text.encode("ascii"))
        return json.dumps({"heads": text, "signature": signature.hex()}).encode("ascii")

    @classmethod
    def read(cls, content: bytes, member: Member) -> Heads:
        """Heads that a site signed.

        Raises
        ------
        SiteRefused
            If `member` did not sign them.
        """
        found = None
        try:
            outer = json.loads(content[:LARGEST])
            if member.verifies(
                bytes.fromhex(outer["signature"]), _TAG + outer["heads"].encode("ascii")
            ):
                inner = json.loads(outer["heads"])
                books = tuple((str(n), int(c), str(s)) for n, c, s in inner["books"])
                found = cls(inner["site"], books)
        except (ValueError, KeyError, TypeError, AttributeError):
            found = None
        if found is None or found.site != member.name:
            raise SiteRefused(
                f"These heads were not signed by {member.name}.",
                "The heads of a site's books under its identity key.",
                "Leave them; ask the other sites for theirs.",
            )
        return found

    def require_included(self, seals: Mapping[str, Sequence[str]]) -> None:
        """Refuse books that do not hold these heads.

        Raises
        ------
        LedgerRolledBack, RegisterRolledBack
        """
        for name, count, seal in self.books:
            refused = LedgerRolledBack if name == LEDGER else RegisterRolledBack
            require_included(seals.get(name, ()), count, seal, name, refused)


class OwnAnchor:
    """The newest heads of a site's own books, in a file outside its folder.

    One line a step, signed. What a power cut takes from its end leaves older
    heads, which the books still hold; so nothing waits for the disk here.

    Parameters
    ----------
    path : path
    identity : Identity
    """

    def __init__(self, path: str | os.PathLike[str], identity: Identity) -> None:
        self.path, self._identity = Path(path), identity

    def read(self) -> Heads:
        """The heads that were kept last.

        Raises
        ------
        RegisterRolledBack
            If the file is gone, or holds none of this site.
        """
        lines = self.path.read_bytes().split(b"\n") if self.path.exists() else []
        for line in reversed(lines[:-1]):
            try:
                return Heads.read(line, self._identity.member())
            except SiteRefused:
                continue  # the end of a file after a power cut
        raise RegisterRolledBack(
            f"The anchor of this site is gone: {self.path}.",
            "A file outside the site folder that says how far its books had come.",
            "Put it back from a backup newer than the books; or, where all is lost, make a "
            "new site whose budget is what is certainly left.",
        )

    def write(self, heads: Heads) -> None:
        """Keep newer heads."""
        line = heads.signed(self._identity) + b"\n"
        size = self.path.stat().st_size if self.path.exists() else 0
        if size == 0 or size > LONGEST_ANCHOR:
            with whole_file(self.path) as path:
                path.write_bytes(line)
        elif heads != self.read():
            with open(self.path, "ab+") as stream:
                stream.seek(-1, os.SEEK_END)
                torn = stream.read(1) != b"\n"
                stream.write(b"\n" * torn + line)


class PeerAnchors:
    """The newest heads that a coordinator or a site has seen of others.

    Parameters
    ----------
    folder : path
        One file a site; made at the first.

    Examples
    --------
    >>> import tempfile
    >>> kept, north = PeerAnchors(tempfile.mkdtemp()), Identity.new("north")
    >>> told = Heads.of("north", {"ledger.jsonl": ["ab"]}).signed(north)
    >>> kept.keep(north.member(), told)
    True
    >>> kept.give_back("north") == told
    True
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def keep(self, member: Member, content: bytes) -> bool:
        """Keep a site's heads if they are newer; whether they were.

        Raises
        ------
        SiteRefused
            If the site did not sign them.
        RegisterRolledBack, LedgerRolledBack
            If its books have two histories: as many lines under another seal, or one
            book that grew while another shrank.
        """
        told, before = Heads.read(content, member), self.give_back(member.name)
        kept = {} if before is None else _by_name(Heads.read(before, member))
        grown = shrunk = ""
        for name, count, seal in told.books:
            had, held = kept.get(name, (0, ""))
            if count == had and seal != held:
                raise _two_histories(member.name, name)
            grown, shrunk = (name if count > had else grown), (name if count < had else shrunk)
        if grown and shrunk:
            raise _two_histories(member.name, shrunk)
        if not grown:
            return False
        with whole_file(self.folder / f"{member.name}.heads") as path:
            path.write_bytes(content)
        return True

    def give_back(self, site: str) -> bytes | None:
        """The newest heads of a site, as it signed them; None if none were seen."""
        path = self.folder / f"{site}.heads"
        return path.read_bytes() if path.exists() else None


def _by_name(heads: Heads) -> dict[str, tuple[int, str]]:
    return {name: (count, seal) for name, count, seal in heads.books}


def _two_histories(site: str, book: str) -> LabError:
    refused = LedgerRolledBack if book == LEDGER else RegisterRolledBack
    return refused(
        f"{book} of {site} has two histories: an older copy of it was put back and gone on with.",
        "Books that only ever grow.",
        f"Run no round with {site} until its data protection officer has explained it.",
    )
