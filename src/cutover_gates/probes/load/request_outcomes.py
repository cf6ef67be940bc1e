"""The end of each request of a load run, what its connection went through, and counts of failures.

This module imports no numpy, so that collecting the checks stays fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag

MAX_SHOWN_COUNTS = 5
"""Kinds of failures that a message names; the rest is counted."""


class RequestOutcome(IntEnum):
    """The end of a request. All but `SUCCESS` and `UNFINISHED` are errors."""

    SUCCESS = 0
    REJECTED = 1  # the target refused it
    NO_ANSWER = 2  # no answer, or not in time
    INVALID_ANSWER = 3  # the answer breaks its protocol, or differs from what was stored before
    NOT_SENT = 4  # too many requests were waiting for their answers
    UNFINISHED = 5  # no answer yet at the end of the run: it took at least so long


ERROR_OUTCOMES = (
    RequestOutcome.REJECTED,
    RequestOutcome.NO_ANSWER,
    RequestOutcome.INVALID_ANSWER,
    RequestOutcome.NOT_SENT,
)
FAILURE_TEXTS = {
    RequestOutcome.REJECTED: "refused",
    RequestOutcome.NO_ANSWER: "no answer",
    RequestOutcome.INVALID_ANSWER: "a wrong answer",
    RequestOutcome.NOT_SENT: "not sent, since too many requests waited",
}


class ConnectionFlags(IntFlag):
    """What the connection of a request went through."""

    NONE = 0
    NEW = 1  # it was opened for the request
    ASKED_AGAIN = 2  # the target closed a connection that was open, so the request was sent again


@dataclass
class ConnectionUse:
    """The use of connections by one operation, filled in by the transport while it lasts.

    `needs_new`: its next request is sent on a new connection. `opened`: a connection was opened for
    the request that is under way. `status` is that of the last answer, 0 where there was none.
    """

    needs_new: bool = False
    opened: bool = False
    flags: ConnectionFlags = ConnectionFlags.NONE
    status: int = 0


@dataclass(frozen=True)
class FailureCount:
    """How many requests of an operation failed in one way; `status` is 0 where none is known."""

    operation: str
    outcome: int
    status: int
    count: int

    def __str__(self) -> str:
        how = FAILURE_TEXTS[RequestOutcome(self.outcome)]
        if self.status:
            how = f"{how} with status {self.status}"
        return f"{self.operation}: {how} ({self.count} times)"


def format_failures(counts: Sequence[FailureCount]) -> str:
    """Return the most frequent failures in words; empty where nothing failed."""
    shown = [str(one) for one in counts[:MAX_SHOWN_COUNTS]]
    if more := sum(one.count for one in counts[MAX_SHOWN_COUNTS:]):
        shown.append(f"{more} others")
    return "; ".join(shown)
