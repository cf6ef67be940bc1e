"""The ward's own OpenAPI 3 document.

Nearly every error is a 400, so each operation documents the same rejections.
"""

from __future__ import annotations

from typing import Any

_JSON = {"application/json": {"schema": {"type": "object"}}}
_REFUSALS = {
    str(status): {"description": "a map of fields", "content": _JSON}
    for status in (400, 403, 404, 405, 413, 415, 429)
}
_PERSON = {"card": "12", "fullName": "Okafor, Adaeze", "bornIn": 1987, "kind": "W", "seen": 1}


def _operation(
    words: str,
    *,
    body: Any = None,
    locked: bool = True,
    query: tuple[str, ...] = (),
    kind: str = "application/json",
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "summary": words,
        "responses": {
            "200": {"description": words, "content": {kind: {"schema": {}}}},
            **_REFUSALS,
        },
    }
    told["parameters"] = [
        {"name": name, "in": "query", "required": True, "schema": {"type": "string"}}
        for name in query
    ]
    told["security"] = [{"pass": []}] if locked else []
    if body is not None:
        told["requestBody"] = {
            "content": {"application/json": {"schema": {"type": "object"}, "example": body}}
        }
    return told


def _path(*names: str, **operations: Any) -> dict[str, Any]:
    return {
        **operations,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ],
    }


_PAPER = _operation("file a paper", query=("person",))
_PAPER["requestBody"] = {
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["paper"],
                "properties": {"paper": {"type": "string", "format": "binary"}},
            }
        }
    }
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Ward", "version": "4.2.0"},
    "components": {
        "securitySchemes": {"pass": {"type": "apiKey", "in": "header", "name": "X-Ward-Pass"}}
    },
    "paths": {
        "/alive": _path(get=_operation("whether it lives", locked=False)),
        "/edition": _path(get=_operation("which edition it is", locked=False)),
        "/api/door": _path(
            post=_operation(
                "pass the first door", body={"user": "nobody", "secret": "none"}, locked=False
            )
        ),
        "/api/houses/{house}/door": _path(
            "house", post=_operation("pass the second door", locked=False)
        ),
        "/api/pass/again": _path(
            post=_operation("another pass", body={"again": "none"}, locked=False)
        ),
        "/api/pass": _path(delete=_operation("go out")),
        "/api/people": _path(
            get=_operation("look for people"), post=_operation("enter somebody", body=_PERSON)
        ),
        "/api/people/{person}": _path(
            "person",
            get=_operation("look at somebody"),
            put=_operation("correct somebody", body=_PERSON),
            delete=_operation("remove somebody"),
        ),
        "/api/people/{person}/stays": _path(
            "person",
            get=_operation("all stays"),
            post=_operation("expect somebody", body={"why": "rest"}),
        ),
        "/api/people/{person}/stays/{stay}": _path("person", "stay", get=_operation("one stay")),
        "/api/people/{person}/stays/{stay}/stage": _path(
            "person", "stay", put=_operation("move a stay", body={"to": "IN BED"})
        ),
        "/api/papers": _path(get=_operation("all papers", query=("person",)), post=_PAPER),
        "/api/papers/{paper}": _path(
            "paper",
            get=_operation("one paper", query=("person",)),
            delete=_operation("throw a paper away", query=("person",)),
        ),
        "/api/papers/{paper}/bytes": _path(
            "paper", get=_operation("its bytes", query=("person",), kind="application/octet-stream")
        ),
    },
}
