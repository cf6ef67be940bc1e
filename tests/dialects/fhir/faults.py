"""Faults of this hospital: the harms of the reference (`tests/faults/`) in a FHIR server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, ClassVar

import jwt
from fastapi import Response

from tests.dialects.fhir.doors import STAFF, Doors, Registered
from tests.dialects.fhir.outcome import No
from tests.dialects.fhir.rules import Resource
from tests.dialects.fhir.server import Fhir, Server
from tests.dialects.fhir.statement import INTERACTIONS
from tests.dialects.fhir.store import Store


class Fault(Fhir):
    """As `tests.faults.fault.Fault`: the name says the harm, `item` must catch it, `also` cannot
    help failing, too.
    """

    item: ClassVar[str]
    also: ClassVar[Mapping[str, str]] = {}
    seconds: ClassVar[float] = 60


# ── people ──


class WrongSecretsOpen(Fault):
    """Whoever knows a name comes in."""

    item = "authentication-flow"

    class doors(Doors):
        def _shown(
            self, form: dict[str, str], authorization: str | None, audience: str
        ) -> tuple[str, bool]:
            name, _ = super()._shown(form, authorization, audience)
            return name, name in self.clients


class ExpiredTokensOpen(Fault):
    """A token that was found on an old computer still opens the records."""

    item = "authentication-flow"

    class doors(Doors):
        def _claims(self, token: str) -> dict[str, Any]:
            try:
                claims: dict[str, Any] = jwt.decode(
                    token, self._key, ["HS256"], options={"verify_exp": False}
                )
            except jwt.PyJWTError:
                return {}
            return claims


class WhoSignedOutIsStillIn(Fault):
    """The token of a person who signed out is still valid."""

    item = "authentication-flow"

    class doors(Doors):
        def end(self, form: dict[str, str], authorization: str | None, audience: str) -> None:
            self.client(form, authorization, audience)


class AuditorsReadPatients(Fault):
    """An auditor, who supervises access, reads the records."""

    item = "access-control"

    class doors(Doors):
        def bearer(self, authorization: str | None) -> Registered | None:
            client = super().bearer(authorization)
            return (
                replace(client, scopes=STAFF["clinician"][0])
                if client and client.client_id == "auditor"
                else client
            )


class OutsidersReadPatients(Fault):
    """A clinician of another hospital, who has an id from somewhere, reads the patient's record."""

    item = "access-control"

    class store(Store):
        def read(self, facility: str, kind: str, thing_id: str) -> Resource:
            return super().read("north" if kind == "Patient" else facility, kind, thing_id)


class HiddenPatientsAreGivenAway(Fault):
    """A rejection "you may not see this patient" tells a stranger that the patient is here."""

    item = "access-control"

    class store(Store):
        def read(self, facility: str, kind: str, thing_id: str) -> Resource:
            kept = self._kept.get((kind, thing_id))
            if kept is not None and kept.facility != facility:
                raise No(403, "forbidden", "she is not your patient")
            return super().read(facility, kind, thing_id)


# ── patients ──


class BirthDatesAreADayOff(Fault):
    """Midnight in another time zone: the child is a day too young for the dose."""

    item = "patient-creation"

    class store(Store):
        def keep(self, kind: str, thing_id: str, resource: Resource) -> Resource:
            if kind == "Patient" and not self._kept[kind, thing_id].versions:
                resource = {
                    **resource,
                    "birthDate": (
                        (date.fromisoformat(resource["birthDate"]) - timedelta(days=1)).isoformat()
                    ),
                }
            return super().keep(kind, thing_id, resource)


class LongNamesAreCut(Fault):
    """Two people with long names become one, and the wristband shows half of it."""

    item = "patient-creation"

    class store(Store):
        def keep(self, kind: str, thing_id: str, resource: Resource) -> Resource:
            if kind == "Patient":
                resource = {
                    **resource,
                    "name": [{**name, "family": name["family"][:100]} for name in resource["name"]],
                }
            return super().keep(kind, thing_id, resource)


class TheLastToSaveWins(Fault):
    """Two desks correct one patient; the second overwrites the first unseen.

    `If-Match` is not looked at.
    """

    item = "patient-creation"

    class store(Store):
        def update(self, facility: str, resource: Resource, version: str | None) -> Resource:
            return super().update(
                facility, resource, None if resource["resourceType"] == "Patient" else version
            )


class CorrectionsAreLost(Fault):
    """A new telephone number is acknowledged and forgotten."""

    item = "patient-creation"

    class store(Store):
        def update(self, facility: str, resource: Resource, version: str | None) -> Resource:
            stored = super().update(facility, resource, version)
            if resource["resourceType"] == "Patient":
                self._kept["Patient", resource["id"]].versions.pop()
            return stored


class RecordNumbersAreGivenTwice(Fault):
    """Two patients share one record, and one of them gets the other's blood group.

    `If-None-Exist` is not looked at either.
    """

    item = "patient-creation"

    class store(Store):
        def create(
            self, facility: str, resource: Resource, once: dict[str, str] | None = None
        ) -> tuple[Resource, bool]:
            return super().create(facility, resource)

        def _unique(self, resource: Resource, own_id: str | None) -> None:
            pass


class ConflictsOfCreatesRemain(Fault):
    """A desk that asks twice for one patient meets a conflict, and meets it whenever it asks."""

    item = "patient-creation"

    class store(Store):
        def create(
            self, facility: str, resource: Resource, once: dict[str, str] | None = None
        ) -> tuple[Resource, bool]:
            if once and self.search(facility, resource["resourceType"], once):
                raise No(409, "conflict", "somebody else creates it")
            return super().create(facility, resource, once)


