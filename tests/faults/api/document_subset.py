"""A part of the API as if it were all of it: a gate on three operations takes a third of the time
of one on twenty-five.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from cutover_gates.drivers.rest.api_description import list_used_operations
from cutover_gates.drivers.rest.mapping import load_mapping
from cutover_gates.probes.api.document.served_document import matches_path


def keep_operations(document: dict[str, Any], only: Collection[str]) -> dict[str, Any]:
    """The document with only the paths of these operations (operationIds), and links within them;
    all of it where none is named.

    Paths are kept whole: a method that is there and not documented would be a finding.
    """
    if not only:
        return document
    paths = {
        path: item
        for path, item in document["paths"].items()
        if any(one["operationId"] in only for one in item.values())
    }
    left = {one["operationId"] for item in paths.values() for one in item.values()}
    return {
        **document,
        "paths": {
            path: {method: _linked(one, left) for method, one in item.items()}
            for path, item in paths.items()
        },
    }


def _linked(operation: dict[str, Any], left: Collection[str]) -> dict[str, Any]:
    """The operation, with links to what is left."""
    responses = {
        status: {
            **response,
            "links": {
                name: link
                for name, link in response.get("links", {}).items()
                if link["operationId"] in left
            },
        }
        for status, response in operation["responses"].items()
    }
    return {**operation, "responses": responses}


def keep_role_rows(
    roles: Mapping[str, Sequence[str]], document: Mapping[str, Any]
) -> dict[str, list[str]]:
    """The table of roles, with what speaks of an operation of the document."""
    names = [
        f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item
    ]
    return {
        role: [
            pattern
            for pattern in patterns
            if any(re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) for name in names)
        ]
        for role, patterns in roles.items()
    }


def list_left_out(document: Mapping[str, Any]) -> dict[str, str]:
    """The requests of the default mapping that the document does not list, each with a reason."""
    listed = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    used = [pair for pairs in list_used_operations(load_mapping()).values() for pair in pairs]
    return {
        f"{method} {path}": "the fault needs a part of the API alone"
        for method, path in used
        if not any(method == other and matches_path(path, own) for other, own in listed)
    }
