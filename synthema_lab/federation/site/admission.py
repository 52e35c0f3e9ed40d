"""Does the policy of this site allow this study?

All reasons against it are found, not only the first, so that a researcher can
put them right in one go. What the policy allows but a person should look at is
a caution.
"""

from __future__ import annotations

from ...dictionary import DataDictionary
from ...errors import LabError
from ...secure_aggregation import default_threshold
from ..procedures import procedure_of
from ..study.drafting import installed_version
from ..study.keyfile import fingerprint
from ..study.study import Study
from .dictionaries import held
from .policy import SitePolicy


def dictionary_of(policy: SitePolicy, study: Study) -> DataDictionary | None:
    """The site's dictionary of the cohort that a study asks for; None if there is none."""
    dataset = policy.datasets.get(study.cohort)
    return None if dataset is None else held(dataset.dictionary)


def reasons_against(
    policy: SitePolicy,
    study: Study,
    site_key: str,
    dictionary: DataDictionary | None,
    now: float,
    left: float,
) -> tuple[str, ...]:
    """Every reason for which the policy refuses a study.

    Parameters
    ----------
    policy : SitePolicy
    study : Study
    site_key : str
        This site's public key in hexadecimal.
    dictionary : DataDictionary or None
        The site's, of the cohort that is asked for.
    now : float
        Unix time in seconds.
    left : float
        Epsilon that is left for the cohort.

    Returns
    -------
    tuple of str
        One sentence a reason; empty if the study is allowed.
    """
    return (
        *_who_and_when(policy, study, site_key, now),
        *_data(policy, study, dictionary),
        *_privacy(policy, study, left),
        *_method(policy, study),
    )


def cautions_about(policy: SitePolicy, study: Study) -> tuple[str, ...]:
    """What the policy allows and a person should look at."""
    found = []
    if study.researcher.key not in policy.researchers.values():
        found.append(
            f"The researcher's key ({fingerprint(study.researcher.key)}) is not known at this "
            "site. Compare it by telephone before you approve."
        )
    unknown = [
        site.name
        for site in study.sites
        if site.name != policy.site and site.key.hex() not in policy.peers.values()
    ]
    if unknown:
        found.append(
            f"Keys of hospitals that are not known at this site: {', '.join(unknown)}. If all "
            "the others were made up, the sum would be this site's own numbers."
        )
    if study.budget.epsilon is None:
        found.append("No noise is added: what is opened may tell of single patients.")
    if study.generator == "validate" and study.budget.epsilon is None:
        found.append(
            "Whoever runs it learns exactly how many rows of the table that it brings equal a "
            "patient here. Approve only a table that was drawn from a protected model."
        )
    outside = [one.name for one in study.outputs if one.protection == "outside_epsilon"]
    if outside:
        found.append(f"Leaves unprotected: {', '.join(outside)}.")
    return tuple(found)


def _who_and_when(policy: SitePolicy, study: Study, site_key: str, now: float) -> list[str]:
    found = []
    own = {site.name: site.key.hex() for site in study.sites}.get(policy.site)
    if own is None:
        found.append(f"This site, {policy.site}, is not among the hospitals that it asks.")
    elif own != site_key:
        found.append(f"It names another identity key for {policy.site} than this site has.")
    for site in study.sites:
        pinned = policy.peers.get(site.name)
        if pinned is not None and pinned != site.key.hex():
            found.append(f"It names another key for {site.name} than the one known here.")
        elif policy.only_known and pinned is None and site.name != policy.site:
            found.append(f"The key of {site.name} is not known here.")
    if policy.only_known and study.researcher.key not in policy.researchers.values():
        found.append("The researcher's key is not known here.")
    if now >= study.ends:
        found.append(f"It has expired: its last day was {study.expires}.")
    if study.package_version != installed_version():
        found.append(
            f"It wants version {study.package_version} of the workbench; this site runs "
            f"{installed_version()}. Have the site updated, or the study written for its version."
        )
    return found


