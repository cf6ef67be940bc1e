"""Why a FHIR server says no: RESTful statuses, and the codes of an OperationOutcome's issues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from cutover_gates.hospital import Answer, Reason

About = Literal["read", "create", "update", "move", "upload"]
"""What was asked.

One status means different things: 409 to a create is a duplicate, to an update a stale version.
"""

_BY_STATUS: Mapping[int, Reason] = {
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    410: Reason.NOT_FOUND,
    413: Reason.TOO_LARGE,
    415: Reason.UNSUPPORTED_TYPE,
    428: Reason.STALE,
    429: Reason.THROTTLED,
}
_CLASHES = frozenset({409, 412})
_CLASH: Mapping[About, Reason] = {
    "create": Reason.DUPLICATE,
    "upload": Reason.INVALID,
    "update": Reason.STALE,
    "move": Reason.ILLEGAL_TRANSITION,
}
_BY_CODE: Mapping[str, Reason] = {
    "duplicate": Reason.DUPLICATE,
    "not-found": Reason.NOT_FOUND,
    "deleted": Reason.NOT_FOUND,
    "login": Reason.UNAUTHENTICATED,
    "expired": Reason.UNAUTHENTICATED,
    "forbidden": Reason.FORBIDDEN,
    "suppressed": Reason.FORBIDDEN,
    "throttled": Reason.THROTTLED,
    "lock-error": Reason.STALE,
    "multiple-matches": Reason.DUPLICATE,
}
_OF_MOVES = frozenset({"business-rule", "conflict", "invariant", "processing"})
_MESSAGE_LIMIT = 300


def read_reason(answer: Answer, about: About = "read") -> Reason | None:
    """Why `answer` is a refusal; None where it is none (also 5xx, 405, 501: those are
    misbehaviours).
    """
    if answer.status == 412 and about == "move":
        return Reason.STALE
    if answer.status in _CLASHES:
        return next(
            (_BY_CODE[code] for code in issue_codes(answer) if code in ("duplicate", "not-found")),
            _CLASH.get(about),
        )
    if answer.status in _BY_STATUS:
        return _BY_STATUS[answer.status]
    return _reason_by_code(issue_codes(answer), about) if answer.status in (400, 422) else None


def _reason_by_code(said: list[str], about: About) -> Reason:
    known = next((_BY_CODE[code] for code in said if code in _BY_CODE), None)
    if known is not None:
        return known
    if about == "move" and _OF_MOVES & set(said):
        return Reason.ILLEGAL_TRANSITION
    if about == "upload" and "too-long" in said:
        return Reason.TOO_LARGE
    if about == "upload" and "not-supported" in said:
        return Reason.UNSUPPORTED_TYPE
    return Reason.STALE if about == "update" and "conflict" in said else Reason.INVALID


def issue_codes(answer: Answer) -> list[str]:
    """The codes of the issues, as the server orders them; none where it sent no OperationOutcome."""
    return [str(issue.get("code")) for issue in _issues(answer)]


def read_message(answer: Answer) -> str:
    """The server's own words: of each issue code, expression and text.

    Not redacted. OAuth's errors have other fields.
    """
    if isinstance(answer.json, Mapping) and "error" in answer.json:
        return f"{answer.json['error']}: {answer.json.get('error_description', '')}"[
            :_MESSAGE_LIMIT
        ].rstrip(": ")
    told = "; ".join(_issue_text(issue) for issue in _issues(answer))
    return (told or f"({answer.media_type or 'no content'})")[:_MESSAGE_LIMIT]


def _issues(answer: Answer) -> list[Mapping[str, Any]]:
    body = answer.json
    if (
        not isinstance(body, Mapping)
        or body.get("resourceType") != "OperationOutcome"
        or not isinstance(body.get("issue"), list)
    ):
        return []
    return [issue for issue in body["issue"] if isinstance(issue, Mapping)]


def _issue_text(issue: Mapping[str, Any]) -> str:
    details = issue.get("details")
    text = (
        issue.get("diagnostics")
        or (details.get("text") if isinstance(details, Mapping) else None)
        or ""
    )
    where = ", ".join(map(str, issue.get("expression") or issue.get("location") or []))
    return " ".join(
        filter(None, [str(issue.get("code", "")), f"({where})" if where else "", str(text)])
    )


class InvalidResource(ValueError):
    """A resource is not as FHIR defines it.

    `element` names the first element that is not, from the resource's type on.
    """

    def __init__(self, element: str, why: str) -> None:
        super().__init__(f"{element}: {why}")
        self.element, self.why = element, why


def validate_resource(kind: str, resource: Any) -> None:
    """Raise `InvalidResource` where `resource` is no valid resource of type `kind`."""
    from fhir.resources.R4B import (
        get_fhir_model_class,
    )  # here, because it takes long and only a FHIR target needs it
    from pydantic import ValidationError

    came = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if came != kind:
        raise InvalidResource("resourceType", f"{came!r}, expected {kind!r}")
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidResource(
            _element_path(kind, first["loc"]), str(first["msg"]).partition("\n")[0]
        ) from None


def _element_path(kind: str, place: tuple[int | str, ...]) -> str:
    """('name', 0, 'family') of a Patient as Patient.name[0].family."""
    return kind + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
