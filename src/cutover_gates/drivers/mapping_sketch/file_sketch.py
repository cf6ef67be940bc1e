"""The sketch of uploads and downloads: in a form, in JSON, or at an address of the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import (
    ADDRESS_TO_GET,
    ADDRESS_TO_PUT,
    BYTES,
    DOCUMENT,
    find_field,
)
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.request_bodies import BodySketcher, body_tables
from cutover_gates.drivers.mapping_sketch.request_paths import PathSketcher
from cutover_gates.drivers.mapping_sketch.schema_shapes import SchemaField
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO, SketchTable, format_path

_OF_FILE = ("file_name", "media_type", "size", "sha256")
_STEPS = ("operations", "upload", "steps")
_LAST = f"{TODO}: perhaps a step before this one says that the bytes are there"


class FileSketcher:
    """Sketches how files come and go."""

    def __init__(
        self,
        outline: DocumentOutline,
        operations: Mapping[str, OutlinedOperation],
        bodies: BodySketcher,
        paths: PathSketcher,
    ) -> None:
        self._outline, self._operations = outline, operations
        self._bodies, self._paths = bodies, paths

    def upload(self, table: SketchTable) -> list[SketchTable]:
        """Return the tables of the upload, of which `table` has the address."""
        operation = self._operations["upload"]
        place = find_field(self._outline.fields_of(operation.answer), ADDRESS_TO_PUT)
        own = self._own_values()
        if place is None:
            own = {"bytes": self._bytes_value(operation), **own}
        lines = self._bodies.sketch(operation, own)
        bodies = body_tables(table.path, operation.body_type, lines)
        if not operation.body_type:
            table.add("bytes", "{{ upload.content }}", f"{TODO}: the document names no body")
        return [table, *bodies] if place is None else self._announced(table, bodies, place)

    def content_by_link(self) -> list[SketchTable]:
        """Return the download in two steps, where the description gives a link to the bytes."""
        document = self._operations.get("document")
        if document is None:
            return []
        link = find_field(self._outline.fields_of(document.answer), ADDRESS_TO_GET)
        if link is None:
            return []
        path = self._paths.path("document", document)
        ask: dict[str, Any] = {"path": path, "capture": {"place": format_path(link.path)}}
        if query := self._paths.query("content", document):
            ask["query"] = query
        table = SketchTable(("operations", "content"))
        table.add("steps", [ask, {"url": "{{ place }}"}])
        return [table]

    def _own_values(self) -> dict[str, tuple[Sequence[str], str]]:
        own = {name: (DOCUMENT[name], f"{{{{ upload.{name} }}}}") for name in _OF_FILE}
        # Some want a title besides the name of the file, and give only the title back.
        own["title"] = (DOCUMENT["file_name"], "{{ upload.file_name }}")
        return {**own, "patient_id": (DOCUMENT["patient_id"], "{{ patient.id }}")}

    def _bytes_value(self, operation: OutlinedOperation) -> tuple[Sequence[str], str]:
        """Return the names of the field with the bytes: the file in a form, Base64 in JSON."""
        is_form = operation.body_type == "multipart/form-data"
        fields = self._outline.fields_of(operation.body)
        binary = [one for one in fields if one.schema.get("format") in ("binary", "byte", "base64")]
        binary += [one for one in fields if "contentMediaType" in one.schema]
        names = [one.name for one in binary] or list(BYTES)
        return names, "{{ upload }}" if is_form else "{{ upload.base64 }}"

    def _announced(
        self, table: SketchTable, bodies: list[SketchTable], place: SchemaField
    ) -> list[SketchTable]:
        """Return the upload in three steps: say what comes, put the bytes where told, read it.

        The last answer is the one that is read, and the place for bytes gives no description.
        """
        fields = self._outline.fields_of(self._operations["upload"].answer)
        found = find_field(fields, DOCUMENT["id"])
        first = SketchTable(_STEPS, list(table.lines), is_array=True)
        first.add(
            "capture",
            {"place": format_path(place.path), "filed": format_path(found.path) if found else TODO},
        )
        second = SketchTable(_STEPS, is_array=True)
        second.add("method", "PUT")
        second.add("url", "{{ place }}")
        second.add("bytes", "{{ upload.content }}")
        second.add("headers", {"Content-Type": "{{ upload.media_type }}"})
        for body in bodies:
            body.path = (*_STEPS, *body.path[2:])
        return [first, *bodies, second, self._read_step()]

    def _read_step(self) -> SketchTable:
        step = SketchTable(_STEPS, notes=[_LAST], is_array=True)
        document = self._operations.get("document")
        path = self._paths.path("document", document) if document else TODO
        step.add("path", path.replace("{{ document.id }}", "{{ filed }}"))
        query = self._paths.query("content", document) if document else {}
        if query:
            step.add("query", query)
        return step
