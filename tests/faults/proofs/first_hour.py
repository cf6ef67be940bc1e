"""Faults of the log in the hour after the cutover."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.config.review import ReviewSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.logs import rules
from cutover_gates.probes.observability.logs.hour_review import LogReview
from cutover_gates.probes.observability.logs.log_store_factory import create_log_store
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from tests.faults.proofs.proof_fault import ProofFault

DEPLOYED = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
HOUR = 3600
Fields = dict[str, Any]


def line(seconds: float, level: str = "info", message: str = "request", **more: Any) -> Fields:
    """Return a line so many seconds after the cutover."""
    at = datetime.fromtimestamp(DEPLOYED.timestamp() + seconds, UTC)
    release = "2.0.0" if seconds >= 0 else "1.9.0"
    return {
        "time": at.isoformat(),
        "level": level,
        "message": message,
        "request_id": f"r{seconds:g}",
        "release": release,
        **more,
    }


def quiet_lines() -> Iterator[Fields]:
    """Yield a line every five minutes, with one known error in the day before and in the hour."""
    for seconds in range(-24 * HOUR, HOUR, 300):
        yield line(seconds)
    for seconds in (-20 * HOUR, 600):
        yield line(seconds, "ERROR", f"the printer {abs(seconds)} of 'ward 3' is offline")


def make_hour(folder: Path, lines: list[Fields], **asked: Any) -> LogReview:
    """Return the question about a log, two hours after the cutover."""
    path = folder / "hospital.jsonl"
    ordered = sorted(lines, key=lambda one: str(one.get("time")))
    path.write_text("".join(json.dumps(one) + "\n" for one in ordered), encoding="utf-8")
    settings = LogSettings(kind="file", path=path, release="release")
    return LogReview(
        settings,
        ReviewSettings.model_validate({"deployed": DEPLOYED, **asked}),
        create_log_store(settings, None),
        "2.0.0",
        "1.9.0",
        Redactor(),
        ObservabilityContext("staging"),
        clock=lambda: DEPLOYED.timestamp() + 2 * HOUR,
    )


class HourFault(ProofFault):
    """`further` lines are added to a quiet log; `changed` returns all of them."""

    item, fixture = "error-logs-checked", "log_review"
    check = "test_the_hour_after_brought_no_new_error"
    further: ClassVar[tuple[Fields, ...]] = ()

    @classmethod
    def changed(cls, lines: list[Fields]) -> list[Fields]:
        return lines

    @classmethod
    def asked(cls, folder: Path) -> LogReview:
        return make_hour(folder, cls.changed([*quiet_lines(), *cls.further]))


class ANewErrorIsInTheLog(HourFault):
    """One prescription in a thousand is not stored."""

    breaks = (rules.NO_NEW_ERROR,)
    shows = "line of request r1200 at 2026-11-28T02:20:00Z | no error that the day before did not"
    further = (line(1200, "error", "cannot store prescription 12"),)


class AnotherExceptionHasTheKnownMessage(HourFault):
    """The handler logs every failure with one message; only the exception is another."""

    breaks, shows = (rules.NO_NEW_ERROR,), "line of request r900 "
    further = (
        line(-7200, "error", "unhandled", exception="TimeoutError: no answer"),
        line(900, "error", "unhandled", exception="UniqueViolationError: visits_key"),
    )


class ARareErrorIsFrequentNow(HourFault):
    """The printers are offline all the time since the cutover."""

    breaks, shows = (rules.NOT_MORE_ERRORS,), "| at most 10 lines like it | 41 lines |"
    further = tuple(
        line(1000 + number, "ERROR", f"the printer {number} of 'ward 1' is offline")
        for number in range(40)
    )


class TheLogOfTheHourIsEmpty(HourFault):
    """The collector does not know the new pods: it holds no errors, and nothing else."""

    breaks, outcome = (rules.HOUR_COVERED,), "not proven"
    shows = "2026-11-28T02:00:00Z to 2026-11-28T02:15:00Z | "

    @classmethod
    def changed(cls, lines: list[Fields]) -> list[Fields]:
        return [one for one in lines if one["release"] == "1.9.0"]


class TheCollectorStoppedInTheHour(HourFault):
    """It died twenty minutes after the cutover, and took the errors with it."""

    breaks, outcome, shows = (
        (rules.HOUR_COVERED,),
        "not proven",
        "to 2026-11-28T03:00:00Z |  | no line",
    )

    @classmethod
    def changed(cls, lines: list[Fields]) -> list[Fields]:
        return [one for one in lines if one["time"] < "2026-11-28T02:20"]


class OnlyTheOldReleaseLogs(HourFault):
    """The lines are of the old pods, which still drain."""

    breaks, outcome, shows = (rules.HOUR_COVERED,), "not proven", "no line of release 2.0.0"

    @classmethod
    def changed(cls, lines: list[Fields]) -> list[Fields]:
        return [{**one, "release": "1.9.0"} for one in lines]


class TheNewReleaseLogsWithoutLevels(HourFault):
    """Its errors look like any other line."""

    breaks, outcome, shows = (rules.HOUR_COVERED,), "not proven", "have no field level"

    @classmethod
    def changed(cls, lines: list[Fields]) -> list[Fields]:
        return [
            {
                name: value
                for name, value in one.items()
                if name != "level" or one["time"] < "2026-11-28T02"
            }
            for one in lines
        ]


class TheDayBeforeIsNotKept(HourFault):
    """The store was set up for the cutover: whether the error is new cannot be told."""

    breaks, outcome, shows = (rules.DAY_BEFORE_KNOWN,), "not proven", "the day before is not known"

    @classmethod
    def changed(cls, lines: list[Fields]) -> list[Fields]:
        return [one for one in lines if one["time"] >= "2026-11-28T01"]


class TheCutoverIsThatOfLastMonth(HourFault):
    """The settings still name its time."""

    breaks, outcome, shows = (rules.REVIEW_TIME,), "not proven", "monitoring.review.deployed |"

    @classmethod
    def asked(cls, folder: Path) -> LogReview:
        return make_hour(folder, [*quiet_lines()], deployed="2026-10-28T02:00:00Z")


class OnlyLinesWithoutAReleaseAreThere(HourFault):
    """The release before did not log its name: its lines stand for the new one."""

    breaks, outcome, shows = (rules.HOUR_COVERED,), "not proven", "no line of release 2.0.0"

    @classmethod
    def changed(cls, lines: list[Fields]) -> list[Fields]:
        return [{**one, "release": None} for one in lines]


class ATracebackNamesAnotherException(HourFault):
    """The log is text: the name of the exception stands in the lines below the message."""

    breaks, shows = (rules.NO_NEW_ERROR,), "line of request r900 "

    @classmethod
    def asked(cls, folder: Path) -> LogReview:
        known = [line(-7200, "error", "unhandled"), line(900, "error", "unhandled")]
        asked = make_hour(folder, [*quiet_lines(), *known])
        path = folder / "hospital.jsonl"
        written = []
        for text in path.read_text(encoding="utf-8").splitlines():
            written.append(text)
            if "unhandled" in text:
                written.append("OSError: away" if "r-7200" in text else "KeyError: dose")
        path.write_text("\n".join(written) + "\n", encoding="utf-8")
        return asked
