"""Additions to FastAPI's OpenAPI document: problems, headers, links, examples.

A 500 is not in it: it would be a defect, and a document does not promise defects.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import ConfigDict

from reference import problems

Responses = dict[int | str, dict[str, Any]]

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_TEXT, _NUMBER = {"schema": {"type": "string"}}, {"schema": {"type": "integer"}}
_PROBLEM_HEADERS = {
    401: {"WWW-Authenticate": _TEXT},
    429: {"Retry-After": _NUMBER},
    503: {"Retry-After": _NUMBER},
}

EVERYWHERE = (503,)
SIGNED_IN = (401, 403, 503)


def refusals(*statuses: int) -> Responses:
    """Return the problems that an operation may answer with."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {problems.MEDIA_TYPE: {"schema": _PROBLEM}},
            "headers": _PROBLEM_HEADERS.get(status, {}),
        }
        for status in sorted(statuses)
    }


def success(
    status: int, description: str, headers: tuple[str, ...] = (), **links: Mapping[str, str]
) -> Responses:
    """Return the successful answer: its headers, and the operations that can follow.

    `links` maps the name of a following operation to the values that become its parameters.
    """
    return {
        status: {
            "description": description,
            "headers": dict.fromkeys(headers, _TEXT),
            "links": {
                name: {"operationId": name, "parameters": dict(parameters)}
                for name, parameters in links.items()
            },
        }
    }


def example(**body: Any) -> ConfigDict:
    """Return the configuration of a body's model: no unknown fields, and one valid example."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [body]})


def required_header(name: str, description: str) -> dict[str, Any]:
    """Describe a header whose absence is answered with a problem of its own (428).

    FastAPI does not know that it is required: otherwise it would report an invalid field.
    """
    return {
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": description,
                "schema": {"type": "string"},
            }
        ]
    }


def file_types(field: str, media_types: tuple[str, ...]) -> dict[str, Any]:
    """Describe the media types that a form accepts."""
    return {
        "requestBody": {
            "content": {
                "multipart/form-data": {
                    "encoding": {field: {"contentType": ", ".join(media_types)}}
                }
            }
        }
    }


def install(app: FastAPI) -> None:
    """Let `app` describe itself; the document is built once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend its document.


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    document["components"]["schemas"]["Problem"] = problems.ProblemBody.model_json_schema(
        ref_template="#/components/schemas/{model}"
    )
    definitions = document["components"]["schemas"]["Problem"].pop("$defs")
    document["components"]["schemas"].update(definitions)
    for operation in (
        operation for item in document["paths"].values() for operation in item.values()
    ):
        operation.setdefault("security", [])  # public operations say so explicitly
    return document
