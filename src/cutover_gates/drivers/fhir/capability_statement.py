"""What a server says that it can do: its CapabilityStatement, read once and obeyed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutover_gates.drivers.fhir.client import FhirClient, FhirResponse
from cutover_gates.hospital import MappingError, Unsupported

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
    "version-history": (("Patient", "history-instance"), ("Patient", "vread")),
}
"""The interactions that each operation of the language takes."""


@dataclass(frozen=True)
class CapabilityStatement:
    """A valid CapabilityStatement.

    Raises `NotOffered`, with its words, for what it does not list.
    """

    statement: Mapping[str, Any]

    @property
    def version(self) -> str:
        """The version of FHIR that it speaks."""
        return str(self.statement.get("fhirVersion", ""))

    @property
    def release(self) -> str | None:
        """The version of the software, as it says itself."""
        version = self.statement.get("software", {}).get("version")
        return str(version) if version else None

    def require(self, operation: str) -> None:
        if operation in (lacking := self.unsupported_operations()):
            raise Unsupported(operation, lacking[operation])

    def unsupported_operations(self) -> dict[str, str]:
        """The operations, and other things that a check may ask for, that it does not list, each
        with the words for it.
        """
        lacking = [
            (operation, *need)
            for operation, needs in NEEDS.items()
            for need in needs
            if not self.lists(*need)
        ]
        found = {
            operation: self.explain_lack(kind, interaction)
            for operation, kind, interaction in lacking
        }
        if self.type_property("Patient", "conditionalCreate") is not True:
            found["conditional-create"] = (
                "its capability statement does not say conditionalCreate of Patient"
            )
        if "transaction" not in self.system_interactions:
            found["transaction"] = "its capability statement lists no transaction"
        return found

    def lists(self, kind: str, interaction: str) -> bool:
        return interaction in self.interactions(kind)

    def explain_lack(self, kind: str, interaction: str) -> str:
        listed = ", ".join(sorted(self.interactions(kind)))
        return (
            f"its capability statement lists for {kind} {listed or 'nothing'}, and not"
            f" {interaction}"
        )

    def interactions(self, kind: str) -> frozenset[str]:
        return _codes(self._resource(kind))

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of resources, as it orders them."""
        return tuple(str(resource["type"]) for resource in self._resources())

    @property
    def system_interactions(self) -> frozenset[str]:
        """Interactions with the server as a whole: transaction, batch, …"""
        return _codes(self._rest())

    def type_property(self, kind: str, key: str) -> Any:
        """What it says of a type: `conditionalCreate`, `versioning`, …; None where nothing."""
        return self._resource(kind).get(key)

    def choose_search_parameter(self, kind: str, *names: str) -> str:
        """The first of these search parameters that it lists; the first of all where it lists none
        (many list none at all).
        """
        listed = {param.get("name") for param in self._resource(kind).get("searchParam", [])}
        return next((name for name in names if name in listed), names[0])

    def _rest(self) -> Mapping[str, Any]:
        return next(
            (rest for rest in self.statement.get("rest", []) if rest.get("mode") == "server"), {}
        )

    def _resources(self) -> Iterator[Mapping[str, Any]]:
        yield from self._rest().get("resource", [])

    def _resource(self, kind: str) -> Mapping[str, Any]:
        return next((resource for resource in self._resources() if resource["type"] == kind), {})

    @property
    def security(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._rest().get("security", {})
        return found


def _codes(table: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(str(interaction.get("code")) for interaction in table.get("interaction", []))


SPOKEN = ("4.0", "4.3")
"""How the versions of FHIR begin that are near enough to R4."""


class CapabilityLoader:
    """The statement of one server. Safe under threads."""

    def __init__(self, server: FhirClient) -> None:
        self._server = server
        self._lock = threading.Lock()
        self._kept: CapabilityStatement | None = None

    @property
    def statement(self) -> CapabilityStatement:
        """Asked for once; a statement that did not come is asked for again."""
        with self._lock:
            if self._kept is None:
                self._kept = self.load("capability statement")
            return self._kept

    def load(self, operation: str) -> CapabilityStatement:
        """Asked for now, without a token.

        Raises `MappingError` where the settings' address is no FHIR base of R4.
        """
        request = self._server.request("GET", self._server.url("metadata"), None)
        answer = self._server.send(operation, request)
        where = f"{self._server.source}: url = {self._server.base_url!r}"
        if (
            answer.status in (404, 405, 410)
            or 300 <= answer.status < 400
            or (answer.status == 200 and answer.json is None)
        ):
            raise MappingError(
                f"{where}: {request.url} answered {self._server.describe_answer(answer)}, and no capability"
                " statement; is this the FHIR base?"
            )
        if answer.status != 200:
            raise self._server.violation(
                operation,
                "a CapabilityStatement, shown to anybody",
                self._server.describe_answer(answer),
                request,
            )
        found = CapabilityStatement(
            self._server.resource(
                FhirResponse(operation, request, answer, None), "CapabilityStatement"
            )
            or {}
        )
        if not found.version.startswith(SPOKEN):
            raise MappingError(
                f"{where}: speaks FHIR {found.version}; this driver speaks R4 (4.0.1)"
            )
        return found
