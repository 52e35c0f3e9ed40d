"""Do inputs that are steered by the coverage they reach find what drawn ones do not?

For `benchmarks.fuzz`, which starts it in a process of its own: atheris (no
requirement of the project) ends the process, with an error if it finds one.
It must see the modules before anything else imports them.
"""

from __future__ import annotations

import sys
import tempfile

import atheris
from hypothesis import HealthCheck, given, settings

with atheris.instrument_imports(include=["synthema_lab.secure_aggregation"]):
    from tests.secure_aggregation import fuzzing

CASES = 20_000


def main() -> None:
    """Throw the messages that atheris steers."""
    stage = fuzzing.Stage()

    @settings(database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(fuzzing.cases(stage))
    def tried(case: tuple) -> None:
        fuzzing.thrown(stage, *case)

    with tempfile.TemporaryDirectory() as found:
        atheris.Setup(
            [sys.argv[0], f"-runs={CASES}", "-seed=1", "-max_len=1024",
             f"-artifact_prefix={found}/"],
            tried.hypothesis.fuzz_one_input,
        )  # fmt: skip
        atheris.Fuzz()


if __name__ == "__main__":
    main()
