"""The truth table of health and database: one sign for each evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from cutover_gates.core.triggers.evaluation import (
    DatabaseReading,
    Evaluation,
    HealthReading,
    ProbeAnswer,
)
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_names import (
    INSTANCE,
    NEW,
    SERVICE,
    ConditionKey,
    SignalSource,
    TriggerName,
)
from cutover_gates.core.triggers.truth_row import EVALUATE, Expected, TruthRow

FIRES, SILENT, NOT_PROVEN = Expected.FIRES, Expected.SILENT, Expected.NOT_PROVEN
BEFORE = "O"
"""The evaluation before each trouble: all is well."""


@dataclass(frozen=True)
class StepCase:
    """A series of signs, one for each evaluation.

    Health: `O` an answer, `F` a failure, `?` unknown, `L` a failure of a probe that was sent too
    late, `T` a failure of an instance that terminates. Database: `.` all is well, `t` a pool
    time-out, `e` an empty pool with waiters, `s` an empty pool without, `l` a refused login, `1` to
    `9` lines of the log, `?` unknown. `fires_on`: the sign that fires, counted from 1.
    """

    name: str
    signs: str
    expected: Expected
    fires_on: int | None = None
    by_alerts: bool = False
    subject: str = SERVICE
    hazard: int | None = None
    limits: TriggerLimits = field(default_factory=TriggerLimits)


ONE = f"{INSTANCE}a"
HEALTH_CASES: Sequence[StepCase] = (
    StepCase("three failures, then an answer", "FFFO", SILENT, by_alerts=True),
    StepCase("four failures", "FFFF", FIRES, 4, by_alerts=True),
    StepCase("three failures, an answer, a failure, an answer", "FFFOFO", SILENT, by_alerts=True),
    StepCase("three failures, unknown, a failure", "FFF?F", FIRES, 5, by_alerts=True),
    StepCase("three failures and unknown", "FFF??", NOT_PROVEN),
    StepCase("three failures at the end", "FFF", NOT_PROVEN),
    StepCase("one failure in each two", "FOFO" * 8, NOT_PROVEN, hazard=49),
    StepCase("three of four fail, again and again", "FFFO" * 8, NOT_PROVEN, hazard=49),
    StepCase("one failure in twenty", ("O" * 19 + "F") * 2 + "O", SILENT, by_alerts=True),
    StepCase("three failures in turn with answers", "FFFOFFFO" + "O" * 20, SILENT, by_alerts=True),
    StepCase("failures of late probes", "LLLLLL", NOT_PROVEN, hazard=50),
    StepCase("three failures and a late one", "FFFLO" + "O" * 30, SILENT, hazard=50),
    StepCase("unknown between each two failures", "F?F?F?F", FIRES, 7),
    StepCase("nothing but unknown", "?" * 30, NOT_PROVEN),
    StepCase(
        "three failures, unknown for two minutes, a failure", "FFF" + "?" * 24 + "FOO", NOT_PROVEN
    ),
    StepCase("one instance is dead", "FFFF", FIRES, 4, by_alerts=True, subject=ONE),
    StepCase(
        "one instance is dead, and only the balancer counts",
        "FFFF",
        NOT_PROVEN,
        subject=ONE,
        limits=TriggerLimits(instances_fire=False),
    ),
    StepCase("an instance that terminates", "TTTTTTTT", SILENT, subject=ONE, hazard=35),
    StepCase("what fired stays fired", "FFFF" + "O" * 40, FIRES, 4, hazard=13),
)
"""Courses of health probes; each begins with an answer."""

DATABASE_CASES: Sequence[StepCase] = (
    StepCase("one pool time-out", "t...", SILENT, by_alerts=True),
    StepCase("pool time-outs in two evaluations", "tt", FIRES, 2, by_alerts=True),
    StepCase("pool time-outs in every second evaluation", "t.t.t.", SILENT),
    StepCase("a time-out, unknown, a time-out", "t?t", FIRES, 3),
    StepCase("an empty pool with waiters, once", "e..", SILENT),
    StepCase("an empty pool with waiters, twice", "ee", FIRES, 2, by_alerts=True),
    StepCase("an empty pool without waiters", "ssssss..", SILENT, by_alerts=True),
    StepCase("an empty pool at the end, once", "..e", NOT_PROVEN),
    StepCase("the login refused twice", "ll.", SILENT, hazard=40),
    StepCase("the login refused three times", "lll", FIRES, 3, hazard=40),
    StepCase("the login refused twice, unknown, once more", "ll?l", FIRES, 4),
    StepCase("two lines of the log in a minute", "2" + "." * 20, SILENT),
    StepCase("three lines of the log at once", "3", FIRES, 1, hazard=40),
    StepCase("three lines of the log in a minute", "1.1.1", FIRES, 5),
    StepCase("a line of the log a minute", ("1" + "." * 12) * 4, SILENT),
    StepCase("no pool metric, no log, no login", "?" * 30, NOT_PROVEN),
    StepCase("what fired stays fired", "tt" + "." * 60, FIRES, 2, hazard=13),
)
"""Courses of the way to the database; each begins with a quiet evaluation."""


def list_step_rows() -> Iterator[TruthRow]:
    """Yield the rows of health and of the database."""
    for case in HEALTH_CASES:
        yield _build_row(TriggerName.HEALTH, case.subject, case)
    for case in DATABASE_CASES:
        for subject in (SERVICE, NEW):
            yield _build_row(TriggerName.DATABASE, subject, case)


def _build_row(trigger: TriggerName, subject: str, case: StepCase) -> TruthRow:
    key = ConditionKey(trigger, subject, SignalSource.PROBES)
    build = _health_reading if trigger is TriggerName.HEALTH else _database_reading
    first = BEFORE if trigger is TriggerName.HEALTH else "."
    return TruthRow(
        f"{trigger} of {subject}: {case.name}",
        trigger,
        tuple(_build_evaluations(key, first + case.signs, build)),
        case.expected,
        None if case.fires_on is None else case.fires_on * EVALUATE,
        EVALUATE,
        case.limits,
        case.hazard,
    )


def _build_evaluations(
    key: ConditionKey,
    signs: str,
    build: Callable[[ConditionKey, str], HealthReading | DatabaseReading],
) -> Iterator[Evaluation]:
    for number, sign in enumerate(signs, start=1):
        yield Evaluation(number * EVALUATE, (build(key, sign),), {SignalSource.PROBES: sign != "?"})


def _health_reading(key: ConditionKey, sign: str) -> HealthReading:
    results = {"O": ProbeAnswer.OK, "?": ProbeAnswer.NONE}
    return HealthReading(
        key,
        results.get(sign, ProbeAnswer.FAIL),
        late_seconds=6.0 if sign == "L" else 0.0,
        terminating=sign == "T",
    )


def _database_reading(key: ConditionKey, sign: str) -> DatabaseReading:
    if sign == "?":
        return DatabaseReading(key)
    sizes: Mapping[str, tuple[int, int]] = {"e": (0, 3), "s": (0, 0)}
    size, waiting = sizes.get(sign, (5, 0))
    return DatabaseReading(
        key,
        pool_timeouts=int(sign == "t"),
        pool_size=size,
        pool_waiting=waiting,
        login=ProbeAnswer.FAIL if sign == "l" else ProbeAnswer.OK,
        logged=int(sign) if sign.isdigit() else 0,
    )
