"""The reason of a FHIR server's refusal: its status, and the issues of an OperationOutcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ValidationError

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.core.evidence.refusal_text import describe_refusal_kind
from cutover_gates.hospital import Answer, Reason

About = Literal["read", "create", "update", "move", "upload"]
"""The kind of request. One status means different things: 409 to a create is a duplicate, to an
update a stale version.
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
_MOVE_CODES = frozenset({"business-rule", "conflict", "invariant", "processing"})
_MESSAGE_CHARACTERS = 300


def read_reason(answer: Answer, about: About = "read") -> Reason | None:
    """Return the reason of a refusal, None for any other answer.

    5xx, 405 and 501 are no refusals either: they violate the protocol.
    """
    if answer.status == 412 and about == "move":
        return Reason.STALE
    if answer.status in _CLASHES:
        codes = [code for code in issue_codes(answer) if code in ("duplicate", "not-found")]
        return _BY_CODE[codes[0]] if codes else _CLASH.get(about)
    if answer.status in _BY_STATUS:
        return _BY_STATUS[answer.status]
    return _reason_by_code(issue_codes(answer), about) if answer.status in (400, 422) else None


def _reason_by_code(codes: list[str], about: About) -> Reason:
    known = [_BY_CODE[code] for code in codes if code in _BY_CODE]
    if known:
        return known[0]
    if about == "move" and _MOVE_CODES & set(codes):
        return Reason.ILLEGAL_TRANSITION
    if about == "upload" and "too-long" in codes:
        return Reason.TOO_LARGE
    if about == "upload" and "not-supported" in codes:
        return Reason.UNSUPPORTED_TYPE
    return Reason.STALE if about == "update" and "conflict" in codes else Reason.INVALID


def issue_codes(answer: Answer) -> list[str]:
    """Return the codes of the issues in the server's order; none without an OperationOutcome."""
    return [str(issue.get("code")) for issue in _issues(answer)]


def describe_refusal(answer: Answer, redactor: Redactor) -> str:
    """Return the server's own text of an error, redacted; on production its kind alone."""
    if redactor.withholds_target_text:
        return redactor.redact_text(describe_refusal_kind(answer.json, answer.media_type))
    return redactor.redact_text(_read_message(answer))


def _read_message(answer: Answer) -> str:
    """Return the server's own text: code, expression and text of each issue. Not redacted.

    OAuth's errors have other fields.
    """
    if isinstance(answer.json, Mapping) and "error" in answer.json:
        text = f"{answer.json['error']}: {answer.json.get('error_description', '')}"
        return text[:_MESSAGE_CHARACTERS].rstrip(": ")
    text = "; ".join(_issue_text(issue) for issue in _issues(answer))
    return (text or f"({answer.media_type or 'no content'})")[:_MESSAGE_CHARACTERS]


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
    details_text = details.get("text") if isinstance(details, Mapping) else None
    text = issue.get("diagnostics") or details_text or ""
    places = issue.get("expression") or issue.get("location")
    where = ", ".join(map(str, places)) if isinstance(places, list) else ""
    parts = [str(issue.get("code", "")), f"({where})" if where else "", str(text)]
    return " ".join(filter(None, parts))


class InvalidResource(ValueError):
    """A resource is not valid. `element` names the first wrong element, from the type on."""

    def __init__(self, element: str, why: str) -> None:
        super().__init__(f"{element}: {why}")
        self.element, self.why = element, why

    def describe(self, redactor: Redactor) -> str:
        """Return the fault, on production without the validator's words: they may quote a value."""
        return f"{self.element} is not valid" if redactor.withholds_target_text else str(self)


def validate_resource(kind: str, resource: Any) -> None:
    """Raise `InvalidResource` where `resource` is not a valid resource of type `kind`."""
    # fhir.resources is an optional extra.
    from fhir.resources.R4B import get_fhir_model_class

    found = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if found != kind:
        raise InvalidResource("resourceType", f"{found!r}, expected {kind!r}")
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        problem = str(first["msg"]).partition("\n")[0]
        raise InvalidResource(_element_path(kind, first["loc"]), problem) from None
    except (KeyError, TypeError, AttributeError):  # of the library, for a table of another shape
        raise InvalidResource(kind, "an element of another type") from None


def drop_nulls(value: Any) -> Any:
    """Return the value without members that are null.

    FHIR does not allow them (json.html). A server that sends them means that there is no element.
    """
    if isinstance(value, Mapping):
        return {key: drop_nulls(item) for key, item in value.items() if item is not None}
    return [drop_nulls(item) for item in value] if isinstance(value, list) else value


def _element_path(kind: str, place: tuple[int | str, ...]) -> str:
    """Return ('name', 0, 'family') of a Patient as Patient.name[0].family."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return kind + "".join(steps)
