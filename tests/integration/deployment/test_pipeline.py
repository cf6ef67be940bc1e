"""The pipeline's file: its shape, its age, and whose coverage a report is."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cutover_gates.config.infrastructure import Infrastructure
from cutover_gates.probes.deployment.pipeline import code_coverage, rules
from cutover_gates.probes.deployment.pipeline.pipeline_record import SCHEMA
from tests.faults.deployment.deployment_environment import DeploymentEnvironment
from tests.faults.deployment.pipelines import COVERED, RECENT, REPORTED, report, run_of
from tests.faults.hospitals import ROOT
from tests.findings import values_of


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_guide_shows_a_file_that_is_taken(environment: DeploymentEnvironment) -> None:
    """Whoever copies it changes the commit and the time only."""
    shown = re.search(
        r"```json\n(.*?)```", (ROOT / "docs/pipeline.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert shown
    environment.run = {
        **json.loads(shown[1]),
        **{key: run_of(environment)[key] for key in ("commit", "finished")},
    }
    assert {one.word for one in environment.run_checks({}, "pipeline").values()} == {"passed"}


@pytest.mark.parametrize(
    "broken",
    [
        {"commit": "c0ffee"},
        {"result": "ok"},
        {"suites": {}},
        {"suites": ["unit"]},
        {"finished": "2026-11-27T23:00:00"},
        {"finished": "yesterday Z"},
        {"coverage": {}},
        {"coverage": {"percent": 101}},
        {"coverage": {"percent": "83"}},
        {"coverage": {"percent": 83, "lines_valid": 10}},
        {"coverage": {"sha256": "abc"}},
        {"release": 2},
    ],
)
def test_a_file_of_another_shape_is_a_finding(
    environment: DeploymentEnvironment, broken: dict[str, object]
) -> None:
    run_of(environment).update(broken)
    assert {
        one.word for name, one in environment.run_checks({}, "pipeline").items() if name == COVERED
    } == {"failed"}


@pytest.mark.parametrize("key", ["commit", "result", "suites", "finished"])
def test_every_key_must_be_there(environment: DeploymentEnvironment, key: str) -> None:
    del run_of(environment)[key]
    assert environment.run_checks({}, "pipeline")[RECENT].word == "failed"


def test_a_time_zone_is_understood(environment: DeploymentEnvironment) -> None:
    elsewhere = datetime.now(UTC).astimezone(timezone(timedelta(hours=9)))
    run_of(environment)["finished"] = elsewhere.isoformat()
    assert environment.run_checks({}, "pipeline")[RECENT].word == "passed"
    run_of(environment)["finished"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    assert environment.run_checks({}, "pipeline")[RECENT].word == "passed"


def test_the_runs_own_report_is_taken(environment: DeploymentEnvironment) -> None:
    """It is known by its SHA-256."""
    environment.report = report(831, 1000, "0.831")
    run_of(environment)["coverage"] = {
        "sha256": hashlib.sha256(environment.report.encode()).hexdigest()
    }
    assert environment.run_checks(REPORTED, "pipeline")[COVERED].word == "passed"


def test_a_report_that_agrees_with_the_run_is_taken(environment: DeploymentEnvironment) -> None:
    environment.report = report(831, 1000, "0.831")
    assert environment.run_checks(REPORTED, "pipeline")[COVERED].word == "passed"
    environment.report = report(900, 1000, "0.9")
    error = environment.run_checks(REPORTED, "pipeline")[COVERED].error
    assert error
    assert values_of(error, rules.COVERAGE_CONSISTENT) == [
        "coverage.xml | 83.10 %, as the run says | 90.00 % |"
    ]


def test_a_report_that_is_not_there_is_not_proven(environment: DeploymentEnvironment) -> None:
    assert environment.run_checks(REPORTED, "pipeline")[COVERED].word == "not proven"


def test_no_coverage_at_all_is_not_proven(environment: DeploymentEnvironment) -> None:
    del run_of(environment)["coverage"]
    assert environment.run_checks({}, "pipeline")[COVERED].word == "not proven"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "another document"),
        ("<coverage", "another document"),
        ("<testsuite tests='7'/>", "another document"),
        (report(1, 2, "half"), "1, 2, half"),
        (report(3, 2, "1.5"), "3 covered lines"),
        (report(-1, 2, "0"), "-1 covered lines"),
        (report(2, 2, "nan"), "nan %"),
        (report(0, -1, "0"), "-1 lines"),
    ],
)
def test_what_is_no_coverage_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "coverage.xml").write_text(text, encoding="utf-8")
    with pytest.raises(code_coverage.InvalidCoverage) as raised:
        code_coverage.read_coverage_report(tmp_path / "coverage.xml")
    assert (raised.value.subject, raised.value.actual) == ("coverage.xml", said)


def test_a_report_counts_for_itself(tmp_path: Path) -> None:
    """As coverage.py writes it, with its document type; the rate is rounded, the counts are not."""
    text = report(7996, 10_000, "0.7996").replace(
        "<coverage", '<!DOCTYPE coverage SYSTEM "http://example.org/coverage-04.dtd">\n<coverage', 1
    )
    (tmp_path / "coverage.xml").write_text(text, encoding="utf-8")
    found = code_coverage.read_coverage_report(tmp_path / "coverage.xml")
    assert (found.percent, found.lines) == (79.96, 10_000)


def test_a_commit_must_be_whole() -> None:
    with pytest.raises(ValueError, match="is not a full commit"):
        Infrastructure.model_validate({"pipeline": {"commit": "c0ffee"}})
