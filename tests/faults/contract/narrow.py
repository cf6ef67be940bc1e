"""A part of the API as if it were all of it: a gate on three operations takes a third of the time of one on twenty-five."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any


def narrowed(document: dict[str, Any], only: Collection[str]) -> dict[str, Any]:
    """The document with only these operations, by their operationIds, and links to these; all of it where none is named."""
    if not only:
        return document
    paths = {path: {method: _linked(one, only) for method, one in item.items() if one["operationId"] in only} for path, item in document["paths"].items()}
    return {**document, "paths": {path: item for path, item in paths.items() if item}}


def _linked(operation: dict[str, Any], only: Collection[str]) -> dict[str, Any]:
    """The operation without links to others."""
    responses = {status: {**response, "links": {name: link for name, link in response.get("links", {}).items() if link["operationId"] in only}}
                 for status, response in operation["responses"].items()}
    return {**operation, "responses": responses}


def rows_of(roles: Mapping[str, Sequence[str]], document: Mapping[str, Any]) -> dict[str, list[str]]:
    """The table of roles, with what speaks of an operation of the document."""
    names = [f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item]
    return {role: [pattern for pattern in patterns if any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) for name in names)]
            for role, patterns in roles.items()}
