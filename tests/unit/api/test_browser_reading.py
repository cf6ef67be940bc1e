"""What browsers are shown: data must be the same, and words may be translated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cutover_gates.hospital import Answer
from cutover_gates.probes.api.headers import rules
from cutover_gates.probes.api.headers.browser_reading import find_other_content

PATIENT = {
    "id": "7f0c",
    "born": "1987-03-04",
    "sex": "female",
    "visits": [{"at": "2026-11-30T02:00:00Z", "beds": 2}],
    "request": "r-1",
}


def answer(body: Any, status: int = 200, media_type: str = "application/json") -> Answer:
    headers = {"content-type": media_type}
    if isinstance(body, bytes):
        return Answer(status, headers, body)
    return Answer(status, headers, json.dumps(body).encode(), body)


def subjects_of(plain: tuple[Answer, Answer], shown: Answer) -> list[str]:
    findings = list(find_other_content("GET /patients/{id}", plain, shown))
    assert {finding.rule for finding in findings} <= {rules.SAME_FOR_BROWSERS}
    return [finding.subject.partition(": ")[2] for finding in findings]


@pytest.mark.parametrize(
    "change", [{}, {"sex": "weiblich"}, {"request": "r-3"}, {"more": "1 Patient"}]
)
def test_words_and_what_always_changes_may_differ(change: dict[str, Any]) -> None:
    plain = answer(PATIENT), answer({**PATIENT, "request": "r-2"})
    assert not subjects_of(plain, answer({**PATIENT, **change}))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"born": "04.03.1987"}, "born"),
        ({"id": "8e1d"}, "id"),
        ({"visits": [{"at": "2026-11-30T03:00:00+01:00", "beds": 2}]}, "visits.0.at"),
        ({"visits": []}, "visits.0.at"),
    ],
)
def test_other_data_are_a_finding(change: dict[str, Any], place: str) -> None:
    plain = answer(PATIENT), answer(PATIENT)
    assert place in subjects_of(plain, answer({**PATIENT, **change}))


def test_another_status_or_media_type_is_a_finding() -> None:
    plain = answer(PATIENT), answer(PATIENT)
    assert subjects_of(plain, answer(PATIENT, 406)) == [""]
    assert subjects_of(plain, answer(b"<p>", media_type="text/html")) == [""]


def test_other_bytes_are_a_finding_where_the_plain_ones_are_equal() -> None:
    scan, cut = (answer(body, media_type="image/png") for body in (b"12345", b"1234"))
    assert subjects_of((scan, scan), cut) == [""]
    assert not subjects_of((scan, cut), answer(b"1", media_type="image/png"))
