"""What is asked of a server about one patient's things: read by their ids, listed, made for him,
marked as an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from cutover_gates.drivers.fhir.answer_interpretation import About
from cutover_gates.drivers.fhir.client import FhirClient, FhirResponse
from cutover_gates.drivers.fhir.resources import UnreadableResource, subject_of, version_of
from cutover_gates.drivers.fhir.search_bundles import search_all
from cutover_gates.hospital import Reason, Rejected, Session

T = TypeVar("T")
REPRESENTED = {"Prefer": "return=representation"}


class PatientRecords:
    """Patients' things on one server."""

    def __init__(self, server: FhirClient) -> None:
        self._server = server

    def read(
        self, operation: str, kind: str, thing_id: str, session: Session | None
    ) -> FhirResponse:
        """The resource by its id. Another than the one that was asked for is a misbehaviour."""
        came = self._server.ask(operation, "GET", kind, thing_id, session=session, kind=kind)
        if came.resource is None or came.resource.get("id") != thing_id:
            found = "nothing" if came.resource is None else f"{kind}/{came.resource.get('id')}"
            raise self._server.violation(operation, f"{kind}/{thing_id}", found, came.request)
        return came

    def read_for_patient(
        self, operation: str, kind: str, thing_id: str, patient_id: str, session: Session | None
    ) -> FhirResponse:
        """The same, for a thing of this patient: another patient's is not there (FHIR has no
        address that names both).
        """
        came = self.read(operation, kind, thing_id, session)
        if subject_of(came.resource or {}) != patient_id:
            raise Rejected(
                Reason.NOT_FOUND,
                f"{kind}/{thing_id} is not about Patient/{patient_id}",
                came.answer,
            )
        return came

    def list_for_patient(
        self,
        operation: str,
        kind: str,
        by: str,
        patient_id: str,
        session: Session | None,
        value: Callable[[Mapping[str, Any]], T | None],
    ) -> list[T]:
        """All of this patient's.

        An empty list is no answer about somebody who is not there, or may not be seen: so he is
        looked for.
        """
        found = search_all(self._server, operation, kind, {by: f"Patient/{patient_id}"}, session)
        if not found:
            self.read(operation, "Patient", patient_id, session)
        things = []
        for came, resource in found:
            if subject_of(resource) != patient_id:
                whose = resource.get("subject", {}).get("reference")
                raise self._server.violation(
                    operation,
                    f"only what is about Patient/{patient_id}",
                    f"{kind}.subject is {whose!r}",
                    came.request,
                )
            things.append(self.interpret(came, value, resource))
        return [thing for thing in things if thing is not None]

    def create(
        self,
        operation: str,
        resource: Mapping[str, Any],
        session: Session | None,
        about: About,
        headers: Mapping[str, str] | None = None,
    ) -> FhirResponse:
        """Created, and as the server has it: read again where it sends no representation."""
        kind = str(resource["resourceType"])
        came = self._server.ask(
            operation,
            "POST",
            kind,
            session=session,
            kind=kind,
            about=about,
            resource=resource,
            headers={**REPRESENTED, **(headers or {})},
        )
        if came.resource is not None:
            return came
        read = self.read(operation, kind, self.read_new_id(came, kind), session)
        return FhirResponse(operation, came.request, came.answer, read.resource)

    def update(
        self,
        operation: str,
        resource: Mapping[str, Any],
        version: str | None,
        session: Session | None,
        about: About,
    ) -> FhirResponse:
        """Stored over the version, where one is known.

        The answer is the resource as the server has it.
        """
        kind, thing_id = str(resource["resourceType"]), str(resource["id"])
        headers = {**REPRESENTED, **({"If-Match": version} if version else {})}
        came = self._server.ask(
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
        return came if came.resource is not None else self.read(operation, kind, thing_id, session)

    def delete(self, kind: str, thing_id: str, session: Session | None) -> bool:
        """Deleted; False where the server will not, for something still refers to it."""
        request = self._server.request("DELETE", self._server.url(kind, thing_id), session)
        try:
            self._server.send_and_judge("retire", request, "update")
        except Rejected as refused:
            if refused.answer.status == 409:
                return False
            raise
        return True

    def update_elements(
        self, came: FhirResponse, changed: Mapping[str, Any], session: Session | None
    ) -> None:
        """The resource, stored with some elements changed."""
        resource = dict(came.resource or {})
        self.update(
            "retire", {**resource, **changed}, version_of(resource, came.etag), session, "update"
        )

    def read_new_id(self, came: FhirResponse, kind: str) -> str:
        """The id of what was made, from its Location (`[base]/Patient/12/_history/1`), or from a
        body that holds it.
        """
        parts = httpx.URL(came.answer.headers.get("location", "")).path.split("/")
        if kind in parts[:-1]:
            return parts[parts.index(kind) + 1]
        body = came.answer.json
        if isinstance(body, Mapping) and body.get("resourceType") == kind and body.get("id"):
            return str(body["id"])
        raise self._server.violation(
            came.operation,
            f"a Location with the new {kind}'s id",
            self._server.describe_answer(came.answer),
            came.request,
        )

    def interpret(self, came: FhirResponse, value: Callable[..., T], *arguments: Any) -> T:
        """What a resource means. One that lacks what the language needs is a misbehaviour."""
        try:
            return value(*arguments)
        except UnreadableResource as fault:
            raise self._server.violation(
                came.operation, "an answer that can be understood", str(fault), came.request
            ) from None

    @contextmanager
    def require_patient(self, patient_id: str, session: Session | None) -> Iterator[None]:
        """Servers refuse what is about nobody in many ways.

        A refusal inside is `NOT_FOUND` where the patient is not there.
        """
        try:
            yield
        except Rejected as refused:
            if refused.reason in (
                Reason.INVALID,
                Reason.STALE,
                Reason.DUPLICATE,
                Reason.ILLEGAL_TRANSITION,
            ):
                self.read("patient", "Patient", patient_id, session)
            raise
