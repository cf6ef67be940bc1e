"""Rejections of this server: a status, and an OperationOutcome with one issue."""

from __future__ import annotations

from typing import Any


class No(Exception):
    """A rejection. `code` is of FHIR's IssueType."""

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
    """Return the same rejection for a hidden resource and for one that does not exist."""
    return No(404, "not-found", f"no such {kind}")
