"""The sources of the triggers beside the loop of probes: Prometheus, logs, Kubernetes, a login.

Each makes readings for one evaluation, and nothing else. All of them are asked at the same time.
One that is late, or raises, is not heard at this evaluation; the watch goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from cutover_gates.core.triggers.evaluation import Evaluation, HealthReading, TriggerReading
from cutover_gates.core.triggers.trigger_names import ConditionKey, SignalSource
from cutover_gates.util.concurrency import run_concurrently, run_until_deadline
from cutover_gates.util.http import SourceUnavailable


@dataclass(frozen=True)
class SourceReadings:
    """What one source delivered for one evaluation.

    `heard`: whether it delivered anything. `unknown`: why a condition has no reading, or one
    without counts. `digest`: the image of the new release that runs, where the source knows it.
    """

    readings: tuple[TriggerReading, ...] = ()
    heard: bool = True
    unknown: Mapping[ConditionKey, str] = field(default_factory=dict)
    digest: str | None = None


class ReadingSource(Protocol):
    """One declared source. `read` takes less time than from one evaluation to the next."""

    source: SignalSource

    def read(self, now: float) -> SourceReadings:
        """Return the readings since the last call. `now` is on the clock of the record.

        Raises `SourceUnavailable`, or whatever its library does: then it is not heard.
        """
        ...


@dataclass
class SourceReader:
    """Asks every source, and adds its readings to an evaluation.

    `tell` gets each reason why something is unknown when it begins, and an empty one at its end.
    """

    sources: Sequence[ReadingSource]
    seconds: float
    tell: Callable[[str, str], None]
    _told: dict[str, str] = field(default_factory=dict)

    def add_readings(self, evaluation: Evaluation) -> Evaluation:
        """Return the evaluation with what the sources deliver at this moment."""
        ends = time.monotonic() + self.seconds
        answers = run_concurrently(
            partial(
                run_until_deadline,
                partial(source.read, evaluation.at),
                ends,
                self.seconds,
                source.source,
            )
            for source in self.sources
        )
        self._tell_changes(answers)
        delivered = [
            (source.source, _make_usable(answer))
            for source, answer in zip(self.sources, answers, strict=True)
        ]
        readings = [one for _, each in delivered for one in each.readings]
        digests = [each.digest for _, each in delivered if each.digest]
        return replace(
            evaluation,
            readings=_keep_terminating([*evaluation.readings, *readings]),
            sources=_add_heard(evaluation.sources, delivered),
            digest=digests[0] if digests else evaluation.digest,
        )

    def _tell_changes(self, answers: Sequence[SourceReadings | SourceUnavailable]) -> None:
        """Tell what has become unknown, known, or unknown for another reason."""
        reasons: dict[str, str] = {}
        for source, answer in zip(self.sources, answers, strict=True):
            if isinstance(answer, SourceUnavailable):
                reasons[source.source] = str(answer)
            else:
                reasons |= {key.text: reason for key, reason in answer.unknown.items()}
        for about in sorted(reasons.keys() | self._told.keys()):
            if reasons.get(about, "") != self._told.get(about, ""):
                self.tell(about, reasons.get(about, ""))
        self._told = reasons


def _make_usable(answer: SourceReadings | SourceUnavailable) -> SourceReadings:
    return SourceReadings(heard=False) if isinstance(answer, SourceUnavailable) else answer


def _keep_terminating(readings: Sequence[TriggerReading]) -> tuple[TriggerReading, ...]:
    """Return the readings; of an instance that terminates only that it does.

    The deployment knows it, and the probes fail at it meanwhile.
    """
    ending = {
        one.key: one for one in readings if isinstance(one, HealthReading) and one.terminating
    }
    others = (one for one in readings if one.key not in ending)
    return (*others, *ending.values())


def _add_heard(
    heard: Mapping[SignalSource, bool], delivered: Iterable[tuple[SignalSource, SourceReadings]]
) -> dict[SignalSource, bool]:
    """Return which source was heard; one with several readers by any of them."""
    found = dict(heard)
    for source, each in delivered:
        found[source] = each.heard or found.get(source, False)
    return found
