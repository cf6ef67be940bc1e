"""Routes of `/patients/{patient_id}/documents` in the release before: nothing is removed."""

from __future__ import annotations

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Response, UploadFile

from reference import paging
from reference.documents import files, store
from reference.openapi import SIGNED_IN, file_types, refusals, success
from reference.pool import Rows
from reference.problems import not_found
from reference.release_before import document_records
from reference.release_before.document_records import Document, Record
from reference.release_before.patient_routes import require_patient
from reference.security import ADMINISTRATOR, CLINICIAN, Access, Guarded, bearer, require_role
from reference.settings import BASE_PATH

router = APIRouter(
    prefix=BASE_PATH + "/patients/{patient_id}/documents",
    tags=["documents"],
    route_class=Guarded,
    dependencies=[Depends(bearer)],
)

_LONGEST_NAME = 1000
_NEXT = {"patient_id": "$request.path.patient_id", "document_id": "$response.body#/id"}
_LINKS = dict.fromkeys(("getDocument", "downloadDocument"), _NEXT)
_BYTES: dict[str, Any] = {
    media_type: {"schema": {"type": "string", "format": "binary"}}
    for media_type in files.MEDIA_TYPES
}


@router.post(
    "",
    operation_id="uploadDocument",
    status_code=201,
    response_model=Document,
    responses={
        **refusals(404, 413, 415, 422, *SIGNED_IN),
        **success(201, "Stored", ("Location",), **_LINKS),
    },
    openapi_extra=file_types("file", files.MEDIA_TYPES),
)
def upload(
    patient_id: UUID,
    file: Annotated[UploadFile, File(json_schema_extra={"minLength": 1})],
    response: Response,
    access: Annotated[Access, Depends(require_role("document.upload", CLINICIAN, ADMINISTRATOR))],
) -> Record:
    """Put a file into a patient's record: PDF, PNG, JPEG or plain text of at most 2 MiB.

    Its name is kept as the workstation sent it.
    """
    with access.transaction() as connection:
        require_patient(connection, access, patient_id)
        media_type, content = files.media_type(file.content_type), files.content(file.file)
        document = {
            "patient_id": patient_id,
            "file_name": _name_as_sent(file.filename),
            "media_type": media_type,
            "content": content,
            "uploaded_by": access.caller.username,
        }
        stored = document_records.insert(connection, document)
    response.headers["Location"] = f"{BASE_PATH}/patients/{patient_id}/documents/{stored['id']}"
    return stored


@router.get(
    "",
    operation_id="listDocuments",
    response_model=paging.Page[Document],
    responses=refusals(404, 422, *SIGNED_IN),
)
def list_documents(
    patient_id: UUID,
    place: paging.WantedPlace,
    access: Annotated[Access, Depends(require_role("document.list", CLINICIAN, ADMINISTRATOR))],
) -> dict[str, Any]:
    """A patient's documents, the first uploaded first."""
    with access.transaction() as connection:
        require_patient(connection, access, patient_id)
        return document_records.page(connection, patient_id, place)


@router.get(
    "/{document_id}",
    operation_id="getDocument",
    response_model=Document,
    responses=refusals(404, 422, *SIGNED_IN),
)
def read(
    patient_id: UUID,
    document_id: UUID,
    access: Annotated[Access, Depends(require_role("document.read", CLINICIAN, ADMINISTRATOR))],
) -> Record:
    """What is known of a document."""
    with access.transaction() as connection:
        return _require_document(connection, access, patient_id, document_id)


@router.get(
    "/{document_id}/content",
    operation_id="downloadDocument",
    response_class=Response,
    responses={
        **refusals(404, 422, *SIGNED_IN),
        200: {
            **success(200, "The bytes, as they were uploaded", ("ETag", "Content-Disposition"))[
                200
            ],
            "content": _BYTES,
        },
    },
)
def download(
    patient_id: UUID,
    document_id: UUID,
    access: Annotated[Access, Depends(require_role("document.download", CLINICIAN, ADMINISTRATOR))],
) -> Response:
    """The document's bytes, of the type it was stored with."""
    with access.transaction() as connection:
        document = _require_document(connection, access, patient_id, document_id)
        content = store.content(connection, document_id)
    headers = {
        "Content-Type": document["media_type"],
        "Content-Disposition": files.disposition(files.safe_name(document["file_name"])),
        "ETag": f'"{document["sha256"]}"',
    }
    return Response(content, headers=headers)


def _require_document(
    connection: Rows, access: Access, patient_id: UUID, document_id: UUID
) -> Record:
    require_patient(connection, access, patient_id)
    document = document_records.find(connection, patient_id, document_id)
    if document is None:
        raise not_found("document")
    return document


def _name_as_sent(name: str | None) -> str:
    """Return the name with its path, without control characters."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f]", "", name or "")[:_LONGEST_NAME]
