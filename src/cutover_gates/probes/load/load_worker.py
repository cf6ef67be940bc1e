"""Who makes the load: locust's users.

Each is a stream of people who come at random moments, whether those before them are done or not.

A stream's arrivals are a Poisson process, so any number of streams, on any number of processes, is
one of their rates' sum: nothing need be agreed between processes, and locust may deal the streams
out as it likes. Only for load processes: this module imports locust.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate
from typing import Any, cast

import gevent
from greenlet import greenlet
from locust import FastHttpUser, constant, task

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.core.evidence.redact import Redactor
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
from cutover_gates.probes.load.data_pool import DataPool, LedgerReporting, PoolExhausted
from cutover_gates.probes.load.fast_request import FastClient
from cutover_gates.probes.load.gevent_transport import GeventTransport
from cutover_gates.probes.load.journeys import (
    JourneyAborted,
    JourneyContext,
    JourneyFunction,
    JourneyRun,
    get_steps,
    measure_hospital,
    read_journeys,
)
from cutover_gates.probes.load.model import RequestOutcome
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import PlannedRecords, WorkerConfig


class SessionRefreshing:
    """A `Hospital` to which everybody shows the session that he has by now: a journey may last
    longer than a token.
    """

    def __init__(self, hospital: Driver, keeper: SessionPool) -> None:
        self._hospital, self._keeper = hospital, keeper

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)
        return lambda session, *words, **named: act(self._keeper.current(session), *words, **named)


class LoadWorker:
    """What all streams of a process share: the driver, living sessions, what may be made, the
    scribe.
    """

    def __init__(
        self,
        brief: WorkerConfig,
        scribe: SampleWriter,
        more: Callable[[str], PlannedRecords] | None = None,
    ) -> None:
        self.config, self.sample_writer, self.redactor = brief, scribe, Redactor()
        self._journeys: dict[str, JourneyFunction] = read_journeys(
            brief.journeys, "performance/journeys.py"
        )
        self._under_way, self._idle, self._hub = (
            set[JourneyRun](),
            list[greenlet](),
            gevent.get_hub(),
        )
        self._supplies = DataPool(brief, more)
        transport = GeventTransport(
            brief.connect_seconds,
            brief.request_seconds,
            brief.most_waiting + 10,
            production=brief.production,
        )
        client = (
            FastClient(transport) if brief.driver == "rest" else make_client(transport)
        )  # whoever wrote his own driver may use all of httpx's
        driver = connect(
            brief.url,
            recorder=Recorder(self.redactor, cap=1),
            run_tag=brief.tag,
            driver=brief.driver,
            mapping=brief.mapping,
            source=brief.source,
            client=client,
            secrets=brief.secrets,
        )
        self._hospital = cast(Driver, LedgerReporting(driver, self._supplies, scribe))
        self._keeper = SessionPool(driver, brief.users, redactor=self.redactor)

    def sign_in(self) -> None:
        """Sign in, before anybody comes. Raises as signing in does."""
        for role in (Role.REGISTRAR, Role.CLINICIAN):
            self._keeper.session(role)
        self.sample_writer.report_secrets(self.redactor)

    def start_journey(self, name: str, due: float, dice: random.Random) -> None:
        """Somebody has come.

        When too many wait for their answers already, that he could not be served is written down.
        """
        journey = self._journeys[name]
        self.sample_writer.count_journey(name)
        if len(self._under_way) >= self.config.most_waiting:
            self._record_request(
                get_steps(journey)[0],
                due,
                0.0,
                self.config.request_seconds,
                RequestOutcome.NOT_SENT,
                0,
                "too many were waiting for their answers",
            )
        else:
            seconds = self.config.work[name][1]
            walk = JourneyRun(
                due,
                self.sample_writer.clock,
                gevent.sleep,
                lambda: seconds * dice.expovariate(1),
                self._record_request,
            )
            self._under_way.add(walk)
            if self._idle:
                self._hub.loop.run_callback(self._idle.pop().switch, (journey, walk))
            else:
                gevent.spawn(self._run_journeys, journey, walk)

    def close(self) -> None:
        """The run is over: what is still without an answer is written down as it is."""
        for walk in list(self._under_way):
            walk.abort()

    @property
    def is_busy(self) -> bool:
        """Whether somebody is still here."""
        return bool(self._under_way)

    def _run_journeys(self, journey: JourneyFunction, walk: JourneyRun) -> None:
        """Goes through one journey after the other.

        There are as many guides as were ever needed at once: each greenlet that is begun costs.
        """
        while True:
            self._run_journey(journey, walk)
            self._idle.append(gevent.getcurrent())
            journey, walk = self._hub.switch()

    def _run_journey(self, journey: JourneyFunction, walk: JourneyRun) -> None:
        try:
            with self._supplies.borrow_patient() as index:
                journey(self._create_context(walk, index))
            walk.finish_request()
        except AssertionError as wrong:
            walk.finish_request(str(wrong) or "another answer than the journey expects")
        except (JourneyAborted, Unsupported, PoolExhausted):
            walk.finish_request()
        except (Rejected, ProtocolViolation, MappingError) as error:
            self._record_request(
                get_steps(journey)[0],
                walk.due,
                0.0,
                self.sample_writer.clock() - walk.due,
                RequestOutcome.REJECTED,
                0,
                f"to sign in again failed: {error}",
            )
        finally:
            self._under_way.discard(walk)

    def _create_context(self, walk: JourneyRun, index: int) -> JourneyContext:
        supplies, hospital = (
            self._supplies,
            cast(Driver, SessionRefreshing(measure_hospital(self._hospital, walk), self._keeper)),
        )
        registrar, clinician = (
            self._keeper.session(Role.REGISTRAR),
            self._keeper.session(Role.CLINICIAN),
        )
        return JourneyContext(
            FrontDesk(hospital, registrar),
            Ward(hospital, clinician),
            Records(hospital, clinician),
            self.config.known[index],
            supplies.next_patient,
            lambda: supplies.next_visit_reason(index),
            lambda: supplies.next_upload(index),
            walk.think,
        )

    def _record_request(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        ending: RequestOutcome,
        status: int,
        trouble: str,
    ) -> None:
        self.sample_writer.record_request(
            operation,
            due,
            late,
            took,
            ending,
            status,
            self.redactor.redact_text(trouble) if trouble else "",
        )


class ArrivalStream(FastHttpUser):
    """People who come one after the other, at a rate of their own.

    `worker` is set by whoever makes the process.
    """

    wait_time = constant(0)
    host = "http://127.0.0.1"  # locust wants one; where the target is stands in the brief
    worker: LoadWorker
    _numbers = iter(range(10**9))

    def on_start(self) -> None:
        brief = self.worker.config
        self._dice = random.Random(
            f"{brief.seed} {brief.place.index} {next(ArrivalStream._numbers)}"
        )
        self._names, self._weights = (
            list(brief.work),
            [*accumulate(weight for weight, _ in brief.work.values())],
        )
        self._rate, self._due = (
            brief.journey_rate / brief.streams,
            self.worker.sample_writer.clock(),
        )

    @task
    def generate_arrivals(self) -> None:
        """One arrival after the other, until locust ends the user: wait for its moment, and begin
        it. Who comes late (the process was busy) is due when he was due.
        """
        while True:
            self._due += self._dice.expovariate(self._rate)
            gevent.sleep(max(0.0, self._due - self.worker.sample_writer.clock()))
            self.worker.start_journey(
                self._names[bisect(self._weights, self._dice.random() * self._weights[-1])],
                self._due,
                self._dice,
            )
