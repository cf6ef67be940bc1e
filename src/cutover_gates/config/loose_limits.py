"""Finds the limits of a target that prove less than their defaults do.

What is absurd is refused where the setting is declared. What is only weak may be true of a
hospital: it is shown with the verdict. The marks are those of `config.base`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from cutover_gates.config.load_objectives import DEFAULT_JOURNEYS
from cutover_gates.config.target import Target
from cutover_gates.core.judged_by import LooseLimit


def find_loose_limits(target: Target, settings: BaseModel | None = None) -> tuple[LooseLimit, ...]:
    """Return each limit that is looser than its default, by its key.

    They are those of a target, and of the top level of the `settings` where they are given.
    """
    own = [*_walk(target, ""), *_find_silent_journeys(target)]
    return tuple(sorted([*own, *(_compare_keys(settings, "") if settings else ())]))


def _walk(table: BaseModel, place: str) -> Iterator[LooseLimit]:
    for key in type(table).model_fields:
        value, where = getattr(table, key), f"{place}{key}"
        for name, inner in _list_tables(value):
            yield from _walk(inner, f"{where}{name}.")
    yield from _compare_keys(table, place)


def _compare_keys(table: BaseModel, place: str) -> Iterator[LooseLimit]:
    for key, field in type(table).model_fields.items():
        mark = field.json_schema_extra
        if isinstance(mark, Mapping) and "looser" in mark:
            yield from _compare(f"{place}{key}", getattr(table, key), field, mark)


def _list_tables(value: Any) -> list[tuple[str, BaseModel]]:
    if isinstance(value, BaseModel):
        return [("", value)]
    if isinstance(value, Mapping):
        tables = [(f".{name}", table) for name, table in value.items()]
        return [pair for pair in tables if isinstance(pair[1], BaseModel)]
    return []


def _compare(
    key: str, value: Any, field: FieldInfo, mark: Mapping[str, Any]
) -> Iterator[LooseLimit]:
    """Yield the limit where it is looser than its default, or than what stands in its place."""
    # An objective of a single operation has no default: its own is that of all operations.
    if value is None and field.default is None:
        return
    default = mark.get("reference", field.default)
    if _is_looser(value, default, str(mark["looser"])):
        yield LooseLimit(key, _format(value), _format(default), is_size=bool(mark.get("size")))


def _is_looser(value: Any, default: Any, direction: str) -> bool:
    if direction == "fewer":
        return not set(default) <= set(value)
    if direction == "other" or value is None:
        return bool(value != default)
    return bool(value > default if direction == "above" else value < default)


def _find_silent_journeys(target: Target) -> Iterator[LooseLimit]:
    """Yield each kind of work that the load leaves out."""
    for name in DEFAULT_JOURNEYS:
        journey = target.performance.journeys.get(name)
        if journey is None or not journey.weight:
            yield LooseLimit(f"performance.journeys.{name}.weight", "0", "1")


def _format(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
