"""Documents: a DocumentReference that describes, and the bytes in a Binary, or inside of it where
the server takes no Binary.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx

from cutover_gates.drivers.fhir.capability_statement import CapabilityStatement
from cutover_gates.drivers.fhir.client import FHIR_JSON, FhirClient, FhirResponse
from cutover_gates.drivers.fhir.patient_records import PatientRecords
from cutover_gates.drivers.fhir.resources import ResourceMapper, attachment_of
from cutover_gates.drivers.http_exchange import make_exchange, send_half
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
        """Bytes first, so that no description is ever there without them.

        Bytes whose description is refused are taken away again.
        """
        with self._charts.require_patient(patient_id, session):
            if not _takes_binaries(capability):
                return self._charts.create(
                    "upload", self._resources.document(patient_id, upload, None), session, "upload"
                )
            binary = self._server.send_and_judge(
                "upload", self._binary_request(session, patient_id, upload), "upload"
            )
            binary_id = self._charts.read_new_id(binary, "Binary")
            try:
                return self._charts.create(
                    "upload",
                    self._resources.document(patient_id, upload, f"Binary/{binary_id}"),
                    session,
                    "upload",
                )
            except (Rejected, ProtocolViolation):
                with suppress(
                    Rejected, ProtocolViolation
                ):  # what is said is why the description was refused
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
        """Half of the request that brings the bytes."""
        if _takes_binaries(capability):
            request = self._binary_request(session, patient_id, upload)
        else:
            request = self._server.request(
                "POST",
                self._server.url("DocumentReference"),
                session,
                resource=self._resources.document(patient_id, upload, None),
            )
        started = time.monotonic()
        try:
            if transport is not None:
                transport.check_alive(request)
            send_half(request, transport.tls if transport else None)
        except (OSError, httpx.TransportError) as error:
            self._server.recorder.record_exchange(
                make_exchange(
                    request, None, time.monotonic() - started, f"{type(error).__name__}: {error}"
                )
            )
            raise self._server.violation(
                "upload", "a connection", f"{type(error).__name__}: {error}", request
            ) from error
        self._server.recorder.record_exchange(
            make_exchange(request, None, time.monotonic() - started, "cut half way, on purpose")
        )

    def read_bytes(self, session: Session, document: Document) -> bytes:
        """The bytes to which the description leads."""
        came = self._charts.read_for_patient(
            "content", "DocumentReference", document.id, document.patient_id, session
        )
        return self._fetch(came, attachment_of(came.resource or {}), session)

    def read_hash(self, session: Session, document: Document) -> str | None:
        """The hash that the description gives."""
        came = self._charts.read_for_patient(
            "document", "DocumentReference", document.id, document.patient_id, session
        )
        told = attachment_of(came.resource or {}).get("hash")
        return str(told) if told is not None else None

    def retire(self, capability: CapabilityStatement, session: Session, document_id: str) -> str:
        """Description first, then its bytes."""
        came = self._charts.read("retire", "DocumentReference", document_id, session)
        if not (
            capability.lists("DocumentReference", "delete")
            and self._charts.delete("DocumentReference", document_id, session)
        ):
            self._charts.update_elements(came, {"status": "entered-in-error"}, session)
            return "entered-in-error"
        kind, _, binary_id = (
            str(attachment_of(came.resource or {}).get("url", ""))
            .removeprefix(f"{self._server.base_url}/")
            .partition("/")
        )
        if kind == "Binary" and capability.lists("Binary", "delete"):
            self._charts.delete("Binary", binary_id, session)
        return "deleted"

    # -- below

    def _binary_request(self, session: Session, patient_id: str, upload: Upload) -> httpx.Request:
        return self._server.request(
            "POST",
            self._server.url("Binary"),
            session,
            resource=self._resources.binary(patient_id, upload),
            headers=MINIMAL,
        )

    def _fetch(self, came: FhirResponse, attachment: Mapping[str, Any], session: Session) -> bytes:
        """A Binary comes as itself, or as a resource, as the server likes."""
        if "url" not in attachment:
            return self._decode_base64(came, attachment, "attachment")
        request = self._server.follow(
            str(attachment["url"]), session, attachment.get("contentType", "*/*")
        )
        binary = self._server.send_and_judge("content", request)
        if binary.answer.media_type == FHIR_JSON and attachment.get("contentType") != FHIR_JSON:
            return self._decode_base64(
                binary, self._server.resource(binary, "Binary") or {}, "Binary"
            )
        return binary.answer.content

    def _decode_base64(self, came: FhirResponse, holder: Mapping[str, Any], name: str) -> bytes:
        try:
            return base64.b64decode(holder["data"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise self._server.violation(
                "content", f"base64 in {name}.data", type(error).__name__, came.request
            ) from error


def _takes_binaries(capability: CapabilityStatement) -> bool:
    return capability.lists("Binary", "create") and capability.lists("Binary", "read")
