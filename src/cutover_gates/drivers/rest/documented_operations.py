"""Finds the operations of the target's document that the mapping's operations request."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from cutover_gates.config.roles import CHANGING, ROLE_OPERATIONS
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.mapping_tables import MappingStep
from cutover_gates.drivers.rest.openapi_document import OpenApiDocument
from cutover_gates.hospital import Operation


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
