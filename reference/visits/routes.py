"""Routes of `/patients/{patient_id}/visits`: open, list, read; admit, discharge, cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from reference import paging, text
from reference.openapi import SIGNED_IN, Responses, example, refusals, success
from reference.patients import store as patients
from reference.pool import Rows
from reference.problems import Problem, not_found
from reference.security import (
    ADMINISTRATOR,
    CLINICIAN,
    REGISTRAR,
    Access,
    Guarded,
    bearer,
    require_role,
)
from reference.settings import BASE_PATH
from reference.visits import store

TRANSITIONS = {("open", "admitted"), ("admitted", "discharged"), ("open", "cancelled")}

router = APIRouter(
    prefix=BASE_PATH + "/patients/{patient_id}/visits",
    tags=["visits"],
    route_class=Guarded,
    dependencies=[Depends(bearer)],
)

Reader = Annotated[Access, Depends(require_role("visit.read", REGISTRAR, CLINICIAN, ADMINISTRATOR))]

_NEXT = {"patient_id": "$request.path.patient_id", "visit_id": "$response.body#/id"}


class VisitBody(BaseModel):
    """Why the patient comes."""

    model_config = example(reason="Chest pain", tag="example")

    reason: Annotated[str, text.name(500)]
    tag: Annotated[str, text.line(1, 64)] | None = None


class Visit(BaseModel):
    """A visit. `admitted_at` and `discharged_at` are null until it happens."""

    id: UUID
    patient_id: UUID
    status: Literal["open", "admitted", "discharged", "cancelled"]
    reason: str
    tag: str | None
    opened_at: datetime
    admitted_at: datetime | None
    discharged_at: datetime | None


@router.post(
    "",
    operation_id="openVisit",
    status_code=201,
    response_model=Visit,
    responses={
        **refusals(404, 413, 422, *SIGNED_IN),
        **success(
            201, "Opened", ("Location",), getVisit=_NEXT, admitVisit=_NEXT, cancelVisit=_NEXT
        ),
    },
)
def open_visit(
    patient_id: UUID,
    body: VisitBody,
    response: Response,
    access: Annotated[
        Access, Depends(require_role("visit.open", REGISTRAR, CLINICIAN, ADMINISTRATOR))
    ],
) -> store.Visit:
    """Open a visit for a patient."""
    with access.transaction() as connection:
        _require_patient(connection, access, patient_id)
        visit = store.insert(connection, patient_id, body.reason, body.tag)
    response.headers["Location"] = f"{BASE_PATH}/patients/{patient_id}/visits/{visit['id']}"
    return visit


@router.get(
    "",
    operation_id="listVisits",
    response_model=paging.Page[Visit],
    responses=refusals(404, 422, *SIGNED_IN),
)
def list_visits(
    patient_id: UUID,
    place: paging.WantedPlace,
    access: Annotated[
        Access, Depends(require_role("visit.list", REGISTRAR, CLINICIAN, ADMINISTRATOR))
    ],
) -> dict[str, Any]:
    """A patient's visits, the first opened first."""
    with access.transaction() as connection:
        _require_patient(connection, access, patient_id)
        return store.page(connection, patient_id, place)


@router.get(
    "/{visit_id}",
    operation_id="getVisit",
    response_model=Visit,
    responses=refusals(404, 422, *SIGNED_IN),
)
def read(patient_id: UUID, visit_id: UUID, access: Reader) -> store.Visit:
    """One visit of this patient."""
    with access.transaction() as connection:
        _require_patient(connection, access, patient_id)
        visit = store.find(connection, patient_id, visit_id)
        if visit is None:
            raise not_found("visit")
        return visit


def _moved(description: str, **links: dict[str, str]) -> Responses:
    return {**refusals(404, 409, 422, *SIGNED_IN), **success(200, description, (), **links)}


@router.post(
    "/{visit_id}/admit",
    operation_id="admitVisit",
    response_model=Visit,
    responses=_moved("Admitted", dischargeVisit=_NEXT),
)
def admit(
    patient_id: UUID,
    visit_id: UUID,
    access: Annotated[Access, Depends(require_role("visit.admit", CLINICIAN, ADMINISTRATOR))],
) -> store.Visit:
    """Admit an open visit."""
    return move(access, patient_id, visit_id, "admitted")


@router.post(
    "/{visit_id}/discharge",
    operation_id="dischargeVisit",
    response_model=Visit,
    responses=_moved("Discharged"),
)
def discharge(
    patient_id: UUID,
    visit_id: UUID,
    access: Annotated[Access, Depends(require_role("visit.discharge", CLINICIAN, ADMINISTRATOR))],
) -> store.Visit:
    """Discharge an admitted visit."""
    return move(access, patient_id, visit_id, "discharged")


@router.post(
    "/{visit_id}/cancel",
    operation_id="cancelVisit",
    response_model=Visit,
    responses=_moved("Cancelled"),
)
def cancel(
    patient_id: UUID,
    visit_id: UUID,
    access: Annotated[Access, Depends(require_role("visit.cancel", CLINICIAN, ADMINISTRATOR))],
) -> store.Visit:
    """Cancel an open visit."""
    return move(access, patient_id, visit_id, "cancelled")


def move(access: Access, patient_id: UUID, visit_id: UUID, status: str) -> store.Visit:
    """Return the visit in its new status.

    Raises `illegal-transition` if the present status does not allow it.
    """
    with access.transaction() as connection:
        _require_patient(connection, access, patient_id)
        visit = store.lock(connection, patient_id, visit_id)
        if visit is None:
            raise not_found("visit")
        if (visit["status"], status) not in TRANSITIONS:
            raise Problem(
                "illegal-transition", f"A visit that is {visit['status']} cannot be {status}."
            )
        return store.move(connection, visit_id, status)


def _require_patient(connection: Rows, access: Access, patient_id: UUID) -> None:
    if patients.find(connection, patient_id, access.caller.sees) is None:
        raise not_found("patient")
