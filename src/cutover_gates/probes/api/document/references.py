"""References inside a document, followed by the library `referencing`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from referencing import Registry, Resource, Specification
from referencing.exceptions import Unresolvable

MAX_REFERENCE_DEPTH = 24
"""References to references that are followed; more of them are a circle."""


class InvalidReference(ValueError):
    """A `$ref` that leaves the document, leads nowhere, or never ends."""


class LocalReferences:
    """The references of one document.

    Nothing outside of the document is ever fetched: a reference that leaves it leads nowhere. The
    document is opaque to `referencing`: an `$id` in a schema changes no JSON pointer of OpenAPI.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        resource: Resource[Any] = Specification.OPAQUE.create_resource(document)
        registry: Registry[Any] = Registry().with_resource("", resource)
        self._resolver = registry.resolver()

    def lookup(self, reference: str) -> Any:
        """Return what stands at a reference such as `#/components/schemas/Patient`.

        Raises `InvalidReference`.
        """
        if not reference.startswith("#/"):
            raise InvalidReference(f"$ref {reference!r} leaves the document")
        try:
            return self._resolver.lookup(reference).contents
        except (Unresolvable, ValueError, TypeError):  # a key of a list, a key of a text
            raise InvalidReference(f"$ref {reference!r} leads nowhere") from None

    def resolve(self, node: Any) -> Any:
        """Return `node`, or what its `$ref` leads to in the end. Raises `InvalidReference`."""
        for _ in range(MAX_REFERENCE_DEPTH):
            if not isinstance(node, Mapping) or "$ref" not in node:
                return node
            node = self.lookup(str(node["$ref"]))
        raise InvalidReference("a $ref that never ends")
