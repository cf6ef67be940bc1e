"""What a server says that it can do: its CapabilityStatement, read once and obeyed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cutover.hospital import NotOffered

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
class Capability:
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

    def obey(self, operation: str) -> None:
        if operation in (lacking := self.not_offered()):
            raise NotOffered(operation, lacking[operation])

    def not_offered(self) -> dict[str, str]:
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
            operation: self.lacks(kind, interaction) for operation, kind, interaction in lacking
        }
        if self.says("Patient", "conditionalCreate") is not True:
            found["conditional-create"] = (
                "its capability statement does not say conditionalCreate of Patient"
            )
        if "transaction" not in self.of_the_system:
            found["transaction"] = "its capability statement lists no transaction"
        return found

    def lists(self, kind: str, interaction: str) -> bool:
        return interaction in self.interactions(kind)

    def lacks(self, kind: str, interaction: str) -> str:
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
    def of_the_system(self) -> frozenset[str]:
        """Interactions with the server as a whole: transaction, batch, …"""
        return _codes(self._rest())

    def says(self, kind: str, key: str) -> Any:
        """What it says of a type: `conditionalCreate`, `versioning`, …; None where nothing."""
        return self._resource(kind).get(key)

    def searched_by(self, kind: str, *names: str) -> str:
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