class TheLastPageIsMissing(Fault):
    """Patients after the first three of a name are never found, and get a second record."""

    item = "patient-creation"

    class server(Server):
        def page(self, found: list[Resource], query: dict[str, str], address: str) -> Resource:
            page = super().page(found, query, address)
            return {**page, "link": page["link"][:1]} if address.endswith("/Patient") else page


# ── visits ──


class EveryMoveIsAllowed(Fault):
    """A visit that was billed is open again, a cancelled one takes a bed, and one ends that never
    began.
    """

    item = "visit-creation"

    class store(Store):
        def follows(self, before: Resource, after: Resource) -> None:
            pass


class VisitsNeverEnd(Fault):
    """The patient went home, and the record still has them in a bed."""

    item = "visit-creation"

    class store(Store):
        def update(self, facility: str, resource: Resource, version: str | None) -> Resource:
            stored = super().update(facility, resource, version)
            if stored.get("status") == "finished":
                self._kept["Encounter", stored["id"]].versions[-1] = {
                    **stored,
                    "status": "in-progress",
                }
            return stored


class DischargesAreForgotten(Fault):
    """The discharge is acknowledged, with the right answer, and not stored."""

    item = "acknowledged-writes"
    also: ClassVar[Mapping[str, str]] = {"visit-creation": "the function is not waived here"}

    class store(Store):
        def update(self, facility: str, resource: Resource, version: str | None) -> Resource:
            stored = super().update(facility, resource, version)
            if stored.get("status") == "finished":
                self._kept["Encounter", stored["id"]].versions.pop()
            return stored


class VisitsAreOvertaken(Fault):
    """Two clinicians press the button at once, and both are told that theirs counts."""

    item = "visit-creation"

    class store(Store):
        def update(self, facility: str, resource: Resource, version: str | None) -> Resource:
            return super().update(
                facility, resource, None if resource["resourceType"] == "Encounter" else version
            )


# ── documents ──


class DocumentsLoseTheirLastByte(Fault):
    """The last line of a letter is missing, and with it the dose."""

    item = "document-upload"

    class server(Server):
        def as_bytes(self, binary: Resource) -> Response:
            whole = super().as_bytes(binary)
            return Response(bytes(whole.body)[:-1], headers={"Content-Type": binary["contentType"]})


class HashesAreOfOtherBytes(Fault):
    """A copy is compared with its hash, found to be spoilt though it is not, and thrown away."""

    item = "document-upload"

    class store(Store):
        def keep(self, kind: str, thing_id: str, resource: Resource) -> Resource:
            if kind == "DocumentReference":
                content = resource["content"][0]
                attachment = {**content["attachment"], "hash": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}
                resource = {**resource, "content": [{**content, "attachment": attachment}]}
            return super().keep(kind, thing_id, resource)


class NotesAreFiledAsLetters(Fault):
    """The note does not open, since the computer takes it for something else."""

    item = "document-upload"

    class store(Store):
        def keep(self, kind: str, thing_id: str, resource: Resource) -> Resource:
            if kind == "DocumentReference":
                resource = json.loads(json.dumps(resource).replace("text/plain", "application/pdf"))
            return super().keep(kind, thing_id, resource)


class TheLatestDocumentIsNotInTheRecord(Fault):
    """The record ends before the report that everybody waits for."""

    item = "document-upload"

    class store(Store):
        def search(self, facility: str, kind: str, asked: dict[str, str]) -> list[Resource]:
            found = super().search(facility, kind, asked)
            return found[:-1] if kind == "DocumentReference" and len(found) > 1 else found


# ── what only a FHIR server promises ──


class TheStatementPromisesTooMuch(Fault):
    """An application trusts the statement, asks for a former version of a visit, and fails in the
    night.
    """

    item = "api-endpoints"

    class store(Store):
        def version(self, facility: str, kind: str, thing_id: str, version: str) -> Resource:
            if kind == "Encounter":
                raise No(404, "not-found", "there are no versions")
            return super().version(facility, kind, thing_id, version)


class FormerVersionsAreOverwritten(Fault):
    """Every version reads as the newest: the record at the time of a decision is lost."""

    item = "patient-creation"

    class store(Store):
        def version(self, facility: str, kind: str, thing_id: str, version: str) -> Resource:
            return self.read(facility, kind, thing_id)


class HalfATransactionStays(Fault):
    """The visit is there and its patient is not: what was sent together was done one by one."""

    item = "patient-creation"

    class store(Store):
        @contextmanager
        def all_or_nothing(self) -> Iterator[None]:
            yield


class RefusalsShowTheInside(Fault):
    """A rejection reveals to a stranger which software to attack."""

    item = "api-endpoints"

    class server(Server):
        def answer(
            self,
            method: str,
            parts: list[str],
            query: dict[str, str],
            headers: dict[str, str],
            body: bytes,
            base: str,
        ) -> Response:
            try:
                return super().answer(method, parts, query, headers, body, base)
            except No as no:
                if no.status == 404:
                    no.text += ' Traceback (most recent call last): File "store.py", line 7'
                raise


# ── what is no fault, but less ──


class Less(Fhir):
    """A server that stores bytes inside their descriptions.

    It deletes nothing, and has neither versions nor transactions.
    """

    class server(Server):
        offered = dict.fromkeys(
            ("Patient", "Encounter", "DocumentReference"),
            ("read", "update", "create", "search-type"),
        )
        transactions = False


class WithoutVisits(Fhir):
    """A release that has lost its visits, and whose statement says so."""

    class server(Server):
        offered: ClassVar[Mapping[str, tuple[str, ...]]] = {
            kind: acts for kind, acts in INTERACTIONS.items() if kind != "Encounter"
        }


ALL: Mapping[str, type[Fault]] = {kind.__name__: kind for kind in Fault.__subclasses__()}
