"""The committed sample is what its command makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.verdict import Outcome
from cutover_gates.reporting.sample_verdict import build_sample_verdict, main

COMMITTED = Path(__file__).parents[3] / "reports" / "sample"


def test_the_committed_sample_is_what_the_command_makes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever changes the layout makes the sample again: `python -m
    cutover_gates.reporting.sample_verdict`.
    """
    main([str(tmp_path)])
    assert len(capsys.readouterr().out.splitlines()) == 5
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert {path.name: path.read_text(encoding="utf-8") for path in COMMITTED.iterdir()} == made


def test_the_sample_shows_every_outcome() -> None:
    """A reader of the sample has seen them all."""
    assert {result.outcome for result in build_sample_verdict().items} == set(Outcome)
