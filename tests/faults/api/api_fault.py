"""A fault of the API against its own document: what a client that was built by the document would
meet, and the one item that must catch it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from starlette.types import ASGIApp

from tests.faults.api.document_subset import keep_operations
from tests.faults.fault import Defect, Fault
from tests.faults.response_changes import ResponseDraft, rewrite_responses

ADDRESS = "/openapi.json"
DEEP: Mapping[str, Any] = {"mode": "deep", "throwaway": True, "deep_seconds": 30}
"""For a fault that only shows where something is written, or asked at random."""
FOLLOWED: Mapping[str, Any] = {**DEEP, "deep_seconds": 60}
"""For one that only shows to who follows links: that comes last."""


class ApiFault(Defect, Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `asked` are settings of `contract` over the usual ones (`gate_on_fault.USUAL`). `only`: the API
    then consists of the paths of these operations, by their operationIds; empty for all. `staff` is
    a table of roles as TOML; without one the rows of `contract.roles` count. `mapping` is what the
    settings say of the hospital's language, as TOML. `seconds` are many times what the gate takes,
    for machines are busy.
    """

    asked: ClassVar[Mapping[str, Any]] = {}
    only: ClassVar[tuple[str, ...]] = ()
    staff: ClassVar[str] = ""
    mapping: ClassVar[str] = ""
    seconds: ClassVar[float] = 200

    def change(self, document: dict[str, Any]) -> None:
        """Change what the hospital says of itself. What is changed must be there."""

    def around(self, app: ASGIApp) -> ASGIApp:
        def described(answer: ResponseDraft) -> None:
            if answer.scope["path"] == ADDRESS:
                document = keep_operations(json.loads(answer.body), self.only)
                self.change(document)
                answer.body = json.dumps(document).encode()

        return rewrite_responses(app, described)


def fields(document: dict[str, Any], schema: str) -> dict[str, Any]:
    """The properties of a schema."""
    found: dict[str, Any] = document["components"]["schemas"][schema]["properties"]
    return found


def operation(document: dict[str, Any], name: str) -> dict[str, Any]:
    """The operation with this operationId."""
    return next(
        one
        for item in document["paths"].values()
        for one in item.values()
        if one["operationId"] == name
    )
