"""The parts of an OpenAPI document by the names that a client knows them by."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from cutover_gates.probes.api.compatibility.flat_schemas import Json
from cutover_gates.probes.api.document.openapi_document import METHODS
from cutover_gates.probes.api.document.references import LocalReferences

_IGNORED_HEADERS = frozenset({"accept", "content-type", "authorization"})
"""Header parameters that are ignored (OpenAPI 3.1, Parameter Object)."""


class DocumentIndex:
    """One document, with its references."""

    def __init__(self, document: Json) -> None:
        self.document, self.references = document, LocalReferences(document)

    def operations(self) -> dict[str, Json]:
        """Return the operations by method and path, with the path of the first server before it.

        The parameters of a path are in each of its operations, as `shared`.
        """
        servers = self.document.get("servers") or [{"url": ""}]
        root = re.sub(r"^\w+://[^/]*", "", str(servers[0]["url"])).rstrip("/")
        operations: dict[str, Json] = {}
        for path, reference in self.document["paths"].items():
            item = self.references.resolve(reference)
            for method in METHODS:
                if method in item:
                    shared = item.get("parameters", [])
                    name = f"{method.upper()} {root}{path}"
                    operations[name] = {**item[method], "shared": shared}
        return operations

    def parameters(self, operation: Json) -> dict[tuple[str, str], Json]:
        """Return the parameters by place and name.

        Those of the path have their position in the list as the name: no client sends their names.
        """
        parameters: dict[tuple[str, str], Json] = {}
        for listed in [*operation["shared"], *operation.get("parameters", [])]:
            parameter = self.references.resolve(listed)
            place, name = str(parameter["in"]), str(parameter["name"])
            if place == "header":
                name = name.lower()
            if not (place == "header" and name in _IGNORED_HEADERS):
                parameters[place, name] = parameter
        names = [name for place, name in parameters if place == "path"]
        for number, name in enumerate(names):
            parameters["path", str(number)] = parameters.pop(("path", name))
        return parameters

    def responses(self, operation: Json) -> dict[str, Json]:
        """Return the answers by their status in upper case: `200`, `4XX`, `DEFAULT`."""
        responses = operation.get("responses") or {}
        return {
            str(status).upper(): self.references.resolve(response)
            for status, response in responses.items()
        }

    def headers(self, response: Json) -> dict[str, tuple[str, Json]]:
        """Return the headers of an answer by their name in lower case, each with its name."""
        headers = response.get("headers") or {}
        return {
            name.lower(): (name, self.references.resolve(header))
            for name, header in headers.items()
        }

    def security_alternatives(self, operation: Json) -> list[frozenset[str]]:
        """Return the ways to authenticate, each with all that has to be shown.

        A scheme is what it asks for, not its name in the document.
        """
        requirements = operation.get("security", self.document.get("security")) or [{}]
        return [self._describe_requirement(requirement) for requirement in requirements]

    def _describe_requirement(self, requirement: Mapping[str, Any]) -> frozenset[str]:
        schemes = (self.document.get("components") or {}).get("securitySchemes", {})
        described: set[str] = set()
        for name, scopes in requirement.items():
            scheme = self.references.resolve(schemes[name])
            parts = [str(scheme[key]) for key in ("type", "scheme", "in", "name") if key in scheme]
            for scope in scopes or [""]:
                described.add(" ".join(parts) + (f" ({scope})" if scope else ""))
        return frozenset(described)


def strip_parameter_names(operation: str) -> str:
    """Return an operation without the names of its path parameters: no client sends them."""
    return re.sub(r"\{[^}]*\}", "{}", operation)


def content_by_type(holder: Json) -> dict[str, Json]:
    """Return the content of a body or an answer by media type, without its parameters."""
    return {
        str(name).partition(";")[0].strip().lower(): content
        for name, content in (holder.get("content") or {}).items()
    }


def holder_schema(holder: Json) -> Any:
    """Return the schema of a parameter or header, which may stand in a media type."""
    if "schema" in holder:
        return holder["schema"]
    contents = (holder.get("content") or {}).values()
    return next((content.get("schema", {}) for content in contents), {})
