"""Each fault of a proof is caught by its own check, and a proof without a fault passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.faults.judge import find_problems
from tests.faults.observability.prometheus_stack import missing_programs
from tests.faults.proofs import channel_arrivals, first_hour, pull_requests, scan_reports
from tests.faults.proofs.first_day import DayFault, QuietDayFault, running_days
from tests.faults.proofs.proof_fault import PROOF_CHECKS, ProofFault, run_proof_check
from tests.faults.registry import faults_of_kind

ALL = faults_of_kind("proofs", ProofFault)
OF_DAYS = faults_of_kind("proofs", DayFault)
IN_FILES = [name for name in ALL if name not in OF_DAYS]


@pytest.fixture(scope="module", name="prometheus")
def started_prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if why := missing_programs():
        pytest.skip(why)
    with running_days(tmp_path_factory.mktemp("days")) as url:
        yield url


@pytest.mark.parametrize("name", IN_FILES)
def test_a_fault_in_a_file_is_caught(name: str, tmp_path: Path) -> None:
    assert not find_problems(ALL[name], ALL[name].try_in(tmp_path))


@pytest.mark.parametrize("name", OF_DAYS)
def test_a_fault_of_the_first_day_is_caught(name: str, prometheus: str) -> None:
    fault = OF_DAYS[name]
    asked = fault.asked_of(prometheus)
    assert not find_problems(fault, run_proof_check(fault.check, fault.fixture, asked))


# ── and nothing else is blamed ──


def _passed_over() -> Mapping[str, tuple[object, dict[str, Any]]]:
    """Return reports without a critical vulnerability that counts, by what they hold."""
    accepted = scan_reports.accept("2999-12-31", package="openssl")
    gone = {"ruleId": "CVE-2026-1", "baselineState": "absent"}
    fine = {"ruleId": "CVE-2026-1", "kind": "pass"}
    hidden = scan_reports.match(appliedIgnoreRules=[{"reason": "x"}])
    other = scan_reports.match("High", "GHSA-1")
    return {
        "trivy": (scan_reports.trivy(scan_reports.problem("HIGH")), {}),
        "trivy, accepted": (scan_reports.trivy(scan_reports.problem()), accepted),
        "grype": (scan_reports.grype(other), {}),
        "grype, accepted and ignored": (
            scan_reports.grype() | {"ignoredMatches": [hidden]},
            accepted,
        ),
        "sarif": (scan_reports.sarif(gone, fine), {}),
    }


@pytest.mark.parametrize("name", _passed_over())
def test_a_report_without_a_critical_vulnerability_passes(name: str, tmp_path: Path) -> None:
    content, exceptions = _passed_over()[name]
    asked = scan_reports.make_scans(tmp_path, content, exceptions=exceptions)
    PROOF_CHECKS[scan_reports.ScanFault.check](asked)


def test_an_exception_is_told_with_its_person_and_its_day(tmp_path: Path) -> None:
    exceptions = scan_reports.accept("2999-12-31")
    content = scan_reports.trivy(scan_reports.problem())
    assessment = scan_reports.make_scans(tmp_path, content, exceptions=exceptions).assess()
    assert assessment.figures["accepted"] == {
        "CVE-2026-1 in openssl 3.0.1": "Ada Example, until 2999-12-31: never called"
    }


@pytest.mark.parametrize("check", [pull_requests.COMMITS, pull_requests.APPROVED])
def test_an_approved_release_passes(check: str, tmp_path: Path) -> None:
    """Who merges is the author of the merge, and may be the one who approved."""
    PROOF_CHECKS[check](pull_requests.make_review(tmp_path, pull_requests.make_record()))


def test_a_message_that_arrived_passes(tmp_path: Path) -> None:
    channel_arrivals.ChannelFault.try_in(tmp_path)
    fault = channel_arrivals.ChannelFault
    assert fault.try_in(tmp_path).outcome(fault.check) == "passed"


HOURS: Mapping[str, Callable[[Path], object]] = {
    "a known error": lambda folder: first_hour.make_hour(folder, [*first_hour.quiet_lines()]),
    "an expected error": lambda folder: first_hour.make_hour(
        folder,
        [*first_hour.quiet_lines(), first_hour.line(60, "error", "laboratory is away")],
        expected_errors={"laboratory is away": "it is switched over at six"},
    ),
    "an error of the release before": lambda folder: first_hour.make_hour(
        folder,
        [*first_hour.quiet_lines(), first_hour.line(60, "error", "shutting down", release="1.9.0")],
    ),
}


@pytest.mark.parametrize("name", HOURS)
def test_an_hour_without_a_new_error_passes(name: str, tmp_path: Path) -> None:
    PROOF_CHECKS[first_hour.HourFault.check](HOURS[name](tmp_path))


def test_a_day_like_the_one_before_passes(prometheus: str) -> None:
    PROOF_CHECKS[DayFault.check](QuietDayFault.asked_of(prometheus))


def test_every_check_has_a_fault_that_it_catches() -> None:
    assert {fault.check for fault in ALL.values()} == PROOF_CHECKS.keys()
