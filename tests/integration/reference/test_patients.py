"""Patients are registered once, stored as sent, found, and changed by one client at a time."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.reference.started_hospital import (
    Hospital,
    Json,
    Staff,
    patient_data,
    problem,
)

TOMORROW = str((datetime.now(UTC) + timedelta(days=1)).date())


@pytest.mark.parametrize(
    "name", ["Þórsdóttir", "  spaced  ", "e\u0301 is not é", "𠮷田", "👩‍⚕️", "الحسيني", "x" * 200]
)
def test_a_name_is_kept_exactly_as_it_was_sent(staff: Staff, name: str) -> None:
    """A name is neither normalized nor trimmed: every character comes back."""
    created = staff("registrar").post(
        "/patients", json=patient_data(family_name=name, given_name=name)
    )
    assert created.status_code == 201, created.text
    assert created.headers["location"] == f"/api/v1/patients/{created.json()['id']}"
    read = staff("clinician").get(f"/patients/{created.json()['id']}").json()
    assert read == created.json()
    assert (read["family_name"], read["given_name"]) == (name, name)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("mrn", value) for value in ("", "x" * 33, "a b", "é", "A\n", None)],
        *[
            ("family_name", value)
            for value in ("", "   ", "\u3000", "a\x00b", "a\x85b", "x" * 201, "\ud800", None)
        ],
        *[
            ("birth_date", value)
            for value in (
                TOMORROW,
                "1879-12-31",
                "1971-02-30",
                "1971-12-31T00:00:00",
                0,
                "1971-1-1",
                "",
            )
        ],
        *[
            ("sex", "f"),
            ("given_name", None),
            ("phone", ""),
            ("tag", "x" * 65),
            ("address", 7),
            ("surprise", 1),
        ],
    ],
)
def test_an_invalid_patient_is_refused_and_leaves_nothing(
    hospital: Hospital, staff: Staff, field: str, value: Any
) -> None:
    """The 422 names the field, and nobody is registered."""
    body = patient_data(**{field: value})
    answer = staff("registrar").post(
        "/patients", content=json.dumps(body), headers={"Content-Type": "application/json"}
    )
    assert problem(answer) == (422, "invalid")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (
        hospital.query("SELECT 1 FROM patients WHERE mrn = %s", str(body["mrn"]).replace("\n", ""))
        == []
    )


def test_a_body_that_is_no_json_is_refused(staff: Staff) -> None:
    """Broken JSON, broken UTF-8, half a character and deep nesting are invalid, not defects."""
    for body in (b"{", b"\xff\xfe", b'{"mrn": "\xff"}', b'{"\\ud800": 1}', b"[" * 100_000, b""):
        answer = staff("registrar").post(
            "/patients", content=body, headers={"Content-Type": "application/json"}
        )
        assert problem(answer) == (422, "invalid")


def test_a_medical_record_number_is_given_once(staff: Staff, patient: Json) -> None:
    """A second patient with the same number is a duplicate, also through a change."""
    assert problem(staff("registrar").post("/patients", json=patient_data(mrn=patient["mrn"]))) == (
        409,
        "duplicate",
    )
    other = staff("registrar").post("/patients", json=patient_data())
    change = staff("registrar").put(
        f"/patients/{other.json()['id']}",
        json=patient_data(mrn=patient["mrn"]),
        headers={"If-Match": other.headers["etag"]},
    )
    assert problem(change) == (409, "duplicate")


def test_the_same_key_registers_once_under_concurrency(hospital: Hospital, staff: Staff) -> None:
    """Eight parallel requests with one Idempotency-Key get one answer, and one patient exists."""
    body, headers = patient_data(), {"Idempotency-Key": uuid4().hex}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: staff("registrar").post("/patients", json=body, headers=headers), range(8)
            )
        )
    assert {answer.status_code for answer in answers} == {201}
    assert (
        len(
            {
                (answer.text, answer.headers["etag"], answer.headers["location"])
                for answer in answers
            }
        )
        == 1
    )
    assert hospital.query("SELECT count(*) FROM patients WHERE mrn = %s", body["mrn"]) == [
        {"count": 1}
    ]


def test_a_key_belongs_to_one_body_and_one_user(staff: Staff) -> None:
    """A key with another body is invalid; the same key of another user is another key.

    A rejected registration does not use the key up.
    """
    headers = {"Idempotency-Key": uuid4().hex}
    taken = patient_data()
    staff("administrator").post("/patients", json=taken)
    assert problem(staff("registrar").post("/patients", json=taken, headers=headers)) == (
        409,
        "duplicate",
    )
    assert (
        staff("registrar").post("/patients", json=patient_data(), headers=headers).status_code
        == 201
    )
    assert problem(staff("registrar").post("/patients", json=patient_data(), headers=headers)) == (
        422,
        "invalid",
    )
    assert (
        staff("administrator").post("/patients", json=patient_data(), headers=headers).status_code
        == 201
    )


def test_eight_without_a_key_register_once_by_their_number(staff: Staff) -> None:
    """One is registered, seven are duplicates, none is a defect."""
    body = patient_data()
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _: staff("registrar").post("/patients", json=body).status_code, range(8)
            )
        )
    assert sorted(answers) == [201] + [409] * 7


def test_a_change_must_name_the_version_it_changes(staff: Staff, patient: Json) -> None:
    """A change is 428 without If-Match, 412 with an old version, 200 with the current one.

    Nothing of a rejected change is stored.
    """
    client, path = staff("registrar"), f"/patients/{patient['id']}"
    body = patient_data(mrn=patient["mrn"], family_name="Changed")
    assert problem(client.put(path, json=body)) == (428, "precondition-required")
    changed = client.put(path, json=body, headers={"If-Match": client.get(path).headers["etag"]})
    assert (changed.status_code, changed.headers["etag"], changed.json()["version"]) == (
        200,
        '"2"',
        2,
    )
    for old in ('"1"', 'W/"2"', "2", '""'):
        assert problem(client.put(path, json=patient_data(), headers={"If-Match": old})) == (
            412,
            "stale",
        )
    assert client.get(path).json() == changed.json()


def test_of_eight_changes_of_one_version_one_wins(staff: Staff, patient: Json) -> None:
    """No change is lost: a client that did not see the others' is told so."""

    def change(number: int) -> int:
        body = patient_data(mrn=patient["mrn"], family_name=f"Changed {number}")
        return (
            staff("registrar")
            .put(f"/patients/{patient['id']}", json=body, headers={"If-Match": '"1"'})
            .status_code
        )

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(change, range(8))) == [200] + [412] * 7


