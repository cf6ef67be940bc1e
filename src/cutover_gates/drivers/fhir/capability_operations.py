"""The operations of a FHIR server: what its capability statement lists, with FHIR's statuses."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx

from cutover_gates.drivers.fhir.capability_statement import CapabilityStatement
from cutover_gates.drivers.fhir.client import FHIR_JSON, FhirClient
from cutover_gates.drivers.fhir.resources import ResourceMapper
from cutover_gates.hospital import Operation, Session, UndocumentedRequest, Upload
from cutover_gates.hospital.synthetic import PatientFactory

IDS: Mapping[str, str] = {
    "Patient": "patient_id",
    "Encounter": "visit_id",
    "DocumentReference": "document_id",
    "Binary": "binary_id",
}
"""The types that are tried, and the names of their ids in paths."""
TAG_CHARACTERS = 18
"""Characters of the run's tag that fit into a record number of the factory."""
_PARAMETER = re.compile(r"\{([^}]+)\}")
_ALWAYS = frozenset({400, 401, 403, 404, 406, 410, 415, 429})
_WRITING = frozenset({409, 412, 413, 422})
_INTERACTIONS: Mapping[str, tuple[str, str, frozenset[int]]] = {
    "read": ("GET", "/{kind}/{{{id}}}", frozenset({200, 304})),
    "vread": ("GET", "/{kind}/{{{id}}}/_history/{{version_id}}", frozenset({200})),
    "history-instance": ("GET", "/{kind}/{{{id}}}/_history", frozenset({200})),
    "search-type": ("GET", "/{kind}", frozenset({200})),
    "create": ("POST", "/{kind}", frozenset({200, 201, *_WRITING})),
    "update": ("PUT", "/{kind}/{{{id}}}", frozenset({200, 201, 405, *_WRITING})),
    "delete": ("DELETE", "/{kind}/{{{id}}}", frozenset({200, 202, 204, 405, *_WRITING})),
}
"""Method, path and statuses of each interaction, as FHIR R4 has them (RESTful API, 3.1.0)."""
_TYPES = frozenset({FHIR_JSON})
METADATA = Operation("GET", "/metadata", False, frozenset({200}) | _ALWAYS, {200: _TYPES})
TRANSACTION = Operation(
    "POST",
    "/",
    True,
    frozenset({200, 405}) | _WRITING | _ALWAYS,
    dict.fromkeys({200, 405} | _WRITING | _ALWAYS, _TYPES),
)


DOCUMENTED: Mapping[str, tuple[str, ...]] = {
    "register": ("POST /Patient",),
    "patient": ("GET /Patient/{patient_id}",),
    "search": ("GET /Patient",),
    "update": ("PUT /Patient/{patient_id}",),
    "open_visit": ("POST /Encounter",),
    "visit": ("GET /Encounter/{visit_id}",),
    "visits_of": ("GET /Encounter",),
    **dict.fromkeys(("admit", "discharge", "cancel"), ("PUT /Encounter/{visit_id}",)),
    "upload": ("POST /DocumentReference", "POST /Binary"),
    "document": ("GET /DocumentReference/{document_id}",),
    "content": ("GET /Binary/{binary_id}",),
    "documents_of": ("GET /DocumentReference",),
    "retire_patient": ("DELETE /Patient/{patient_id}",),
    "retire_visit": ("DELETE /Encounter/{visit_id}",),
    "retire_document": ("DELETE /DocumentReference/{document_id}",),
}
"""The operations that do one operation of the language."""


def list_operations(capability: CapabilityStatement) -> list[Operation]:
    """Return the operations that the statement lists. All but the statement need a token."""
    operations = [METADATA]
    if "transaction" in capability.system_interactions:
        operations.append(TRANSACTION)
    for kind, name in IDS.items():
        for interaction, (method, template, own_statuses) in _INTERACTIONS.items():
            if capability.lists(kind, interaction):
                path, statuses = template.format(kind=kind, id=name), own_statuses | _ALWAYS
                media_types = dict.fromkeys(statuses, _TYPES)
                operations.append(Operation(method, path, True, statuses, media_types))
    return operations


class DocumentedRequests:
    """Creates a request of any operation, with an example of its own.

    The example is not validated: hostile values must be sent too.
    """

    def __init__(self, server: FhirClient, resources: ResourceMapper) -> None:
        self._server, self._resources = server, resources

    def request(
        self, operation: Operation, session: Session | None, values: Mapping[str, str]
    ) -> httpx.Request:
        """Return the request of an operation. Path parameters without a value are random UUIDs."""
        names = _PARAMETER.findall(operation.path)
        filled = {name: values.get(name, str(uuid.uuid4())) for name in names}
        path = _PARAMETER.sub(lambda name: quote(filled[name[1]], safe=""), operation.path)
        raw = None
        if operation.method in ("POST", "PUT", "PATCH"):
            raw = json.dumps(self._body(operation, filled, values)).encode()
        extra = operation if isinstance(operation, UndocumentedRequest) else None
        # A listed one is never marked as synthetic: on production only those that read are sent.
        return self._server.request(
            operation.method,
            self._server.base_url + path.rstrip("/"),
            session,
            raw=raw,
            headers=extra.headers if extra else None,
            synthetic=bool(extra and extra.on_own_record),
        )

    def _body(
        self, operation: Operation, filled: Mapping[str, str], values: Mapping[str, str]
    ) -> dict[str, Any]:
        kind = operation.path.split("/")[1]
        mrn = values.get("mrn", uuid.uuid4().hex[:20])
        if not kind:
            entry = {
                "resource": self._example("Patient", mrn, values),
                "request": {"method": "POST", "url": "Patient"},
            }
            return {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        example = self._example(kind, mrn, values)
        if IDS[kind] in filled:
            example["id"] = filled[IDS[kind]]
        return example

    def _example(self, kind: str, mrn: str, values: Mapping[str, str]) -> dict[str, Any]:
        patient_id = values.get("patient_id", str(uuid.uuid4()))
        upload = Upload("cutover.txt", "text/plain", b"cutover")
        if kind == "Patient":
            person = PatientFactory(self._server.run_tag[:TAG_CHARACTERS]).draft()
            return self._resources.patient(replace(person, mrn=mrn, phone=None, address=None))
        if kind == "Encounter":
            return self._resources.encounter(patient_id, "tried")
        if kind == "DocumentReference":
            return self._resources.document(patient_id, upload, None)
        return self._resources.binary(patient_id, upload)
