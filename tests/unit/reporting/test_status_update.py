"""The plan's status update."""

from __future__ import annotations

import pytest

from cutover_gates.core.verdict import Outcome
from cutover_gates.reporting.markdown import escape_markdown, status_title, to_markdown
from tests.unit.reporting.sample_verdicts import LOAD, decision, sample_verdict


def test_complete_is_said_only_after_a_go() -> None:
    """The plan's words for a finished phase are for a finished phase."""
    assert status_title(sample_verdict()) == "T+60 min: Validation complete"
    assert status_title(sample_verdict(signed=False)) == "T+60 min: Validation NOT complete"
    assert (
        status_title(sample_verdict({"redis": Outcome.FAILED}, waived=(decision("redis"),)))
        == "T+60 min: Validation complete, with waivers"
    )


@pytest.mark.parametrize(
    ("gate", "words"),
    [
        ("t1", "T-1 hour: Pre-cutover status"),
        ("phase1", "T+15 min: Database migration complete"),
        ("phase2", "T+30 min: Application deployment complete"),
        ("phase3", "T+60 min: Validation complete"),
        ("post-day", "T+24 hours: Post-cutover summary"),
        ("post", "T+24 hours: Post-cutover summary"),
    ],
)
def test_the_titles_are_the_plans_status_updates(gate: str, words: str) -> None:
    """A reader of the plan recognises them."""
    assert status_title(sample_verdict(gate=gate)).startswith(words)


def test_a_demonstration_says_so_in_its_title() -> None:
    """Pasted into a channel it must not be taken for the real one."""
    assert status_title(sample_verdict(kind="embedded")).startswith(
        "EMBEDDED DEMONSTRATION, not your hospital"
    )


def test_it_names_what_is_open_the_waivers_and_the_next_step() -> None:
    """Nobody needs to open another file."""
    verdict = sample_verdict(
        {"patients": Outcome.FAILED, "redis": Outcome.FAILED}, waived=(decision("redis"),)
    )
    lines = to_markdown(verdict).splitlines()
    sections = [line for line in lines if line.startswith("**")]
    assert [section.split("**")[1] for section in sections] == [
        "NO-GO · 1 waived",
        "Why",
        "Open",
        "Waived",
        "Next:",
    ]
    assert "- Patients are kept (patients): failed" in lines
    waiver, covered = lines[lines.index("**Waived**") + 2 : lines.index(sections[-1]) - 1]
    assert covered == "  - failed: smoke/test_redis.py::test_it: it broke"
    assert all(word in waiver for word in ("redis", "Ada Example", "2026-11-24 02:00:00 UTC"))
    assert "`pytest -m phase3 --target main`" in lines[-1]


def test_a_go_shows_the_measured_values_beside_their_limits() -> None:
    """With the requests and the duration of the load."""
    text = to_markdown(sample_verdict(evidence=[LOAD], outcomes={}))
    assert "18,000 requests in 60 s" in text
    assert "- search, 5,999 requests: p95 122 ms within 0.5 s" in text
    assert "- patient, 12,000 requests: p95 341 ms within 0.3 s (MISSED)" in text


def test_a_text_of_the_target_has_no_meaning_in_markdown() -> None:
    """No picture, link, tag or new line comes out of it."""
    text = to_markdown(
        sample_verdict({"patients": Outcome.FAILED}, why="<img src=x> ![x](y) `z` p95 < 300 ms")
    )
    assert "  - \\<img src=x> !\\[x\\](y) \\`z\\` p95 < 300 ms\n" in text
    assert escape_markdown("a\n# b") == "a # b"
