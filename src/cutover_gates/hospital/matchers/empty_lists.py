"""Lists without entries, as some targets give them to who may see nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover_gates.hospital.answers import Answer
from cutover_gates.hospital.values import Operation


def is_empty_list(operation: Operation, answer: Answer) -> bool:
    """Return whether a successful answer is a list or a search without any entry.

    The answer about a single record is none: its path ends with the record's id.
    """
    is_listing = operation.method == "GET" and not operation.path.rstrip("/").endswith("}")
    return is_listing and 200 <= answer.status < 300 and _has_no_entry(answer.json)


def _has_no_entry(body: Any) -> bool:
    """Return whether a body is an empty list, or a page of which the list is empty.

    A page also has numbers that are 0, and texts of its own such as a link to the next page.
    """
    if isinstance(body, list):
        return not body
    if not isinstance(body, Mapping):
        return False
    if body.get("resourceType") == "Bundle":
        return not body.get("entry") and not body.get("total")
    has_list = any(isinstance(value, list) for value in body.values())
    return has_list and all(_says_nothing(name, value) for name, value in body.items())


PAGE_NUMBERS = ("page", "page_size", "size", "limit", "offset", "per_page", "pages")
"""Numbers of a page that need not be 0."""


def _says_nothing(name: str, value: Any) -> bool:
    if isinstance(value, int | float):
        return not value or name.lower() in PAGE_NUMBERS
    return value is None or value == []
