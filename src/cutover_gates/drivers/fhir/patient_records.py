"""The resources of patients on a FHIR server: read, listed, created, updated and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

from cutover_gates.drivers.fhir.answer_interpretation import About
from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.drivers.fhir.resource_elements import UnreadableResource, subject_of, version_of
from cutover_gates.drivers.fhir.search_bundles import search_all
from cutover_gates.drivers.http_client import sendable_values
from cutover_gates.hospital import Reason, Rejected, Session

T = TypeVar("T")
REPRESENTED = {"Prefer": "return=representation"}
_UNCLEAR_REASONS = (
    Reason.INVALID,
    Reason.STALE,
    Reason.DUPLICATE,
    Reason.ILLEGAL_TRANSITION,
)
"""Reasons under which servers refuse what refers to a patient who does not exist."""


class PatientRecords:
    """The resources of patients on one server."""

    def __init__(self, server: FhirClient) -> None:
        self._server = server

    def read(
        self, operation: str, kind: str, thing_id: str, session: Session | None
    ) -> FhirResponse:
        """Return the resource of an id. Another resource in its place is a violation."""
        response = self._server.ask(operation, "GET", kind, thing_id, session=session, kind=kind)
        resource = response.resource
        if resource is None or resource.get("id") != thing_id:
            found = "nothing" if resource is None else f"{kind}/{resource.get('id')}"
            raise self._server.violation(operation, f"{kind}/{thing_id}", found, response.request)
        return response

    def read_for_patient(
        self, operation: str, kind: str, thing_id: str, patient_id: str, session: Session | None
    ) -> FhirResponse:
        """Return the resource of an id where it is about this patient, else it is not found.

        FHIR has no address that names both.
        """
        response = self.read(operation, kind, thing_id, session)
        if subject_of(response.resource or {}) != patient_id:
            message = f"{kind}/{thing_id} is not about Patient/{patient_id}"
            raise Rejected(Reason.NOT_FOUND, message, response.answer)
        return response

    def list_for_patient(
        self,
        operation: str,
        kind: str,
        by: str,
        patient_id: str,
        session: Session | None,
        value: Callable[[Mapping[str, Any]], T | None],
    ) -> list[T]:
        """Return all resources of this patient. `by` is the search parameter.

        An empty list says nothing about a patient who does not exist, or may not be seen. So then
        the patient is read, which raises.
        """
        found = search_all(self._server, operation, kind, {by: f"Patient/{patient_id}"}, session)
        if not found:
            self.read(operation, "Patient", patient_id, session)
        values = []
        for page, resource in found:
            if subject_of(resource) != patient_id:
                expected = f"only what is about Patient/{patient_id}"
                actual = f"{kind}.subject is {resource.get('subject', {}).get('reference')!r}"
                raise self._server.violation(operation, expected, actual, page.request)
            values.append(self.interpret(page, value, resource))
        return [value for value in values if value is not None]

    def create(
        self,
        operation: str,
        resource: Mapping[str, Any],
        session: Session | None,
        about: About,
        headers: Mapping[str, str] | None = None,
    ) -> FhirResponse:
        """Create a resource; return it as the server has it, read again where it sends none."""
        kind = str(resource["resourceType"])
        response = self._server.ask(
            operation,
            "POST",
            kind,
            session=session,
            kind=kind,
            about=about,
            resource=resource,
            headers={**REPRESENTED, **(headers or {})},
        )
        if response.resource is not None:
            return response
        created = self.read(operation, kind, self.read_new_id(response, kind), session)
        return FhirResponse(operation, response.request, response.answer, created.resource)

    def update(
        self,
        operation: str,
        resource: Mapping[str, Any],
        version: str | None,
        session: Session | None,
        about: About,
    ) -> FhirResponse:
        """Store a resource over a version; return it as the server has it."""
        kind, thing_id = str(resource["resourceType"]), str(resource["id"])
        headers = dict(REPRESENTED)
        if version:
            headers["If-Match"] = version
        response = self._server.ask(
            operation,
            "PUT",
            kind,
            thing_id,
            session=session,
            kind=kind,
            about=about,
            resource=resource,
            headers=headers,
        )
        if response.resource is not None:
            return response
        return self.read(operation, kind, thing_id, session)

    def delete(self, kind: str, thing_id: str, session: Session | None) -> bool:
        """Delete a resource; return False where the server refuses, as others refer to it."""
        request = self._server.request("DELETE", self._server.url(kind, thing_id), session)
        try:
            self._server.send_and_judge("retire", request, "update")
        except Rejected as rejection:
            if rejection.answer.status == 409:
                return False
            raise
        return True

    def update_elements(
        self, response: FhirResponse, changed: Mapping[str, Any], session: Session | None
    ) -> None:
        """Store a resource with some elements changed."""
        resource = dict(response.resource or {})
        version = version_of(resource, response.etag)
        self.update("retire", {**resource, **changed}, version, session, "update")

    def read_new_id(self, response: FhirResponse, kind: str) -> str:
        """Return the id of a created resource.

        It stands in the Location (`[base]/Patient/12/_history/1`), or in a body with the resource.
        """
        with sendable_values():
            parts = urlsplit(response.answer.headers.get("location", "")).path.split("/")
        if kind in parts[:-1]:
            return parts[parts.index(kind) + 1]
        body = response.answer.json
        if isinstance(body, Mapping) and body.get("resourceType") == kind and body.get("id"):
            return str(body["id"])
        raise self._server.violation(
            response.operation,
            f"a Location with the new {kind}'s id",
            self._server.describe_answer(response.answer),
            response.request,
        )

    def interpret(self, response: FhirResponse, value: Callable[..., T], *arguments: Any) -> T:
        """Return the value of a resource. One that lacks what the language needs is a violation."""
        try:
            return value(*arguments)
        except UnreadableResource as fault:
            expected = "an answer that can be understood"
            raise self._server.violation(
                response.operation, expected, str(fault), response.request
            ) from None

    @contextmanager
    def require_patient(self, patient_id: str, session: Session | None) -> Iterator[None]:
        """Turn a refusal inside into "not found" where the patient does not exist.

        Servers refuse a resource about nobody for many reasons.
        """
        try:
            yield
        except Rejected as rejection:
            if rejection.reason in _UNCLEAR_REASONS:
                self.read("patient", "Patient", patient_id, session)
            raise
