"""The sketch of the operations on patients, visits and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutover_gates.drivers.mapping_sketch.answer_places import (
    sketch_list,
    sketch_places,
)
from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import (
    KINDS,
    PATIENT,
    VISIT,
    find_field,
    find_name,
)
from cutover_gates.drivers.mapping_sketch.file_sketch import FileSketcher
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.request_bodies import BodySketcher, body_tables
from cutover_gates.drivers.mapping_sketch.request_paths import (
    VERSION_HEADERS,
    PathSketcher,
    fill_headers,
    search_query,
)
from cutover_gates.drivers.mapping_sketch.schema_shapes import SchemaField
from cutover_gates.drivers.mapping_sketch.sketch_lines import (
    TODO,
    Line,
    SketchTable,
    format_attribute,
)
from cutover_gates.drivers.rest.vocabulary import OPERATIONS

OwnValues = Mapping[str, tuple[Sequence[str], str]]
STATE_FIELDS = ("status", "state", "stage", "event", "to", "action", "move", "transition")
MOVES = ("admit", "discharge", "cancel")
DEFAULT_STATUSES = (200, 201, 204)


class ChartSketcher:
    """Sketches one table, and the tables in it, for each matched operation."""

    def __init__(
        self,
        outline: DocumentOutline,
        operations: Mapping[str, OutlinedOperation],
        bodies: BodySketcher,
        paths: PathSketcher,
    ) -> None:
        self._outline, self._operations = outline, operations
        self._bodies, self._paths = bodies, paths
        self._files = FileSketcher(outline, operations, bodies, paths)

    def operation(self, name: str) -> list[SketchTable]:
        """Return the tables of an operation; empty where the document has none."""
        operation = self._operations.get(name)
        if operation is None:
            return self._files.content_by_link() if name == "content" else []
        table = SketchTable(("operations", name))
        if operation.method != "GET":
            table.add("method", operation.method)
        table.add("path", self._paths.path(name, operation))
        if headers := fill_headers(name, operation):
            table.add("headers", headers)
        query = self._paths.query(name, operation)
        if OPERATIONS[name].is_list:
            self._add_list(table, name, operation, query)
        else:
            self._add_request(table, name, operation, query)
        extra = [status for status in operation.successes if status not in DEFAULT_STATUSES]
        if extra:
            table.add("expect", [*DEFAULT_STATUSES, *extra])
        return self._with_body(table, name, operation)

    def answer_fields(self, kind: str) -> list[SchemaField]:
        """Return the fields of a thing in an answer, else those that are sent for it."""
        made_by = {"patient": "register", "visit": "open_visit", "document": "upload"}
        for name in (kind, made_by[kind]):
            operation = self._operations.get(name)
            fields = self._outline.fields_of(operation.answer) if operation else []
            if fields:
                return fields
        made = self._operations.get(made_by[kind])
        return self._outline.fields_of(made.body) if made else []

    def places(self, kind: str) -> list[Line]:
        """Return where the fields of a kind stand."""
        lines = sketch_places(kind, self.answer_fields(kind))
        if kind == "patient" and self._sends_version_header():
            lines = [line for line in lines if line.key != "version"]
            lines.append(Line("version", "header:ETag", "what an update presents"))
        nested = self._operations.get(kind)
        if kind != "patient" and nested and "{{ patient.id }}" in self._paths.path(kind, nested):
            return [
                Line("patient_id", "{{ patient.id }}")
                if line.key == "patient_id" and line.value == TODO
                else line
                for line in lines
            ]
        return lines

    def _with_body(
        self, table: SketchTable, name: str, operation: OutlinedOperation
    ) -> list[SketchTable]:
        if name == "upload":
            return self._files.upload(table)
        if not operation.body_type:
            return [table]
        lines = self._bodies.sketch(operation, self._own_values(name, operation))
        return [table, *body_tables(table.path, operation.body_type, lines)]

    def _own_values(self, name: str, operation: OutlinedOperation) -> OwnValues:
        if name in ("register", "update"):
            return self._patient_values("draft" if name == "register" else "patient", operation)
        if name == "open_visit":
            return {
                "patient_id": (VISIT["patient_id"], "{{ patient.id }}"),
                "reason": (VISIT["reason"], "{{ reason }}"),
            }
        if name in MOVES:
            return {
                "move": (STATE_FIELDS, "{{ move }}"),
                "patient_id": (VISIT["patient_id"], "{{ patient.id }}"),
            }
        return {}

    def _patient_values(self, variable: str, operation: OutlinedOperation) -> OwnValues:
        fields = self._outline.fields_of(operation.body)
        own: dict[str, tuple[Sequence[str], str]] = {
            name: (PATIENT[name], f"{{{{ {variable}.{name} }}}}") for name in _OF_PATIENT
        }
        if find_field(fields, PATIENT["family_name"]) is None:
            both = (
                f"{{{{ [{variable}.family_name, {variable}.given_name] | select | join(', ') }}}}"
            )
            own["full_name"] = (PATIENT["full_name"], both)
        if find_field(fields, PATIENT["birth_date"]) is None:
            own["birth_year"] = (PATIENT["birth_year"], f"{{{{ {variable}.birth_date.year }}}}")
        if variable == "patient":
            own["version"] = (PATIENT["version"], "{{ patient.version }}")
        return own

    def _add_request(
        self, table: SketchTable, name: str, operation: OutlinedOperation, query: dict[str, Any]
    ) -> None:
        """Add the query, and where this answer has its fields elsewhere than the usual one."""
        if query:
            table.add("query", query)
        kind = OPERATIONS[name].answer or ""
        if kind in KINDS and name != kind and name != "upload":
            fields = self._outline.fields_of(operation.answer)
            if answer := self._own_answer(kind, fields):
                table.add("answer", answer, "here it stands elsewhere")

    def _add_list(
        self, table: SketchTable, name: str, operation: OutlinedOperation, query: dict[str, Any]
    ) -> None:
        shape = sketch_list(self._outline, operation)
        if name == "search":
            query |= search_query(operation)
        query |= shape.query
        if query:
            table.add("query", query)
        table.add("items", shape.items)
        if shape.total:
            table.add("total", shape.total)
        if shape.paging:
            table.add("paging", dict(shape.paging))
        kind = str(OPERATIONS[name].answer)
        if answer := self._own_answer(kind, self._outline.fields_of(shape.entry), in_list=True):
            table.add("answer", answer, "in a list it stands elsewhere")

    def _own_answer(
        self, kind: str, fields: Sequence[SchemaField], *, in_list: bool = False
    ) -> dict[str, Any]:
        """Return the fields that stand elsewhere in one answer, or in an entry of a list."""
        if not fields:
            return {}
        alone = {line.key: line.value for line in self.places(kind)}
        entry = {line.key: line.value for line in sketch_places(kind, fields)}
        answer = {
            key: value
            for key, value in entry.items()
            if value != TODO and alone.get(key) not in (value, None)
        }
        if alone.get("version") == "header:ETag":
            answer.pop("version", None)
        if alone.get("version") == "header:ETag" and in_list and "version" in entry:
            version = find_field(fields, PATIENT["version"])
            place = format_attribute(version.path) if version else TODO
            answer["version"] = f'"{{{{ {place} }}}}"'
        if alone.get("patient_id") == "{{ patient.id }}":
            answer.pop("patient_id", None)
        return answer

    def _sends_version_header(self) -> bool:
        update = self._operations.get("update")
        return bool(update and find_name(update.names_in("header"), VERSION_HEADERS))


_OF_PATIENT = ("mrn", "family_name", "given_name", "birth_date", "sex", "phone", "address")
