"""The requests that try what a capability statement lists, and what it does not list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from cutover_gates.drivers.fhir.capability_operations import IDS
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.drivers.fhir.resource_elements import version_of
from cutover_gates.hospital import Driver, ProtocolViolation, Reason, Rejected, Session

NO_TYPE = "NoSuchType"
"""A type of resource that FHIR does not have."""
_SAMPLES: Mapping[str, str] = {
    "token": "x",
    "string": "x",
    "date": "2000-01-01",
    "reference": "Patient/x",
    "number": "1",
    "quantity": "1",
    "uri": "urn:x",
}
"""A value for a search parameter of each type. Others (composite, special) are not tried."""
_CODED_SAMPLES: Mapping[str, str] = {
    "active": "true",
    "deceased": "false",
    "gender": "female",
    "class": "IMP",
    "language": "en",
    "address-use": "home",
    "Encounter.status": "planned",
    "DocumentReference.status": "current",
}
"""A value for a parameter whose values FHIR names: a server may refuse any other."""
_UNLISTED_REQUESTS = {
    "read": ("GET", ()),
    "history-instance": ("GET", ("_history",)),
    "delete": ("DELETE", ()),
}
"""Method and path below the resource of each interaction that is tried where it is not listed."""

Problem = str | None


class CapabilityProbes:
    """Tries the interactions of one server on the check's own things.

    `own` holds their ids by the names that paths give them. `driver` enters in the ledger what is
    removed. Each probe yields the name of what it tried, and the problem where there is one.
    """

    def __init__(
        self, driver: Driver, fhir: FhirDriver, session: Session, own: Mapping[str, str]
    ) -> None:
        self._driver, self._fhir, self._session, self._own = driver, fhir, session, own
        self._resources = [(kind, own[name]) for kind, name in IDS.items() if name in own]

    def try_listed(self) -> Iterator[tuple[str, Problem]]:
        """Try every listed interaction and search parameter. Deletes come last."""
        for kind, thing_id in self._resources:
            yield from self._try_interactions(kind, thing_id)
            if self._fhir.capability.lists(kind, "search-type"):
                yield from self._try_searches(kind)
        for word, kind in (("document", "DocumentReference"), ("visit", "Encounter")):
            if self._fhir.capability.lists(kind, "delete"):
                yield f"delete of {kind}", self._try_delete(word, kind)

    def try_unlisted(self) -> Iterator[tuple[str, Problem]]:
        """Try what is not listed; a success or a server error is the problem."""
        for name, method, path in self._unlisted_requests():
            url = self._fhir.server.url(*path)
            request = self._fhir.server.request(method, url, self._session)
            answer = self._fhir.server.send("capability", request)
            is_wrong = answer.status < 300 or answer.status in (500, 502, 503)
            yield name, f"HTTP {answer.status}" if is_wrong else None

    def _try_interactions(self, kind: str, thing_id: str) -> Iterator[tuple[str, Problem]]:
        for interaction in sorted(self._fhir.capability.interactions(kind)):
            act = _INTERACTIONS.get(interaction)
            if act is not None:
                yield f"{interaction} of {kind}", self._try(act, kind, thing_id)

    def _try_searches(self, kind: str) -> Iterator[tuple[str, Problem]]:
        for parameter in self._fhir.capability.type_property(kind, "searchParam") or []:
            name, value = parameter["name"], _SAMPLES.get(parameter["type"])
            if value is not None:
                value = _CODED_SAMPLES.get(name, _CODED_SAMPLES.get(f"{kind}.{name}", value))
                yield f"search of {kind} by {name}", self._try_search(kind, name, value)

    def _try(
        self, act: Callable[[FhirDriver, str, str, Session], None], kind: str, thing_id: str
    ) -> Problem:
        try:
            act(self._fhir, kind, thing_id, self._session)
        except Rejected as rejection:
            return str(rejection)
        except ProtocolViolation as violation:
            return f"expected {violation.finding.expected}, found {violation.finding.actual}"
        return None

    def _try_search(self, kind: str, name: str, value: str) -> Problem:
        server = self._fhir.server
        request = server.request(
            "GET",
            server.url(kind),
            self._session,
            query={name: value, "_count": "1"},
            # Without this a server may ignore a parameter that it does not know.
            headers={"Prefer": "handling=strict"},
        )
        answer = server.send("capability", request)
        return None if answer.status == 200 else server.describe_answer(answer)

    def _try_delete(self, word: str, kind: str) -> Problem:
        """Delete a thing, and read it afterwards: it must be gone."""
        thing_id = self._own[IDS[kind]]
        try:
            how = self._driver.retire(self._session, word, thing_id, self._own["patient_id"])
            self._fhir.charts.read("capability", kind, thing_id, self._session)
        except Rejected as rejection:
            return None if rejection.reason is Reason.NOT_FOUND else str(rejection)
        return f"it is still there ({how})"

    def _unlisted_requests(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        yield f"search of {NO_TYPE}", "GET", (NO_TYPE,)
        for kind, thing_id in self._resources:
            for interaction, (method, below) in _UNLISTED_REQUESTS.items():
                if not self._fhir.capability.lists(kind, interaction):
                    yield f"{interaction} of {kind}", method, (kind, thing_id, *below)


def _read(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    fhir.charts.read("capability", kind, thing_id, session)


def _read_version(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    response = fhir.charts.read("capability", kind, thing_id, session)
    version = str((response.resource or {}).get("meta", {}).get("versionId", "1"))
    fhir.server.ask(
        "capability", "GET", kind, thing_id, "_history", version, session=session, kind=kind
    )


def _read_history(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    fhir.server.ask("capability", "GET", kind, thing_id, "_history", session=session, kind="Bundle")


def _update(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    """Store the resource as it is."""
    response = fhir.charts.read("capability", kind, thing_id, session)
    resource = response.resource or {}
    version = version_of(resource, response.etag)
    fhir.charts.update("capability", resource, version, session, "update")


def _search(fhir: FhirDriver, kind: str, thing_id: str, session: Session) -> None:
    query = {"_id": thing_id}
    fhir.server.ask("capability", "GET", kind, session=session, kind="Bundle", query=query)


_INTERACTIONS: Mapping[str, Callable[[FhirDriver, str, str, Session], None]] = {
    "read": _read,
    "vread": _read_version,
    "history-instance": _read_history,
    "update": _update,
    "search-type": _search,
}
"""The interactions that are tried as such; create and delete are tried by other checks."""
