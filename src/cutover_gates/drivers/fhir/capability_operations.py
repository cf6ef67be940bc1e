"""The operations of a FHIR server: what its capability statement lists of the types that the
language speaks of, with FHIR's own statuses.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from cutover_gates.drivers.fhir.capability_statement import CapabilityStatement
from cutover_gates.drivers.fhir.client import FHIR_JSON, FhirClient
from cutover_gates.drivers.fhir.resources import ResourceMapper
from cutover_gates.hospital import Operation, PatientDraft, Session, Upload
from cutover_gates.hospital.synthetic import PatientFactory

IDS: Mapping[str, str] = {
    "Patient": "patient_id",
    "Encounter": "visit_id",
    "DocumentReference": "document_id",
    "Binary": "binary_id",
}
"""The types that are tried, and the name of their ids in paths."""
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


def list_operations(capability: CapabilityStatement) -> list[Operation]:
    """What can be asked, in the order of the statement's types.

    All but the statement itself is behind the door.
    """
    found = [METADATA, *([TRANSACTION] if "transaction" in capability.system_interactions else [])]
    for kind, name in IDS.items():
        for interaction, (method, path, own) in _INTERACTIONS.items():
            if capability.lists(kind, interaction):
                statuses = own | _ALWAYS
                found.append(
                    Operation(
                        method,
                        path.format(kind=kind, id=name),
                        True,
                        statuses,
                        dict.fromkeys(statuses, _TYPES),
                    )
                )
    return found


class DocumentedRequests:
    """Makes a request of any operation, with an example of its own: held to nothing, for what is
    hostile shall go out too.
    """

    def __init__(self, server: FhirClient, resources: ResourceMapper) -> None:
        self._server, self._resources = server, resources

    def request(
        self, operation: Operation, session: Session | None, values: Mapping[str, str]
    ) -> httpx.Request:
        filled = {
            name: values.get(name, str(uuid.uuid4()))
            for name in re.findall(r"\{([^}]+)\}", operation.path)
        }
        path = re.sub(r"\{([^}]+)\}", lambda name: quote(filled[name[1]], safe=""), operation.path)
        body = (
            self._body(operation, filled, values) if operation.method in ("POST", "PUT") else None
        )
        raw = None if body is None else json.dumps(body).encode()
        # Never marked as synthetic: on production only reading goes out.
        return self._server.request(
            operation.method,
            self._server.base_url + path.rstrip("/"),
            session,
            raw=raw,
            synthetic=False,
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
        return {
            **self._example(kind, mrn, values),
            **({"id": filled[IDS[kind]]} if operation.method == "PUT" else {}),
        }

    def _example(self, kind: str, mrn: str, values: Mapping[str, str]) -> dict[str, Any]:
        patient_id, upload = (
            values.get("patient_id", str(uuid.uuid4())),
            Upload("cutover.txt", "text/plain", b"cutover"),
        )
        person = PatientFactory(self._server.run_tag[:18]).draft()
        draft = PatientDraft(
            mrn, person.family_name, person.given_name, person.birth_date, person.sex
        )
        made = {
            "Patient": lambda: self._resources.patient(draft),
            "Encounter": lambda: self._resources.encounter(patient_id, "tried"),
            "DocumentReference": lambda: self._resources.document(patient_id, upload, None),
            "Binary": lambda: self._resources.binary(patient_id, upload),
        }
        return made[kind]()
