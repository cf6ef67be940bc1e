"""`/patients` in the release before: register, find, read and change."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response

from reference import paging, text
from reference.openapi import SIGNED_IN, refusals, required_header, success
from reference.patients import service
from reference.pool import Rows
from reference.problems import Problem, not_found
from reference.release_before import patient_records
from reference.release_before.patient_records import Patient, PatientBody, Record
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

router = APIRouter(
    prefix=BASE_PATH + "/patients",
    tags=["patients"],
    route_class=Guarded,
    dependencies=[Depends(bearer)],
)

_NEXT = {"patient_id": "$response.body#/id"}
_LINKS = dict.fromkeys(
    ("getPatient", "updatePatient", "openVisit", "listVisits", "uploadDocument"), _NEXT
)
_READERS = (REGISTRAR, CLINICIAN, ADMINISTRATOR)


@router.post(
    "",
    operation_id="createPatient",
    status_code=201,
    response_model=Patient,
    responses={
        **refusals(409, 413, 422, *SIGNED_IN),
        **success(201, "Registered", ("Location", "ETag"), **_LINKS),
    },
)
def create(
    body: PatientBody,
    response: Response,
    access: Annotated[Access, Depends(require_role("patient.create", REGISTRAR, ADMINISTRATOR))],
) -> Record:
    """Register a patient in the caller's facility."""
    with access.transaction() as connection:
        patient = patient_records.insert(connection, access.caller.facility, body)
        access.patient_id = patient["id"]
    response.headers["Location"] = f"{BASE_PATH}/patients/{patient['id']}"
    response.headers["ETag"] = service.etag(patient["version"])
    return patient


@router.get(
    "",
    operation_id="searchPatients",
    response_model=paging.Page[Patient],
    responses=refusals(422, *SIGNED_IN),
)
def search(
    place: paging.WantedPlace,
    access: Annotated[Access, Depends(require_role("patient.search", *_READERS))],
    mrn: Annotated[text.MRN | None, Query()] = None,
    name: Annotated[str | None, text.line(1, 200), Query()] = None,
    birth_date: Annotated[text.ISODate | None, Query()] = None,
) -> dict[str, Any]:
    """Patients that match everything asked for, in the order of their medical record numbers."""
    with access.transaction() as connection:
        sees = access.caller.sees
        return patient_records.search(connection, sees, place, mrn, name, birth_date)


@router.get(
    "/{patient_id}",
    operation_id="getPatient",
    response_model=Patient,
    responses={**refusals(404, 422, *SIGNED_IN), **success(200, "The patient", ("ETag",))},
)
def read(
    patient_id: UUID,
    response: Response,
    access: Annotated[Access, Depends(require_role("patient.read", *_READERS))],
) -> Record:
    """One patient. The ETag is what a change has to name."""
    with access.transaction() as connection:
        patient = require_patient(connection, access, patient_id)
    response.headers["ETag"] = service.etag(patient["version"])
    return patient


@router.put(
    "/{patient_id}",
    operation_id="updatePatient",
    response_model=Patient,
    responses={
        **refusals(404, 409, 412, 413, 422, 428, *SIGNED_IN),
        **success(200, "Changed", ("ETag",)),
    },
    openapi_extra=required_header("If-Match", "The patient's ETag."),
)
def update(
    patient_id: UUID,
    body: PatientBody,
    response: Response,
    access: Annotated[Access, Depends(require_role("patient.update", REGISTRAR, ADMINISTRATOR))],
    if_match: Annotated[str | None, Header(alias="If-Match", include_in_schema=False)] = None,
) -> Record:
    """Replace what is known of a patient, if nobody else did since `If-Match`."""
    with access.transaction() as connection:
        if if_match is None:
            raise Problem("precondition-required", "Send the patient's ETag as If-Match.")
        known = require_patient(connection, access, patient_id, lock=True)
        if not service.matches(if_match, known["version"]):
            raise Problem("stale", "The patient was changed since that version; read it again.")
        patient = patient_records.update(connection, patient_id, body)
    response.headers["ETag"] = service.etag(patient["version"])
    return patient


def require_patient(
    connection: Rows, access: Access, patient_id: UUID, *, lock: bool = False
) -> Record:
    """Return the patient that the caller may see. Raises `not-found`."""
    patient = patient_records.find(connection, patient_id, access.caller.sees, lock=lock)
    if patient is None:
        raise not_found("patient")
    return patient
