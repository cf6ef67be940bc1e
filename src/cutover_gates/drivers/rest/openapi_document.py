"""The target's own OpenAPI document: its operations, and a request of each with its example."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from cutover_gates.drivers.request_context import RequestContext
from cutover_gates.drivers.rest.documented_security import DocumentedSecurity
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.openapi_examples import OpenApiExamples
from cutover_gates.drivers.rest.parameter_meanings import (
    PATH_PARAMETER,
    UnlistedMeaning,
    read_meanings,
)
from cutover_gates.drivers.rest.request_builder import RequestBuilder
from cutover_gates.hospital import Operation, Session, UndocumentedRequest

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_METHODS_WITH_BODY = ("POST", "PUT", "PATCH")
_DOCUMENTED = UndocumentedRequest("", "", False, frozenset())
"""Stands for a request that sends nothing besides what the document says."""


class OpenApiDocument:
    """The operations of an OpenAPI 3 document.

    Raises KeyError, TypeError, AttributeError or ValueError where it is not one.
    """

    def __init__(self, document: Any, build: RequestBuilder, mapping: TargetMapping) -> None:
        if not str(document["openapi"]).startswith("3."):
            raise ValueError(f"OpenAPI {document['openapi']}, only 3.x is read")
        self.document, self._build, self._mapping = document, build, mapping
        self._examples = OpenApiExamples(document, mapping.unique_fields)
        self._meanings = read_meanings(mapping)
        self._security = DocumentedSecurity(document, mapping, build.base_url, self.root)
        # (method, our path) -> (the document's path, its entry)
        self._entries: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        self.operations = [
            self._operation(path, method, entry) for path, method, entry in self._read_paths()
        ]

    def parameter_meanings(self) -> dict[str, dict[str, str]]:
        """Return our id for each path parameter that means one, by `GET /path` and name."""
        meanings: dict[str, dict[str, str]] = {}
        for (method, _), (path, _) in self._entries.items():
            names, found = PATH_PARAMETER.findall(path), self._meanings.of_operation(method, path)
            meanings[f"{method} {path}"] = {name: found[name] for name in names if name in found}
        return meanings

    @property
    def root(self) -> str:
        """The address at which the paths begin: the target's, and the path of the first server.

        The host of the server is not used: the settings know the target's.
        """
        servers = self.document.get("servers") or [{"url": "/"}]
        path = urlsplit(str(servers[0]["url"])).path.rstrip("/")
        base_path = urlsplit(self._build.base_url).path.rstrip("/")
        return self._build.base_url + ("" if base_path == path else path)

    def request(
        self, operation: Operation, session: Session | None, values: Mapping[str, str]
    ) -> httpx.Request:
        """Return the request of an operation, with its documented examples.

        Path parameters come from `values` by name, else they are random UUIDs. Required query and
        header parameters and the body are the examples; `values` replace top-level fields.
        """
        method, path, entry = self._find_entry(operation)
        meanings = self._meanings.of_operation(method, path)
        named = {**values, **_own_values(meanings, values)}
        filled = PATH_PARAMETER.sub(lambda name: _path_value(name[1], named), path)
        headers = {**self._build.base_headers(), **self._parameters(entry, "header", named)}
        extra = operation if isinstance(operation, UndocumentedRequest) else _DOCUMENTED
        headers |= extra.headers
        url = httpx.URL(self.root + filled).copy_merge_params(
            self._parameters(entry, "query", named)
        )
        # What a name means in a path alone, it need not mean in a body.
        body = self._examples.body_of(
            entry, {**values, **_own_values(self._meanings.by_name, values)}
        )
        arguments = dict(body.arguments)
        headers |= arguments.pop("headers", {})
        shown = self._build.with_token(headers, "$TOKEN" if session is not None else None)
        # A documented one is never synthetic: on production only those that read are sent.
        return self._build.client.build_request(
            operation.method,
            url,
            headers=self._build.with_token(headers, session.access if session else None),
            extensions=RequestContext(extra.on_own_record, shown, body.parts).as_extensions(),
            **arguments,
        )

    @property
    def source(self) -> str:
        """The file in which the mapping stands."""
        return self._mapping.source

    def assumed_protected(self) -> frozenset[str]:
        """Return the operations that need a token though the document names no security."""
        return frozenset(
            f"{method} {path}"
            for (method, _), (path, entry) in self._entries.items()
            if self._security.is_silent and self._security.protects(method, path, entry)
        )

    def find_unlisted(self) -> list[UnlistedMeaning]:
        """Return what `[rest.parameters]` names and the document does not have."""
        return list(self._meanings.find_unlisted(self.documented_names()))

    def documented_names(self) -> dict[str, dict[str, frozenset[str]]]:
        """Return the names of the parameters of each operation, by path and method."""
        documented: dict[str, dict[str, frozenset[str]]] = {}
        for (method, _), (path, entry) in self._entries.items():
            parameters = map(self._examples.resolve, entry["parameters"])
            names = {str(parameter["name"]) for parameter in parameters}
            documented.setdefault(path, {})[method] = frozenset(names).union(
                PATH_PARAMETER.findall(path)
            )
        return documented

    def _find_entry(self, operation: Operation) -> tuple[str, str, dict[str, Any]]:
        """Return the document's method, path and entry of an operation.

        Another method at a path takes what the document has there: first an operation with a body,
        because a server that obeys does what the body says.
        """
        known = self._entries.get((operation.method, operation.path))
        if known is not None:
            return operation.method, *known
        there = [
            (method, *entry)
            for (method, path), entry in self._entries.items()
            if path == operation.path
        ]
        if not there:
            raise KeyError(f"the document has no path {operation.path}")
        method, path, entry = min(there, key=lambda each: "requestBody" not in each[2])
        has_body = operation.method in _METHODS_WITH_BODY
        return method, path, entry if has_body else {**entry, "requestBody": {}}

    def _read_paths(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, item in self.document["paths"].items():
            item = self._examples.resolve(item)
            for method in _METHODS:
                if method in item:
                    own_path = self._rename_parameters(method.upper(), path)
                    parameters = [
                        *item.get("parameters", []),
                        *item[method].get("parameters", []),
                    ]
                    entry = {**item[method], "parameters": parameters}
                    self._entries[method.upper(), own_path] = (path, entry)
                    yield own_path, method.upper(), entry

    def _rename_parameters(self, method: str, path: str) -> str:
        """Return the path with our names for the parameters that the mapping knows."""
        names = self._meanings.of_operation(method, path)
        return PATH_PARAMETER.sub(lambda name: f"{{{names.get(name[1], name[1])}}}", path)

    def _operation(self, path: str, method: str, entry: dict[str, Any]) -> Operation:
        protected = self._security.protects(method, path, entry)
        media_types: dict[int, frozenset[str]] = {}
        for code, response in entry.get("responses", {}).items():
            kinds = frozenset(
                str(name).partition(";")[0].strip().lower()
                for name in self._examples.resolve(response).get("content", {})
            )
            for status in _statuses(str(code)):
                media_types[status] = media_types.get(status, frozenset()) | kinds
        return Operation(method, path, protected, frozenset(media_types), media_types)

    def _parameters(
        self, entry: dict[str, Any], place: str, values: Mapping[str, str]
    ) -> dict[str, str]:
        """Return the required parameters of a place, and those that `values` name."""
        parameters = [self._examples.resolve(parameter) for parameter in entry["parameters"]]
        wanted = [
            parameter
            for parameter in parameters
            if parameter["in"] == place
            and (parameter.get("required") or parameter["name"] in values)
            and parameter["name"].lower() != "authorization"
        ]
        return {
            parameter["name"]: values.get(
                parameter["name"], str(self._examples.example_of(parameter))
            )
            for parameter in wanted
        }


def _own_values(meanings: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Return our ids under the names that the document gives them."""
    return {name: values[own] for name, own in meanings.items() if own in values}


def _path_value(name: str, values: Mapping[str, str]) -> str:
    return quote(values.get(name, str(uuid.uuid4())), safe="")


def _statuses(code: str) -> range:
    """Return `200`, `4XX` or `default` (any status) as statuses."""
    if code.isdigit():
        return range(int(code), int(code) + 1)
    if re.fullmatch(r"[1-5]XX", code, re.IGNORECASE):
        return range(int(code[0]) * 100, int(code[0]) * 100 + 100)
    return range(100, 600)
