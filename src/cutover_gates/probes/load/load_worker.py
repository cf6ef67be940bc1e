"""The state that all streams of a load process share, and the journeys that they start."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import cast

import gevent
from greenlet import greenlet

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.drivers.deputy_driver import add_deputies
from cutover_gates.drivers.factory import connect, make_client
from cutover_gates.drivers.sessions import SessionPool
from cutover_gates.hospital import (
    Driver,
    FrontDesk,
    MappingError,
    ProtocolViolation,
    Records,
    Rejected,
    Role,
    Unsupported,
    Ward,
)
from cutover_gates.probes.load.data_pool import DataPool, PoolExhausted
from cutover_gates.probes.load.fast_request import FastClient
from cutover_gates.probes.load.gevent_transport import GeventTransport
from cutover_gates.probes.load.hospital_proxies import LedgerReporting, SessionRefreshing
from cutover_gates.probes.load.journey_run import JourneyAborted, JourneyRun, measure_hospital
from cutover_gates.probes.load.journeys import (
    JourneyContext,
    JourneyFunction,
    get_steps,
    read_journeys,
)
from cutover_gates.probes.load.request_outcomes import ConnectionFlags, RequestOutcome
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import PlannedRecords, WorkerConfig
from cutover_gates.probes.load.write_reports import WriteReporting

SPARE_CONNECTIONS = 10
"""Connections beyond the requests that may wait: a request that ends gives its connection back
late.
"""


class LoadWorker:
    """The driver, the living sessions, the records to create, and the writer of samples."""

    def __init__(
        self,
        config: WorkerConfig,
        writer: SampleWriter,
        more: Callable[[str], PlannedRecords] | None = None,
    ) -> None:
        """Prepare a worker; `more` enters further records in the ledger (`DataPool`)."""
        self.config, self.sample_writer, self.redactor = config, writer, Redactor()
        self._journeys = read_journeys(config.journeys, "performance/journeys.py")
        self._running = set[JourneyRun]()
        self._idle = list[greenlet]()
        self._hub = gevent.get_hub()
        self._pool = DataPool(config, more)
        self._transport = GeventTransport(
            config.connect_seconds,
            config.request_seconds,
            config.most_waiting + SPARE_CONNECTIONS,
            production=config.production,
            answer_bytes=config.answer_bytes,
            new_connections=config.new_connections,
            seed=f"{config.seed} {config.place.index}",
        )
        driver = self._connect()
        self._hospital = cast(
            Driver,
            LedgerReporting(cast(Driver, WriteReporting(driver, writer)), self._pool, writer),
        )
        self._sessions = SessionPool(driver, config.users, redactor=self.redactor)

    def _connect(self) -> Driver:
        config, transport = self.config, self._transport
        # A driver of the hospital's own may use all of httpx.
        is_rest = config.driver == "rest"
        client = FastClient(transport) if is_rest else make_client(transport)
        driver = connect(
            config.url,
            recorder=Recorder(self.redactor, cap=1),
            run_tag=config.tag,
            driver=config.driver,
            mapping=config.mapping,
            source=config.source,
            client=client,
            secrets=config.secrets,
        )
        return add_deputies(driver, config.users.values())

    def sign_in(self) -> None:
        """Sign in before the first journey. Raises as signing in does."""
        for role in (Role.REGISTRAR, Role.CLINICIAN):
            self._sessions.session(role)
        self.sample_writer.report_secrets(self.redactor)

    def start_journey(self, name: str, due: float, dice: random.Random) -> None:
        """Start a journey that is due; if too many requests wait, record that it was not sent."""
        journey = self._journeys[name]
        self.sample_writer.count_journey(name)
        if len(self._running) >= self.config.most_waiting:
            self._record_unsent(journey, due)
            return
        seconds = self.config.work[name][1]
        run = JourneyRun(
            due,
            self.sample_writer.clock,
            gevent.sleep,
            lambda: seconds * dice.expovariate(1),
            self._record_request,
            self._transport.watch_connections,
        )
        self._running.add(run)
        # A greenlet that waits is used again: to start a new one for each journey costs.
        if self._idle:
            self._hub.loop.run_callback(self._idle.pop().switch, (journey, run))
        else:
            gevent.spawn(self._run_journeys, journey, run)

    def close(self) -> None:
        """End the run: record the requests that are still without an answer."""
        for run in list(self._running):
            run.abort()

    @property
    def is_busy(self) -> bool:
        """Return whether a journey is still running."""
        return bool(self._running)

    def _run_journeys(self, journey: JourneyFunction, run: JourneyRun) -> None:
        """Run one journey after the other; there are as many greenlets as ever ran at once."""
        while True:
            self._run_journey(journey, run)
            self._idle.append(gevent.getcurrent())
            journey, run = self._hub.switch()

    def _run_journey(self, journey: JourneyFunction, run: JourneyRun) -> None:
        try:
            with self._pool.borrow_patient() as index:
                journey(self._create_context(run, index))
            run.finish_request()
        except AssertionError as error:
            run.finish_request(str(error) or "another answer than the journey expects")
        except (JourneyAborted, Unsupported, PoolExhausted):
            run.finish_request()
        except (Rejected, ProtocolViolation, MappingError) as error:
            self._record_failed_sign_in(journey, run, error)
        finally:
            self._running.discard(run)

    def _create_context(self, run: JourneyRun, index: int) -> JourneyContext:
        measured = measure_hospital(self._hospital, run)
        hospital = cast(Driver, SessionRefreshing(measured, self._sessions))
        registrar = self._sessions.session(Role.REGISTRAR)
        clinician = self._sessions.session(Role.CLINICIAN)
        return JourneyContext(
            FrontDesk(hospital, registrar),
            Ward(hospital, clinician),
            Records(hospital, clinician),
            self.config.known[index],
            self._pool.next_patient,
            lambda: self._pool.next_visit_reason(index),
            lambda: self._pool.next_upload(index),
            run.think,
        )

    def _record_unsent(self, journey: JourneyFunction, due: float) -> None:
        self._record_request(
            get_steps(journey)[0],
            due,
            0.0,
            self.config.request_seconds,
            RequestOutcome.NOT_SENT,
            0,
            "too many requests were waiting for their answers",
            ConnectionFlags.NONE,
        )

    def _record_failed_sign_in(
        self, journey: JourneyFunction, run: JourneyRun, error: Exception
    ) -> None:
        self._record_request(
            get_steps(journey)[0],
            run.due,
            0.0,
            self.sample_writer.clock() - run.due,
            RequestOutcome.REJECTED,
            0,
            f"to sign in again failed: {error}",
            ConnectionFlags.NONE,
        )

    def _record_request(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        outcome: RequestOutcome,
        status: int,
        failure: str,
        flags: ConnectionFlags,
    ) -> None:
        # Most requests have no failure, and redaction costs.
        text = self.redactor.redact_text(failure) if failure else ""
        self.sample_writer.record_request(operation, due, late, took, outcome, status, text, flags)
