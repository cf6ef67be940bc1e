"""The loading of a mapping: from a TOML table to a validated `TargetMapping`.

`default_dialect.toml` is its commented example. Each error names the source, the dotted key, the
given value and what is allowed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from cutover_gates.drivers.rest.mapping_model import OperationMap, TargetMapping
from cutover_gates.drivers.rest.mapping_tables import (
    ErrorMap,
    MappingStep,
    Paging,
    RejectionRule,
    TokenTable,
    table_keys,
)
from cutover_gates.drivers.rest.mapping_validation import validate_mapping
from cutover_gates.drivers.rest.vocabulary import (
    FIELDS,
    OPERATIONS,
    WORDS,
    mapping_error,
    suggest_nearest,
)
from cutover_gates.hospital import MappingError, Reason

_OPEN_PLACE = re.compile(r"(^|/)TODO\b")
DEFAULT_DIALECT = "default_dialect.toml"
_MERGED_TABLES = (
    "headers",
    "token",
    "error",
    "operations",
    "refusals",
    "words",
    "answers",
    "unsupported",
)
"""Tables that are laid over the default dialect's key by key; all others replace it."""


def read_default_dialect() -> str:
    """Return the text of the default dialect's mapping."""
    return files("cutover_gates.drivers").joinpath(DEFAULT_DIALECT).read_text(encoding="utf-8")


def default_table() -> dict[str, Any]:
    """Return the default REST dialect as TOML data."""
    return tomllib.loads(read_default_dialect())


def load_mapping(
    table: Mapping[str, Any] | None = None, source: str = "cutover.toml"
) -> TargetMapping:
    """Return the validated mapping of `table`; the default dialect where it is None.

    A table with `extends = "default"` is laid over the default dialect. Raises `MappingError`.
    """
    if table is None:
        return _load_default()
    return _load_own(_WrittenTable(repr(table), table), source)


@dataclass(frozen=True)
class _WrittenTable:
    """A table that is equal to another one with the same content, and has a hash."""

    text: str
    table: Mapping[str, Any] = field(compare=False, repr=False)


@lru_cache(maxsize=8)
def _load_own(written: _WrittenTable, source: str) -> TargetMapping:
    # A survey of the release alone opens six drivers.
    _check_names(written.table, source)
    _refuse_open_places(written.table, source)
    mapping = _parse(_extend_default(dict(written.table), source), source)
    validate_mapping(mapping)
    return mapping


@cache
def _load_default() -> TargetMapping:
    # A gate opens a dozen drivers, and each mapping takes 40 ms to compile.
    mapping = _parse({**default_table(), "is_default": True}, DEFAULT_DIALECT)
    validate_mapping(mapping)
    return mapping


def _extend_default(table: dict[str, Any], source: str) -> dict[str, Any]:
    base = table.pop("extends", None)
    if base is None:
        return table
    if base != "default":
        raise mapping_error(source, "extends", base, "the only dialect to extend is 'default'")
    return _merge_tables(default_table(), table)


def _merge_tables(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Return `above` laid over the default dialect.

    Operations, refusals and words are replaced one by one, answers field by field. An operation
    that one of them maps and the other calls unsupported is what `above` says.
    """
    merged = {**below, **above}
    for name in _MERGED_TABLES:
        merged[name] = {**below.get(name, {}), **above.get(name, {})}
    merged["answers"] = {
        kind: {**below["answers"].get(kind, {}), **fields}
        for kind, fields in merged["answers"].items()
    }
    merged["operations"] = _without(merged["operations"], above.get("unsupported", {}))
    merged["unsupported"] = _without(merged["unsupported"], above.get("operations", {}))
    return merged


def _without(table: dict[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in table.items() if name not in names}


def _check_names(table: Mapping[str, Any], source: str) -> None:
    """Check the names that pydantic accepts, because they are keys of free tables."""
    allowed_names: dict[str, Iterable[str]] = {
        "operations": OPERATIONS,
        "unsupported": OPERATIONS,
        "answers": [kind for kind, fields in FIELDS.items() if fields],
        "words": WORDS,
        "refusals": [reason.value for reason in Reason],
        "becomes": FIELDS["patient"],
    }
    for place, allowed in allowed_names.items():
        given = table.get(place, {})
        for name in given if isinstance(given, dict) else ():
            if name not in set(allowed):
                problem = f"not known; {suggest_nearest(name, allowed)}"
                raise mapping_error(source, f"{place}.{name}", None, problem)


def _refuse_open_places(node: Any, source: str, key: str = "") -> None:
    """Refuse what `--sketch-mapping` left open: a gate would judge by a guess."""
    if isinstance(node, str) and _OPEN_PLACE.search(node):
        raise mapping_error(source, key, node, "the sketch left this open; write what is right")
    if isinstance(node, dict):
        for name, item in node.items():
            _refuse_open_places(item, source, f"{key}.{name}".lstrip("."))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            _refuse_open_places(item, source, f"{key}[{index}]")


def _parse(table: dict[str, Any], source: str) -> TargetMapping:
    try:
        return TargetMapping.model_validate({**table, "source": source})
    except ValidationError as error:
        raise _explain_error(error, source, table) from None


def _explain_error(error: ValidationError, source: str, table: dict[str, Any]) -> MappingError:
    """Return the first complaint as one sentence."""
    first = error.errors()[0]
    place = _written_place(list(first["loc"]), table)
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    key = key.lstrip(".")
    given = first["input"] if isinstance(first["input"], str | int | float | bool) else None
    if first["type"] == "extra_forbidden":
        hint = suggest_nearest(str(place[-1]), _allowed_keys(place))
        return mapping_error(source, key, given, f"not known; {hint}")
    problem = first["msg"].removeprefix("Value error, ")
    return mapping_error(source, key or "the mapping", given, problem)


def _written_place(place: list[Any], table: dict[str, Any]) -> list[Any]:
    """Return the place as its author wrote it: without the lists that the model adds."""
    top = place[0] if place else None
    if top == "operations" and place[2:4] == ["steps", 0]:
        is_inline = "steps" not in table["operations"].get(place[1], {})
        return place[:2] + place[4:] if is_inline else place
    if top == "refusals" and len(place) > 2:
        is_single = isinstance(table["refusals"].get(place[1]), dict)
        return place[:2] + place[3:] if is_single else place
    return place


def _allowed_keys(place: list[Any]) -> list[str]:
    """Return the keys that may stand where an unknown one was found."""
    if place[0] == "operations" and "steps" in place[2:-1]:
        return table_keys(MappingStep)
    if place[0] == "operations" and "paging" in place[2:-1]:
        return table_keys(Paging)
    models: dict[str, list[str]] = {
        "operations": [*table_keys(OperationMap), *table_keys(MappingStep)],
        "token": table_keys(TokenTable),
        "setup": table_keys(MappingStep),
        "refusals": table_keys(RejectionRule),
        "error": table_keys(ErrorMap),
    }
    if len(place) > 1 and place[0] in models:
        return models[place[0]]
    top = [key for key in table_keys(TargetMapping) if key not in ("source", "is_default")]
    return [*top, "extends"]
