"""Which operations of an OpenAPI document need a token, also where it names no security at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.vocabulary import OPERATIONS

_BASE_URL = "{{ base_url }}"


class DocumentedSecurity:
    """The security of one document. `root` is the address at which its paths begin.

    A document that names no security says nothing about it (some generators write none). Then
    every operation needs a token, but those that the mapping itself requests without one.
    """

    def __init__(
        self, document: Mapping[str, Any], mapping: TargetMapping, base_url: str, root: str
    ) -> None:
        self._of_document, self._root = document.get("security"), root
        self.is_silent = self._of_document is None and not _names_security(document)
        self._open = _requests_without_token(mapping, base_url) if self.is_silent else frozenset()

    def protects(self, method: str, path: str, entry: Mapping[str, Any]) -> bool:
        """Return whether an operation needs a token."""
        if self.is_silent:
            return f"{method} {self._root}{path}" not in self._open
        security = entry.get("security", self._of_document)
        return bool(security) and {} not in security


def _names_security(document: Mapping[str, Any]) -> bool:
    """Return whether any operation says who may use it."""
    items = [item for item in document["paths"].values() if isinstance(item, dict)]
    return any("security" in entry for item in items for entry in _tables(item))


def _tables(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in item.values() if isinstance(entry, dict)]


def _requests_without_token(mapping: TargetMapping, base_url: str) -> frozenset[str]:
    """Return the requests of the mapping without a token, as far as their address is fixed."""
    root = base_url + mapping.base_path
    addresses: set[str] = set()
    for name, operation in mapping.operations.items():
        for step in operation.steps:
            if _is_open(name, step):
                address = (step.url or f"{root}{step.path}").replace(_BASE_URL, base_url)
                addresses.add(f"{step.method} {address.partition('?')[0]}")
    return frozenset(addresses)


def _is_open(name: str, step: MappingStep) -> bool:
    return step.token is False or (step.token is None and not OPERATIONS[name].token)
