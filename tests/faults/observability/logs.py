"""Faults of logs: lines that are lost, late or incomplete, or hold confidential values."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from cutover_gates.config.logs_and_dashboards import LogSettings
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.probes.observability.logs import rules
from cutover_gates.probes.observability.logs.assessments import LogAssessments
from cutover_gates.probes.observability.logs.log_store_factory import create_log_store
from cutover_gates.probes.observability.logs.model import TrafficRecord
from cutover_gates.probes.observability.observability_context import ObservabilityContext
from tests.faults.observability.observability_fault import ObservabilityFault

PASSWORD, TOKEN, NAME = "correct-horse-battery", "0paque-token-of-the-run", "Ångström-1f2e3d4c5b"
ARRIVES, SECRETS, PATIENTS = (
    "test_the_line_of_a_request_arrives",
    "test_no_line_holds_a_secret",
    "test_no_line_holds_patient_data",
)
ROLLBACK = "test_no_error_since_the_rollback"
SECONDS = 0.6
Fields = dict[str, Any]


class Writer:
    """A target that only writes its log, with a fault in it.

    It answers the requests that a run sends to a real target.
    """

    def __init__(self, path: Path, fault: type[LogFault]) -> None:
        self._path, self._fault = path, fault
        path.touch()

    def probe_request(self) -> TrafficRecord:
        return self.search(1)

    def search(self, times: int) -> TrafficRecord:
        return self._done([{"route": "/patients", "status": 200} for _ in range(times)])

    def sign_in(self) -> TrafficRecord:
        return self._done(
            [{"route": "/sign-in", "status": 200}, {"route": "/patients", "status": 200}]
        )

    def register_canary_patient(self) -> TrafficRecord:
        done = self._done(
            [{"route": "/patients", "status": 201}, {"route": "/patients", "status": 200}]
        )
        return TrafficRecord(
            done.began, done.ended, done.ids, done.sent, {"a patient's family name": NAME}
        )

    def _done(self, requests: list[Fields]) -> TrafficRecord:
        began, ids = time.time(), [uuid4().hex for _ in requests]
        for number, fields in zip(ids, requests, strict=True):
            line = {
                "time": datetime.now(UTC).isoformat(),
                "level": "info",
                "message": "request",
                "request_id": number,
                **fields,
            }
            self._fault.write(self._append, line)
        return TrafficRecord(
            began, time.time(), tuple(ids) if self._fault.tells_ids else (), len(ids)
        )

    def _append(self, line: Fields | str) -> None:
        text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")


Append = Callable[[Fields | str], None]


class LogFault(ObservabilityFault):
    """`changed` returns a line with the fault in it; `write` appends it to the log."""

    item, check, tells_ids = "logs-flowing", ARRIVES, True

    @classmethod
    def write(cls, append: Append, line: Fields) -> None:
        append(cls.changed(line))

    @staticmethod
    def changed(line: Fields) -> Fields:
        return line

    @classmethod
    def asked(cls, folder: Path) -> LogAssessments:
        redactor = Redactor()
        redactor.learn("password of registrar", PASSWORD)
        redactor.learn("token of registrar", TOKEN)
        settings = LogSettings(kind="file", path=folder / "hospital.jsonl", seconds=SECONDS)
        deeds = Writer(folder / "hospital.jsonl", cls)
        return LogAssessments(
            settings,
            create_log_store(settings, None),
            deeds,
            redactor,
            ObservabilityContext("staging"),
            rolled_back_at=time.time() - 60,
        )


class LinesAreLost(LogFault):
    """The log collector is not running: errors of the night are lost."""

    breaks, shows = (rules.LINE_ARRIVES,), "| no line |"

    @classmethod
    def write(cls, append: Append, line: Fields) -> None:
        """Nothing."""


class LinesAreLate(LogFault):
    """Errors show minutes later, after the decision is made."""

    breaks, shows = (rules.LINE_ARRIVES,), f"a line within {SECONDS:g} s | no line |"

    @classmethod
    def write(cls, append: Append, line: Fields) -> None:
        threading.Timer(SECONDS + 1, append, [line]).start()


class LinesHaveNoLevel(LogFault):
    """Errors cannot be told from other lines."""

    breaks, shows = (rules.LINE_HAS_LEVEL,), "| none; fields message, request_id"

    @staticmethod
    def changed(line: Fields) -> Fields:
        return {name: value for name, value in line.items() if name != "level"}


class LinesHaveALevelOfTheirOwn(LogFault):
    """The filter for errors knows other level names."""

    breaks, shows = (rules.LINE_HAS_LEVEL,), "| schlimm |"

    @staticmethod
    def changed(line: Fields) -> Fields:
        return {**line, "level": "schlimm"}


class LinesHaveNoRequestId(LogFault):
    """A user reports a request's id, and no line has it."""

    breaks, shows = (rules.LINE_ARRIVES,), "| no line |"

    @staticmethod
    def changed(line: Fields) -> Fields:
        return {name: value for name, value in line.items() if name != "request_id"}


class TheRequestIdIsInTheMessage(LogFault):
    """The id can be read, but not searched for."""

    breaks, shows = (rules.LINE_HAS_ID,), "| the id in field request_id | the id elsewhere"

    @staticmethod
    def changed(line: Fields) -> Fields:
        return {**line, "request_id": None, "message": f"request {line['request_id']}"}


