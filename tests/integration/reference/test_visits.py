"""Visits move by their rules only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.integration.reference.started_hospital import Json, Staff, patient_data, problem

MOVES = {
    "open": (),
    "admitted": ("admit",),
    "discharged": ("admit", "discharge"),
    "cancelled": ("cancel",),
}
LEGAL = {
    ("open", "admit"): "admitted",
    ("admitted", "discharge"): "discharged",
    ("open", "cancel"): "cancelled",
}


@pytest.fixture
def visits(patient: Json) -> str:
    """Return the path of a new patient's visits."""
    return f"/patients/{patient['id']}/visits"


@pytest.mark.parametrize("move", ["admit", "discharge", "cancel"])
@pytest.mark.parametrize("status", MOVES)
def test_a_visit_moves_only_as_the_rules_say(
    staff: Staff, visits: str, status: str, move: str
) -> None:
    """Moves are open → admitted → discharged, and open → cancelled.

    Every other move is an illegal transition and changes nothing.
    """
    clinician = staff("clinician")
    visit = f"{visits}/{clinician.post(visits, json={'reason': 'Probe'}).json()['id']}"
    for earlier in MOVES[status]:
        assert clinician.post(f"{visit}/{earlier}").status_code == 200
    before = clinician.get(visit).json()
    answer = clinician.post(f"{visit}/{move}")
    if (status, move) in LEGAL:
        assert answer.json()["status"] == LEGAL[status, move]
    else:
        assert problem(answer) == (409, "illegal-transition")
        assert clinician.get(visit).json() == before
    now = clinician.get(visit).json()
    assert (now["admitted_at"] is not None) == (now["status"] in ("admitted", "discharged"))
    assert (now["discharged_at"] is not None) == (now["status"] == "discharged")


def test_of_eight_admissions_at_once_one_admits(staff: Staff, visits: str) -> None:
    """The other seven are told that the visit is admitted already."""
    visit = staff("clinician").post(visits, json={"reason": "Probe"}).json()["id"]
    with ThreadPoolExecutor(8) as threads:
        answers = threads.map(
            lambda _: staff("clinician").post(f"{visits}/{visit}/admit").status_code, range(8)
        )
    assert sorted(answers) == [200] + [409] * 7


def test_a_visit_is_found_under_its_own_patient_only(staff: Staff, visits: str) -> None:
    """Under another patient's path it can be neither read nor moved.

    An unknown patient has no visits.
    """
    visit = staff("clinician").post(visits, json={"reason": "Probe"}).json()["id"]
    other = staff("registrar").post("/patients", json=patient_data()).json()["id"]
    assert problem(staff("clinician").get(f"/patients/{other}/visits/{visit}")) == (
        404,
        "not-found",
    )
    assert problem(staff("clinician").post(f"/patients/{other}/visits/{visit}/admit")) == (
        404,
        "not-found",
    )
    assert problem(
        staff("clinician").post(f"/patients/{uuid4()}/visits", json={"reason": "Probe"})
    ) == (404, "not-found")
    assert staff("clinician").get(visits).json()["total"] == 1
