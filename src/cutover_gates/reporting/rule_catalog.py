"""Every rule of the package by its id, for reports, documentation and tests."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from types import MappingProxyType, ModuleType

import cutover_gates
from cutover_gates.core.findings import Rule


def load_rules() -> Mapping[str, Rule]:
    """Return all rules, sorted by id. Every rule stands in a module called `rules`.

    Raises `ValueError` where two rules have one id: ids go into acceptances and reports, so each
    must mean one thing for ever.
    """
    rules: dict[str, Rule] = {}
    for rule in _find_rules():
        if rules.setdefault(rule.id, rule) != rule:
            raise ValueError(f"two rules are called {rule.id}: {rule.title!r}")
    return MappingProxyType(dict(sorted(rules.items())))


def _find_rules() -> Iterator[Rule]:
    for found in pkgutil.walk_packages(cutover_gates.__path__, "cutover_gates."):
        if found.name.rpartition(".")[2] == "rules":
            yield from _rules_of(importlib.import_module(found.name))


def _rules_of(module: ModuleType) -> Iterator[Rule]:
    for value in vars(module).values():
        if isinstance(value, Rule) and value.id:
            yield value
