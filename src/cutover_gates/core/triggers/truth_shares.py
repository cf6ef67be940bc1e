"""The truth table of the error rate and of the response time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutover_gates.core.triggers.evaluation import Evaluation, ShareReading
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.core.triggers.truth_row import EVALUATE, Expected, TruthRow

CLEAN_SECONDS = 120
"""Seconds of good traffic before each trouble."""
PER_EVALUATION = 10_000
"""Requests in each five seconds, where a row says nothing else."""


@dataclass(frozen=True)
class ShareStretch:
    """Seconds of equal counts in each five seconds; `bad` None: nothing is seen."""

    seconds: int
    bad: int | None
    total: int = PER_EVALUATION


@dataclass(frozen=True)
class ShareCase:
    """A series of one trigger; `by_alerts`: the alert rules of a hospital are tried on it."""

    name: str
    stretches: tuple[ShareStretch, ...]
    expected: Expected
    fires_at: float | None = None
    by_alerts: bool = False
    hazard: int | None = None
    clean: int = 20


FIRES, SILENT, NOT_PROVEN = Expected.FIRES, Expected.SILENT, Expected.NOT_PROVEN
CLEAN = ShareStretch(120, 20)
GAP = None


def _trouble(seconds: int, bad: int, *, after: int = 120) -> tuple[ShareStretch, ...]:
    """Return a trouble with good traffic after it."""
    return (ShareStretch(seconds, bad), ShareStretch(after, 20))


def _with_gap(
    before: int, gap: int, then: int, bad: int, *, after: int = 0
) -> tuple[ShareStretch, ...]:
    """Return a trouble in whose middle nothing is seen."""
    ends = (ShareStretch(after, 20),) if after else ()
    return (ShareStretch(before, bad), ShareStretch(gap, GAP), ShareStretch(then, bad), *ends)


ERROR_CASES: Sequence[ShareCase] = (
    ShareCase("no error at all", (ShareStretch(600, 0),), SILENT, clean=0),
    ShareCase("0.2 % for twenty minutes", (ShareStretch(1200, 20),), SILENT),
    ShareCase("1 % exactly for 400 s", _trouble(400, 100), SILENT, by_alerts=True),
    ShareCase("101 of 10,000 for 295 s", _trouble(295, 101), SILENT),
    ShareCase("101 of 10,000 for 300 s", _trouble(300, 101), FIRES, 300),
    ShareCase("1.05 % for 295 s", _trouble(295, 105), SILENT),
    ShareCase("1.05 % for 300 s", _trouble(300, 105), FIRES, 300),
    ShareCase("1.05 % for 320 s", _trouble(320, 105), FIRES, 300, by_alerts=True),
    ShareCase("2 % for 295 s", _trouble(295, 200), SILENT),
    ShareCase("2 % for 300 s", _trouble(300, 200), FIRES, 300),
    ShareCase("2 % for 400 s", _trouble(400, 200), FIRES, 300),
    ShareCase("10 % for 260 s", _trouble(260, 1_000), SILENT, by_alerts=True),
    ShareCase("100 % for 60 s", _trouble(60, 10_000), SILENT),
    ShareCase("100 % for 245 s", _trouble(245, 10_000), SILENT, by_alerts=True),
    ShareCase("100 % for 295 s", _trouble(295, 10_000), SILENT),
    ShareCase("100 % for 300 s", _trouble(300, 10_000), FIRES, 300),
    ShareCase("100 % for 360 s", _trouble(360, 10_000), FIRES, 300, by_alerts=True),
    ShareCase(
        "two troubles of 200 s with two good minutes between",
        (*_trouble(200, 1_000), *_trouble(200, 1_000)),
        SILENT,
        by_alerts=True,
    ),
    ShareCase(
        "errors, then clean: what fired stays fired",
        _trouble(300, 200, after=1_200),
        FIRES,
        300,
        hazard=13,
    ),
    ShareCase("a gap of 5 s in a trouble", _with_gap(100, 5, 300, 200), FIRES, 305),
    ShareCase("a gap of 25 s in a trouble", _with_gap(100, 25, 300, 200), FIRES, 325),
    ShareCase(
        "a gap of 45 s in a trouble", _with_gap(100, 45, 300, 200), FIRES, 345, by_alerts=True
    ),
    ShareCase("a gap of 60 s in a trouble", _with_gap(100, 60, 300, 200), FIRES, 360, hazard=6),
    ShareCase(
        "a gap of 65 s in a trouble that ends after seven minutes",
        _with_gap(100, 65, 255, 200, after=120),
        NOT_PROVEN,
        hazard=6,
    ),
    ShareCase(
        "a gap of 65 s in a trouble that goes on",
        _with_gap(100, 65, 400, 200),
        FIRES,
        465,
        by_alerts=True,
        hazard=6,
    ),
    ShareCase(
        "a gap of 45 s in a trouble of 270 s",
        _with_gap(100, 45, 125, 200, after=600),
        SILENT,
    ),
    ShareCase("nothing is seen after 200 s of errors", _with_gap(200, 60, 5, 200), NOT_PROVEN),
    ShareCase("still pending at the end", (ShareStretch(200, 200),), NOT_PROVEN),
    ShareCase(
        "no requests on the subject", (ShareStretch(600, 0, 0),), NOT_PROVEN, hazard=3, clean=0
    ),
    ShareCase(
        "the traffic stops midway", (ShareStretch(300, 20), ShareStretch(120, 0, 0)), NOT_PROVEN
    ),
    ShareCase("5 of 5 requests fail in each minute", (ShareStretch(420, 1, 1),), FIRES, 300),
    ShareCase(
        "one error in a minute of 12 requests",
        (ShareStretch(5, 1, 1), ShareStretch(300, 0, 1)),
        NOT_PROVEN,
    ),
    ShareCase(
        "99 requests in each minute, none fails", (ShareStretch(600, 0, 8),), NOT_PROVEN, clean=0
    ),
)
"""Courses of failed requests."""

SLOW_CASES: Sequence[ShareCase] = (
    ShareCase("all within the limit", (ShareStretch(900, 0),), SILENT, clean=0),
    ShareCase("5 % slow exactly for 700 s", _trouble(700, 500), SILENT, by_alerts=True),
    ShareCase("501 of 10,000 slow for 595 s", _trouble(595, 501), SILENT),
    ShareCase("501 of 10,000 slow for 600 s", _trouble(600, 501), FIRES, 600),
    ShareCase("10 % slow for 595 s", _trouble(595, 1_000), SILENT),
    ShareCase("10 % slow for 600 s", _trouble(600, 1_000), FIRES, 600),
    ShareCase("10 % slow for 700 s", _trouble(700, 1_000), FIRES, 600, by_alerts=True),
    ShareCase("all slow for 540 s", _trouble(540, 10_000), SILENT, by_alerts=True),
    ShareCase("all slow for 660 s", _trouble(660, 10_000), FIRES, 600, by_alerts=True),
    ShareCase("a gap of 100 s in a trouble", _with_gap(200, 100, 500, 1_000), FIRES, 700),
    ShareCase(
        "a gap of 125 s in a trouble that goes on", _with_gap(200, 125, 700, 1_000), FIRES, 925
    ),
    ShareCase(
        "a gap of 125 s in a trouble that ends",
        _with_gap(200, 125, 475, 1_000, after=120),
        NOT_PROVEN,
    ),
    ShareCase(
        "59 requests in a minute: five minutes are looked at",
        (ShareStretch(720, 1, 4),),
        FIRES,
        600,
    ),
    ShareCase(
        "not comparable with a baseline: unknown", (ShareStretch(900, GAP),), NOT_PROVEN, hazard=27
    ),
)
"""Courses of slow requests."""


def list_share_rows() -> Iterator[TruthRow]:
    """Yield the rows of both triggers, each for the service and for the new release."""
    for trigger, cases in (
        (TriggerName.ERRORS, ERROR_CASES),
        (TriggerName.RESPONSE, SLOW_CASES),
    ):
        for case in cases:
            for subject in (SERVICE, NEW):
                yield _build_row(trigger, subject, case)


def list_counts(case: ShareCase) -> Iterator[tuple[int | None, int]]:
    """Yield the counts of each evaluation, with the good traffic before the trouble."""
    # A subject without traffic, or with little, has no other before: it would be another subject.
    clean = CLEAN_SECONDS if case.clean else 0
    first = case.stretches[0]
    before = ShareStretch(clean, case.clean if first.total == PER_EVALUATION else 0, first.total)
    for stretch in (before, *case.stretches):
        for _ in range(stretch.seconds // int(EVALUATE)):
            yield stretch.bad, stretch.total


def _build_row(trigger: TriggerName, subject: str, case: ShareCase) -> TruthRow:
    key = ConditionKey(trigger, subject, SignalSource.PROMETHEUS)
    evaluations = tuple(_build_evaluations(key, case))
    return TruthRow(
        f"{trigger} of {subject}: {case.name}",
        trigger,
        evaluations,
        case.expected,
        case.fires_at,
        CLEAN_SECONDS if case.clean else 0,
        hazard=case.hazard,
    )


def _build_evaluations(key: ConditionKey, case: ShareCase) -> Iterator[Evaluation]:
    for number, (bad, total) in enumerate(list_counts(case), start=1):
        reading = ShareReading(key, bad, None if bad is None else total)
        yield Evaluation(number * EVALUATE, (reading,), {SignalSource.PROMETHEUS: bad is not None})
