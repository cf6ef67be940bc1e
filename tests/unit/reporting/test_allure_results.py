"""The verdict as results of Allure."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from cutover_gates.core.verdict import OPEN_OUTCOMES, Outcome, Verdict
from cutover_gates.reporting.allure_results import to_allure
from cutover_gates.reporting.evidence_text import describe_evidence
from tests.unit.reporting.sample_verdicts import sample_verdict


def results_of(verdict: Verdict) -> list[dict[str, Any]]:
    """Return the results, the one of the word first."""
    files = to_allure(verdict).items()
    return [json.loads(data) for name, data in files if name.endswith("-result.json")]


def test_every_word_and_outcome_has_its_result(every_word: list[Verdict]) -> None:
    """An open item is failed or broken, and never skipped or passed."""
    for verdict in every_word:
        word, *items = results_of(verdict)
        assert (word["status"] == "passed") is verdict.is_go
        assert [result["name"] for result in items] == [each.item.title for each in verdict.items]
        for found, result in zip(items, verdict.items, strict=True):
            is_bad = found["status"] in ("failed", "broken")
            assert is_bad is (result.outcome in OPEN_OUTCOMES)


def test_the_results_of_the_end_replace_those_of_the_start() -> None:
    """Their files have the names of the start's: one case for each item."""
    start = sample_verdict({"patients": Outcome.NOT_PROVEN})
    end = replace(sample_verdict(), finished=start.finished + timedelta(minutes=5))
    names = {name for name in to_allure(end) if name.endswith("-result.json")}
    assert names == {name for name in to_allure(start) if name.endswith("-result.json")}


def test_a_later_run_has_the_same_history_in_other_files() -> None:
    first = sample_verdict()
    later = replace(first, started=first.started + timedelta(days=1))
    assert not to_allure(first).keys() & to_allure(later).keys()
    ids = [[result["historyId"] for result in results_of(each)] for each in (first, later)]
    assert ids[0] == ids[1]
    assert len(set(ids[0])) == len(ids[0])


def test_each_attachment_that_is_named_is_there(every_word: list[Verdict]) -> None:
    for verdict in every_word:
        files = to_allure(verdict)
        for result in results_of(verdict):
            steps = result.get("steps", [])
            named = [each["source"] for step in steps for each in step.get("attachments", [])]
            assert set(named) <= files.keys()


def test_evidence_is_told_in_lines() -> None:
    evidence: list[dict[str, Any]] = [
        {"kind": "exchange", "method": "GET", "url": "http://x/7", "status": 200},
        {"kind": "exchange", "method": "GET", "url": "http://x/8", "status": None, "error": "gone"},
        {"kind": "left-out", "count": 5},
        {"kind": "observation", "title": "filed", "facts": {"size": 1}},
        {"kind": "new"},
    ]
    assert describe_evidence(evidence) == [
        "GET http://x/7 → 200",
        "GET http://x/8 → gone",
        "5 entries are left out here",
        "filed",
        "new",
    ]
