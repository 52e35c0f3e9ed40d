"""What does a site keep, and what does every step of it go through?

A site folder holds the identity key, the policy, the logbook (approvals and
rounds are read from it), the journal of rounds, the privacy ledger and the
studies. Every step first makes sure that the books are those it had, takes the
site's one lock, writes, and moves the anchor on.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from ...deidentify.keys import keyed
from ...errors import BudgetExhausted, LabError
from ...privacy import Charge, Ledger, PrivacyEvent
from ...secure_aggregation import RoundSettings, Site
from ..study.keyfile import load_key
from ..study.study import Study
from . import budget
from .admission import dictionary_of, reasons_against
from .anchor import LEDGER, Heads, OwnAnchor
from .approval import Approval, require_approval
from .chain import Chain
from .errors import PolicyRefused, SiteRefused
from .logbook import BEGUN, CHARGED, POLICY, STOPPED, UNCOVERED, Logbook
from .policy import NAME, SitePolicy
from .rounds import RoundLines, require_new_round, require_terms
from .shelf import Shelf

KEY, LOGBOOK, JOURNAL, STUDIES = "identity.key", "logbook.jsonl", "journal.jsonl", "studies"


class SiteFolder:
    """A site's books, open.

    Parameters
    ----------
    folder : path
        As `create_site` made it.
    now : callable
        Unix time in seconds; the clock of the machine by default.

    Attributes
    ----------
    identity : Identity
    lines : RoundLines
        The journal, to be given to `Site` and `SteadySite` as ``used_rounds``.

    Raises
    ------
    SiteRefused
        If there is no site here.
    RegisterRolledBack, LedgerRolledBack
        If a book is not what it was.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from synthema_lab.federation.site import create_site
    >>> from synthema_lab.secure_aggregation import Identity
    >>> place = pathlib.Path(tempfile.mkdtemp())
    >>> ana = Identity.new("ana")
    >>> site = create_site(place / "north", "north", ana, anchor=place / "north.anchor")
    >>> [entry.event for entry in SiteFolder(place / "north").logbook.entries()]
    ['site made', 'policy changed']
    """

    def __init__(
        self, folder: str | os.PathLike[str], now: Callable[[], float] = time.time
    ) -> None:
        self.folder, self.now = Path(folder), now
        self._policy = SitePolicy.read(self.folder / NAME)
        self.identity = load_key(self.folder / KEY)
        self.lock = FileLock(self.folder / ".lock", timeout=60)
        self._charged: tuple[object, tuple[str, ...]] = (None, ())
        self._admitted: dict[str, tuple[Study, bytes]] = {}
        with self.lock:
            self._anchor = OwnAnchor(self._policy.anchor, self.identity)
            self.logbook = Logbook(Chain(self.folder / LOGBOOK, self.lock), now)
            self._journal = Chain(self.folder / JOURNAL, self.lock)
            self.lines = RoundLines(self._journal, self._begin, self._move_anchor)
            self.shelf = Shelf(self.folder / STUDIES)
            with self.step():
                self._catch_up()

    @property
    def policy(self) -> SitePolicy:
        """The policy as it is now on the disk; a change is noted in the logbook."""
        found = SitePolicy.read(self.folder / NAME)
        if found.site != self.identity.name:
            raise SiteRefused(
                f"The policy is that of {found.site}, the key that of {self.identity.name}.",
                "One site a folder.", f"Put the right name after site: in {NAME}.",
            )  # fmt: skip
        return found

    @contextmanager
    def step(self) -> Iterator[SitePolicy]:
        """One step: lock, books as they were, policy noted; afterwards the anchor moves on."""
        with self.lock:
            self.require_unaltered()
            policy = self.policy
            noted = [entry.details["digest"] for entry in self.logbook.entries(None, POLICY)]
            if noted[-1:] != [policy.digest]:
                self.logbook.enter(POLICY, digest=policy.digest)
            try:
                yield policy
            finally:
                self._move_anchor()

    # The books

    def ledger(self, cohort: str) -> Ledger:
        """The privacy ledger, with the budget of a cohort."""
        policy = self.policy
        dataset = policy.datasets.get(cohort)
        if dataset is None:
            raise SiteRefused(
                f"There is no cohort {cohort} for studies at {policy.site}.",
                f"One of: {', '.join(policy.datasets) or 'none'}.", f"Add it to {NAME}.",
            )  # fmt: skip
        return Ledger(self.folder / LEDGER, dataset.epsilon_in_all, policy.delta)

    def heads(self) -> bytes:
        """The heads of the books, signed: to be sent with every message, for others to keep."""
        with self.lock:
            self.require_unaltered()
            return Heads.of(self.identity.name, self._seals()).signed(self.identity)

    def accept_heads(self, content: bytes) -> None:
        """Compare the books with heads that somebody kept and gives back.

        Raises
        ------
        SiteRefused
            If this site never signed them.
        RegisterRolledBack, LedgerRolledBack
            If the books do not hold them: nothing is to be run then.
        """
        told = Heads.read(content, self.identity.member())
        with self.lock:
            told.require_included(self._seals())

    def require_unaltered(self) -> None:
        """Refuse books that do not hold what the anchor outside the folder has kept."""
        with self.lock:
            self._anchor.read().require_included(self._seals())

    def derived(self, purpose: str, study: str = "") -> bytes:
        """A secret of this site for one purpose and one study, 32 bytes.

        For the HMACs by which data are named outside the site, or a holdout is
        fixed: it tells nothing about another purpose, nor about the identity key.
        """
        return keyed(self.identity.private_key, "synthema-lab site 1", purpose, study)

    # Rounds and charges

    def require_approved(self, study: str) -> tuple[Study, Approval]:
        """The study of a hash and its approval, if it holds now.

        Raises
        ------
        ApprovalMissing
            Exit code 8.
        """
        with self.step() as policy:
            approval = require_approval(self.logbook, policy, study, self.now())
            return self.shelf.get(study).study, approval

    def admit(self, settings: RoundSettings) -> Study:
        """Check what the coordinator proposes for a round; nothing is counted yet.

        Parameters
        ----------
        settings : RoundSettings

        Returns
        -------
        Study
            The approved study that the round belongs to.

        Raises
        ------
        ApprovalMissing, TermsRefused
            Exit code 8.
        PolicyRefused
            Exit code 5, where the policy has become stricter since the approval, or
            the site runs another version.
        """
        study, _ = self.require_approved(settings.study_digest.hex())
        policy = self.policy
        try:
            # Not what is left: the study's own charges have lessened it, and the ledger decides.
            reasons = reasons_against(
                policy, study, self.identity.member().key.hex(), dictionary_of(policy, study),
                self.now(), math.inf,
            )  # fmt: skip
            if reasons:
                raise PolicyRefused(study.hash, policy.site, reasons)
            require_terms(study, settings, policy.threshold)
        except LabError as error:
            self._note_refusal(study.hash, settings.round_id, error)
            raise
        self._admitted[settings.round_id] = (study, settings.digest)
        return study

    def site(self, settings: RoundSettings) -> Site:
        """This site's part in a round that is admitted; the round counts once it begins."""
        self.admit(settings)
        return Site(settings, self.identity, self.lines, int(self.now()))

    def charge(self, study: str, release: str, events: Sequence[PrivacyEvent]) -> Charge:
        """Charge what is about to be opened, before any noise is drawn.

        Raises
        ------
        ApprovalMissing
            Exit code 8.
        BudgetExhausted
            Exit code 4; nothing is written and nothing may be computed.
        """
        with self.step() as policy:
            require_approval(self.logbook, policy, study, self.now())
            asked = self.shelf.get(study).study
            try:
                charged = budget.charge(self.ledger(asked.cohort), asked, release, events)
            except BudgetExhausted as error:
                self.logbook.enter(UNCOVERED, study, release=release, reason=error.happened)
                raise
            self._catch_up()
            return charged

    def _begin(self, round_id: str) -> None:
        """Count a round, before its first message; under the lock."""
        study, _ = self._admitted.get(round_id, (None, b""))
        if study is None:
            raise SiteRefused(
                f"Round {round_id} was not admitted at this site.",
                "A round whose settings were compared with the approved study.",
                "Call admit(settings) first.",
            )
        with self.step() as policy:
            try:
                approval = require_approval(self.logbook, policy, study.hash, self.now())
                require_new_round(self.logbook, study.hash, round_id, approval.rounds)
            except LabError as error:
                self._note_refusal(study.hash, round_id, error)
                raise
            self.logbook.enter(BEGUN, study.hash, round=round_id)

    def _note_refusal(self, study: str, round_id: str, error: LabError) -> None:
        with self.step():
            self.logbook.enter(STOPPED, study, round=round_id, reason=error.happened)

    def _catch_up(self) -> None:
        """Enter charges that are in the ledger and, after a crash, not yet in the logbook."""
        entered = sum(1 for _ in self.logbook.entries(None, CHARGED))
        for charge in Ledger(self.folder / LEDGER).history()[entered:]:
            self.logbook.enter(
                CHARGED, charge.purpose.removeprefix("study "), cohort=charge.dataset,
                release=charge.release, epsilon=charge.epsilon, delta=charge.delta,
            )  # fmt: skip

    def _seals(self) -> dict[str, Sequence[str]]:
        self.logbook.chain.refresh()
        self._journal.refresh()
        return {
            LEDGER: self._ledger_seals(),
            LOGBOOK: self.logbook.chain.seals,
            JOURNAL: self._journal.seals,
        }

    def _ledger_seals(self) -> tuple[str, ...]:
        """Read again only where the file has changed: this is asked for at every line."""
        path = self.folder / LEDGER
        state = path.stat() if path.exists() else None
        known = state and (state.st_ino, state.st_size, state.st_mtime_ns)
        if known is None or known != self._charged[0]:
            self._charged = (known, Ledger(path).seals())
        return self._charged[1]

    def _move_anchor(self) -> None:
        self._anchor.write(Heads.of(self.identity.name, self._seals()))
