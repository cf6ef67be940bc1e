"""The mapping: how one target speaks, as data. `default_dialect.toml` is its commented example.

`load_mapping` reads a TOML table into a `Mapping`, or raises a `MappingError` that names the source, the
dotted key, the value given and what is allowed. Whatever can be checked without a target is checked
here (see `checking`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Table
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from cutover_gates.drivers.rest.mapping_model import (
    ErrorMap,
    MappingStep,
    OperationMap,
    Paging,
    RejectionRule,
    TargetMapping,
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

__all__ = ["TargetMapping", "default_table", "load_mapping"]


def default_table() -> dict[str, Any]:
    """The default REST dialect, as TOML data."""
    return tomllib.loads(
        files("cutover_gates.drivers").joinpath("default_dialect.toml").read_text(encoding="utf-8")
    )


def load_mapping(
    table: Table[str, Any] | None = None, source: str = "cutover.toml"
) -> TargetMapping:
    """The mapping in `table`; without one, or with nothing but additions to `extends = "default"`,
    the default dialect.
    """
    if table is None:
        mapping = _parse({**default_table(), "is_default": True}, "default_dialect.toml")
    else:
        _check_names(table, source)
        mapping = _parse(_extend_default(dict(table), source), source)
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
    """`above` laid over the default dialect: operations, refusals and words are replaced one by
    one, the other tables key by key.
    """
    merged = {**below, **above}
    for name in (
        "headers",
        "token",
        "error",
        "operations",
        "refusals",
        "words",
        "answers",
        "unsupported",
    ):
        merged[name] = {**below.get(name, {}), **above.get(name, {})}
    merged["answers"] = {
        kind: {**below["answers"].get(kind, {}), **fields}
        for kind, fields in merged["answers"].items()
    }
    merged["operations"] = {
        name: step
        for name, step in merged["operations"].items()
        if name not in above.get("unsupported", {})
    }
    merged["unsupported"] = {
        name: why
        for name, why in merged["unsupported"].items()
        if name not in above.get("operations", {})
    }
    return merged


def _check_names(table: Table[str, Any], source: str) -> None:
    """Names that pydantic would let pass, because they are keys of tables that may hold any."""
    places: tuple[tuple[str, Iterable[str]], ...] = (
        ("operations", OPERATIONS),
        ("unsupported", OPERATIONS),
        ("answers", [kind for kind, fields in FIELDS.items() if fields]),
        ("words", WORDS),
        ("refusals", [reason.value for reason in Reason]),
        ("becomes", FIELDS["patient"]),
    )
    for place, allowed in places:
        given = table.get(place, {})
        for name in given if isinstance(given, dict) else ():
            if name not in set(allowed):
                raise mapping_error(
                    source, f"{place}.{name}", None, f"not known; {suggest_nearest(name, allowed)}"
                )


def _parse(table: dict[str, Any], source: str) -> TargetMapping:
    try:
        return TargetMapping.model_validate({**table, "source": source})
    except ValidationError as error:
        raise _explain_error(error, source, table) from None


def _explain_error(error: ValidationError, source: str, table: dict[str, Any]) -> MappingError:
    """The first complaint, in one sentence."""
    first = error.errors()[0]
    place = list(first["loc"])
    if (
        place[:1] == ["operations"]
        and place[2:4] == ["steps", 0]
        and "steps" not in table["operations"].get(place[1], {})
    ):
        del place[2:4]
    if (
        place[:1] == ["refusals"]
        and len(place) > 2
        and isinstance(table["refusals"].get(place[1]), dict)
    ):
        del place[2]
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(
        "."
    )
    given = first["input"] if isinstance(first["input"], str | int | float | bool) else None
    if first["type"] == "extra_forbidden":
        return mapping_error(
            source,
            key,
            given,
            f"not known; {suggest_nearest(str(place[-1]), _allowed_keys(place))}",
        )
    return mapping_error(
        source, key or "the mapping", given, first["msg"].removeprefix("Value error, ")
    )


def _allowed_keys(place: list[Any]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
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
    top = [key for key in table_keys(TargetMapping) if key not in ("source", "is_default")]
    return models[place[0]] if len(place) > 1 and place[0] in models else [*top, "extends"]
