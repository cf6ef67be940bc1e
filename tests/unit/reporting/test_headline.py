"""The verdict in one line."""

from __future__ import annotations

import pytest

from cutover_gates.reporting.verdict_summary import headline
from tests.unit.reporting.sample_verdicts import sample_verdict


@pytest.mark.parametrize("production", [True, False])
def test_a_verdict_over_the_demonstration_never_says_production(production: bool) -> None:
    """Kind embedded is a demonstration, whatever else the settings claim."""
    line = headline(sample_verdict(kind="embedded", target="embedded", production=production))
    assert "EMBEDDED DEMONSTRATION" in line
    assert "production" not in line.lower()


def test_the_headline_names_word_target_release_and_gate() -> None:
    """One line is enough to know what holds where."""
    words = headline(sample_verdict()).replace("·", " ").split()
    assert words == ["GO", "PRODUCTION", "(main)", "release", "2.0.0", "phase3"]
    elsewhere = headline(sample_verdict(production=False))
    assert "PRODUCTION" not in elsewhere
    assert "main" in elsewhere
