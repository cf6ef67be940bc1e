"""The sketch of the operation that reads the audit log of one patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutover_gates.drivers.mapping_sketch.answer_places import sketch_list
from cutover_gates.drivers.mapping_sketch.audit_log_matching import AUDIT
from cutover_gates.drivers.mapping_sketch.document_outline import DocumentOutline
from cutover_gates.drivers.mapping_sketch.field_names import find_field, find_name
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.request_paths import PathSketcher
from cutover_gates.drivers.mapping_sketch.schema_shapes import SchemaField, type_of
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO, SketchTable, format_path
from cutover_gates.drivers.mapping_sketch.word_sketch import values_of

ENTRY: Mapping[str, Sequence[str]] = {
    "id": ("id", "external_id", "event_id", "entry_id", "uuid", "guid", "_id"),
    "username": ("username", "user_name", "user", "principal", "actor", "account", "who", "agent"),
    "action": ("action", "operation", "activity", "event", "event_type", "type", "what"),
    "patient_id": ("patient_id", "patient", "person_id", "person", "subject", "entity_id"),
    "at": ("at", "timestamp", "recorded", "occurred_at", "created_at", "time", "date", "when"),
}
_FLAGS = ("allowed", "granted", "permitted", "success", "successful", "succeeded")
_OUTCOMES = ("outcome", "result", "decision", "status", "type")
_ALLOWED_WORDS = ("allowed", "granted", "success", "succeeded", "permit", "ok", "authorized")


def sketch_audit(
    outline: DocumentOutline, operation: OutlinedOperation, paths: PathSketcher
) -> SketchTable:
    """Return the table of `operations.audit`."""
    table = SketchTable(("operations", AUDIT))
    table.add("path", paths.path(AUDIT, operation))
    shape = sketch_list(outline, operation)
    query = {**paths.query(AUDIT, operation), **shape.query}
    if query:
        table.add("query", query)
    table.add("items", shape.items)
    if shape.total:
        table.add("total", shape.total)
    if shape.paging:
        table.add("paging", dict(shape.paging))
    comment = "`allowed` is true for what was done, and false for what was refused"
    table.add("answer", _sketch_answer(outline.fields_of(shape.entry)), comment)
    return table


def _sketch_answer(fields: Sequence[SchemaField]) -> dict[str, Any]:
    plain = [one for one in fields if not one.is_object]
    found = {name: find_field(plain, names) for name, names in ENTRY.items()}
    answer = {name: format_path(field.path) for name, field in found.items() if field}
    answer["allowed"] = _sketch_outcome(plain)
    for name in ("id", "username"):
        answer.setdefault(name, TODO)
    return answer


def _sketch_outcome(fields: Sequence[SchemaField]) -> str:
    """Return the condition that an entry is of something that was done."""
    flags = [one for one in fields if type_of(one.schema) == "boolean"]
    flag = find_field(flags, _FLAGS)
    if flag is not None:
        return format_path(flag.path)
    outcome = find_field(fields, _OUTCOMES)
    words = [value for value in values_of(outcome) if isinstance(value, str)]
    word = find_name(words, _ALLOWED_WORDS)
    if outcome is None or word is None or "'" in word:
        return TODO
    return f"{format_path(outcome.path)} == '{word}'"
