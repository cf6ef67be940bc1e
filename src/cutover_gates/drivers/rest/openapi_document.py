"""Reads the target's own OpenAPI document: which operations there are, and how each is asked with
its documented example.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping as Table
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from cutover_gates.core.evidence.exchange import Part
from cutover_gates.drivers.http_exchange import PARTS, SHOWN_HEADERS
from cutover_gates.drivers.rest.mapping_model import TargetMapping
from cutover_gates.drivers.rest.request_builder import RequestBuilder
from cutover_gates.hospital import Operation, Session

_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
_DEPTH = 12  # of schemas inside schemas; a schema may hold itself


class OpenApiDocument:
    """The operations of an OpenAPI 3 document.

    Raises KeyError, TypeError or ValueError where it is none.
    """

    def __init__(self, document: Any, build: RequestBuilder, mapping: TargetMapping) -> None:
        if not str(document["openapi"]).startswith("3."):
            raise ValueError(f"OpenAPI {document['openapi']}, only 3.x is read")
        self.document, self._build, self._mapping = document, build, mapping
        self._entries: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
        self.operations = [
            self._operation(path, method, entry) for path, method, entry in self._list_operations()
        ]

    def request(
        self, operation: Operation, session: Session | None, values: Table[str, str]
    ) -> httpx.Request:
        """The request of an operation: path parameters by name from `values` (a random UUID
        otherwise), required query and header parameters and the body from the documented examples;
        `values` also replace top-level fields of the body.
        """
        theirs, entry = self._entries[operation.method, operation.path]
        values = {
            **values,
            **{
                name: values[ours]
                for name, ours in self._mapping.parameters.items()
                if ours in values
            },
        }
        path = re.sub(
            r"\{([^}]+)\}",
            lambda name: quote(values.get(name[1], str(uuid.uuid4())), safe=""),
            theirs,
        )
        headers, query = (
            {**self._build.base_variables(), **self._required_parameters(entry, "header", values)},
            self._required_parameters(entry, "query", values),
        )
        shown = dict(headers)
        if session is not None:
            headers[self._mapping.token.header] = self._build.token_value(session.access)
            shown[self._mapping.token.header] = self._build.token_value("$TOKEN")
        content = self._body(entry, values)
        extensions = {
            SHOWN_HEADERS: shown,
            PARTS: content.pop("parts", ()),
        }  # never marked as synthetic: on production only reading goes out
        url = httpx.URL(self.root + path).copy_merge_params(query)
        return self._build.client.build_request(
            operation.method, url, headers=headers, extensions=extensions, **content
        )

    def _list_operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        found = []
        for path, item in self.document["paths"].items():
            item = self._resolve(item)
            for method in _METHODS:
                if method in item:
                    entry = {
                        **item[method],
                        "parameters": [
                            *item.get("parameters", []),
                            *item[method].get("parameters", []),
                        ],
                    }
                    ours = self._rename_parameters(path)
                    self._entries[method.upper(), ours] = (path, entry)
                    found.append((ours, method.upper(), entry))
        return found

    def _rename_parameters(self, path: str) -> str:
        """The path, in which parameters are called as the mapping says whose ids they are."""
        return re.sub(
            r"\{([^}]+)\}",
            lambda name: f"{{{self._mapping.parameters.get(name[1], name[1])}}}",
            path,
        )

    def _operation(self, path: str, method: str, entry: dict[str, Any]) -> Operation:
        security = entry.get("security", self.document.get("security", []))
        statuses: set[int] = set()
        media_types: dict[int, frozenset[str]] = {}
        for code, response in entry.get("responses", {}).items():
            kinds = frozenset(
                str(name).partition(";")[0].strip().lower()
                for name in self._resolve(response).get("content", {})
            )
            for status in _statuses(str(code)):
                statuses.add(status)
                media_types[status] = media_types.get(status, frozenset()) | kinds
        return Operation(
            method, path, bool(security) and {} not in security, frozenset(statuses), media_types
        )

    @property
    def root(self) -> str:
        """Where the paths begin: the target's address, and the path of the first server.

        Its host is not used: the settings know the target's.
        """
        servers = self.document.get("servers") or [{"url": "/"}]
        path = urlsplit(str(servers[0]["url"])).path.rstrip("/")
        return self._build.base_url + (
            "" if urlsplit(self._build.base_url).path.rstrip("/") == path else path
        )

    def _resolve(self, node: Any) -> Any:
        """`node`, with a local $ref followed.

        Raises ValueError for one that leaves the document.
        """
        for _ in range(_DEPTH):
            if not isinstance(node, dict) or "$ref" not in node:
                return node
            reference = str(node["$ref"])
            if not reference.startswith("#/"):
                raise ValueError(f"$ref {reference!r} leaves the document")
            node = self.document
            for part in reference[2:].split("/"):
                node = node[part.replace("~1", "/").replace("~0", "~")]
        raise ValueError("a $ref that never ends")

    def _required_parameters(
        self, entry: dict[str, Any], place: str, values: Table[str, str]
    ) -> dict[str, str]:
        parameters = [self._resolve(parameter) for parameter in entry["parameters"]]
        wanted = [
            p for p in parameters if p["in"] == place and (p.get("required") or p["name"] in values)
        ]
        return {
            p["name"]: values.get(p["name"], str(self._example(p)))
            for p in wanted
            if p["name"].lower() != "authorization"
        }

    def _body(self, entry: dict[str, Any], values: Table[str, str]) -> dict[str, Any]:
        content = self._resolve(entry.get("requestBody", {})).get("content", {})
        for kind, described in content.items():
            example = self._example(described)
            known = self._resolve(described.get("schema", {})).get("properties", {})
            if isinstance(example, dict):
                example |= {
                    name: uuid.uuid4().hex[:20]
                    for name in self._mapping.unique_fields
                    if name in example
                }
                example |= {
                    name: value
                    for name, value in values.items()
                    if name in example or name in known
                }
            if kind == "multipart/form-data":
                return self._multipart(example, known)
            if kind == "application/x-www-form-urlencoded":
                return {"data": example}
            if "json" in kind:
                return {"json": example}
            return {"content": str(example).encode(), "headers": {"Content-Type": kind}}
        return {}

    def _multipart(self, example: Any, known: dict[str, Any]) -> dict[str, Any]:
        files: list[tuple[str, tuple[str | None, bytes, str | None]]] = []
        parts: list[Part] = []
        for name, value in example.items():
            schema = self._resolve(known.get(name, {}))
            if schema.get("format") == "binary" or "contentMediaType" in schema:
                content = b"cutover"
                files.append((name, ("cutover.txt", content, "text/plain")))
                parts.append(Part(name, None, "cutover.txt", "text/plain", len(content)))
            else:
                files.append((name, (None, str(value).encode(), None)))
                parts.append(Part(name, str(value)))
        return {"files": files, "parts": tuple(parts)}

    def _example(self, described: dict[str, Any]) -> Any:
        """The documented example of a parameter or media type, else one made from its schema.

        A copy: callers change it.
        """
        if "example" in described:
            return _copy(described["example"])
        for named in (described.get("examples") or {}).values():
            return _copy(self._resolve(named).get("value"))
        return self._generate_example(described.get("schema", {}))

    def _generate_example(self, schema: Any, depth: int = 0) -> Any:
        schema = self._resolve(schema)
        for key in ("example", "default", "const"):
            if key in schema:
                return _copy(schema[key])
        for key in ("examples", "enum"):
            if schema.get(key):
                return _copy(schema[key][0])
        for key in ("anyOf", "oneOf"):
            if schema.get(key) and depth < _DEPTH:
                return self._generate_example(schema[key][0], depth + 1)
        if schema.get("allOf") and depth < _DEPTH:
            made = [self._generate_example(part, depth + 1) for part in schema["allOf"]]
            return {
                key: item for part in made if isinstance(part, dict) for key, item in part.items()
            } or made[0]
        return self._generate_by_type(schema, depth)

    def _generate_by_type(self, schema: dict[str, Any], depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema else "string")
        kind = kind[0] if isinstance(kind, list) else kind
        if kind == "object":
            required = schema.get("required", [])
            return {
                name: self._generate_example(part, depth + 1)
                for name, part in schema.get("properties", {}).items()
                if name in required and depth < _DEPTH
            }
        if kind == "array":
            return (
                [self._generate_example(schema.get("items", {}), depth + 1)]
                if schema.get("minItems") and depth < _DEPTH
                else []
            )
        if kind == "string":
            known = {
                "date": "1980-02-29",
                "date-time": "2020-02-29T12:00:00Z",
                "uuid": str(uuid.uuid4()),
                "email": "cutover@example.org",
            }
            return known.get(
                schema.get("format", ""), "cutover".ljust(schema.get("minLength", 0), "x")
            )
        return {
            "integer": schema.get("minimum", 1),
            "number": schema.get("minimum", 1),
            "boolean": False,
        }.get(kind)


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _statuses(code: str) -> range:
    """`200`, `4XX` or `default` (anything) as statuses."""
    if code.isdigit():
        return range(int(code), int(code) + 1)
    if re.fullmatch(r"[1-5]XX", code, re.IGNORECASE):
        return range(int(code[0]) * 100, int(code[0]) * 100 + 100)
    return range(100, 600)
