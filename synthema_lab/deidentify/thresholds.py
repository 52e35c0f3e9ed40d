"""From which number on does an assessment say pass, and from which fail?

Between the two it says review: somebody has to look. The policy's author sets
both; the defaults follow what data custodians commonly ask for.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from synthema_lab.deidentify.section import PolicySection

KEYS = ("pass", "fail")


@dataclass(frozen=True)
class Threshold:
    """Where pass ends and where fail begins.

    Attributes
    ----------
    good, bad : float
    large_is_good : bool
        Otherwise small values are good.

    Examples
    --------
    >>> k = Threshold(5, 3)  # 5 and more pass, fewer than 3 fail
    >>> k.verdict(7), k.verdict(3), k.verdict(2)
    ('pass', 'review', 'fail')
    >>> risk = Threshold(0.2, 0.34, large_is_good=False)
    >>> risk.verdict(0.2), risk.verdict(0.33), risk.verdict(0.5)
    ('pass', 'review', 'fail')
    """

    good: float
    bad: float
    large_is_good: bool = True

    def verdict(self, value: float) -> str:
        """pass, review or fail."""
        sign = 1 if self.large_is_good else -1
        # Floats that were divided: a risk of one in five is 0.2.
        if sign * value >= sign * self.good - 1e-9:
            return "pass"
        return "review" if sign * value >= sign * self.bad - 1e-9 else "fail"

    def __str__(self) -> str:
        if self.large_is_good:
            return f"pass from {self.good:g}, fail below {self.bad:g}"
        return f"pass up to {self.good:g}, fail above {self.bad:g}"


@dataclass(frozen=True)
class Thresholds:
    """One threshold for each thing that is assessed.

    Attributes
    ----------
    k : Threshold
        Patients in the smallest class. Eleven or five are customary; below three, somebody
        who knows two of three patients knows the third.
    largest_risk : Threshold
        The prosecutor's largest risk, 1/k.
    share_at_risk : Threshold
        Share of patients with a risk above the pass threshold of `largest_risk`.
    l, t : Threshold
        Over the sensitive variables of the policy.
    suppressed : Threshold
        Share of patients left out: beyond it the table no longer stands for the cohort.
    lost : Threshold
        Share of the information of the quasi-identifiers lost.
    require_study : bool
        Whether a table without a named study, and so without minimisation, needs review.
    """

    k: Threshold = Threshold(5, 3)
    largest_risk: Threshold = Threshold(0.2, 0.34, large_is_good=False)
    share_at_risk: Threshold = Threshold(0.0, 0.05, large_is_good=False)
    l: Threshold = Threshold(2, 1)
    t: Threshold = Threshold(0.3, 0.6, large_is_good=False)
    suppressed: Threshold = Threshold(0.05, 0.2, large_is_good=False)
    lost: Threshold = Threshold(0.6, 1.0, large_is_good=False)
    require_study: bool = True

    @classmethod
    def read(cls, content: object) -> Thresholds:
        """From the section ``assessment`` of a policy; what is not there has its default."""
        names = [each.name for each in fields(cls)]
        section = PolicySection(content, "The assessment", names)
        defaults = cls()
        given: dict[str, object] = {
            "require_study": section.flag("require_study", defaults.require_study)
        }
        for name in names[:-1]:
            default: Threshold = getattr(defaults, name)
            if section.given(name):
                inner = PolicySection(section.content[name], f"The threshold {name}", KEYS)
                read = Threshold(
                    inner.number("pass") if inner.given("pass") else default.good,
                    inner.number("fail") if inner.given("fail") else default.bad,
                    default.large_is_good,
                )
                if read.good != read.bad and read.verdict(read.bad) == "pass":
                    inner.refuse(
                        "is the wrong way round.", f"For example: {default}.",
                    )  # fmt: skip
                given[name] = read
        return cls(**given)
