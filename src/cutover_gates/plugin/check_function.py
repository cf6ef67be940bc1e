"""Finds the function that is written as a check behind the decorators that are around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

MOST_LAYERS = 50
"""Objects that are looked at for one check: decorators are few, and objects may form a circle."""


@dataclass(frozen=True)
class WrittenFunction:
    """The function of a check, and what puts another one in its place.

    `replace` is None where nothing is around the function, or where it cannot be replaced there.
    """

    function: FunctionType
    replace: Callable[[Any], None] | None = None

    @property
    def code(self) -> CodeType:
        """The code of the function: its frames have it."""
        return self.function.__code__


def find_written_function(wrapped: object, name: str) -> WrittenFunction | None:
    """Return the function called `name` that `wrapped` is or calls; None where it is not found.

    A decorator holds it in a closure (`def decorate(function): def wrapper(): …`) or in an
    attribute of an object. A decorator may call the function as often as it likes, or never.
    """
    outer = _function_of(wrapped)
    if outer is not None and outer.__code__.co_name == name and _is_innermost(outer, name):
        return WrittenFunction(outer)
    for found in _iterate_held(wrapped):
        if found.code.co_name == name and _is_innermost(found.function, name):
            return found
    return None


def _is_innermost(function: FunctionType, name: str) -> bool:
    """Return False for a wrapper that has taken over the name of what it wraps."""
    return not any(held.code.co_name == name for held in _iterate_held(function))


def _iterate_held(start: object) -> Iterator[WrittenFunction]:
    queue, known = [start], {id(start)}
    while queue and len(known) < MOST_LAYERS:
        for value, replace in _values_of(queue.pop(0)):
            if id(value) in known:
                continue
            known.add(id(value))
            queue.append(value)
            if (function := _function_of(value)) is not None:
                yield WrittenFunction(function, replace)


def _values_of(holder: object) -> Iterator[tuple[object, Callable[[Any], None] | None]]:
    """Yield what a function or an object holds, with what would replace it there."""
    function = _function_of(holder)
    for cell in (function.__closure__ or ()) if function else ():
        if (value := _value_of_cell(cell)) is not None:
            yield value, _cell_setter(cell)
    attributes = getattr(function or holder, "__dict__", {})
    for name, value in list(attributes.items()):
        yield value, _attribute_setter(attributes, name)
    # `functools.partial` gives no way to put another function in.
    if callable(inner := getattr(holder, "func", None)):
        yield inner, None


def _function_of(value: object) -> FunctionType | None:
    function = value.__func__ if isinstance(value, MethodType) else value
    return function if isinstance(function, FunctionType) else None


def _value_of_cell(cell: CellType) -> object:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return None


def _cell_setter(cell: CellType) -> Callable[[Any], None]:
    def replace(value: Any) -> None:
        cell.cell_contents = value

    return replace


def _attribute_setter(attributes: dict[str, Any], name: str) -> Callable[[Any], None]:
    def replace(value: Any) -> None:
        attributes[name] = value

    return replace
