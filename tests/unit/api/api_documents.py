"""Small documents, and runs over them, for the tests beside."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile
from cutover_gates.probes.api.fuzzing.model import FuzzResult

SAFE, DEEP = FuzzProfile("safe", 60, 50, 1, 4.0), FuzzProfile("deep", 300, 50, 7, 4.0)
READ, WRITE, OPEN = "GET /things/{thing_id}", "POST /things", "GET /health"


def document(**changes: Any) -> dict[str, Any]:
    """A valid one: two operations behind a lock, one before it."""
    thing = {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "name": {"type": "string", "examples": ["a name"]},
        },
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    parameter = {
        "name": "thing_id",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "things", "version": "1"},
        "security": [{"bearer": []}],
        "paths": {
            "/things/{thing_id}": {
                "parameters": [parameter],
                "get": {
                    "operationId": "read",
                    "responses": {
                        "200": {"description": "the thing", **body},
                        "401": {"description": "sign in"},
                        "404": {"description": "no such thing"},
                    },
                },
            },
            "/things": {
                "post": {
                    "operationId": "make",
                    "requestBody": body,
                    "responses": {
                        "201": {"description": "made"},
                        "401": {"description": "sign in"},
                        "422": {"description": "invalid"},
                    },
                }
            },
            "/health": {
                "get": {
                    "operationId": "health",
                    "security": [],
                    "responses": {"200": {"description": "well"}},
                }
            },
        },
        "components": {
            "schemas": {"Thing": thing},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
        **changes,
    }


def operation_result(
    operation: str,
    phase: str = "coverage",
    ended: str = "success",
    requests: int = 3,
    unanswered: int = 0,
    signed_in: Any = None,
    **statuses: int,
) -> dict[str, Any]:
    """What the observer tells of an operation. Statuses as `s200=3`."""
    counts = {name.removeprefix("s"): count for name, count in statuses.items()} or {
        "200": requests
    }
    return {
        "kind": "asked",
        "operation": operation,
        "phase": phase,
        "ended": ended,
        "requests": requests,
        "unanswered": unanswered,
        "statuses": counts,
        "signed_in": counts if signed_in is None else signed_in,
        "slowest": 0.01,
        "parameters": ["path thing_id"],
    }


def failure(
    operation: str = READ,
    check: str = "not_a_server_error",
    status: int = 500,
    shape: str = "Server error",
    curl: str = "curl -X GET http://127.0.0.1:1/things/1",
    message: str = "",
) -> dict[str, Any]:
    """What the observer tells of a promise that was broken."""
    return {
        "kind": "failure",
        "operation": operation,
        "phase": "coverage",
        "check": check,
        "title": "Server error",
        "shape": shape,
        "message": message,
        "status": status,
        "curl": curl,
    }


def course(
    *notes: dict[str, Any],
    ended: str = "",
    phases: Mapping[str, str] = MappingProxyType({}),
    **report: Any,
) -> FuzzResult:
    """A run that came to its end; `phases` ended otherwise than well."""
    told = {"complete": True, "stop_reason": "completed", "schemathesis_version": "4.32.5"}
    done = [
        {"kind": "phase", "phase": phase, "ended": phases.get(phase, "success")}
        for phase in ("examples", "coverage", "fuzzing", "stateful")
    ]
    return FuzzResult((*notes, *done), {**told, **report}, 3.0, ended)


CLEAN = (operation_result(READ), operation_result(OPEN, signed_in={}))
"""All that a safe run asks of that document."""
