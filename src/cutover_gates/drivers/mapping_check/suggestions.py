"""A refusal that nobody provoked: which line of the settings it points at, and what its reason
suggests.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from cutover_gates.drivers.mapping_check.check_context import CheckContext, CheckStep
from cutover_gates.drivers.mapping_check.last_exchange import LastExchange
from cutover_gates.drivers.mapping_check.source_locations import SourceLocations
from cutover_gates.hospital import Reason, Role

BY_STATUS = {
    400: Reason.INVALID,
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    409: Reason.DUPLICATE,
    412: Reason.STALE,
    413: Reason.TOO_LARGE,
    415: Reason.UNSUPPORTED_TYPE,
    422: Reason.INVALID,
    428: Reason.STALE,
    429: Reason.THROTTLED,
}
"""The reason that HTTP itself gives a status (RFC 9110)."""


def suggest_for_rejection(step: CheckStep, reason: Reason) -> tuple[str, str]:
    """The key to look at, and what to do."""
    operation, role = f"operations.{step.operation}", _role(step)
    if step.operation == "sign_in":
        return (
            f"users.{role}",
            f"mend username or password of this account, or what {operation} sends",
        )
    if reason is Reason.UNAUTHENTICATED:
        return (
            "token.value",
            (
                "the token is not shown as it must be: mend this line, token.header or"
                " answers.session.access"
            ),
        )
    if reason is Reason.FORBIDDEN:
        return (
            f"users.{role}",
            f"the account lacks the right: give it the role of a {role}, or name another account",
        )
    return {
        Reason.NOT_FOUND: (
            f"{operation}.path",
            (
                "mend the path, or the id in it: answers.patient.id, answers.visit.id,"
                " answers.document.id"
            ),
        ),
        Reason.DUPLICATE: (
            operation,
            (
                "everything that must be new must be made anew by each request: {{ draft.mrn }}, {{"
                " unique() }}"
            ),
        ),
        Reason.INVALID: (operation, "mend what is sent: names, forms, words of its fields"),
        Reason.STALE: (
            operation,
            (
                "send the version that was read (answers.patient.version), where and as the target"
                ' wants it: headers = { If-Match = "{{ patient.version }}" }'
            ),
        ),
        Reason.ILLEGAL_TRANSITION: (
            operation,
            "mend the way or the word of this move (words.move)",
        ),
        Reason.TOO_LARGE: (operation, "mend limits.document_bytes or what is sent"),
        Reason.UNSUPPORTED_TYPE: (
            operation,
            "mend the media type that is sent: Content-Type in headers, or the file's in multipart",
        ),
        Reason.THROTTLED: (
            "token.sign_ins_per_minute",
            "say how often the target lets anybody sign in",
        ),
    }[reason]


def _role(step: CheckStep) -> str:
    """Whose session a step uses."""
    if step.gives in list(Role):
        return step.gives
    if step.operation.startswith("retire"):
        return Role.ADMINISTRATOR.value
    patients = step.operation in (
        "register",
        "patient",
        "search",
        "update",
        "refresh",
        "sign_out",
        "sign_in",
    )
    return (Role.REGISTRAR if patients else Role.CLINICIAN).value


def suggest_value(seen: LastExchange, way: CheckContext, key: str, given: str) -> str:
    """For the line `key` = `given`; empty where the answer tells nothing."""
    answer, name = seen.answer, key.rpartition(".")[2]
    if answer is None:
        return ""
    if name == "expect":
        return _suggest_status(answer.status, given)
    leaves = list(seen.iterate_leaves())
    if name == "items":
        found = _suggest_path(
            [path for path, item in leaves if isinstance(item, list)],
            name,
            "the answer has a list at",
        )
        return found or ('write "@"' if isinstance(answer.json, list) else "")
    if name == "total":
        return _suggest_path(
            [path for path, item in leaves if type(item) is int], name, "the answer has a number at"
        )
    if not (key.startswith("answers.") or ".answer." in key or ".capture." in key):
        return ""
    at = (
        seen.find_path(str(getattr(way.draft(), name, None)))
        if "patient" in key or ".register." in key
        else None
    )
    if at and _in_item(at) != given.strip("'\""):
        return f"write {_in_item(at)!r}"
    return _suggest_path(
        [_in_item(path) for path, item in leaves if not isinstance(item, dict | list)],
        given.strip("'\"") or name,
        "the answer has",
    )


def find_rejected_field(
    seen: LastExchange, places: SourceLocations, operation: str
) -> tuple[str, str]:
    """The line of the field that a refusal names, else `operation`; and what it names, in words."""
    if (
        seen.request is not None
        and seen.request.content[:1] == b"{"
        and "json" not in seen.request.headers.get("content-type", "")
    ):
        return (
            f"{operation}.headers.Content-Type",
            f"; JSON was sent as {seen.request.headers.get('content-type')}",
        )
    leaves = list(seen.iterate_leaves())
    said = {str(item) for _, item in leaves if isinstance(item, str)} | {
        part for path, _ in leaves for part in path.split(".")
    }
    bodies = [f"{operation}.{body}" for body in ("json", "form", "multipart")]
    for body in bodies:
        for name in sorted(said & places.names_below(body)):
            word = f"words.{name}"
            return (
                word if places.has_own_key(word) else f"{body}.{name}"
            ), f"; it complains of {name}"
    return next((body for body in bodies if places.has_own_key(body)), operation), ""


def _in_item(path: str) -> str:
    """A path inside of a list's item."""
    return path.partition("[0].")[2] or path


def _suggest_path(paths: Iterable[str], wanted: str, words: str) -> str:
    """The nearest of the paths, else all of them."""
    known = {path.rpartition(".")[2]: path for path in dict.fromkeys(paths)}
    near = difflib.get_close_matches(wanted.rpartition(".")[2], list(known), 1)
    if near:
        return f"write {known[near[0]]!r}"
    return f"{words} {', '.join(map(repr, list(known.values())[:12]))}" if known else ""


def _suggest_status(status: int, given: str) -> str:
    if status < 300:
        return (
            f"write expect = [{', '.join(filter(None, (given.strip('[]'), str(status))))}] if that"
            " means that it worked"
        )
    reason = BY_STATUS.get(status)
    if reason is None:
        return "the answer below says why; mend what is sent"
    return (
        f"mend what is sent; or, if it says no in this way, write refusals.{reason.value} = {{"
        f" status = [{status}] }}"
    )
