"""Which faults have opened other secure aggregations, and how is each put into a copy of ours?

A fault is a list of textual patches to a copy of the package that is made at
test time under another name. Every patch must find its place exactly once, so
that a fault which no longer applies is an error and not a test that passes.
"""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import synthema_lab

SOURCE = Path(synthema_lab.__file__).parent


class Code:
    """The package under attack: its modules, by name, as attributes."""

    def __init__(self, root: str) -> None:
        self.root = root

    def __getattr__(self, module: str):
        if module.startswith("_"):
            raise AttributeError(module)
        return importlib.import_module(f"{self.root}.secure_aggregation.{module}")


OURS = Code("synthema_lab")


@dataclass(frozen=True)
class Fault:
    """A fault, told in one sentence, as patches (module, text, replacement)."""

    name: str
    told: str
    patches: tuple[tuple[str, str, str], ...]


@contextmanager
def copied(folder: Path, fault: Fault | None = None) -> Iterator[Code]:
    """A copy of the package in `folder`, imported under a name of its own.

    Parameters
    ----------
    folder : Path
        An empty folder.
    fault : Fault, optional
        Applied to the copy; without one the copy behaves as ours does.
    """
    root = f"copy_with_{fault.name if fault else 'no_fault'}"
    package = folder / root
    shutil.copytree(SOURCE / "secure_aggregation", package / "secure_aggregation")
    for name in ("errors.py", "randomness.py"):
        shutil.copy(SOURCE / name, package / name)
    (package / "__init__.py").write_text("")
    for module, text, replacement in fault.patches if fault else ():
        path = package / "secure_aggregation" / f"{module}.py"
        source = path.read_text()
        if source.count(text) != 1 or text == replacement:
            raise AssertionError(f"{fault.name}: found {source.count(text)} times in {module}.py")
        path.write_text(source.replace(text, replacement))
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield Code(root)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == root]:
            del sys.modules[name]


_REPLAYED_ROUND = ("journal", "if self._round in self._lines:", "if False:")
_REPLAYED_STAGE = ("journal", 'if f"{self._round} {stage}" in self._lines:', "if False:")
_ANY_COHORT = (
    "journal",
    'if before and f"{done} {fingerprint} {among}" not in self._lines:',
    "if False:",
)
_FRESH_KEYS = """\
        self._state.box, self._state.mask = keys.RoundKey(), keys.RoundKey()
        self._state.seed = randomness.random_bytes(32)
"""

