"""How this server says no: a status, and an OperationOutcome with one issue."""

from __future__ import annotations

from typing import Any


class No(Exception):
    """A refusal. `code` is of FHIR's IssueType."""

    def __init__(self, status: int, code: str, text: str, element: str | None = None) -> None:
        super().__init__(text)
        self.status, self.code, self.text, self.element = status, code, text, element

    @property
    def outcome(self) -> dict[str, Any]:
        issue: dict[str, Any] = {"severity": "error", "code": self.code, "diagnostics": self.text}
        if self.element:
            issue["expression"] = [self.element]
        return {"resourceType": "OperationOutcome", "issue": [issue]}


def not_known(kind: str) -> No:
    """The same words for what is hidden and for what is not there."""
    return No(404, "not-found", f"no such {kind}")
