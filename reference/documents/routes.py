"""Routes of `/patients/{patient_id}/documents`: upload, list, describe, download, remove."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile
from pydantic import BaseModel

from reference import paging, text
from reference.documents import files, store
from reference.openapi import SIGNED_IN, file_types, refusals, success
from reference.patients import store as patients
from reference.pool import Rows
from reference.problems import Problem, not_found
from reference.security import ADMINISTRATOR, CLINICIAN, Access, Guarded, bearer, require_role
from reference.settings import BASE_PATH

router = APIRouter(
    prefix=BASE_PATH + "/patients/{patient_id}/documents",
    tags=["documents"],
    route_class=Guarded,
    dependencies=[Depends(bearer)],
)

_NEXT = {"patient_id": "$request.path.patient_id", "document_id": "$response.body#/id"}
_LINKS = dict.fromkeys(("getDocument", "downloadDocument", "deleteDocument"), _NEXT)
_BYTES: dict[str, Any] = {
    media_type: {"schema": {"type": "string", "format": "binary"}}
    for media_type in files.MEDIA_TYPES
}


class Document(BaseModel):
    """What is known of a document; `size` in bytes, `sha256` in lower-case hexadecimal digits."""

    id: UUID
    patient_id: UUID
    file_name: str
    media_type: str
    size: int
    sha256: str
    tag: str | None
    uploaded_by: str
    uploaded_at: datetime


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
    tag: Annotated[
        str | None, text.line(0, 64), Form()
    ] = None,  # FastAPI takes an empty field as none
) -> store.Document:
    """Put a file into a patient's record: PDF, PNG, JPEG or plain text of at most 2 MiB.

    Of its name the last part is kept.
    """
    with access.transaction() as connection:
        _require_patient(connection, access, patient_id)
        media_type, content = files.media_type(file.content_type), files.content(file.file)
        document = {
            "patient_id": patient_id,
            "file_name": files.safe_name(file.filename),
            "media_type": media_type,
            "content": content,
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "tag": tag,
            "uploaded_by": access.caller.username,
        }
        stored = store.insert(connection, document)
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
        _require_patient(connection, access, patient_id)
        return store.page(connection, patient_id, place)


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
) -> store.Document:
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
        "Content-Disposition": files.disposition(document["file_name"]),
        "ETag": f'"{document["sha256"]}"',
    }
    return Response(content, headers=headers)


@router.delete(
    "/{document_id}",
    operation_id="deleteDocument",
    status_code=204,
    responses=refusals(404, 422, *SIGNED_IN),
)
def delete(
    patient_id: UUID,
    document_id: UUID,
    access: Annotated[Access, Depends(require_role("document.delete", ADMINISTRATOR))],
) -> None:
    """Remove a synthetic (tagged) document. Any other is refused as forbidden."""
    with access.transaction() as connection:
        document = _require_document(connection, access, patient_id, document_id)
        if document["tag"] is None:
            raise Problem("forbidden", "Only a tagged document can be deleted.")
        store.delete(connection, document_id)


def _require_document(
    connection: Rows, access: Access, patient_id: UUID, document_id: UUID
) -> store.Document:
    _require_patient(connection, access, patient_id)
    document = store.find(connection, patient_id, document_id)
    if document is None:
        raise not_found("document")
    return document


def _require_patient(connection: Rows, access: Access, patient_id: UUID) -> None:
    if patients.find(connection, patient_id, access.caller.sees) is None:
        raise not_found("patient")
