"""The API's own document: where it comes from, and which operations stand in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.hospital import Driver

METHODS = ("get", "head", "options", "put", "post", "patch", "delete", "trace")
READ_METHODS = frozenset({"GET", "HEAD"})
MAX_REFERENCE_DEPTH = 12  # of references to references


@dataclass(frozen=True)
class DocumentedOperation:
    """One operation as the document has it.

    `parameters` are those of the path, too; references are followed, one level deep.
    """

    method: str
    path: str
    table: Mapping[str, Any] = field(repr=False)
    parameters: tuple[Mapping[str, Any], ...] = field(repr=False)
    security: Any = field(repr=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def protected(self) -> bool:
        """Whether nobody gets in without showing something."""
        return bool(self.security) and {} not in self.security

    @property
    def documented_statuses(self) -> frozenset[str]:
        """The documented statuses, as they stand: `200`, `4XX`, `default`."""
        return frozenset(str(status) for status in self.table.get("responses") or {})


@dataclass(frozen=True)
class ApiDocument:
    """A document, and the address at which its paths begin."""

    document: Mapping[str, Any] = field(repr=False)
    root: str

    @cached_property
    def operations(self) -> tuple[DocumentedOperation, ...]:
        """Every operation, in the order of the document.

        What is no operation is for `shape` to find.
        """
        return tuple(self._iterate_operations())

    def _iterate_operations(self) -> Iterator[DocumentedOperation]:
        paths = self.document.get("paths")
        for path, item in (paths if isinstance(paths, dict) else {}).items():
            item = self.resolve(item)
            for method in METHODS:
                table = item.get(method) if isinstance(item, dict) else None
                if isinstance(table, dict):
                    parameters = [
                        self.resolve(one)
                        for one in [
                            *(item.get("parameters") or []),
                            *(table.get("parameters") or []),
                        ]
                    ]
                    security = table.get("security", self.document.get("security"))
                    yield DocumentedOperation(
                        method.upper(),
                        path,
                        table,
                        tuple(one for one in parameters if isinstance(one, dict)),
                        security,
                    )

    @property
    def has_links(self) -> bool:
        """Whether an answer has a link to another operation."""
        answers = [
            self.resolve(one)
            for entry in self.operations
            for one in (entry.table.get("responses") or {}).values()
        ]
        return any(isinstance(one, dict) and one.get("links") for one in answers)

    def resolve(self, node: Any) -> Any:
        """`node`, with a reference inside the document followed; None for one that leads nowhere."""
        for _ in range(MAX_REFERENCE_DEPTH):
            if not isinstance(node, dict) or "$ref" not in node:
                return node
            node = self.lookup(str(node["$ref"]))
        return None

    def lookup(self, reference: str) -> Any:
        """What stands at `#/components/schemas/Patient`; None where nothing does."""
        node: Any = self.document
        for part in reference.removeprefix("#").split("/")[1:]:
            part = unquote(part).replace("~1", "/").replace("~0", "~")
            node = node.get(part) if isinstance(node, dict) else None
        return node if reference.startswith("#/") else None

    def add_examples(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """A copy in which the path parameters of these names have two examples: something that is
        there, and an id of nothing.
        """
        document: dict[str, Any] = json.loads(json.dumps(self.document))
        copied = ApiDocument(document, self.root)
        for entry in copied.operations:
            for parameter in entry.parameters:
                if (
                    parameter.get("in") == "path"
                    and parameter.get("name") in ids
                    and isinstance(parameter, dict)
                ):
                    parameter.pop("example", None)
                    there = ids[parameter["name"]]
                    parameter["examples"] = {
                        "there": {"value": there},
                        "nowhere": {"value": _similar_id(there)},
                    }
        return document


def _similar_id(there: str) -> str:
    """An id that looks like this one, and is nobody's: the same signs, turned round, if that is
    another one.
    """
    turned = re.sub(r"[0-9a-z]+", lambda part: part[0][::-1], there)
    return turned if turned != there else f"{there}0"


def load_document(hospital: Driver, root: str, file: Path | None) -> ApiDocument:
    """The target's document, or the one in the file.

    `root`: where the paths begin, for a driver that cannot tell.

    Raises `SettingsError` for a file that holds none, `NotProven` where a driver gives none, else
    as the driver does.
    """
    given = _read_json(file) if file else None
    load = hospital.features.api_document
    if load is None:
        if given is None:
            raise NotProven(
                "this target's driver gives no OpenAPI document: name a file with one as `document`"
                " in [targets.NAME.contract]"
            )
        return ApiDocument(given, root)
    try:
        document, root = load(given)
    except ValueError as error:
        raise SettingsError(f"contract.document: {file} holds {error}") from None
    return ApiDocument(document, root)


def _read_json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"contract.document: {file} cannot be read: {error.strerror}") from None
    except ValueError:
        raise SettingsError(
            f"contract.document: {file} is not JSON; the OpenAPI document must be"
        ) from None
