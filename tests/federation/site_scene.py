"""Three hospitals with site folders, a researcher and an approver, for tests."""

from __future__ import annotations

import copy
from pathlib import Path

from synthema_lab.federation.site import (
    SiteFolder,
    approve,
    create_site,
    deliver,
    receive,
)
from synthema_lab.federation.study import SignedStudy, Study
from synthema_lab.federation.study.example import HOSPITALS, example_content
from synthema_lab.secure_aggregation import Identity, RoundSettings

START = 1_900_000_000.0
DAY = 86_400


class Scene:
    """Sites in a folder, with a clock that a test can turn."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.time = folder, START
        self.approver, self.researcher = Identity.new("ana.costa"), Identity.new("researcher")
        self.sites = {
            name: create_site(
                folder / name,
                name,
                self.approver,
                folder / "anchors" / name,
                [{"name": "leuksurv", "dictionary": "leuksurv", "table": f"/data/{name}.csv"}],
                now=lambda: self.time,
            )
            for name in HOSPITALS
        }
        self.content = example_content(
            self.researcher, [site.identity for site in self.sites.values()]
        )
        # What is tested is that a round is run; `marginal` takes two of them.
        self.content["generator"]["name"] = "independent"
        self.content["rounds"]["asked"] = 1

    @property
    def north(self) -> SiteFolder:
        return self.sites["north"]

    def reopened(self, name: str = "north") -> SiteFolder:
        """The site as a new process would open it."""
        self.sites[name] = SiteFolder(self.folder / name, now=lambda: self.time)
        return self.sites[name]

    def edit_policy(self, old: str, new: str, name: str = "north") -> None:
        path = self.folder / name / "site.yaml"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def signed(self, **changed: object) -> SignedStudy:
        """The example, with fields named as in ``budget__epsilon=1.0``."""
        content = copy.deepcopy(self.content)
        for way, value in changed.items():
            *above, last = way.split("__")
            part = content
            for name in above:
                part = part[name]
            part[last] = value
        return SignedStudy.sign(Study.from_dict(content), self.researcher)

    def submitted(self, *names: str, **changed: object) -> SignedStudy:
        signed = self.signed(**changed)
        for name in names or ("north",):
            site = self.sites[name]
            deliver(site.policy.exchange, f"{signed.hash}.yaml", signed.to_yaml())
            receive(site)
        return signed

    def approved(self, *names: str, **changed: object) -> SignedStudy:
        signed = self.submitted(*names, **changed)
        for name in names or ("north",):
            approve(self.sites[name], signed.hash, self.approver)
        return signed

    def settings(self, signed: SignedStudy, round_id: str = "r1", **changed) -> RoundSettings:
        terms = signed.study.secure_aggregation
        agreed = {
            "roster": signed.study.roster(), "round_id": round_id, "length": 4,
            "clip": terms.clip, "scale": terms.scale, "model_digest": bytes(32),
            "study_digest": signed.study.digest,
        }  # fmt: skip
        return RoundSettings(**{**agreed, **changed})
