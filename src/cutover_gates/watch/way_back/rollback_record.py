"""What the watcher's record shows of a rollback: the last answers, the last failures, the times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from cutover_gates.config.way_back import WayBack
from cutover_gates.watch.probe_results import PathProbe
from cutover_gates.watch.record_reader import WatchRecord
from cutover_gates.watch.time_spans import Span, add_up, subtract_spans

MARK, END_MARK = "rollback-begins", "rollback"
"""The marks that say: the rollback begins now, and it has ended."""


def find_begin(
    settings: WayBack, record: WatchRecord, orders: Sequence[float] = ()
) -> float | None:
    """Return when the rollback began, in seconds since 1970; None where nobody said it.

    `orders` are the moments at which triggers fired. The time to decide counts: where there was an
    order before the mark, the order is the begin.
    """
    if settings.began is not None:
        return settings.began.timestamp()
    # Of several attempts the last one is judged.
    marked = max((mark.at for mark in record.marks if mark.name == MARK), default=inf)
    newest = max((at for at in orders if at <= marked), default=inf)
    ended = [mark.at for mark in record.marks if mark.name == END_MARK and mark.at < newest]
    since = max(ended, default=-inf)
    ordered = min((at for at in orders if since < at <= newest), default=inf)
    # An order that an earlier rollback has answered is not the begin of this one.
    answered = any(
        ordered < mark.at < marked < inf for mark in record.marks if mark.name == END_MARK
    )
    begins = [marked] if answered else [marked, ordered]
    return min(begins) if min(begins) < inf else None


@dataclass(frozen=True)
class RollbackRecord:
    """The record of a rollback from `failed`, the release that was given up.

    `began` is when it began, None where nobody said it.
    """

    record: WatchRecord
    failed: str
    began: float | None

    @property
    def answers_of_failed(self) -> Sequence[PathProbe]:
        """The probes that the failed release answered."""
        return [result for result in self.record.results if result.release == self.failed]

    @property
    def stopped(self) -> float | None:
        """The moment of the last answer of the failed release; None where it never answered."""
        return max((result.ended for result in self.answers_of_failed), default=None)

    def results_in(self, window: Span) -> list[PathProbe]:
        """Return the probes that ended in the window."""
        return [one for one in self.record.results if window.begins <= one.ended <= window.ends]

    def unwatched_seconds(self, window: Span) -> float:
        """Return the seconds of the window in which no watcher ran in time."""
        return add_up(subtract_spans([window], self.record.watched))

    def failures_of_previous(self) -> list[PathProbe]:
        """Return what failed although the traffic had come back to the release before.

        That is each failure after the last answer of the failed release. While both answer, a
        failure counts where it does not name the failed one and the rollback had begun.
        """
        if self.began is None:
            return []
        since = max(self.began, self.stopped or self.began)
        return [
            one
            for one in self.record.results
            if one.failed and one.release != self.failed and _is_later(one, self.began, since)
        ]

    def restored(self) -> float | None:
        """Return when the service was good again: the last failure or answer of the failed one.

        None where the rollback's begin is not known.
        """
        if self.began is None:
            return None
        bad = [
            one.ended
            for one in self.record.results
            if one.ended >= self.began and (one.failed or one.release == self.failed)
        ]
        return max(bad, default=self.began)

    def good_after(self, moment: float) -> int:
        """Return the number of probes that went well after a moment."""
        return sum(
            one.started >= moment and not one.failed and one.release != self.failed
            for one in self.record.results
        )


def _is_later(one: PathProbe, began: float, stopped: float) -> bool:
    named_previous = bool(one.release)
    return one.started >= (began if named_previous else stopped)
