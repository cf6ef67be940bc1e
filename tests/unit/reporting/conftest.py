"""What several of these tests judge."""

from __future__ import annotations

import pytest

from cutover.verdict import Outcome, Verdict
from tests.unit.reporting.verdicts import decision, judged


@pytest.fixture
def every_word() -> list[Verdict]:
    """A verdict of each kind, together with every outcome that an item can have."""
    return [
        judged(),
        judged({"redis": Outcome.NOT_APPLICABLE}),
        judged({"patients": Outcome.FAILED}, waived=(decision("patients"), decision("all-of-it"))),
        judged({"patients": Outcome.FAILED, "doors": Outcome.ERROR, "redis": Outcome.NOT_PROVEN}),
        judged(signed=False),
        judged(holds=("a secret stands in the outputs",)),
        judged(gate="contract"),
        judged(
            waived=(decision("doors"), decision("patient"), decision("patients", release="1.9.0"))
        ),
        judged(
            kind="embedded",
            production=False,
            target="embedded",
            reported_release=None,
            migration=None,
        ),
    ]
