"""The answers of a target, and the errors that say why it did not do what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cutover_gates.core.evidence.refusal_text import WITHHELD
from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError
from cutover_gates.core.printable import strip_control_characters
from cutover_gates.core.value_text import format_value
from cutover_gates.hospital.values import Reason

STATUS_REASONS: Mapping[int, Reason] = {
    400: Reason.INVALID,
    401: Reason.UNAUTHENTICATED,
    403: Reason.FORBIDDEN,
    404: Reason.NOT_FOUND,
    412: Reason.STALE,
    413: Reason.TOO_LARGE,
    415: Reason.UNSUPPORTED_TYPE,
    422: Reason.INVALID,
    429: Reason.THROTTLED,
}
"""The reason that HTTP itself gives a status (RFC 9110). 409 is not here: it has several reasons.
"""


@dataclass(frozen=True)
class Answer:
    """One answer of a target.

    `json` is None where the body is not JSON, or not within the bounds; `json_problem` then says
    why (empty where no JSON was expected). `reason` is the reason of a refusal, as far as the
    driver can read it. `seconds` is the time from sending to the last byte. `withholds_text`: the
    target is production, so that a text of this answer may name a patient (`quote`).
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    json: Any = field(default=None, repr=False)
    seconds: float = 0.0
    reason: Reason | None = None
    json_problem: str = ""
    withholds_text: bool = False

    def quote(self, value: object) -> str:
        """Return a value of this answer as a finding may show it; on production its size alone.

        Whoever puts a text of an answer into a message takes this way.
        """
        if self.withholds_text:
            return f"({len(str(value))} characters; {WITHHELD})"
        return format_value(value)

    @property
    def media_type(self) -> str:
        """The media type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text. Bytes that are not UTF-8 are replaced."""
        return self.content.decode("utf-8", errors="replace")


@dataclass(frozen=True)
class ObservedAnswer:
    """One answer of the target, whoever asked.

    `headers` have their names in lower case; several of one name are joined by a comma. `path` is
    without the query. `token_header` is the header that showed a token, empty where none did.
    """

    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    token_header: str = ""

    @property
    def media_type(self) -> str:
        """The media type in lower case, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class AuditEntry:
    """One entry of the audit log: who used a patient's record, and whether they were allowed to.

    `who` are the names that the entry gives the person: a user name, an id. `allowed` is False for
    a refusal. `patient_id` and `at` are None where the log does not tell them.
    """

    id: str
    who: frozenset[str]
    allowed: bool
    action: str = ""
    patient_id: str | None = None
    at: datetime | None = None


def read_status_reason(answer: Answer) -> Reason | None:
    """Return the reason that the status of an answer means (RFC 9110), or None."""
    return STATUS_REASONS.get(answer.status)


class Rejected(Exception):
    """The target refused, for a reason that the driver knows.

    This is a finding only where the check did not expect it.
    """

    def __init__(self, reason: Reason, message: str, answer: Answer) -> None:
        # A target's own words: pytest writes them to the terminal as they are.
        self.message = strip_control_characters(message)
        super().__init__(f"{reason.value} (HTTP {answer.status}): {self.message}")
        self.reason, self.answer = reason, answer


@dataclass(frozen=True)
class RefusalRule:
    """One form in which a target refuses. All that is given must hold.

    `where` is a JMESPath over the body, `text` stands somewhere in it.
    """

    statuses: tuple[int, ...] = ()
    where: str = ""
    text: str = ""


class ProtocolViolation(FindingsError):
    """The target answered with what its protocol does not allow. A finding of the running check.

    Examples: a 500, another media type, a missing field. `mapping_line` is the line of the mapping
    that expects something else; `request_id` is the target's own name for the request. A driver
    that knows no more gives a `message` alone.
    """

    def __init__(
        self,
        message: str = "",
        *,
        finding: Finding | None = None,
        mapping_line: str = "",
        request_id: str | None = None,
    ) -> None:
        self.finding = finding or Finding(THIS_CHECK, actual=message)
        self.mapping_line, self.request_id = mapping_line, request_id
        super().__init__(self.finding)
        lines = [str(self)]
        if mapping_line:
            lines.append(f"Mapping: {mapping_line}")
        if request_id:
            lines.append(f"Request id: {request_id}")
        self.args = (strip_control_characters("\n".join(lines)),)


class Unreachable(ProtocolViolation):
    """No answer came: the connection was refused or cut, or the time was over.

    `final` is True where this happened so often that the driver sends nothing more.
    """

    def __init__(
        self,
        message: str = "",
        *,
        finding: Finding | None = None,
        mapping_line: str = "",
        final: bool = False,
    ) -> None:
        super().__init__(message, finding=finding, mapping_line=mapping_line)
        self.final = final


class Unsupported(Exception):
    """The target does not offer the operation, and its settings or its driver say so.

    The verdict shows it as not applicable, with the reason `why`.
    """

    def __init__(self, operation: str, why: str) -> None:
        self.operation, self.why = operation, strip_control_characters(why)
        super().__init__(f"{operation} is not offered by this target: {self.why}")


class MappingError(Exception):
    """The mapping or the driver's settings do not fit the target, so their author must act.

    Never a finding about the target.
    """

    def __init__(self, message: str) -> None:
        super().__init__(strip_control_characters(message))
