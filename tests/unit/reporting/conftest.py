"""What several of these tests judge."""

from __future__ import annotations

import pytest

from cutover_gates.core.verdict import Outcome, Verdict
from cutover_gates.reporting.not_judged import UnjudgedCall, unjudged_verdict
from tests.unit.reporting.sample_verdicts import NOW, decision, sample_verdict


@pytest.fixture
def every_word() -> list[Verdict]:
    """A verdict of each kind, together with every outcome that an item can have."""
    return [
        sample_verdict(),
        sample_verdict({"redis": Outcome.NOT_APPLICABLE}),
        sample_verdict(
            {"patients": Outcome.FAILED}, waived=(decision("patients"), decision("all-of-it"))
        ),
        sample_verdict(
            {"patients": Outcome.FAILED, "doors": Outcome.ERROR, "redis": Outcome.NOT_PROVEN}
        ),
        sample_verdict(signed=False),
        sample_verdict(run_errors=("a secret stands in the outputs",)),
        sample_verdict(gate="contract"),
        sample_verdict(
            waived=(decision("doors"), decision("patient"), decision("patients", release="1.9.0"))
        ),
        sample_verdict(
            kind="embedded",
            production=False,
            target="embedded",
            reported_release=None,
            migration=None,
        ),
        unjudged_verdict(UnjudgedCall("-m 'phse3': no such gate", "cut1"), NOW),
    ]
