"""Findings: one for one cause, with the smallest request that shows it and the rule that it breaks,
in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

NO_ANSWER_CHECK = "answers"
"""Our own name for what schemathesis calls an error of the network, where the target answers other
requests.
"""

RULES = {
    "not_a_server_error": (
        "whatever is sent, the server never fails inside (no 5xx that the document does not"
        " speak of)"
    ),
    "ignored_auth": "an operation that asks for authentication does not answer without it",
    "object_level_authorization": "nobody reads what belongs to another",
    NO_ANSWER_CHECK: "every request is answered, and in time",
    "max_response_time": "every answer comes in time",
    "use_after_free": "what was deleted is gone",
    "ensure_resource_availability": "what was acknowledged as created is there",
    "status_code_conformance": "every answer has a status that the document names",
    "content_type_conformance": "every answer has a media type that the document names",
    "response_schema_conformance": "every answer's body is as its schema says",
    "response_headers_conformance": "every answer has the headers that the document promises",
    "missing_required_header": "a request without a required header is refused",
    "negative_data_rejection": "what the document forbids is refused",
    "positive_data_acceptance": "what the document allows is not refused as invalid",
    "unsupported_method": "a method that the document does not name is refused as such (405)",
    "allow_header_conformance": (
        "the header Allow names exactly the methods that the document does (RFC 9110, 10.2.1)"
    ),
}
"""What each check holds an API to, the gravest first. The names are those of schemathesis."""
SEVERITY_ORDER = list(RULES)

_HIDDEN = re.compile(r"-H '([^':]+): \[Filtered\]'")
"""A header whose value schemathesis does not show."""


def group_failures(failures: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One finding for one cause: operation, check, status and shape.

    The request shown is the smallest of those that failed so. Where that very request breaks
    several rules there is one finding still, of the gravest; the others stand in `also`.
    """
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for failure in failures:
        key = tuple(failure[name] for name in ("operation", "check", "status", "shape"))
        finding = found.setdefault(
            key,
            {
                **{
                    name: failure[name]
                    for name in (
                        "operation",
                        "check",
                        "status",
                        "shape",
                        "title",
                        "message",
                        "curl",
                    )
                },
                "rule": RULES.get(failure["check"], failure["title"]),
                "count": 0,
                "phases": [],
                "also": [],
            },
        )
        finding["count"] += 1
        finding["phases"] = sorted({*finding["phases"], failure["phase"]})
        if (len(failure["curl"]), failure["curl"]) < (len(finding["curl"]), finding["curl"]):
            finding.update(curl=failure["curl"], message=failure["message"])
    return _merge_findings(
        sorted(
            found.values(),
            key=lambda one: (
                one["operation"],
                _severity_rank(one["check"]),
                str(one["status"]),
                one["shape"],
            ),
        )
    )


def _merge_findings(findings: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for finding in findings:
        same = [
            one
            for one in kept
            if all(one[name] == finding[name] for name in ("operation", "status", "curl"))
        ]
        if graver := next(
            (one for one in same if finding["check"] not in (one["check"], *one["also"])), None
        ):
            graver["also"].append(finding["check"])
        else:
            kept.append(finding)
    return [{**finding, "curl": _HIDDEN.sub(_replace_token, finding["curl"])} for finding in kept]


def _severity_rank(check: str) -> int:
    return SEVERITY_ORDER.index(check) if check in RULES else len(SEVERITY_ORDER)


def _replace_token(header: re.Match[str]) -> str:
    """So that it can be pasted: in double quotes, and with the token that the reader has."""
    return f'-H "{header[1]}: {"Bearer " if header[1].lower() == "authorization" else ""}$TOKEN"'


def format_finding(finding: Mapping[str, Any]) -> str:
    """A finding for whoever reads the verdict: the rule, what came, how to see it."""
    status = f", HTTP {finding['status']}" if finding["status"] else ""
    shape = f", {finding['shape']}" if finding["shape"] != finding["title"] else ""
    lines = [
        f"{finding['operation']}: {', '.join([finding['check'], *finding['also']])}",
        f"expected: {finding['rule']}",
        f"came:     {finding['title']}{status}{shape} ({finding['count']} times)",
    ]
    if said := " ".join(str(finding["message"]).split()):
        lines.append(f"          {said}")
    return "\n".join([*lines, "request:  " + "\n          ".join(finding["curl"].splitlines())])
