"""The truth table of the watch itself: blind sources, its own lag, another image, starting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutover_gates.core.triggers.evaluation import (
    Evaluation,
    HealthReading,
    ProbeAnswer,
    ShareReading,
    TriggerReading,
)
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
PROBES, PROMETHEUS, LOGS = SignalSource.PROBES, SignalSource.PROMETHEUS, SignalSource.LOGS


@dataclass(frozen=True)
class SourceStretch:
    """Evaluations in which these sources delivered or not; `step`: seconds between them."""

    evaluations: int
    sources: dict[SignalSource, bool]
    step: float = EVALUATE


def _both(probes: bool, prometheus: bool) -> dict[SignalSource, bool]:
    return {PROBES: probes, PROMETHEUS: prometheus}


SEEN, DARK = _both(True, True), _both(False, False)
BLIND_CASES: Sequence[tuple[str, tuple[SourceStretch, ...], Expected, float | None]] = (
    ("both see", (SourceStretch(60, SEEN),), SILENT, None),
    ("both blind for 115 s", (SourceStretch(23, DARK), SourceStretch(1, SEEN)), SILENT, None),
    ("both blind for 120 s", (SourceStretch(24, DARK),), FIRES, 120),
    ("Prometheus alone is blind", (SourceStretch(60, _both(True, False)),), NOT_PROVEN, None),
    ("the probes alone are blind", (SourceStretch(60, _both(False, True)),), NOT_PROVEN, None),
    (
        "both blind in turn",
        (
            SourceStretch(20, _both(False, True)),
            SourceStretch(20, _both(True, False)),
            SourceStretch(1, SEEN),
        ),
        SILENT,
        None,
    ),
    (
        "both blind, the probes 100 s before Prometheus",
        (SourceStretch(20, _both(False, True)), SourceStretch(24, DARK)),
        FIRES,
        220,
    ),
    (
        "both blind for 115 s, seen once, blind for 115 s",
        (
            SourceStretch(23, DARK),
            SourceStretch(1, SEEN),
            SourceStretch(23, DARK),
            SourceStretch(1, SEEN),
        ),
        SILENT,
        None,
    ),
    (
        "the probes are blind, and nothing else is declared",
        (SourceStretch(60, {PROBES: False}),),
        NOT_PROVEN,
        None,
    ),
    (
        "probes and logs are blind, and Prometheus is not declared",
        (SourceStretch(24, {PROBES: False, LOGS: False}),),
        FIRES,
        120,
    ),
    (
        "the watcher stood still for ten minutes and saw nothing before and after",
        (
            SourceStretch(12, DARK),
            SourceStretch(1, DARK, 600.0),
            SourceStretch(11, DARK),
            SourceStretch(1, SEEN),
        ),
        SILENT,
        None,
    ),
    (
        "the watcher is slow: one evaluation a minute, all of them blind",
        (SourceStretch(10, DARK, 60.0), SourceStretch(1, SEEN)),
        SILENT,
        None,
    ),
)
"""Courses of sources: name, stretches, expectation, seconds to the firing."""


def list_watch_rows() -> Iterator[TruthRow]:
    """Yield the rows of blind sources, of the watcher's lag, of images and of starts."""
    for name, stretches, expected, fires_at in BLIND_CASES:
        evaluations = tuple(_build_blind(stretches))
        yield TruthRow(f"blind: {name}", TriggerName.BLIND, evaluations, expected, fires_at, 0.0)
    yield from _list_lag_rows()
    yield from _list_image_rows()
    yield from _list_start_rows()


def _build_blind(stretches: Sequence[SourceStretch]) -> Iterator[Evaluation]:
    at = 0.0
    for stretch in stretches:
        for _ in range(stretch.evaluations):
            at += stretch.step
            yield Evaluation(at, (), stretch.sources)


def _errors(at: float, bad: int, digest: str | None = None, subject: str = NEW) -> Evaluation:
    key = ConditionKey(TriggerName.ERRORS, subject, PROBES)
    return Evaluation(at, (ShareReading(key, bad, 1_000),), {PROBES: True}, digest)


def _list_lag_rows() -> Iterator[TruthRow]:
    """Yield rows in which the watcher did not run for a time."""
    first = [_errors(EVALUATE * n, 500) for n in range(1, 41)]
    for gap, expected, fires_at in ((30.0, FIRES, 325.0), (600.0, NOT_PROVEN, None)):
        after = [_errors(200 + gap + EVALUATE * n, 500) for n in range(21)]
        name = f"error-rate: the watcher stood still for {gap:.0f} s in a trouble"
        yield TruthRow(name, TriggerName.ERRORS, (*first, *after), expected, fires_at, hazard=50)
    key = ConditionKey(TriggerName.HEALTH, SERVICE, PROBES)
    moments = (5.0, 10.0, 15.0, 20.0, 620.0, 625.0)
    results = "OFFFFO"
    probes = tuple(_health(key, at, sign) for at, sign in zip(moments, results, strict=True))
    name = "health: three failures, ten minutes unwatched, a failure"
    yield TruthRow(name, TriggerName.HEALTH, probes, NOT_PROVEN, hazard=50)


def _list_image_rows() -> Iterator[TruthRow]:
    """Yield rows in which another image of the new release appears."""
    for subject, expected, fires_at in ((NEW, NOT_PROVEN, None), (SERVICE, FIRES, 300.0)):
        before = [_errors(EVALUATE * n, 500, "sha256:a", subject) for n in range(1, 41)]
        after = [_errors(EVALUATE * n, 500, "sha256:b", subject) for n in range(41, 81)]
        yield TruthRow(
            f"error-rate of {subject}: another image after 200 s of errors",
            TriggerName.ERRORS,
            (*before, *after),
            expected,
            fires_at,
            hazard=47,
        )


def _list_start_rows() -> Iterator[TruthRow]:
    """Yield rows of an instance that has not answered yet."""
    key = ConditionKey(TriggerName.HEALTH, f"{INSTANCE}b", PROBES)
    courses = (
        ("starts for 55 s", "F" * 11 + "O" * 60, SILENT, None),
        ("never starts: failures count after 60 s", "F" * 20, FIRES, 80.0),
        ("fails after its first answer", "FOFFFF", FIRES, 30.0),
    )
    for name, signs, expected, fires_at in courses:
        probes = tuple(_health(key, EVALUATE * n, sign) for n, sign in enumerate(signs, start=1))
        yield TruthRow(
            f"health of an instance: {name}", TriggerName.HEALTH, probes, expected, fires_at
        )


def _health(key: ConditionKey, at: float, sign: str) -> Evaluation:
    result = ProbeAnswer.OK if sign == "O" else ProbeAnswer.FAIL
    readings: tuple[TriggerReading, ...] = (HealthReading(key, result),)
    return Evaluation(at, readings, {PROBES: True})
