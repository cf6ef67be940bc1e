"""Do the clients that were built for the release before still work?

Its recorded document against that of the release under judgement.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutover_gates.config.base import SettingsError
from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.api.compatibility.document_comparison import (
    DocumentChange,
    compare_documents,
    index_operations,
)
from cutover_gates.probes.api.compatibility.flat_schemas import Json

MAX_SHOWN_OPERATIONS = 3


@dataclass(frozen=True)
class CompatibilityAssessments:
    """Answers the checks.

    `document` is that of the release under judgement, `previous_document` the file with that of the release
    before, if there is one.
    """

    target: str
    release: str
    document: Json = field(repr=False)
    previous_document: Path | None
    record: Callable[[Assessment], None] = field(default=lambda _examination: None, repr=False)

    def assess_operations(self) -> Assessment:
        """Is everything still there that clients ask for?"""
        return self._assess_part("operations that clients use", "operations")

    def assess_requests(self) -> Assessment:
        """Is everything still taken that clients send?"""
        return self._assess_part("what clients send", "requests")

    def assess_responses(self) -> Assessment:
        """Does everything still come back that clients read?"""
        return self._assess_part("what clients read", "answers")

    def _assess_part(self, title: str, part: str) -> Assessment:
        before = self._load_previous_document()
        changes = [
            change for change in compare_documents(before, self.document) if change.part == part
        ]
        told = {
            kind: format_changes(change for change in changes if change.difference.kind == kind)
            for kind in ("breaking", "unclear", "added")
        }
        facts = {
            "before": str(before["info"]["version"]),
            "after": str(self.document["info"]["version"]),
            "added": told["added"],
        }
        examination = Assessment(
            title,
            tuple(index_operations(before)),
            tuple(told["breaking"]),
            tuple(told["unclear"]),
            facts,
        )
        self.record(examination)
        return examination

    def _load_previous_document(self) -> Json:
        """The recorded document.

        Raises `NotProven` where there is none, `SettingsError` where it is none.
        """
        key = f"previous_document in [targets.{self.target}.contract]"
        if self.previous_document is None:
            raise NotProven(
                "nobody has recorded the API's document of the release before: while that release"
                " runs, save what its OpenAPI address answers (curl -o openapi-before.json …), and"
                f" name the file as {key}"
            )
        document = _read_document(self.previous_document, key)
        if str(document["info"]["version"]) == self.release:
            raise NotProven(
                f"{self.previous_document} calls itself {self.release}, which is the release under"
                " judgement: compared with itself every release is compatible. Name that of the"
                f" release before as {key}"
            )
        return document


def format_changes(changes: Iterable[DocumentChange]) -> list[str]:
    """One sentence for one cause: what a shared schema changes is told where it is met first, with
    the number of the other operations.
    """
    causes: dict[tuple[str, str], list[DocumentChange]] = {}
    for change in changes:
        found = change.difference
        causes.setdefault(
            (found.schema or f"{change.operation} {change.where}{found.place}", found.text), []
        ).append(change)
    return [_format_change(changes) for changes in causes.values()]


def _format_change(changes: list[DocumentChange]) -> str:
    first, found = changes[0], changes[0].difference
    where = f"{first.where}{' ' if first.where and found.place else ''}{found.place}"
    others = [
        name
        for name in dict.fromkeys(change.operation for change in changes)
        if name != first.operation
    ]
    more = f" (also {', '.join(others[:MAX_SHOWN_OPERATIONS])}" if others else ""
    more += (
        f" and {len(others) - MAX_SHOWN_OPERATIONS} more"
        if len(others) > MAX_SHOWN_OPERATIONS
        else ""
    )
    return (
        f"{first.operation}{': ' if where else ''}{where}: {found.text}{more}{')' if more else ''}"
    )


def _read_document(path: Path, key: str) -> Json:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if (
            not str(document["openapi"]).startswith("3.")
            or not isinstance(document["paths"], Mapping)
            or "version" not in document["info"]
        ):
            raise ValueError("no OpenAPI 3 document")
    except OSError as error:
        raise SettingsError(f"{key}: {path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{key}: {path} holds no OpenAPI 3 document in JSON: {error}") from None
    return dict(document)
