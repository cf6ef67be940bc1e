"""Where the fields of an answer stand, and how a list is continued."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover_gates.drivers.mapping_sketch.document_outline import (
    DocumentOutline,
)
from cutover_gates.drivers.mapping_sketch.field_names import KINDS, find_field, find_name
from cutover_gates.drivers.mapping_sketch.outlined_operation import OutlinedOperation
from cutover_gates.drivers.mapping_sketch.schema_shapes import Schema, SchemaField, type_of
from cutover_gates.drivers.mapping_sketch.sketch_lines import (
    TODO,
    Line,
    format_attribute,
    format_path,
)
from cutover_gates.drivers.rest.vocabulary import FIELDS

_LISTS = ("items", "results", "data", "rows", "entries", "content", "records", "list")
_TOTALS = ("total", "count", "total_count", "total_elements", "total_items", "in_all", "hits")
_TOTAL_HEADERS = ("x-total-count", "x-count", "x-total", "total-count")
_NEXT = ("next_cursor", "next_token", "next_page_token", "cursor", "next")
_LIMITS = ("limit", "page_size", "per_page", "size", "take", "many", "count", "max")
_OFFSETS = ("offset", "skip", "start", "from")
_PAGES = ("page", "page_number", "page_no")
_CURSORS = ("cursor", "page_token", "after", "starting_after", "next_token")
USUAL_SIZE = 100
NAMES_IN_ONE = "one field holds both names; it is sent as `family, given`"


@dataclass(frozen=True)
class ListShape:
    """The shape of a list. `query` are the parameters that name the page."""

    items: str
    entry: Schema
    total: str | None
    paging: Mapping[str, Any] | None
    query: Mapping[str, str]


def sketch_places(kind: str, fields: Sequence[SchemaField]) -> list[Line]:
    """Return where each field of a kind stands. A required one that is not found is a TODO."""
    names, lines = KINDS[kind], []
    # Times of moves and authors are not guessed: a planned start or an id would be judged as them.
    for ours in (one for one in FIELDS[kind] if one in names):
        found = find_field([one for one in fields if not one.is_object], names[ours])
        if found is None and ours == "patient_id":
            found = _find_id_inside(fields, names[ours])
        if found is not None:
            lines.append(Line(ours, format_path(found.path)))
    if kind == "patient":
        lines = _complete_patient(lines, fields)
    known = {line.key for line in lines}
    lines += [
        Line(ours, TODO, f"where the {kind}'s {ours} stands in the answer")
        for ours, required in FIELDS[kind].items()
        if required and ours not in known
    ]
    return lines


def _find_id_inside(fields: Sequence[SchemaField], names: Sequence[str]) -> SchemaField | None:
    """Return the id of an object that has one of these names: `patient.id`."""
    holder = find_field([one for one in fields if one.is_object], names)
    inside = [one for one in fields if holder and one.path[:-1] == holder.path]
    return find_field(inside, KINDS["patient"]["id"])


def _complete_patient(lines: list[Line], fields: Sequence[SchemaField]) -> list[Line]:
    """Add what one field holds for two of ours, or in another form."""
    known = {line.key for line in lines}
    added: list[Line] = []
    whole = find_field(fields, KINDS["patient"]["full_name"])
    if "family_name" not in known and whole is not None:
        place = format_attribute(whole.path)
        lines = [line for line in lines if line.key != "given_name"]
        added.append(Line("family_name", f"{{{{ {place}.partition(', ')[0] }}}}", NAMES_IN_ONE))
        added.append(Line("given_name", f"{{{{ {place}.partition(', ')[2] }}}}"))
    year = find_field(fields, KINDS["patient"]["birth_year"])
    if "birth_date" not in known and year is not None:
        place = format_attribute(year.path)
        added.append(Line("birth_date", f"{{{{ {place} ~ '-01-01' }}}}", "only the year is kept"))
    return [*lines, *added]


def sketch_list(outline: DocumentOutline, operation: OutlinedOperation) -> ListShape:
    """Return the shape of a list: where it stands, its total, and how it is continued."""
    fields = outline.fields_of(operation.answer)
    if type_of(operation.answer) == "array":
        items, entry = "@", outline.plain(operation.answer.get("items"))
    else:
        lists = [one for one in fields if one.is_list]
        name = find_name([one.name for one in lists], (*_LISTS, operation.last))
        place = next((one for one in lists if one.name == name), lists[0] if lists else None)
        items = format_path(place.path) if place else TODO
        entry = outline.plain(place.schema.get("items")) if place else {}
    numbers = [one for one in fields if type_of(one.schema) == "integer"]
    total = find_field(numbers, _TOTALS)
    where = format_path(total.path) if total else _total_header(operation)
    paging, query = _sketch_paging(operation, fields)
    return ListShape(items, entry, where, paging, query)


def _total_header(operation: OutlinedOperation) -> str | None:
    name = next((one for one in _TOTAL_HEADERS if one in operation.answer_headers), None)
    return f"header:{name}" if name else None


def _sketch_paging(
    operation: OutlinedOperation, fields: Sequence[SchemaField]
) -> tuple[Mapping[str, Any] | None, Mapping[str, str]]:
    """Return how pages turn, and the parameters for it; None where all comes at once."""
    names = operation.names_in("query")
    limit = find_name(names, _LIMITS)
    sized = {limit: "{{ page.size }}"} if limit else {}
    size = _page_size(operation.parameter(limit)) if limit else USUAL_SIZE
    offset, page = find_name(names, _OFFSETS), find_name(names, _PAGES)
    cursor = find_name(names, _CURSORS)
    following = find_field([one for one in fields if not one.is_list], _NEXT)
    if offset:
        return {"style": "offset", "size": size}, {offset: "{{ page.offset }}", **sized}
    if page and page != limit:
        first = operation.parameter(page).get("minimum", operation.parameter(page).get("default"))
        start = first if first in (0, 1) else 1
        paging = {"style": "page", "first": start, "size": size}
        return paging, {page: "{{ page.number }}", **sized}
    if cursor and following:
        where = format_path(following.path)
        paging = {"style": "cursor", "next": where, "size": size}
        return paging, {cursor: "{{ page.cursor }}", **sized}
    if "link" in operation.answer_headers:
        return {"style": "link", "next": "header:Link", "size": size}, sized
    return None, {}


def _page_size(schema: Schema) -> int:
    for key in ("maximum", "default"):
        value = schema.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return min(value, 1000)
    return USUAL_SIZE
