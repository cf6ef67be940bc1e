"""Find every settings table from the model `Settings`, so that no page and no test lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_origin

from pydantic import BaseModel

from cutover_gates.config.base import find_table, list_keys
from cutover_gates.config.settings import Settings

NAMES = {
    "targets": "NAME",
    "people": "NAME",
    "users": "ROLE",
    "capabilities": "CAPABILITY",
    "not_applicable": "ITEM",
}
"""The word for the name that an author chooses. Elsewhere it is the key without its last letter."""


@dataclass(frozen=True)
class TablePlace:
    """A settings table: its model, and the keys that lead to it (a chosen name in upper case)."""

    model: type[BaseModel]
    keys: tuple[str, ...] = ()
    in_list: bool = False

    @property
    def heading(self) -> str:
        """The header of the table in TOML; empty for the top level."""
        path = ".".join(self.keys)
        if self.in_list:
            return f"[[{path}]]"
        return f"[{path}]" if path else ""

    @property
    def variables(self) -> str:
        """The beginning of its variables' names; empty in a list, which has one variable."""
        if self.in_list:
            return ""
        return "".join(["CUTOVER_", *(f"{key.upper()}__" for key in self.keys)])


def walk_tables(place: TablePlace = TablePlace(Settings)) -> Iterator[TablePlace]:
    """Yield a table and all tables below it, in the order of their keys."""
    yield place
    for key in list_keys(place.model):
        inner = table_below(place, key)
        if inner is not None:
            yield from walk_tables(inner)


def table_below(place: TablePlace, key: str) -> TablePlace | None:
    """Return the table that a key holds; None where it holds a value."""
    annotation = list_keys(place.model)[key].annotation
    model = find_table(annotation)
    if model is None:
        return None
    keys = (*place.keys, key)
    if get_origin(annotation) is dict:
        keys = (*keys, NAMES.get(key, key[:-1].upper()))
    return TablePlace(model, keys, in_list=get_origin(annotation) is tuple)


def written_keys(
    data: Mapping[str, Any], place: TablePlace = TablePlace(Settings)
) -> Iterator[tuple[TablePlace, str]]:
    """Yield each key that parsed settings give, with the table that it belongs to."""
    for key, value in data.items():
        if key not in list_keys(place.model):
            continue
        yield place, key
        inner = table_below(place, key)
        for each in _tables_in(value, inner):
            assert inner is not None
            yield from written_keys(each, inner)


def _tables_in(value: Any, place: TablePlace | None) -> list[Mapping[str, Any]]:
    """Return the tables in a value: those of a list, those under chosen names, or itself."""
    if place is None:
        return []
    if place.in_list:
        return list(value)
    tables = list(value.values()) if place.keys[-1].isupper() else [value]
    # The reason of a declared fact may stand alone, as a text.
    return [table for table in tables if isinstance(table, dict)]
