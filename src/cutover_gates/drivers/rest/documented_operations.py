"""What the mapping and the target's document have of each other.

The operations of the document that the mapping's operations request; and what `[rest.parameters]`
names and the document of the running release does not list. A name that the release before listed,
or that the mapping itself requests, is right: the release has lost it, which is a finding. Any
other name is a mistake of the settings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from cutover_gates.config.roles import CHANGING, ROLE_OPERATIONS
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.openapi_document import OpenApiDocument
from cutover_gates.drivers.rest.parameter_meanings import (
    PATH_PARAMETER,
    DocumentedNames,
    PathRule,
    UnlistedMeaning,
)
from cutover_gates.drivers.rest.vocabulary import mapping_error
from cutover_gates.hospital import Operation

UsedOperations = Mapping[str, Sequence[tuple[str, str]]]
"""Method and path of each request of the mapping, `{}` for a value, by its operation."""


def find_documented(
    mapping: TargetMapping, document: OpenApiDocument, base_url: str
) -> dict[str, tuple[str, ...]]:
    """Return the operations of the document, by the operation of the language that they do.

    An operation of the language is left out where the document has none of its requests.
    """
    root = urlsplit(document.root).path.rstrip("/")
    base = urlsplit(base_url).path.rstrip("/") + mapping.base_path

    def find(name: str) -> tuple[str, ...]:
        return tuple(
            str(operation)
            for step in _deciding_steps(mapping, name)
            for operation in document.operations
            if _is_requested(step, base, operation, root)
        )

    return {name: operations for name in ROLE_OPERATIONS if (operations := find(name))}


def _deciding_steps(mapping: TargetMapping, name: str) -> Sequence[MappingStep]:
    """Return the requests that do an operation, and do not only look up what it needs."""
    if name not in mapping.operations:
        return ()
    own = [step for step in mapping.operations[name].steps if step.path is not None]
    if name in CHANGING:
        return [step for step in own if step.method not in ("GET", "HEAD")]
    return own[-1:]


def _is_requested(step: MappingStep, base: str, operation: Operation, root: str) -> bool:
    """Return whether a step of the mapping requests an operation of the document."""
    wanted = _split_path(base + (step.path or ""))
    offered = _split_path(root + operation.path)
    if step.method != operation.method or len(wanted) != len(offered):
        return False
    # A template fills a parameter: `{{ patient.id }}` here is `{patient_id}` in the document.
    pairs = zip(wanted, offered, strict=True)
    return all(own == other or ("{{" in own and other.startswith("{")) for own, other in pairs)


def _split_path(path: str) -> list[str]:
    """Return the parts of a path; a template is one part, also where it holds a slash."""
    parts: list[str] = [""]
    depth = 0
    for character in path.partition("?")[0].rstrip("/"):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "/" and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return parts


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
