"""The mapping: how one target speaks, as data. `default_dialect.toml` is its commented example.

`load` reads a TOML table into a `Mapping`, or raises a `MappingError` that names the source, the
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

from cutover.drivers.checking import check
from cutover.drivers.models import (
    ErrorMap,
    Mapping,
    OperationMap,
    Paging,
    Rule,
    Step,
    Token,
    keys_of,
)
from cutover.drivers.teaching import nearest, wrong
from cutover.drivers.vocabulary import FIELDS, OPERATIONS, WORDS
from cutover.hospital import MappingError, Reason

__all__ = ["Mapping", "default_table", "load"]


def default_table() -> dict[str, Any]:
    """The default REST dialect, as TOML data."""
    return tomllib.loads(
        files("cutover.drivers").joinpath("default_dialect.toml").read_text(encoding="utf-8")
    )


def load(table: Table[str, Any] | None = None, source: str = "cutover.toml") -> Mapping:
    """The mapping in `table`; without one, or with nothing but additions to `extends = "default"`,
    the default dialect.
    """
    if table is None:
        mapping = _parse({**default_table(), "is_default": True}, "default_dialect.toml")
    else:
        _known_names(table, source)
        mapping = _parse(_extended(dict(table), source), source)
    check(mapping)
    return mapping


def _extended(table: dict[str, Any], source: str) -> dict[str, Any]:
    base = table.pop("extends", None)
    if base is None:
        return table
    if base != "default":
        raise wrong(source, "extends", base, "the only dialect to extend is 'default'")
    return _over(default_table(), table)


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
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


def _known_names(table: Table[str, Any], source: str) -> None:
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
                raise wrong(source, f"{place}.{name}", None, f"not known; {nearest(name, allowed)}")


def _parse(table: dict[str, Any], source: str) -> Mapping:
    try:
        return Mapping.model_validate({**table, "source": source})
    except ValidationError as error:
        raise _taught(error, source, table) from None


def _taught(error: ValidationError, source: str, table: dict[str, Any]) -> MappingError:
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
        return wrong(
            source, key, given, f"not known; {nearest(str(place[-1]), _allowed_at(place))}"
        )
    return wrong(source, key or "the mapping", given, first["msg"].removeprefix("Value error, "))


def _allowed_at(place: list[Any]) -> list[str]:
    """The keys that may stand where an unknown one was found."""
    if place[0] == "operations" and "steps" in place[2:-1]:
        return keys_of(Step)
    if place[0] == "operations" and "paging" in place[2:-1]:
        return keys_of(Paging)
    models: dict[str, list[str]] = {
        "operations": [*keys_of(OperationMap), *keys_of(Step)],
        "token": keys_of(Token),
        "setup": keys_of(Step),
        "refusals": keys_of(Rule),
        "error": keys_of(ErrorMap),
    }
    top = [key for key in keys_of(Mapping) if key not in ("source", "is_default")]
    return models[place[0]] if len(place) > 1 and place[0] in models else [*top, "extends"]
