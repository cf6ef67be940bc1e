"""The field of a request that a rejection names: by its texts and keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover_gates.drivers.rest.mapping_tables import MappingStep

BODIES = ("json", "form", "multipart")
MAX_WORDS = 500
"""Texts and keys of an answer that are looked at."""


def find_rejected_field(step: MappingStep, body: Any) -> str:
    """Return the place in the step of the field that an answer names, such as `json.sex`.

    It is empty where the answer names none that the step sends.
    """
    named = named_words(body)
    if not named:
        return ""
    for place in BODIES:
        sent = step.json_body if place == "json" else getattr(step, place)
        for path in sorted(_paths_of(sent)):
            if path.rpartition(".")[2] in named:
                return f"{place}.{path}"
    return ""


def named_words(body: Any) -> set[str]:
    """Return the texts and keys of an answer: one of them may name a field."""
    words: set[str] = set()
    for word in _iterate_words(body):
        words.update(word.split("."))
        words.add(word)
        if len(words) > MAX_WORDS:
            break
    return words


def _iterate_words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _iterate_words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _iterate_words(item)
    elif isinstance(value, str):
        yield value


def _paths_of(table: Any, above: str = "") -> Iterator[str]:
    """Yield the path of each field in what a step sends."""
    if isinstance(table, Mapping):
        for name, item in table.items():
            yield f"{above}{name}"
            yield from _paths_of(item, f"{above}{name}.")
