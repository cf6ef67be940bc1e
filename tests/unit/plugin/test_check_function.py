"""The function that is written is found behind its decorators, and can be replaced there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from cutover_gates.plugin.check_function import find_written_function


def in_a_closure(function: Callable[[], Any]) -> Callable[[], Any]:
    @functools.wraps(function)
    def call() -> Any:
        return function()

    return call


def without_wraps(function: Callable[[], Any]) -> Callable[[], Any]:
    def call() -> Any:
        return function()

    return call


class InAnAttribute:
    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function

    def __call__(self) -> Any:
        return self.function()


def make() -> Callable[[], Any]:
    def test_it() -> str:
        return "written"

    return test_it


@pytest.mark.parametrize(
    "decorate",
    [in_a_closure, without_wraps, InAnAttribute, lambda f: in_a_closure(without_wraps(f))],
    ids=["closure", "without wraps", "attribute", "two"],
)
def test_a_decorated_function_is_found_and_replaced(decorate: Callable[[Any], Any]) -> None:
    written = make()
    wrapped = decorate(written)
    found = find_written_function(wrapped, "test_it")
    assert found is not None
    assert found.function is written
    assert found.replace is not None
    found.replace(lambda: "replaced")
    assert wrapped() == "replaced"


def test_a_plain_function_stands_for_itself() -> None:
    written = make()
    found = find_written_function(written, "test_it")
    assert found is not None
    assert (found.function, found.replace) == (written, None)


def test_a_partial_is_found_and_cannot_be_replaced() -> None:
    written = make()
    found = find_written_function(functools.partial(written), "test_it")
    assert found is not None
    assert (found.function, found.replace) == (written, None)


def test_another_function_is_not_taken_for_it() -> None:
    assert find_written_function(make(), "test_other") is None