class TheTimeIsAnHourOff(LogFault):
    """Local time is marked as UTC: events are read in the wrong order."""

    breaks, shows = (rules.LINE_TIME_CORRECT,), "3600 s earlier |"

    @staticmethod
    def changed(line: Fields) -> Fields:
        return {**line, "time": (datetime.now(UTC) - timedelta(hours=1)).isoformat()}


class LinesHaveNoTime(LogFault):
    """The store adds the time of arrival, which has another order."""

    breaks, shows = (rules.LINE_HAS_TIME,), "| a time in field time | none; fields"

    @staticmethod
    def changed(line: Fields) -> Fields:
        return {name: value for name, value in line.items() if name != "time"}


class AnswersCarryNoId(LogFault):
    """No line can be assigned to a request."""

    outcome, tells_ids = "not proven", False
    breaks, shows = (rules.ANSWERS_CARRY_ID,), "1 answers |"


class _Holding(LogFault):
    holds = ""

    @classmethod
    def changed(cls, line: Fields) -> Fields:
        return {**line, "detail": cls.holds}


class APasswordIsInALine(_Holding):
    """The body of a sign-in is logged for debugging."""

    check = SECRETS
    breaks, shows = (rules.NO_SECRET,), "| none | password of registrar |"
    holds = json.dumps({"username": "registrar", "password": PASSWORD})


class APasswordIsInALineInBase64(_Holding):
    """A Basic Authorization header is logged: base64 does not hide the password."""

    check = SECRETS
    breaks, shows = (rules.NO_SECRET,), "| none | password of registrar |"
    holds = base64.b64encode(f"registrar:{PASSWORD}".encode()).decode()


class ATokenIsInALine(_Holding):
    """Everyone who reads the log can act as the registrar."""

    check = SECRETS
    breaks, shows = (rules.NO_SECRET,), "| none | token of registrar |"
    holds = f"Authorization: Bearer {TOKEN}"


class SomebodysTokenIsInALine(_Holding):
    """The token of another user, which is not the run's own."""

    check = SECRETS
    breaks, shows = (rules.NO_SECRET,), "| none | a token (JWT) |"
    holds = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9mLXRoYXQ"


class ThePatientsNameIsInALine(_Holding):
    """Everyone who reads the log learns which patient was searched for."""

    check = PATIENTS
    breaks, shows = (rules.NO_PATIENT_DATA,), "| none | a patient's family name |"
    holds = f"searched for {NAME}"


class ThePatientsNameIsInALineUrlEncoded(_Holding):
    """The access log of the proxy keeps query strings."""

    check = PATIENTS
    breaks, shows = (rules.NO_PATIENT_DATA,), "| none | a patient's family name |"
    holds = f"GET /patients?name={quote(NAME)}"


class ThePatientsNameIsInALineInBase64(_Holding):
    """A request's body is kept in base64."""

    check = PATIENTS
    breaks, shows = (rules.NO_PATIENT_DATA,), "| none | a patient's family name |"
    holds = base64.b64encode(f'{{"family_name": "{NAME}"}}'.encode()).decode()


class ThePatientsNameIsInALineInCapitals(_Holding):
    """The search logs names in capital letters."""

    check = PATIENTS
    breaks, shows = (rules.NO_PATIENT_DATA,), "| none | a patient's family name |"
    holds = NAME.upper()


class WhatALineHoldsIsNotSeen(LogFault):
    """Half of the lines are lost: it is unknown what they hold."""

    check, outcome = PATIENTS, "not proven"
    breaks, shows = (rules.LINES_COMPLETE,), "2 requests |"

    @classmethod
    def write(cls, append: Append, line: Fields) -> None:
        if line["status"] == 200:
            append(line)


class ErrorsComeBackWithTheRollback(LogFault):
    """The old release fails on data that the new one left behind."""

    item, check = "rollback-logs", ROLLBACK
    breaks, shows = (rules.NO_ERROR,), "| no error | level ERROR |"

    @classmethod
    def write(cls, append: Append, line: Fields) -> None:
        append(line)
        append({**line, "level": "ERROR", "message": "column unknown"})


class LinesWithoutALevelHideErrors(LogFault):
    """The old release logs without a level, so errors do not show."""

    item, check, outcome = "rollback-logs", ROLLBACK, "not proven"
    breaks, shows = (rules.LEVELS_COMPLETE,), "lines have no field level |"

    @staticmethod
    def changed(line: Fields) -> Fields:
        return {name: value for name, value in line.items() if name != "level"}


class NobodySaysWhenTheRollbackWas(LogFault):
    """It is unknown since when there should be no errors."""

    item, check, outcome = "rollback-logs", ROLLBACK, "not proven"
    breaks, shows = (rules.LOG_DECLARED,), "targets.staging.monitoring.logs.rolled_back |"

    @classmethod
    def asked(cls, folder: Path) -> LogAssessments:
        declared = super().asked(folder)
        return LogAssessments(
            declared.settings, declared.store, declared.traffic, declared.redactor, declared.context
        )


class TheLogIsThatOfYesterday(LogFault):
    """The file that is read is no longer written: it holds no errors, and nothing else."""

    item, check, outcome = "rollback-logs", ROLLBACK, "not proven"
    breaks, shows = (rules.LINES_COMPLETE,), "1 requests |"

    @classmethod
    def write(cls, append: Append, line: Fields) -> None:
        append({**line, "request_id": "of-yesterday"})
