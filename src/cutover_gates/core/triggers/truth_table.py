"""The truth table of the triggers: every border as a series with what it must come to.

The rows of hazards of real rollouts stand here: what a reader makes of them, and what follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cutover_gates.core.triggers.comparable_readings import (
    ResponseBaseline,
    find_edge,
    find_incomparable,
    find_other_release,
    find_unusable_series,
)
from cutover_gates.core.triggers.counter_increments import (
    CounterReader,
    ScrapedPage,
    is_clock_off,
)
from cutover_gates.core.triggers.evaluation import Evaluation, ShareReading
from cutover_gates.core.triggers.trigger_names import (
    NEW,
    OLD,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.core.triggers.truth_row import EVALUATE, Expected, TruthRow
from cutover_gates.core.triggers.truth_shares import list_share_rows
from cutover_gates.core.triggers.truth_steps import list_step_rows
from cutover_gates.core.triggers.truth_watch import list_watch_rows

FIRES, SILENT, NOT_PROVEN = Expected.FIRES, Expected.SILENT, Expected.NOT_PROVEN
SOURCE = SignalSource.PROMETHEUS
ERRORS = ConditionKey(TriggerName.ERRORS, NEW, SOURCE)
SLOW = ConditionKey(TriggerName.RESPONSE, NEW, SOURCE, "search")
SLOW_OLD = ConditionKey(TriggerName.RESPONSE, OLD, SOURCE, "search")
Counts = tuple[int, int] | None


def list_truth_rows() -> tuple[TruthRow, ...]:
    """Return all rows; no two have one name."""
    others = (*list_share_rows(), *list_step_rows(), *list_watch_rows())
    return (*others, *_list_hazard_rows())


def _list_hazard_rows() -> Iterator[TruthRow]:
    """Yield the rows of hazards that are met before the state machine sees anything."""
    yield from _list_counter_rows()
    yield from _list_unusable_rows()
    yield from _list_response_rows()


def _list_counter_rows() -> Iterator[TruthRow]:
    """Yield rows of counters that begin anew, and of series that are born with the trouble."""
    rows = (
        ("the new process counts errors from its start", _pages(restart=24, bad_from=24), FIRES, 4),
        ("the error series is born with the trouble", _pages(bad_from=24), FIRES, 4),
        ("the counters begin anew, and nothing fails", _pages(restart=40), SILENT, 5),
        ("a stored page is served again and again", _pages(frozen=40), NOT_PROVEN, 7),
    )
    for name, pages, expected, hazard in rows:
        evaluations = tuple(_read_pages(pages))
        fires_at = _first_fire(name)
        at = 23 * EVALUATE if expected is FIRES else 0.0
        yield _row(name, evaluations, expected, hazard, fires_at, at)


def _first_fire(name: str) -> float | None:
    """Return when a row of counters fires: the first value of an old process does not count."""
    times = {
        "the new process counts errors from its start": 300.0,
        "the error series is born with the trouble": 305.0,
    }
    return times.get(name)


def _pages(
    *, restart: int | None = None, bad_from: int | None = None, frozen: int | None = None
) -> list[ScrapedPage]:
    """Return 120 scrapes; from `bad_from` on 2 % fail, at `restart` another process counts."""
    pages: list[ScrapedPage] = []
    good, bad, started = 0, 0, -1_000.0
    for number in range(120):
        at = number * EVALUATE
        if number == restart:
            # It started two seconds before it was scraped first.
            good, bad, started = 0, 0, at - 2
        fails = bad_from is not None and number >= bad_from
        good, bad = good + (980 if fails else 1_000), bad + (20 if fails else 0)
        counters = {"good": float(good), **({"bad": float(bad)} if bad else {})}
        stored = pages[-1].counters if frozen is not None and number >= frozen else counters
        pages.append(ScrapedPage(at, stored, started))
    return pages


def _read_pages(pages: Sequence[ScrapedPage]) -> Iterator[Evaluation]:
    reader = CounterReader()
    for page in pages:
        found = reader.read(page)
        counts: Counts = None
        if found.by_series is not None:
            bad = int(found.by_series.get("bad", 0))
            counts = (bad, bad + int(found.by_series["good"]))
        yield _evaluation(page.at, ERRORS, counts, found.seconds or None)


def _list_unusable_rows() -> Iterator[TruthRow]:
    """Yield rows of sources that answer, but not about the new release at this moment."""
    label, new, old = "version", {"version": "2.0"}, {"version": "1.9"}
    unusable = (
        (
            "two series are found, and the last one is clean",
            find_unusable_series([new, new], label, "2.0"),
            8,
        ),
        ("the series has no label of the version", find_unusable_series([{}], label, "2.0"), 9),
        ("the series is that of the release before", find_unusable_series([old], label, "2.0"), 10),
        ("the release before answers the probes", find_other_release("1.9", "2.0"), 10),
        ("the clock of the source is 30 s off", _reason(is_clock_off(1_030, 1_000, 5)), 48),
    )
    for name, reason, hazard in unusable:
        counts: Counts = None if reason else (0, 1_000)
        yield _row(name, tuple(_course([counts] * 120)), NOT_PROVEN, hazard)
    usable = _reason(is_clock_off(1_004, 1_000, 5)) or find_unusable_series([new], label, "2.0")
    counts = None if usable else (0, 1_000)
    yield _row("one series, and a clock 4 s off", tuple(_course([counts] * 120)), SILENT, 48)
    every_second: list[Counts] = [(0, 1_000), None] * 60
    name = "every second query fails, and what is seen is clean"
    yield _row(name, tuple(_course([*every_second, (0, 1_000)])), NOT_PROVEN, 11)


def _reason(is_off: bool) -> str | None:
    return "the clocks differ" if is_off else None


def _list_response_rows() -> Iterator[TruthRow]:
    """Yield rows of response times that cannot be compared, or are those of both releases."""
    edges = (1.0, 2.5, 5.0)
    baseline = ResponseBaseline("search", SOURCE, 0.1, per_second=5.0)
    reasons = (
        (
            "no bucket ends near twice the baseline",
            _reason(find_edge(edges, baseline.limit(2)) is None),
            30,
        ),
        (
            "the baseline comes from the probes",
            find_incomparable(ResponseBaseline("search", SignalSource.PROBES, 0.1), SOURCE, 5),
            27,
        ),
        (
            "the baseline was recorded at 5/s, the night has 40/s",
            find_incomparable(baseline, SOURCE, 40),
            27,
        ),
        ("no baseline was recorded", find_incomparable(None, SOURCE, 5), 27),
    )
    for name, reason, hazard in reasons:
        counts: Counts = None if reason else (0, 1_000)
        yield _row(name, tuple(_course([counts] * 150, SLOW)), NOT_PROVEN, hazard)
    both = tuple(_slow_both())
    yield _row("the database is slow for both releases", both, FIRES, 25, 600.0)


def _slow_both() -> Iterator[Evaluation]:
    for number in range(1, 141):
        readings = tuple(ShareReading(key, 500, 1_000) for key in (SLOW, SLOW_OLD))
        yield Evaluation(number * EVALUATE, readings, {SOURCE: True})


def _course(counts: Iterable[Counts], key: ConditionKey = ERRORS) -> Iterator[Evaluation]:
    for number, each in enumerate(counts, start=1):
        yield _evaluation(number * EVALUATE, key, each, None)


def _evaluation(at: float, key: ConditionKey, counts: Counts, seconds: float | None) -> Evaluation:
    bad, total = counts or (None, None)
    return Evaluation(at, (ShareReading(key, bad, total, seconds),), {SOURCE: counts is not None})


def _row(
    name: str,
    evaluations: tuple[Evaluation, ...],
    expected: Expected,
    hazard: int,
    fires_at: float | None = None,
    trouble_at: float = 0.0,
) -> TruthRow:
    trigger = TriggerName(evaluations[0].readings[0].key.trigger)
    return TruthRow(
        f"{trigger}: {name}", trigger, evaluations, expected, fires_at, trouble_at, hazard=hazard
    )
