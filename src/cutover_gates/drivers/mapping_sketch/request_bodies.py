"""What a sketched request sends: our values at known names, and something at each required one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import MARKER, find_field
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.schema_shapes import (
    Schema,
    SchemaField,
    is_plain_text,
    type_of,
)
from cutover_gates.drivers.mapping_sketch.sketch_lines import TODO, Line, SketchTable

MOST_SHOWN = 8
_ENDS = frozenset({"end", "ends", "until", "till", "finish", "to", "expires", "expiry", "leave"})
_BODY_KEYS = {"application/x-www-form-urlencoded": "form", "multipart/form-data": "multipart"}
Lookup = Callable[[str], str]
"""Returns a variable that a set-up step captures for a name; empty where none can."""


@dataclass(frozen=True)
class BodySketcher:
    """Sketches bodies. `lookup` finds the ids of other things, such as a ward."""

    outline: DocumentOutline
    lookup: Lookup = field(repr=False)

    def sketch(
        self, operation: OutlinedOperation, own: Mapping[str, tuple[Sequence[str], str]]
    ) -> dict[tuple[str, ...], Line]:
        """Return a line for each field that is sent, by its path.

        `own` are our values: their usual names and the template of each.
        """
        fields = self.outline.fields_of(operation.body)
        lines: dict[tuple[str, ...], Line] = {}
        for names, template in own.values():
            open_fields = [one for one in fields if one.path not in lines and not one.is_object]
            found = find_field(open_fields, names)
            if found is not None:
                lines[found.path] = Line(found.name, fit_template(template, found.schema))
        marker = find_field([one for one in fields if one.path not in lines], MARKER)
        if marker is not None and type_of(marker.schema) == "string":
            lines[marker.path] = Line(marker.name, "{{ run.tag }}", "marks what is synthetic")
        for one in _required_leaves(fields):
            if one.path not in lines:
                lines[one.path] = self._placeholder(one)
        return dict(sorted(lines.items(), key=lambda item: _order(fields, item[0])))

    def _placeholder(self, one: SchemaField) -> Line:
        variable = self.lookup(one.name)
        if variable:
            return Line(one.name, f"{{{{ {variable} }}}}", "from [[setup]]")
        value, comment = guess_value(one.name, one.schema)
        return Line(one.name, value, comment)


def body_tables(
    above: tuple[str, ...], media_type: str, lines: Mapping[tuple[str, ...], Line]
) -> list[SketchTable]:
    """Return the tables of a body: one for each object in it."""
    key = _BODY_KEYS.get(media_type, "json")
    tables: dict[tuple[str, ...], SketchTable] = {}
    for path, line in lines.items():
        place = (*above, key, *path[:-1])
        tables.setdefault(place, SketchTable(place)).lines.append(line)
    # A table stands before the tables in it.
    return [tables[place] for place in sorted(tables, key=len)]


def fit_template(template: str, schema: Schema) -> str:
    """Return a template in the form that a schema wants."""
    if schema.get("format") == "date-time" and "birth_date" in template:
        return template.replace(" }}", " ~ 'T00:00:00Z' }}")
    if type_of(schema) == "integer" and template.endswith(".version }}"):
        return template.replace(" }}", " | int }}")
    return template


def guess_value(name: str, schema: Schema) -> tuple[Any, str]:
    """Return something that a required field may take, and the comment for its author."""
    for key in ("const", "default", "example"):
        if _is_plain(schema.get(key)):
            return schema[key], f"{TODO}: {key} of the document"
    for key in ("enum", "examples"):
        options = [one for one in schema.get(key) or [] if _is_plain(one)]
        if options:
            shown = ", ".join(map(str, options[:MOST_SHOWN]))
            return options[0], f"{TODO}: one of {shown}"
    return _guess_by_type(name, schema)


def _guess_by_type(name: str, schema: Schema) -> tuple[Any, str]:
    is_end = not _ENDS.isdisjoint(map(str.lower, re.findall(r"[A-Z]?[a-z]+", name)))
    by_format = {
        "date-time": "{{ now + hours(1) | iso }}" if is_end else "{{ now | iso }}",
        "date": "{{ now + days(1) | date }}" if is_end else "{{ now | date }}",
        "uuid": TODO,
        "uri": TODO,
    }
    if schema.get("format") in by_format:
        return by_format[str(schema["format"])], "" if not is_end else "after the start"
    minimum = schema.get("minimum", 1)
    by_type: Mapping[str, Any] = {
        "integer": minimum,
        "number": minimum,
        "boolean": False,
        "array": [],
        "object": {},
        "string": "{{ run.tag }}",
    }
    return by_type.get(type_of(schema), TODO), f"{TODO}: required, and its meaning is not known"


def _is_plain(value: Any) -> bool:
    return is_plain_text(value) if isinstance(value, str) else isinstance(value, int | float)


def _required_leaves(fields: Sequence[SchemaField]) -> Iterator[SchemaField]:
    """Yield the required fields whose objects are required, too."""
    required = {one.path for one in fields if one.required}
    for one in fields:
        above = [one.path[:size] for size in range(1, len(one.path))]
        has_fields = one.is_object and any(
            other.required and other.path[: len(one.path)] == one.path and other.path != one.path
            for other in fields
        )
        if one.path in required and all(path in required for path in above) and not has_fields:
            yield one


def _order(fields: Sequence[SchemaField], path: tuple[str, ...]) -> int:
    return next((at for at, one in enumerate(fields) if one.path == path), len(fields))
