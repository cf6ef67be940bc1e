"""Methods that no document lists: which requests are made, and how an answer is judged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital import Answer, Operation, Reason, Rejected, Session, UndocumentedRequest
from cutover_gates.hospital.undocumented_requests import list_overrides, list_undocumented
from cutover_gates.probes.api.methods import rules
from cutover_gates.probes.api.methods.assessments import MethodAssessments, TriedChart
from cutover_gates.probes.api.methods.method_judgement import (
    compare_charts,
    find_obeyed_request,
    find_shown_patient,
    read_chart,
)

ONE, LIST = "/patients/{patient_id}", "/patients"
OPERATIONS = [
    Operation("GET", ONE, True, frozenset({200})),
    Operation("GET", LIST, True, frozenset({200})),
    Operation("POST", LIST, True, frozenset({201})),
    Operation("GET", "/health", False, frozenset({200})),
]


def request(method: str, path: str = ONE, **headers: str) -> UndocumentedRequest:
    return UndocumentedRequest(method, path, True, frozenset(), headers=headers)


def test_only_what_a_protected_path_does_not_list_is_sent() -> None:
    assert [str(one) for one in list_undocumented(OPERATIONS, "POST")] == [f"POST {ONE}"]
    assert [one.path for one in list_undocumented(OPERATIONS, "PATCH")] == [ONE, LIST]
    assert {one.method for one in list_overrides(OPERATIONS, "DELETE")} == {"GET", "POST"}


@pytest.mark.parametrize(
    ("method", "path", "status", "may_use_lists", "is_found"),
    [
        ("HEAD", ONE, 200, False, True),
        ("HEAD", ONE, 401, False, False),
        ("HEAD", LIST, 200, True, False),
        ("HEAD", LIST, 200, False, True),
        ("OPTIONS", ONE, 200, False, False),
        ("DELETE", LIST, 204, True, True),
        ("PATCH", ONE, 405, True, False),
        ("PATCH", ONE, 500, True, True),
        ("TRACE", ONE, 501, True, False),
        ("TRACE", ONE, 200, True, True),
    ],
)
def test_success_is_a_finding_where_nothing_may_be_shown(
    method: str, path: str, status: int, *, may_use_lists: bool, is_found: bool
) -> None:
    answer = Answer(status, {}, b"")
    found = find_obeyed_request(request(method, path), answer, "x", may_use_lists=may_use_lists)
    assert (found is not None) is is_found


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, "the name is Müller-1234"),
        ({"X-Record": "M%C3%BCller-1234"}, ""),
        ({"X-Record": "Müller-1234"}, ""),
        ({}, '{"name": "M\\u00fcller-1234"}'),
    ],
)
def test_a_patient_is_found_in_body_and_headers(headers: Mapping[str, str], body: str) -> None:
    answer = Answer(405, headers, body.encode())
    found = list(find_shown_patient(request("PATCH"), answer, "x", ["Müller-1234", "ab"]))
    assert [finding.rule for finding in found] == [rules.NOTHING_SHOWN]
    assert "ller-1234" not in str(found[0])


def test_an_answer_without_the_patient_is_no_finding() -> None:
    answer = Answer(405, {"Allow": "GET"}, b"not here, ab")
    assert list(find_shown_patient(request("PATCH"), answer, "x", ["Müller-1234", "ab"])) == []


class Hospital:
    """A hospital with one patient. It notes what was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_there = True

    def patient(self, _session: Session, patient_id: str) -> str:
        if not self.is_there:
            raise Rejected(Reason.NOT_FOUND, "", Answer(404, {}, b""))
        return patient_id

    def visits_of(self, _session: Session, _patient_id: str) -> list[str]:
        return []

    def documents_of(self, _session: Session, _patient_id: str) -> list[str]:
        return []

    def attempt(self, operation: Operation, _session: Any, _values: Any) -> Answer:
        self.sent.append(str(operation))
        if operation.method == "DELETE" and operation.path == ONE:
            self.is_there = False
        return Answer(405, {}, b"")


def assess(hospital: Any, method: str, *, is_ephemeral: bool) -> Assessment:
    chart = TriedChart({"patient": "1"}, ("word",), lambda _: {"patient_id": "1"})
    questions = MethodAssessments(
        hospital, OPERATIONS, lambda: chart, Session("a", "t"), is_ephemeral, lambda _: None
    )
    return questions.assess_method(method, None, "without a token")


def test_a_list_is_deleted_nowhere_but_where_all_data_ends_with_the_run() -> None:
    hospital = Hospital()
    assessment = assess(hospital, "PATCH", is_ephemeral=False)
    assert hospital.sent == [f"PATCH {ONE}"]
    assert assessment.figures["not_sent"] == [f"PATCH {LIST}"]
    assess(hospital, "PATCH", is_ephemeral=True)
    assert f"PATCH {LIST}" in hospital.sent


def test_what_was_refused_and_done_is_found_afterwards() -> None:
    assessment = assess(Hospital(), "DELETE", is_ephemeral=False)
    assert [finding.rule for finding in assessment.findings] == [rules.NOTHING_DONE]
    assert assessment.findings[0].actual == "refused as not-found"


def test_a_chart_is_compared_part_by_part() -> None:
    hospital: Any = Hospital()
    before = read_chart(hospital, Session("a", "t"), {"patient": "1"})
    assert set(before) == {"patient", "visits", "documents"}
    assert list(compare_charts(before, before, "x")) == []
    after = {**before, "visits": ["another"]}
    assert [one.subject for one in compare_charts(before, after, "x")] == ["visits after x"]
