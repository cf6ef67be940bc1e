"""The documents of a FHIR server: a DocumentReference, and the bytes in a Binary.

Where the server takes no Binary, the DocumentReference holds the bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from cutover_gates.drivers.fhir.capability_statement import CapabilityStatement
from cutover_gates.drivers.fhir.client import FHIR_JSON, FhirClient
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.fhir.patient_records import PatientRecords
from cutover_gates.drivers.fhir.resource_elements import IN_ERROR, attachment_of
from cutover_gates.drivers.fhir.resources import ResourceMapper
from cutover_gates.drivers.partial_upload import cut_request
from cutover_gates.drivers.transport import GuardedTransport
from cutover_gates.hospital import Document, ProtocolViolation, Rejected, Session, Upload

MINIMAL = {"Prefer": "return=minimal"}


class DocumentReferences:
    """The documents of one server."""

    def __init__(
        self, server: FhirClient, charts: PatientRecords, resources: ResourceMapper
    ) -> None:
        self._server, self._charts, self._resources = server, charts, resources

    def create(
        self, capability: CapabilityStatement, session: Session, patient_id: str, upload: Upload
    ) -> FhirResponse:
        """Create the bytes first, so that no description is ever there without them.

        Bytes whose description is refused are deleted again.
        """
        with self._charts.require_patient(patient_id, session):
            if not _takes_binaries(capability):
                return self._describe(session, patient_id, upload, None)
            request = self._binary_request(session, patient_id, upload)
            binary = self._server.send_and_judge("upload", request, "upload")
            binary_id = self._charts.read_new_id(binary, "Binary")
            try:
                return self._describe(session, patient_id, upload, f"Binary/{binary_id}")
            except (Rejected, ProtocolViolation):
                # The refusal of the description is what counts, not one of this delete.
                with suppress(Rejected, ProtocolViolation):
                    self._charts.delete("Binary", binary_id, session)
                raise

    def abort_upload(
        self,
        capability: CapabilityStatement,
        session: Session,
        patient_id: str,
        upload: Upload,
        transport: GuardedTransport | None,
    ) -> None:
        """Send half of the request that carries the bytes."""
        if _takes_binaries(capability):
            request = self._binary_request(session, patient_id, upload)
        else:
            request = self._server.request(
                "POST",
                self._server.url("DocumentReference"),
                session,
                resource=self._resources.document(patient_id, upload, None),
            )
        try:
            cut_request(request, transport, self._server.recorder)
        except (OSError, httpx.TransportError) as error:
            actual = f"{type(error).__name__}: {error}"
            raise self._server.violation("upload", "a connection", actual, request) from error

    def read_bytes(self, session: Session, document: Document) -> bytes:
        """Return the bytes to which the description leads."""
        described = self._charts.read_for_patient(
            "content", "DocumentReference", document.id, document.patient_id, session
        )
        return self._fetch(described, attachment_of(described.resource or {}), session)

    def read_hash(self, session: Session, document: Document) -> str | None:
        """Return the hash in the description, None where it has none."""
        described = self._charts.read_for_patient(
            "document", "DocumentReference", document.id, document.patient_id, session
        )
        value = attachment_of(described.resource or {}).get("hash")
        return str(value) if value is not None else None

    def retire(self, capability: CapabilityStatement, session: Session, document_id: str) -> str:
        """Delete the description and then its bytes, else mark it as entered in error."""
        described = self._charts.read("retire", "DocumentReference", document_id, session)
        deleted = capability.lists("DocumentReference", "delete") and self._charts.delete(
            "DocumentReference", document_id, session
        )
        if not deleted:
            self._charts.update_elements(described, {"status": IN_ERROR}, session)
            return IN_ERROR
        url = str(attachment_of(described.resource or {}).get("url", ""))
        kind, _, binary_id = url.removeprefix(f"{self._server.base_url}/").partition("/")
        if kind == "Binary" and capability.lists("Binary", "delete"):
            self._charts.delete("Binary", binary_id, session)
        return "deleted"

    # -- internals

    def _describe(
        self, session: Session, patient_id: str, upload: Upload, url: str | None
    ) -> FhirResponse:
        resource = self._resources.document(patient_id, upload, url)
        return self._charts.create("upload", resource, session, "upload")

    def _binary_request(self, session: Session, patient_id: str, upload: Upload) -> httpx.Request:
        return self._server.request(
            "POST",
            self._server.url("Binary"),
            session,
            resource=self._resources.binary(patient_id, upload),
            headers=MINIMAL,
        )

    def _fetch(
        self, described: FhirResponse, attachment: Mapping[str, Any], session: Session
    ) -> bytes:
        """Return the bytes. The server may send a Binary as its bytes or as a resource."""
        if "url" not in attachment:
            return self._decode_base64(described, attachment, "attachment")
        media_type = attachment.get("contentType", "*/*")
        request = self._server.follow(str(attachment["url"]), session, media_type)
        binary = self._server.send_and_judge("content", request)
        if binary.answer.media_type == FHIR_JSON and attachment.get("contentType") != FHIR_JSON:
            resource = self._server.resource(binary, "Binary") or {}
            return self._decode_base64(binary, resource, "Binary")
        return binary.answer.content

    def _decode_base64(self, source: FhirResponse, holder: Mapping[str, Any], name: str) -> bytes:
        try:
            return base64.b64decode(holder["data"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise self._server.violation(
                "content", f"base64 in {name}.data", type(error).__name__, source.request
            ) from error


def _takes_binaries(capability: CapabilityStatement) -> bool:
    return capability.lists("Binary", "create") and capability.lists("Binary", "read")
