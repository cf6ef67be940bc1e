"""The published shape of a verdict."""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from cutover_gates.core.verdict import Outcome, Verdict, VerdictWord
from cutover_gates.reporting.sample_verdict import build_sample_verdict
from cutover_gates.reporting.verdict_json import to_json
from tests.unit.reporting.sample_findings import ORPHANS, broken_check, orphan
from tests.unit.reporting.sample_verdicts import decision, sample_verdict
from tests.unit.reporting.test_causes import verdict_of

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "reports" / "verdict.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_is_one() -> None:
    """Draft 2020-12, and closed: nothing undeclared at the top."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["additionalProperties"] is False


def test_verdicts_of_every_word_and_outcome_fit_the_schema(every_word: list[Verdict]) -> None:
    """The published schema holds for whatever the judge can say."""
    verdicts = [*every_word, build_sample_verdict()]
    for verdict in verdicts:
        VALIDATOR.validate(to_json(verdict))
    assert {verdict.word for verdict in verdicts} == set(VerdictWord)
    assert {result.outcome for verdict in verdicts for result in verdict.items} == set(Outcome)


@pytest.mark.parametrize(
    "change",
    [
        {"holds": ["cut off"]},
        {"items": []},
        {"verdict": "GO-ISH"},
        {"more": 1},
        {"started": "2026-11-23 02:00"},
    ],
)
def test_the_schema_refuses_a_go_that_is_none(change: dict[str, Any]) -> None:
    """A forged or broken GO does not pass as a verdict."""
    with pytest.raises(ValidationError):
        VALIDATOR.validate(to_json(sample_verdict()) | change)


def test_the_schema_refuses_a_go_over_a_hole() -> None:
    """The word cannot be better than the items."""
    document = to_json(sample_verdict({"patients": Outcome.FAILED}))
    with pytest.raises(ValidationError):
        VALIDATOR.validate(document | {"verdict": "GO"})


def test_moments_are_in_utc() -> None:
    """RFC 3339 with a Z, to be compared as text."""
    document = to_json(sample_verdict())
    assert document["finished"] == "2026-11-23T02:00:00.000Z"
    assert datetime.fromisoformat(document["started"]).tzinfo is not None


def test_a_refused_decision_says_why() -> None:
    """Whoever wrote it must learn that it did not count."""
    (refused,) = to_json(sample_verdict(waived=(decision("doors"),)))["refused"]
    assert refused["item"] == "doors"
    assert refused["by"] == "Ada Example"
    assert "not waivable" in refused["why"]


def test_odd_evidence_does_not_cost_the_verdict() -> None:
    """What JSON cannot hold becomes text."""
    document = to_json(
        sample_verdict(
            evidence=[
                {
                    "kind": "observation",
                    "rate": math.nan,
                    "at": Path("x"),
                    1: {"a"},
                    "deep": [math.inf],
                }
            ]
        )
    )
    VALIDATOR.validate(document)
    evidence = document["items"][1]["checks"][0]["evidence"]
    assert json.loads(json.dumps(evidence, allow_nan=False)) == [
        {"kind": "observation", "rate": "nan", "at": "x", "1": ["a"], "deep": ["inf"]}
    ]


def test_a_check_has_its_title_and_its_findings() -> None:
    """With the rule, so that a program can follow one rule over many runs."""
    document = to_json(verdict_of(broken_check("rows", "patients", orphan())))
    VALIDATOR.validate(document)
    checks = [check for item in document["items"] for check in item["checks"] if check["findings"]]
    assert [(check["title"], check["findings"]) for check in checks] == [
        (
            "The title of rows",
            [
                {
                    "rule": ORPHANS.id,
                    "title": ORPHANS.title,
                    "subject": "visits.patient_id → patients",
                    "expected": "0 orphan rows",
                    "actual": "12 rows",
                    "reproduce": "select 1",
                    "count": 1,
                }
            ],
        )
    ]
