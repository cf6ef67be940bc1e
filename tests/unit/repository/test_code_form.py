"""Limits on the form of the package that neither ruff nor import-linter knows.

`python -m benchmarks.house` prints the figures.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import pytest

from benchmarks.house import (
    Module,
    count_nested_comprehensions,
    find_arrows_up,
    find_circles,
    find_functions,
    find_imports,
    find_repeated_classes,
    find_repeated_modules,
    is_participle,
    load_modules,
)

ROOT = Path(__file__).resolve().parents[3]
MOST_LINES = 220
LEAST_MEDIAN = 130
MOST_PARTICIPLES = 0.06


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return load_modules(ROOT, "cutover_gates")


def test_no_public_class_name_stands_twice(modules: list[Module]) -> None:
    assert not find_repeated_classes(modules)


def test_no_module_name_stands_twice_within_a_room(modules: list[Module]) -> None:
    assert not find_repeated_modules(modules)


def test_few_functions_are_named_by_a_participle(modules: list[Module]) -> None:
    names = [node.name for _, node in find_functions(modules)]
    participles = sorted(name for name in names if is_participle(name))
    assert len(participles) < MOST_PARTICIPLES * len(names), participles


def test_no_module_is_too_long(modules: list[Module]) -> None:
    too_long = {module.name: module.lines for module in modules if module.lines > MOST_LINES}
    assert not too_long


def test_modules_are_not_too_short(modules: list[Module]) -> None:
    sizes = [module.lines for module in modules if module.path.stem != "__init__"]
    assert statistics.median(sizes) >= LEAST_MEDIAN


def test_no_comprehension_stands_inside_another(modules: list[Module]) -> None:
    nested = {module.name for module in modules if count_nested_comprehensions([module])}
    assert not nested


def test_no_modules_import_each_other(modules: list[Module]) -> None:
    """Also not lazily, and not for types."""
    assert not find_circles(find_imports(modules))


def test_no_import_runs_up(modules: list[Module]) -> None:
    assert not find_arrows_up(find_imports(modules))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("told", True),
        ("_not_kept", True),
        ("seen_in", True),
        ("find_missing", True),
        ("find_missing_tables", False),
        ("load_snapshot", False),
        ("is_allowed", False),
        ("run_child", False),
        ("mapping_of", False),
        ("taken_by", True),
    ],
)
def test_a_participle_is_known_by_the_head_word(name: str, expected: bool) -> None:
    assert is_participle(name) is expected
