"""The comparison of two OpenAPI documents, as a client sees it that was built for the first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.api.compatibility import rules
from cutover_gates.probes.api.compatibility.document_index import (
    DocumentIndex,
    content_by_type,
    holder_schema,
    strip_parameter_names,
)
from cutover_gates.probes.api.compatibility.flat_schemas import Json
from cutover_gates.probes.api.compatibility.schema_comparison import SchemaComparison
from cutover_gates.probes.api.compatibility.schema_difference import (
    SchemaDifference,
    added_difference,
    breaking_difference,
)

DocumentPart = Literal["operations", "requests", "answers"]
_CLIENT_STATUSES = ("2", "3", "D")
"""Success, redirection and `default`: the statuses that a client waits for.

A refusal that is no longer documented breaks nobody.
"""
PlacedDifference = tuple[str, SchemaDifference]
"""A difference, with its place in an operation, such as `body`."""


@dataclass(frozen=True)
class DocumentChange:
    """A difference, with the operation in which it is, and its place there."""

    part: DocumentPart
    operation: str
    where: str
    difference: SchemaDifference


def compare_documents(before: Json, after: Json) -> list[DocumentChange]:
    """Return all differences that may matter to a client, in the order of the first document.

    Raises `NotProven` where a schema cannot be read.
    """
    try:
        return list(_DocumentComparison(before, after).find_changes())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise gap_error(
            rules.COMPARABLE, "the two documents", f"{type(error).__name__}: {error}"
        ) from None


class _DocumentComparison:
    """Walks two documents side by side."""

    def __init__(self, before: Json, after: Json) -> None:
        self._old, self._new = DocumentIndex(before), DocumentIndex(after)
        references = self._old.references, self._new.references
        self._sent = SchemaComparison(*references, sending=True)
        self._read = SchemaComparison(*references, sending=False)

    def find_changes(self) -> Iterator[DocumentChange]:
        """Yield the changes of all operations."""
        old, new = self._old.operations(), self._new.operations()
        remaining = {strip_parameter_names(name): name for name in new}
        for name, operation in old.items():
            other = remaining.pop(strip_parameter_names(name), None)
            if other is None:
                gone = breaking_difference(rules.OPERATION_KEPT, "the operation", "gone")
                yield DocumentChange("operations", name, "", gone)
            else:
                yield from self._compare_operation(name, operation, new[other])
        for name in remaining.values():
            yield DocumentChange("operations", name, "", added_difference("a new operation"))

    def _compare_operation(self, name: str, old: Json, new: Json) -> Iterator[DocumentChange]:
        for difference in self._compare_credentials(old, new):
            yield DocumentChange("requests", name, "", difference)
        for where, difference in self._compare_parameters(old, new):
            yield DocumentChange("requests", name, where, difference)
        for where, difference in self._compare_body(old, new):
            yield DocumentChange("requests", name, where, difference)
        for where, difference in self._compare_responses(old, new):
            yield DocumentChange("answers", name, where, difference)

    # ── what is sent ──

    def _compare_credentials(self, old: Json, new: Json) -> Iterator[SchemaDifference]:
        """Compare authentication: each way of the old document must satisfy one of the new one."""
        required = self._new.security_alternatives(new)
        for known in self._old.security_alternatives(old):
            if any(other <= known for other in required):
                continue
            actual = " or ".join(_format_credentials(other) for other in required)
            # One cause, however many operations have it: they share the place `security`.
            yield SchemaDifference(
                "breaking",
                rules.CREDENTIALS_KEPT,
                _format_credentials(known),
                actual,
                schema="security",
            )

    def _compare_parameters(self, old: Json, new: Json) -> Iterator[PlacedDifference]:
        left, right = self._old.parameters(old), self._new.parameters(new)
        for (place, name), parameter in left.items():
            other, where = right.get((place, name)), f"{place} parameter {parameter['name']}"
            if other is None:
                yield where, breaking_difference(rules.PARAMETER_KEPT, "the parameter", "gone")
                continue
            for difference in self._compare_parameter(place, parameter, other):
                yield where, difference
        for (place, name), parameter in right.items():
            if (place, name) in left:
                continue
            where = f"{place} parameter {parameter['name']}"
            if parameter.get("required"):
                yield where, _newly_required()
            else:
                yield where, added_difference("a new parameter")

    def _compare_parameter(self, place: str, old: Json, new: Json) -> Iterator[SchemaDifference]:
        if new.get("required") and not old.get("required") and place != "path":
            yield _newly_required()
        for key in ("style", "explode", "allowReserved"):
            if old.get(key) != new.get(key):
                yield breaking_difference(
                    rules.SERIALIZATION_KEPT, f"{key} {old.get(key)!r}", f"{key} {new.get(key)!r}"
                )
        yield from self._sent.find_differences(holder_schema(old), holder_schema(new), text=True)

    def _compare_body(self, old: Json, new: Json) -> Iterator[PlacedDifference]:
        before = self._old.references.resolve(old.get("requestBody"))
        after = self._new.references.resolve(new.get("requestBody"))
        if after is None:
            if before is not None:
                yield "body", breaking_difference(rules.BODY_KEPT, "a body accepted", "none")
            return
        if after.get("required") and not (before or {}).get("required"):
            yield "body", _newly_required()
        if before is not None:
            yield from self._compare_content("body", before, after, self._sent)
        elif not after.get("required"):
            yield "body", added_difference("a body is accepted")

    # ── what comes back ──

    def _compare_responses(self, old: Json, new: Json) -> Iterator[PlacedDifference]:
        left, right = self._old.responses(old), self._new.responses(new)
        for status, before in left.items():
            after = right.get(status) or right.get(f"{status[0]}XX")
            if after is not None:
                yield from self._compare_content(status, before, after, self._read)
                yield from self._compare_headers(status, before, after)
            elif status.startswith(_CLIENT_STATUSES):
                others = [one for one in right if one.startswith(_CLIENT_STATUSES)]
                actual = f"only {', '.join(others)}" if others else "none"
                yield status, breaking_difference(rules.STATUS_KEPT, status, actual)
            else:
                yield status, added_difference("this refusal is no longer documented")
        for status in right:
            if status not in left:
                yield status, added_difference("a new status")

    def _compare_content(
        self, where: str, old: Json, new: Json, comparison: SchemaComparison
    ) -> Iterator[PlacedDifference]:
        left, right = content_by_type(old), content_by_type(new)
        for name, before in left.items():
            after = right.get(name) or right.get(f"{name.partition('/')[0]}/*") or right.get("*/*")
            if after is None:
                actual = f"only {', '.join(right)}" if right else "none"
                yield where, breaking_difference(rules.MEDIA_TYPE_KEPT, name, actual)
                continue
            for difference in comparison.find_differences(
                before.get("schema", {}), after.get("schema", {})
            ):
                yield where, difference
        for name in right:
            if name not in left:
                yield where, added_difference(f"{name} too")

    def _compare_headers(self, status: str, old: Json, new: Json) -> Iterator[PlacedDifference]:
        left, right = self._old.headers(old), self._new.headers(new)
        for key, (name, before) in left.items():
            where = f"{status} header {name}"
            if key not in right:
                yield where, breaking_difference(rules.HEADER_KEPT, "the header", "gone")
                continue
            after = right[key][1]
            if before.get("required") and not after.get("required"):
                yield (
                    where,
                    breaking_difference(rules.FIELD_ALWAYS_SENT, "always sent", "may be missing"),
                )
            for difference in self._read.find_differences(
                holder_schema(before), holder_schema(after)
            ):
                yield where, difference


def _newly_required() -> SchemaDifference:
    return breaking_difference(rules.NOTHING_NEWLY_REQUIRED, "optional", "required")


def _format_credentials(credentials: frozenset[str]) -> str:
    return " and ".join(sorted(credentials)) or "nothing"
