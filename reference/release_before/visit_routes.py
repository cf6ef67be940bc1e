"""Routes of `/patients/{patient_id}/visits` in the release before."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from reference import paging
from reference.openapi import SIGNED_IN, Responses, refusals, success
from reference.problems import Problem, not_found
from reference.release_before import visit_records
from reference.release_before.patient_routes import require_patient
from reference.release_before.visit_records import Record, Visit, VisitBody
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

TRANSITIONS = {("open", "admitted"), ("admitted", "discharged"), ("open", "cancelled")}

router = APIRouter(
    prefix=BASE_PATH + "/patients/{patient_id}/visits",
    tags=["visits"],
    route_class=Guarded,
    dependencies=[Depends(bearer)],
)

_NEXT = {"patient_id": "$request.path.patient_id", "visit_id": "$response.body#/id"}
_EVERYBODY = (REGISTRAR, CLINICIAN, ADMINISTRATOR)


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
    access: Annotated[Access, Depends(require_role("visit.open", *_EVERYBODY))],
) -> Record:
    """Open a visit for a patient."""
    with access.transaction() as connection:
        require_patient(connection, access, patient_id)
        visit = visit_records.insert(connection, patient_id, body.reason)
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
    access: Annotated[Access, Depends(require_role("visit.list", *_EVERYBODY))],
) -> dict[str, Any]:
    """A patient's visits, the first opened first."""
    with access.transaction() as connection:
        require_patient(connection, access, patient_id)
        return visit_records.page(connection, patient_id, place)


@router.get(
    "/{visit_id}",
    operation_id="getVisit",
    response_model=Visit,
    responses=refusals(404, 422, *SIGNED_IN),
)
def read(
    patient_id: UUID,
    visit_id: UUID,
    access: Annotated[Access, Depends(require_role("visit.read", *_EVERYBODY))],
) -> Record:
    """One visit of this patient."""
    with access.transaction() as connection:
        require_patient(connection, access, patient_id)
        visit = visit_records.find(connection, patient_id, visit_id)
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
) -> Record:
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
) -> Record:
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
) -> Record:
    """Cancel an open visit."""
    return move(access, patient_id, visit_id, "cancelled")


def move(access: Access, patient_id: UUID, visit_id: UUID, status: str) -> Record:
    """Return the visit in its new status.

    Raises `illegal-transition` if the present status does not allow it.
    """
    with access.transaction() as connection:
        require_patient(connection, access, patient_id)
        visit = visit_records.find(connection, patient_id, visit_id, lock=True)
        if visit is None:
            raise not_found("visit")
        if (visit["status"], status) not in TRANSITIONS:
            raise Problem(
                "illegal-transition", f"A visit that is {visit['status']} cannot be {status}."
            )
        return visit_records.move(connection, visit_id, status)
