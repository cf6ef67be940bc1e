"""What a target sends back, and the ways in which it may not do what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover.hospital.values import Reason


@dataclass(frozen=True)
class Answer:
    """What a target sent back.

    `json` is None where the body is not JSON; `reason` is why the target refuses, as far as the
    driver can read it.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    json: Any = field(default=None, repr=False)
    seconds: float = 0.0
    reason: Reason | None = None

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", errors="replace")


class Refused(Exception):
    """The target said no, for a reason that the mapping knows.

    A finding only where a check did not expect it.
    """

    def __init__(self, reason: Reason, message: str, answer: Answer) -> None:
        super().__init__(f"{reason.value} (HTTP {answer.status}): {message}")
        self.reason, self.message, self.answer = reason, message, answer


class Misbehaved(AssertionError):
    """The target answered with what its protocol does not allow: a 500, another type, a field that
    is not there, no answer at all.
    """


class Unreachable(Misbehaved):
    """No answer came at all: refused, cut, or not in time.

    `final`: so often that the driver sends nothing more.
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class NotOffered(Exception):
    """The operation is declared `unsupported` in the target's settings.

    Shown as not applicable, with the reason given there.
    """

    def __init__(self, operation: str, why: str) -> None:
        super().__init__(f"{operation} is not offered by this target: {why}")
        self.operation, self.why = operation, why


class MappingError(Exception):
    """The mapping does not fit the target: its author must act.

    Never a finding about the target.
    """
