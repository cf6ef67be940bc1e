"""What `[rest.parameters]` names and the document of the running release does not list.

A name that the release before listed, or that the mapping itself requests, is right: the release
has lost it, which is a finding. Any other name is a mistake of the settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from cutover_gates.drivers.rest.openapi_document import OpenApiDocument
from cutover_gates.drivers.rest.parameter_meanings import (
    PATH_PARAMETER,
    DocumentedNames,
    PathRule,
    UnlistedMeaning,
)
from cutover_gates.drivers.rest.vocabulary import mapping_error

UsedOperations = Mapping[str, Sequence[tuple[str, str]]]
"""Method and path of each request of the mapping, `{}` for a value, by its operation."""


def require_known(
    document: OpenApiDocument,
    used: UsedOperations,
    read_recorded: Callable[[], OpenApiDocument | None],
) -> None:
    """Raise `MappingError` for a name that neither release nor mapping knows.

    `read_recorded` returns the document of the release before. It is read where something is
    missing only.
    """
    missing = document.find_unlisted()
    recorded = read_recorded() if missing else None
    known_before = recorded.documented_names() if recorded else {}
    root = urlsplit(document.root).path.rstrip("/")
    for one in missing:
        if _is_listed(one, known_before):
            continue
        is_used = any(_is_used(one.rule, root, pair) for pairs in used.values() for pair in pairs)
        if one.name or not is_used or _is_renamed(one.rule, document.documented_names()):
            raise mapping_error(document.source, one.key, None, one.problem)


def _is_listed(unlisted: UnlistedMeaning, documented: DocumentedNames) -> bool:
    """Return whether a document has what a rule names."""
    found = [
        names
        for path, operations in documented.items()
        for method, names in operations.items()
        if unlisted.rule.matches(method, path)
    ]
    return any(not unlisted.name or unlisted.name in names for names in found)


def _is_used(rule: PathRule, root: str, request: tuple[str, str]) -> bool:
    """Return whether a request of the mapping is one that a rule is about."""
    method, path = request
    shape = PathRule(rule.method, root + _shape(rule.path), {})
    return shape.matches(method, path)


def _is_renamed(rule: PathRule, documented: DocumentedNames) -> bool:
    """Return whether the document has the same path, with another name for a parameter."""
    shape = PathRule(rule.method, _shape(rule.path), {})
    return any(
        shape.matches(method, _shape(path))
        for path, methods in documented.items()
        for method in methods
    )


def _shape(path: str) -> str:
    """Return a path with `{}` for each parameter, also for one that a beginning cuts off."""
    return re.sub(r"\{[^}]*\*$", "{*", PATH_PARAMETER.sub("{}", path))
