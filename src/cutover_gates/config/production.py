"""The mark `production`: nothing from outside of the settings file takes it away.

It is what keeps load, writes and faults away from real patients.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from cutover_gates.config.base import SettingsError
from cutover_gates.config.target import Target
from cutover_gates.util.addresses import normalize_address

_BOOLEAN: TypeAdapter[bool] = TypeAdapter(bool)


def refuse_lowered_production(
    file: str, data: Mapping[str, Any], targets: Mapping[str, Target]
) -> None:
    """Raise `SettingsError` where the file marks a target as production and it is none any more.

    `data` is the content of the file, `targets` are what came of it and the environment.
    """
    for name, table in data.get("targets", {}).items():
        marked = isinstance(table, Mapping) and _is_true(table.get("production", False))
        if marked and not targets[name].production:
            raise SettingsError(
                f"environment: {file} says production = true for target {name!r}, and nothing"
                " outside of the file may lower it. Remove the variable"
                f" CUTOVER_TARGETS__{name.upper()}__PRODUCTION, or change the file."
            )


def _is_true(value: object) -> bool:
    try:
        return _BOOLEAN.validate_python(value)
    except ValidationError:  # what is no boolean is refused where the settings are made
        return False


def find_contradiction(targets: Mapping[str, Target]) -> str:
    """Return a sentence where two targets of one address disagree on `production`; else empty.

    The addresses of a production target are its url, and those of its load balancer and of the
    backends behind that: each of them leads to the real patients.
    """
    production = {
        normalize_address(url): name
        for name, target in targets.items()
        if target.production
        for url in _list_addresses(target)
    }
    for name, target in targets.items():
        twin = production.get(normalize_address(target.url)) if target.url else None
        if twin and not target.production:
            return (
                f"{name!r} and {twin!r} have one address, {target.url}, and only {twin!r} says"
                f" production = true. Set production = true for {name!r}, or correct its url."
            )
    return ""


def _list_addresses(target: Target) -> Iterator[str]:
    balancer = target.infrastructure.balancer
    yield from filter(None, (target.url, balancer.url, *balancer.backends))
