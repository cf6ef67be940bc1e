"""A refusal that nobody provoked: which line of the settings it points at, and what its reason
suggests.
"""

from __future__ import annotations

from cutover.drivers.walking.way import Step
from cutover.hospital import Reason, Role

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


def of_refusal(step: Step, reason: Reason) -> tuple[str, str]:
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


def _role(step: Step) -> str:
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