FAULTS = {
    fault.name: fault
    for fault in (
        Fault(
            "short_seeds",
            "Seeds of masks are folded before they are expanded, as by a generator that takes "
            "32 bits; to 16 here.",
            (
                (
                    "keys",
                    """\
    return HKDF(
        algorithm=SHA256(), length=32, salt=settings.digest, info=_TAG + b"".join(context)
    ).derive(secret)
""",
                    """\
    full = HKDF(
        algorithm=SHA256(), length=32, salt=settings.digest, info=_TAG + b"".join(context)
    ).derive(secret)
    folded = 0
    for place in range(0, 32, 2):
        folded ^= int.from_bytes(full[place : place + 2], "big")
    return folded.to_bytes(32, "big")
""",
                ),
            ),
        ),
        Fault(
            "clock_seeded_keys",
            "Keys and seeds of a round come from a statistical generator seeded by the clock.",
            (
                (
                    "site",
                    _FRESH_KEYS,
                    """\
        import random, time
        draw = random.Random(f"{time.time():.0f} {self.number}").randbytes
        self._state.box, self._state.mask = keys.RoundKey(draw(32)), keys.RoundKey(draw(32))
        self._state.seed = draw(32)
""",
                ),
            ),
        ),
        Fault(
            "both_kinds_of_share",
            "A site opens its shares of the mask key and of the seed of one and the same site.",
            (
                (
                    "answers",
                    """\
        if peer in state.survivors:
            seed_shares[peer] = seed_share
        else:
            key_shares[peer] = key_share
""",
                    """\
        seed_shares[peer] = seed_share
        key_shares[peer] = key_share
""",
                ),
                (
                    "collecting",
                    "    _require_about(settings, frame, unmasking.key_shares, held - survivors)\n",
                    "",
                ),
                (
                    "collecting",
                    "    _require_about(settings, frame, unmasking.seed_shares, "
                    "held & survivors)\n",
                    "",
                ),
            ),
        ),
        Fault(
            "second_request_answered",
            "A site that has opened shares opens others when it is asked again.",
            (
                (
                    "answers",
                    'Kind.UNMASKING, unmask, "ended")',
                    'Kind.UNMASKING, unmask, "survivors")',
                ),
                _REPLAYED_STAGE,
                _ANY_COHORT,
            ),
        ),
        Fault(
            "restored_site_answers_again",
            "A site that was restored from a backup answers a stage a second time.",
            (_REPLAYED_STAGE, _ANY_COHORT),
        ),
        Fault(
            "any_cohort",
            "A site sums the same vector again among other sites.",
            (_ANY_COHORT,),
        ),
        Fault(
            "unsigned_keys",
            "Nobody checks who signed a key, so that the coordinator can put in its own.",
            (
                (
                    "frames",
                    "if not member.verifies(bytes(view[HEADER_BYTES + length :]), statement):",
                    "if member is None:",
                ),
            ),
        ),
        Fault(
            "no_consistency_round",
            "A site opens shares without the signatures of a quorum under the same survivors.",
            (
                (
                    "answers",
                    "    require_agreement(settings, frames, state.statement, state.survivors)\n",
                    "",
                ),
            ),
        ),
        Fault(
            "one_signature_counted_often",
            "The quorum is counted in signatures and not in sites.",
            (("evidence", "    _require_ascending(signers)\n", ""),),
        ),
        Fault(
            "no_self_mask",
            "A vector is covered by pair masks only, so that a late one of a site declared "
            "dropped opens.",
            (
                (
                    "answers",
                    "    added.append("
                    "keys.self_mask_key(settings, state.shared, state.seed, site))\n",
                    "",
                ),
                (
                    "unmasking",
                    "            taken_off.append(keys.self_mask_key(settings, state.shared, "
                    "seed, site))\n",
                    "",
                ),
            ),
        ),
        Fault(
            "masks_of_a_round_number",
            "Masks depend on the round number and on keys that stay; a number may come again.",
            (
                _REPLAYED_ROUND,
                _REPLAYED_STAGE,
                (
                    "site",
                    _FRESH_KEYS,
                    """\
        kept = hashlib.sha512(self._identity.private_key).digest()
        self._state.box, self._state.mask = keys.RoundKey(kept[:32]), keys.RoundKey(kept[32:])
        self._state.seed = hashlib.sha256(kept).digest()
""",
                ),
            ),
        ),
        Fault(
            "scale_of_the_coordinator",
            "Clip and scale come from the coordinator and are bound to nothing.",
            (
                (
                    "settings",
                    """\
                    ">QdQHQBHB",
                    self.length,
                    self.clip,
                    self.scale,
""",
                    """\
                    ">QHQBHB",
                    self.length,
""",
                ),
            ),
        ),
        Fault(
            "modulus_of_the_coordinator",
            "Masks are drawn below a modulus that the coordinator names.",
            (
                (
                    "answers",
                    "    frames = Frames.read(body, ADVERT_FRAME_BYTES).frames\n    state",
                    """\
    masks.MODULUS = int.from_bytes(body[:8], "big")
    frames = Frames.read(body[8:], ADVERT_FRAME_BYTES).frames
    state""",
                ),
                (
                    "collecting",
                    "return dict.fromkeys(adverts, _write(settings, Kind.KEYS, Frames(frames)))",
                    "return dict.fromkeys(adverts, write(Kind.KEYS, settings, "
                    '[(2**32).to_bytes(8, "big"), *Frames(frames).parts()]))',
                ),
                (
                    "masks",
                    "_ZEROS = bytes(_BLOCK_BYTES)\n",
                    "_ZEROS = bytes(_BLOCK_BYTES)\nMODULUS = 2**32\n",
                ),
                (
                    "masks",
                    "operation(block, words[: block.size], out=block)",
                    "operation(block, (words[: block.size] % np.uint64(MODULUS))"
                    ".astype(block.dtype), out=block)",
                ),
            ),
        ),
        Fault(
            "model_not_bound",
            "The model that a vector belongs to is in no key and under no signature.",
            (("settings", '                self.model_digest or b"",\n', ""),),
        ),
        Fault(
            "graph_not_signed",
            "Neighbours open for a site whatever graph it was shown.",
            (
                (
                    "answers",
                    "        require_covered(settings, named, state.held, state.shared)\n",
                    "",
                ),
            ),
        ),
        Fault(
            "late_model_not_bound",
            "A model that is named after the keys were exchanged changes no mask.",
            (("keys", "    digest.update(model)\n", ""),),
        ),
        Fault(
            "threshold_not_enforced",
            "A site goes on with fewer sites than the threshold.",
            (("evidence", "if len(sites) < settings.threshold:", "if not sites:"),),
        ),
        Fault(
            "threshold_of_half",
            "A threshold of half of the sites is allowed, so that two sets can both be signed.",
            (("settings", "return 2 * sites // 3 + 1", "return sites // 2"),),
        ),
        Fault(
            "threshold_not_dealt",
            "Secrets are dealt so that fewer shares than the threshold rebuild them.",
            (
                (
                    "dealing",
                    "split(mask_key, settings.shares_needed, holding)",
                    "split(mask_key, 1, holding)",
                ),
                (
                    "dealing",
                    "split(seed, settings.shares_needed, holding)",
                    "split(seed, 1, holding)",
                ),
            ),
        ),
        Fault(
            "shares_in_the_clear",
            "Shares pass the coordinator sealed under a key that it knows.",
            (
                (
                    "boxes",
                    "nonce + ChaCha20Poly1305(key).encrypt(",
                    "nonce + ChaCha20Poly1305(bytes(32)).encrypt(",
                ),
                (
                    "boxes",
                    "opened = ChaCha20Poly1305(key).decrypt(",
                    "opened = ChaCha20Poly1305(bytes(32)).decrypt(",
                ),
            ),
        ),
        Fault(
            "two_sites",
            "Two sites may sum, and each takes its own vector off.",
            (("settings", "FEWEST_SITES = 3\n", "FEWEST_SITES = 2\n"),),
        ),
    )
}

LISTED = {
    "short seeds": "short_seeds",
    "both kinds of share released": "both_kinds_of_share",
    "unsigned keys": "unsigned_keys",
    "no consistency round": "no_consistency_round",
    "no self-mask": "no_self_mask",
    "mask reuse on a repeated round number": "masks_of_a_round_number",
    "coordinator-chosen modulus": "modulus_of_the_coordinator",
    "coordinator-chosen scale": "scale_of_the_coordinator",
    "missing model hash in the derivation": "model_not_bound",
    "a retry of a round with another cohort, and cohorts that differ by one site": "any_cohort",
    "a second unmask request": "second_request_answered",
    "a crash and restart of a site": "restored_site_answers_again",
    "a survivor set below the threshold": "threshold_not_enforced",
    "duplicate ids in the quorum": "one_signature_counted_often",
    "fewer than three sites": "two_sites",
    "threshold at most two thirds": "threshold_of_half",
    "masks from a statistical generator": "clock_seeded_keys",
}
"""The faults that the specification names, and the mutant that re-creates each."""
