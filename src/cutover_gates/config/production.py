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


def refuse_moved_production(
    file: str, data: Mapping[str, Any], targets: Mapping[str, Target]
) -> None:
    """Raise `SettingsError` where a target has the address of a production target of the file.

    A variable may give that production target another address: the patients stay where they are.
    """
    for name, table in data.get("targets", {}).items():
        if not isinstance(table, Mapping) or not _is_true(table.get("production", False)):
            continue
        url = table.get("url")
        address = _normalize(url) if isinstance(url, str) else ""
        for other, target in targets.items():
            if address and not target.production and address in _normalized_addresses(target):
                raise SettingsError(
                    f"{file} says production = true for target {name!r} at {url}, and {other!r}"
                    f" leads there without it. Set production = true for {other!r}, or correct its"
                    " addresses."
                )


def find_contradiction(targets: Mapping[str, Target]) -> str:
    """Return a sentence where two targets of one address disagree on `production`; else empty.

    The addresses of a target are its url, and those of its load balancer and of the backends behind
    that: each of them may lead to the real patients.
    """
    production = {
        address: name
        for name, target in targets.items()
        if target.production
        for address in _normalized_addresses(target)
    }
    for name, target in targets.items():
        shared = {} if target.production else _normalized_addresses(target)
        for address, url in shared.items():
            if twin := production.get(address):
                return (
                    f"{name!r} and {twin!r} have one address (host and port), {url}, and only"
                    f" {twin!r} says production = true. Set production = true for {name!r}, or"
                    " correct its url or backends."
                )
    return ""


def _normalized_addresses(target: Target) -> dict[str, str]:
    """Return host and port of a target's addresses in one form, each with how it is written.

    The path makes no difference: behind another path of the same host may be the same patients.
    """
    return {_normalize(url): url for url in _list_addresses(target)}


def _normalize(url: str) -> str:
    try:
        return normalize_address(url).partition("/")[0]
    except ValueError:  # what is no address is refused where the settings are made
        return ""


def _list_addresses(target: Target) -> Iterator[str]:
    balancer = target.infrastructure.balancer
    yield from filter(None, (target.url, balancer.url, *balancer.backends))
