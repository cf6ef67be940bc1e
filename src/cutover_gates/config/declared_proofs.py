"""The groups of checks whose sources a target's settings declare (`core.plan_proofs`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce

from pydantic import BaseModel

from cutover_gates.config.target import Target
from cutover_gates.core.check_groups import shipped_groups


def find_declared_groups(target: Target) -> frozenset[str]:
    """Return the shipped groups that have what they read: their keys in the settings are set."""
    return frozenset(
        name
        for name, group in shipped_groups().items()
        if group.declared_by and _are_declared(target, group.declared_by)
    )


def _are_declared(target: Target, keys: Iterable[str]) -> bool:
    return all(_is_declared(target, key) for key in keys)


def _is_declared(target: Target, key: str) -> bool:
    value: object = reduce(getattr, key.split("."), target)
    # A table of which one key is set is declared: what it lacks is then not proven.
    if isinstance(value, BaseModel):
        return bool(value.model_fields_set)
    return bool(value) if isinstance(value, Mapping | tuple) else value is not None