def _data(policy: SitePolicy, study: Study, dictionary: DataDictionary | None) -> list[str]:
    dataset = policy.datasets.get(study.cohort)
    if dataset is None:
        known = ", ".join(policy.datasets) or "none"
        return [f"There is no cohort {study.cohort} for studies here. There is: {known}."]
    if dictionary is None:
        return [f"The data dictionary of {study.cohort} cannot be read at this site."]
    found = []
    if dictionary.digest != study.dictionary:
        found.append(f"It was written for another data dictionary of {study.cohort}.")
    names = [name for name, _ in study.variables]
    unknown = [name for name in names if name not in dictionary.variables]
    if unknown:
        found.append(f"Not in the data dictionary: {', '.join(unknown)}.")
    if dataset.variables is not None:
        shut = [name for name in names if name not in dataset.variables and name not in unknown]
        if shut:
            found.append(f"Variables that are not allowed: {', '.join(shut)}.")
    naming = [
        name
        for name in names
        if name not in unknown and dictionary.variables[name].identifier == "direct"
    ]
    if naming:
        found.append(f"Variables that name patients: {', '.join(naming)}.")
    if not found and study.generator in policy.generators:
        found += _procedure(study, dictionary)
    return found


def _procedure(study: Study, dictionary: DataDictionary) -> list[str]:
    """Whether what is installed here can do it, in the rounds that are asked for."""
    happened, openings = "", 0
    try:
        openings = len(procedure_of(study).plan(study, dictionary).lengths)
    except LabError as error:
        happened = error.happened
    if happened:
        return [happened]
    if openings > study.rounds:
        return [f"It takes {openings} rounds, and asks for {study.rounds}."]
    return []


def _privacy(policy: SitePolicy, study: Study, left: float) -> list[str]:
    found, budget = [], study.budget
    if budget.epsilon is None:
        if not policy.allow_without_noise:
            found.append("It adds no noise, which is not allowed.")
    else:
        if budget.epsilon > policy.epsilon_a_study:
            found.append(
                f"It may spend epsilon {budget.epsilon:g}; a study may spend at most "
                f"{policy.epsilon_a_study:g}."
            )
        if study.cohort in policy.datasets and budget.epsilon > left:
            found.append(f"It may spend epsilon {budget.epsilon:g}; {left:.2f} is left.")
        if budget.delta > policy.delta:
            found.append(f"Its delta is {budget.delta:g}; at most {policy.delta:g} is allowed.")
        if budget.colluding < policy.colluding:
            found.append(
                f"It discounts the noise of {budget.colluding} site(s); here it is "
                f"{policy.colluding} at least."
            )
    guarded = any(one.protection == "disclosure_control" for one in study.outputs)
    if guarded and (study.smallest_cell or 0) < policy.smallest_cell:
        found.append(
            f"It would show cells from {study.smallest_cell} patients on; here it is "
            f"{policy.smallest_cell}."
        )
    return found


def _method(policy: SitePolicy, study: Study) -> list[str]:
    found, terms = [], study.secure_aggregation
    if study.generator not in policy.generators:
        found.append(
            f"The generator {study.generator} is not allowed. "
            f"Allowed: {', '.join(policy.generators) or 'none'}."
        )
    if study.rounds_at_most > policy.rounds_a_study:
        found.append(
            f"It may take {study.rounds_at_most} rounds; at most {policy.rounds_a_study} are "
            "allowed."
        )
    if terms.minimum_sites < policy.minimum_sites:
        found.append(
            f"It would sum over {terms.minimum_sites} sites; at least {policy.minimum_sites} "
            "are wanted."
        )
    if policy.threshold == "all" and terms.threshold != len(study.sites):
        found.append("Not all sites of a sum must stay; here all must.")
    elif terms.threshold is not None and terms.threshold < default_threshold(len(study.sites)):
        found.append("Its threshold is not above two thirds of its sites.")
    return found
