"""`/patients`: register, find, read, change, and remove synthetic ones."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Response

from reference import paging, text
from reference.openapi import SIGNED_IN, refusals, required_header, success
from reference.patients import service, store
from reference.patients.model import Patient, PatientBody
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

_ITS_ID = {"patient_id": "$response.body#/id"}
_LINKS = dict.fromkeys(
    ("getPatient", "updatePatient", "deletePatient", "openVisit", "listVisits", "uploadDocument"),
    _ITS_ID,
)


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
    idempotency_key: Annotated[
        str | None,
        Header(alias="Idempotency-Key", min_length=1, max_length=64, pattern=r"^[\x21-\x7e]+$"),
    ] = None,
) -> Patient:
    """Register a patient in the caller's facility.

    With an `Idempotency-Key` it is safe to send again.
    """
    patient = service.register(access, body, idempotency_key)
    response.headers["Location"] = f"{BASE_PATH}/patients/{patient.id}"
    response.headers["ETag"] = service.etag(patient.version)
    return patient


@router.get(
    "",
    operation_id="searchPatients",
    response_model=paging.Page[Patient],
    responses=refusals(422, *SIGNED_IN),
)
def search(
    place: paging.WantedPlace,
    access: Annotated[
        Access, Depends(require_role("patient.search", REGISTRAR, CLINICIAN, ADMINISTRATOR))
    ],
    mrn: Annotated[text.MRN | None, Query()] = None,
    name: Annotated[str | None, text.line(1, 200), Query()] = None,
    birth_date: Annotated[text.ISODate | None, Query()] = None,
    tag: Annotated[str | None, text.line(1, 64), Query()] = None,
) -> dict[str, Any]:
    """Patients that match everything asked for, in the order of their medical record numbers."""
    with access.transaction() as connection:
        return store.search(
            connection,
            access.caller.sees,
            place,
            mrn=mrn,
            name=name,
            birth_date=birth_date,
            tag=tag,
        )


@router.get(
    "/{patient_id}",
    operation_id="getPatient",
    response_model=Patient,
    responses={**refusals(404, 422, *SIGNED_IN), **success(200, "The patient", ("ETag",))},
)
def read(
    patient_id: UUID,
    response: Response,
    access: Annotated[
        Access, Depends(require_role("patient.read", REGISTRAR, CLINICIAN, ADMINISTRATOR))
    ],
) -> Patient:
    """One patient. The ETag is what a change has to name."""
    patient = service.read(access, patient_id)
    response.headers["ETag"] = service.etag(patient.version)
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
) -> Patient:
    """Replace what is known of a patient, if nobody else did since `If-Match`."""
    patient = service.change(access, patient_id, body, if_match)
    response.headers["ETag"] = service.etag(patient.version)
    return patient


@router.delete(
    "/{patient_id}",
    operation_id="deletePatient",
    status_code=204,
    responses=refusals(404, 422, *SIGNED_IN),
)
def delete(
    patient_id: UUID,
    access: Annotated[Access, Depends(require_role("patient.delete", ADMINISTRATOR))],
) -> None:
    """Remove a synthetic (tagged) patient with visits and documents.

    Any other is refused as forbidden.
    """
    service.remove(access, patient_id)
