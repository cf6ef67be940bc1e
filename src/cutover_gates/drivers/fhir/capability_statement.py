"""The capability statement of a server, and what it says about each operation."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.drivers.fhir.client import FhirClient
from cutover_gates.drivers.fhir.fhir_response import FhirResponse
from cutover_gates.hospital import Answer, MappingError, Unsupported

NEEDS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "register": (("Patient", "create"),),
    "patient": (("Patient", "read"),),
    "search": (("Patient", "search-type"),),
    "update": (("Patient", "update"),),
    "open_visit": (("Encounter", "create"),),
    "visit": (("Encounter", "read"),),
    "visits_of": (("Encounter", "search-type"),),
    "admit": (("Encounter", "read"), ("Encounter", "update")),
    "discharge": (("Encounter", "read"), ("Encounter", "update")),
    "cancel": (("Encounter", "read"), ("Encounter", "update")),
    "upload": (("DocumentReference", "create"),),
    "document": (("DocumentReference", "read"),),
    "content": (("DocumentReference", "read"),),
    "documents_of": (("DocumentReference", "search-type"),),
    "audit": (("AuditEvent", "search-type"),),
    "version-history": (("Patient", "history-instance"), ("Patient", "vread")),
}
"""The interactions that each operation of the language needs."""


@dataclass(frozen=True)
class CapabilityStatement:
    """A valid CapabilityStatement."""

    statement: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The version of FHIR."""
        return str(self.statement.get("fhirVersion", ""))

    @property
    def release(self) -> str | None:
        """The version of the server's software; None where the statement names none."""
        version = self.statement.get("software", {}).get("version")
        return str(version) if version else None

    def require(self, operation: str) -> None:
        """Raise `Unsupported` where the statement does not list what an operation needs."""
        unsupported = self.unsupported_operations()
        if operation in unsupported:
            raise Unsupported(operation, unsupported[operation])

    def unsupported_operations(self) -> dict[str, str]:
        """Return the operations, and other abilities of checks, that it does not list, with why."""
        found = {}
        for operation, needs in NEEDS.items():
            for kind, interaction in needs:
                if not self.lists(kind, interaction):
                    found[operation] = self.explain_lack(kind, interaction)
        if self.type_property("Patient", "conditionalCreate") is not True:
            found["conditional-create"] = (
                "its capability statement does not say conditionalCreate of Patient"
            )
        if "transaction" not in self.system_interactions:
            found["transaction"] = "its capability statement lists no transaction"
        return found

    def lists(self, kind: str, interaction: str) -> bool:
        """Return whether it lists an interaction with a type of resource."""
        return interaction in self.interactions(kind)

    def explain_lack(self, kind: str, interaction: str) -> str:
        """Return the sentence that says that an interaction is not listed."""
        listed = ", ".join(sorted(self.interactions(kind)))
        return (
            f"its capability statement lists for {kind} {listed or 'nothing'}, and not"
            f" {interaction}"
        )

    def interactions(self, kind: str) -> frozenset[str]:
        """Return the interactions with a type of resource."""
        return _codes(self._resource(kind))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of resources, in its order."""
        return tuple(str(resource["type"]) for resource in self._resources())

    @property
    def system_interactions(self) -> frozenset[str]:
        """The interactions with the server as a whole: transaction, batch and more."""
        return _codes(self._rest())

    def type_property(self, kind: str, key: str) -> Any:
        """Return a property of a type (`conditionalCreate`, `versioning`, …), None without one."""
        return self._resource(kind).get(key)

    def choose_search_parameter(self, kind: str, *names: str) -> str:
        """Return the first of these search parameters that it lists.

        Many servers list none at all: then it is the first one given.
        """
        listed = {param.get("name") for param in self._resource(kind).get("searchParam", [])}
        return next((name for name in names if name in listed), names[0])

    def _rest(self) -> Mapping[str, Any]:
        for rest in self.statement.get("rest", []):
            if rest.get("mode") == "server":
                server: Mapping[str, Any] = rest
                return server
        return {}

    def _resources(self) -> Iterator[Mapping[str, Any]]:
        yield from self._rest().get("resource", [])

    def _resource(self, kind: str) -> Mapping[str, Any]:
        return next((resource for resource in self._resources() if resource["type"] == kind), {})

    @property
    def security(self) -> Mapping[str, Any]:
        """The security section; empty where there is none."""
        found: Mapping[str, Any] = self._rest().get("security", {})
        return found


def _codes(table: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(interaction.get("code")) for interaction in table.get("interaction", []))


SUPPORTED_VERSIONS = ("4.0", "4.3")
"""The first digits of the versions of FHIR that are near enough to R4."""


class CapabilityLoader:
    """Loads the statement of one server. Safe under threads."""

    def __init__(self, server: FhirClient) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._loaded: CapabilityStatement | None = None
        self._latest: tuple[bytes, CapabilityStatement] | None = None

    @property
    def statement(self) -> CapabilityStatement:
        """The statement. It is requested once; a failed request is repeated by the next caller."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self.load("capability statement")
            return self._loaded

    def load(self, operation: str) -> CapabilityStatement:
        """Request the statement now, without a token.

        Raises `MappingError` where the settings' address is not a FHIR base of R4.
        """
        request = self._server.request("GET", self._server.url("metadata"), None)
        answer = self._server.send(operation, request)
        described = self._server.describe_answer(answer)
        key = f"{self._server.source}: url = {self._server.base_url!r}"
        if _is_no_statement(answer):
            raise MappingError(
                f"{key}: {request.url} answered {described}, and no capability statement; is this"
                " the FHIR base?"
            )
        if answer.status != 200:
            expected = "a CapabilityStatement, shown to anybody"
            raise self._server.violation(operation, expected, described, request)
        # Every instance is asked often, and to validate a statement costs more than to load it.
        if self._latest is not None and self._latest[0] == answer.content:
            return self._latest[1]
        response = FhirResponse(operation, request, answer, None)
        resource = self._server.resource(response, "CapabilityStatement")
        statement = CapabilityStatement(resource or {})
        if not statement.version.startswith(SUPPORTED_VERSIONS):
            raise MappingError(
                f"{key}: speaks FHIR {statement.version}; this driver speaks R4 (4.0.1)"
            )
        self._latest = answer.content, statement
        return statement


def _is_no_statement(answer: Answer) -> bool:
    """Return whether an answer shows that the address is not a FHIR base."""
    if answer.status in (404, 405, 410) or 300 <= answer.status < 400:
        return True
    return answer.status == 200 and answer.json is None