@pytest.mark.parametrize(
    ("family", "asked"),
    [
        ("Straße", "STRASSE"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("Щербакова", "щЕРБАК"),
        ("İnönü", "NÖNÜ"),
        ("O’Brien%_", "’brien%_"),
        ("欧阳", "阳"),
    ],
)
def test_a_search_finds_any_part_of_a_name_in_any_case_and_script(
    staff: Staff, family: str, asked: str
) -> None:
    """Family and given names match alike; wildcards of the database are plain characters."""
    tag = uuid4().hex
    for body in (
        patient_data(family_name=family, tag=tag),
        patient_data(given_name=family, tag=tag),
        patient_data(tag=tag),
    ):
        assert staff("registrar").post("/patients", json=body).status_code == 201
    found = staff("registrar").get("/patients", params={"name": asked, "tag": tag}).json()
    assert found["total"] == len(found["items"]) == 2


def test_pages_put_together_are_the_whole_list(staff: Staff) -> None:
    """The order is stable: no item is missing or repeated; pages beyond the end are empty."""
    tag = uuid4().hex
    for _ in range(7):
        staff("registrar").post("/patients", json=patient_data(tag=tag))
    pages = [
        staff("registrar")
        .get("/patients", params={"tag": tag, "page": page, "page_size": 3})
        .json()
        for page in (1, 2, 3, 1_000_000)
    ]
    assert [len(page["items"]) for page in pages] == [3, 3, 1, 0]
    assert {page["total"] for page in pages} == {7}
    assert len({patient["id"] for page in pages for patient in page["items"]}) == 7


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page_size=201",
        f"page={10**30}",
        "birth_date=0",
        "name=%00",
        "name=",
        "mrn=%C3%A9",
    ],
)
def test_a_senseless_search_is_refused(staff: Staff, query: str) -> None:
    """It is rejected as invalid before it reaches the database."""
    assert problem(staff("registrar").get(f"/patients?{query}")) == (422, "invalid")


def test_only_synthetic_patients_can_be_deleted(
    hospital: Hospital, staff: Staff, patient: Json
) -> None:
    """A tagged one is removed with visits and documents; an untagged one is forbidden and stays."""
    path = f"/patients/{patient['id']}"
    staff("clinician").post(f"{path}/visits", json={"reason": "Probe"})
    staff("clinician").post(f"{path}/documents", files={"file": ("a.txt", b"a", "text/plain")})
    assert staff("administrator").delete(path).status_code == 204
    assert problem(staff("registrar").get(path)) == (404, "not-found")
    for table in ("visits", "documents"):
        assert hospital.query(f"SELECT 1 FROM {table} WHERE patient_id = %s", patient["id"]) == []
    real = staff("registrar").post("/patients", json=patient_data(tag=None)).json()
    assert problem(staff("administrator").delete(f"/patients/{real['id']}")) == (403, "forbidden")
    assert staff("registrar").get(f"/patients/{real['id']}").status_code == 200
