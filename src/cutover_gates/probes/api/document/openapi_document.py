"""The API's own document: where it comes from, and which operations it has."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cutover_gates.probes.api.document.references import LocalReferences

METHODS = ("get", "head", "options", "put", "post", "patch", "delete", "trace")
READ_METHODS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True)
class DocumentedOperation:
    """One operation as the document has it.

    `parameters` includes those of the path; references are followed. `assumed_protected`: the
    document says nothing of security, and the operation needs a token all the same.
    """

    method: str
    path: str
    table: Mapping[str, Any] = field(repr=False)
    parameters: tuple[Mapping[str, Any], ...] = field(repr=False)
    security: Any = field(repr=False)
    assumed_protected: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def protected(self) -> bool:
        """Return whether a request needs authentication."""
        return self.assumed_protected or (bool(self.security) and {} not in self.security)

    @property
    def documented_statuses(self) -> frozenset[str]:
        """Return the documented statuses, as they stand: `200`, `4XX`, `default`."""
        return frozenset(str(status) for status in self.table.get("responses") or {})


@dataclass(frozen=True)
class ApiDocument:
    """A document, and the address at which its paths begin.

    `meanings` are the path parameters that are one of our ids, by operation and name. `lost` are
    operations and parameters that the settings give a meaning and the document does not list any
    more, with what it has instead. `assumed_protected` are operations that need a token though the
    document says nothing of security. `refusal_statuses` are those by which the settings say that
    the target refuses who is not signed in.
    """

    document: Mapping[str, Any] = field(repr=False)
    root: str
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    lost: Mapping[str, str] = field(default_factory=dict, repr=False)
    assumed_protected: Collection[str] = field(default=(), repr=False)
    refusal_statuses: Collection[str] = ()

    @cached_property
    def references(self) -> LocalReferences:
        """Return the references of the document."""
        # Here, because `referencing` takes 0.04 s to import, and collecting the checks needs none.
        from cutover_gates.probes.api.document.references import LocalReferences

        return LocalReferences(self.document)

    @cached_property
    def operations(self) -> tuple[DocumentedOperation, ...]:
        """Return every operation, in the order of the document.

        What is not an operation is left out; `assess_validity` reports it.
        """
        paths = self.document.get("paths")
        items = paths.items() if isinstance(paths, dict) else ()
        return tuple(
            operation for path, item in items for operation in self._path_operations(path, item)
        )

    def _path_operations(self, path: str, item: Any) -> Iterator[DocumentedOperation]:
        item = self.resolve(item)
        if not isinstance(item, dict):
            return
        for method in METHODS:
            table = item.get(method)
            if not isinstance(table, dict):
                continue
            listed = [*(item.get("parameters") or []), *(table.get("parameters") or [])]
            parameters = [self.resolve(parameter) for parameter in listed]
            yield DocumentedOperation(
                method.upper(),
                path,
                table,
                tuple(parameter for parameter in parameters if isinstance(parameter, dict)),
                table.get("security", self.document.get("security")),
                f"{method.upper()} {path}" in self.assumed_protected,
            )

    @property
    def has_links(self) -> bool:
        """Return whether an answer has a link to another operation."""
        for operation in self.operations:
            for response in (operation.table.get("responses") or {}).values():
                resolved = self.resolve(response)
                if isinstance(resolved, dict) and resolved.get("links"):
                    return True
        return False

    def resolve(self, node: Any) -> Any:
        """Return `node`, with a reference inside the document followed; None for an invalid one."""
        try:
            return self.references.resolve(node)
        except ValueError:
            return None

    def lookup(self, reference: str) -> Any:
        """Return what stands at `#/components/schemas/Patient`; None where nothing does."""
        try:
            return self.references.lookup(reference)
        except ValueError:
            return None

    def add_examples(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """Return a copy in which the path parameters that mean one of `ids` have two examples.

        One is an id that exists, the other an id of nothing. `ids` are by the usual names, such as
        `patient_id`; what else means one stands in `meanings`.
        """
        document: dict[str, Any] = json.loads(json.dumps(self.document))
        copied = ApiDocument(document, self.root)
        copied.move_shared_parameters()
        for operation in copied.operations:
            meanings = self.meanings.get(str(operation), {})
            for parameter in operation.parameters:
                name = parameter.get("name", "")
                existing = ids.get(meanings.get(name, name))
                if parameter.get("in") == "path" and existing:
                    own = _with_examples(parameter, existing)
                    copied._add_parameter(operation.table, own, replaces=True)
        return document

    def move_shared_parameters(self) -> None:
        """Give each operation the parameters of its path as its own (OAS 3.1, 4.8.9.1).

        The operations of a path may mean different things by a parameter that they share.
        """
        for item in map(self.resolve, self.document.get("paths", {}).values()):
            shared = item.pop("parameters", None) or [] if isinstance(item, dict) else []
            tables = [item[method] for method in METHODS if shared and method in item]
            for table in tables:
                for parameter in shared:
                    self._add_parameter(table, parameter, replaces=False)

    def _add_parameter(
        self, table: Mapping[str, Any], parameter: Mapping[str, Any], *, replaces: bool
    ) -> None:
        assert isinstance(table, dict)
        place = _place_of(self.resolve(parameter) or {})
        listed = list(table.get("parameters") or [])
        others = [one for one in listed if _place_of(self.resolve(one) or {}) != place]
        if replaces or len(others) == len(listed):
            table["parameters"] = [*others, parameter]


def _place_of(parameter: Mapping[str, Any]) -> tuple[Any, Any]:
    return parameter.get("name"), parameter.get("in")


def _with_examples(parameter: Mapping[str, Any], existing: str) -> dict[str, Any]:
    own = {name: value for name, value in parameter.items() if name != "example"}
    examples = {"there": {"value": existing}, "nowhere": {"value": _similar_id(existing)}}
    return {**own, "examples": examples}


def _similar_id(existing: str) -> str:
    """Return an id of the same form that belongs to nothing: the same characters, reversed."""
    reversed_id = re.sub(r"[0-9a-z]+", lambda part: part[0][::-1], existing)
    return reversed_id if reversed_id != existing else f"{existing}0"
