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

from cutover.drivers import TokenKeeper, client_for, connect
from cutover.evidence import Recorder, Redactor
from cutover.hospital import (
    FrontDesk,
    Hospital,
    MappingError,
    Misbehaved,
    NotOffered,
    Records,
    Refused,
    Role,
    Ward,
)
from cutover.load.brief import Brief, Stock
from cutover.load.journey import Journey, Shift, read_journeys, steps_of
from cutover.load.lean import FastClient
from cutover.load.samples import Ending
from cutover.load.scribe import Scribe
from cutover.load.supplies import Entered, SoldOut, Supplies
from cutover.load.walk import JourneyEnds, Walk, measured
from cutover.load.way import FastTransport


class Living:
    """A `Hospital` to which everybody shows the session that he has by now: a journey may last
    longer than a token.
    """

    def __init__(self, hospital: Hospital, keeper: TokenKeeper) -> None:
        self._hospital, self._keeper = hospital, keeper

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act: Callable[..., Any] = getattr(self._hospital, name)
        return lambda session, *words, **named: act(self._keeper.current(session), *words, **named)


class House:
    """What all streams of a process share: the driver, living sessions, what may be made, the
    scribe.
    """

    def __init__(
        self, brief: Brief, scribe: Scribe, more: Callable[[str], Stock] | None = None
    ) -> None:
        self.brief, self.scribe, self.redactor = brief, scribe, Redactor()
        self._journeys: dict[str, Journey] = read_journeys(
            brief.journeys, "performance/journeys.py"
        )
        self._under_way, self._idle, self._hub = set[Walk](), list[greenlet](), gevent.get_hub()
        self._supplies = Supplies(brief, more)
        transport = FastTransport(
            brief.connect_seconds,
            brief.request_seconds,
            brief.most_waiting + 10,
            production=brief.production,
        )
        client = (
            FastClient(transport) if brief.driver == "rest" else client_for(transport)
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
        self._hospital = cast(Hospital, Entered(driver, self._supplies, scribe))
        self._keeper = TokenKeeper(driver, brief.users, redactor=self.redactor)

    def open(self) -> None:
        """Sign in, before anybody comes. Raises as signing in does."""
        for role in (Role.REGISTRAR, Role.CLINICIAN):
            self._keeper.session(role)
        self.scribe.learnt(self.redactor)

    def begin(self, name: str, due: float, dice: random.Random) -> None:
        """Somebody has come.

        When too many wait for their answers already, that he could not be served is written down.
        """
        journey = self._journeys[name]
        self.scribe.begun(name)
        if len(self._under_way) >= self.brief.most_waiting:
            self._kept(
                steps_of(journey)[0],
                due,
                0.0,
                self.brief.request_seconds,
                Ending.NOT_SENT,
                0,
                "too many were waiting for their answers",
            )
        else:
            seconds = self.brief.work[name][1]
            walk = Walk(
                due,
                self.scribe.clock,
                gevent.sleep,
                lambda: seconds * dice.expovariate(1),
                self._kept,
            )
            self._under_way.add(walk)
            if self._idle:
                self._hub.loop.run_callback(self._idle.pop().switch, (journey, walk))
            else:
                gevent.spawn(self._guide, journey, walk)

    def close(self) -> None:
        """The run is over: what is still without an answer is written down as it is."""
        for walk in list(self._under_way):
            walk.cut()

    @property
    def busy(self) -> bool:
        """Whether somebody is still here."""
        return bool(self._under_way)

    def _guide(self, journey: Journey, walk: Walk) -> None:
        """Goes through one journey after the other.

        There are as many guides as were ever needed at once: each greenlet that is begun costs.
        """
        while True:
            self._go(journey, walk)
            self._idle.append(gevent.getcurrent())
            journey, walk = self._hub.switch()

    def _go(self, journey: Journey, walk: Walk) -> None:
        try:
            with self._supplies.somebody() as index:
                journey(self._shift(walk, index))
            walk.settle()
        except AssertionError as wrong:
            walk.settle(str(wrong) or "another answer than the journey expects")
        except (JourneyEnds, NotOffered, SoldOut):
            walk.settle()
        except (Refused, Misbehaved, MappingError) as error:
            self._kept(
                steps_of(journey)[0],
                walk.due,
                0.0,
                self.scribe.clock() - walk.due,
                Ending.REFUSED,
                0,
                f"to sign in again failed: {error}",
            )
        finally:
            self._under_way.discard(walk)

    def _shift(self, walk: Walk, index: int) -> Shift:
        supplies, hospital = (
            self._supplies,
            cast(Hospital, Living(measured(self._hospital, walk), self._keeper)),
        )
        registrar, clinician = (
            self._keeper.session(Role.REGISTRAR),
            self._keeper.session(Role.CLINICIAN),
        )
        return Shift(
            FrontDesk(hospital, registrar),
            Ward(hospital, clinician),
            Records(hospital, clinician),
            self.brief.known[index],
            supplies.newcomer,
            lambda: supplies.reason(index),
            lambda: supplies.file(index),
            walk.think,
        )

    def _kept(
        self,
        operation: str,
        due: float,
        late: float,
        took: float,
        ending: Ending,
        status: int,
        trouble: str,
    ) -> None:
        self.scribe.keep(
            operation,
            due,
            late,
            took,
            ending,
            status,
            self.redactor.text(trouble) if trouble else "",
        )


class Stream(FastHttpUser):
    """People who come one after the other, at a rate of their own.

    `house` is set by whoever makes the process.
    """

    wait_time = constant(0)
    host = "http://127.0.0.1"  # locust wants one; where the target is stands in the brief
    house: House
    _numbers = iter(range(10**9))

    def on_start(self) -> None:
        brief = self.house.brief
        self._dice = random.Random(f"{brief.seed} {brief.place.index} {next(Stream._numbers)}")
        self._names, self._weights = (
            list(brief.work),
            [*accumulate(weight for weight, _ in brief.work.values())],
        )
        self._rate, self._due = brief.journey_rate / brief.streams, self.house.scribe.clock()

    @task
    def come(self) -> None:
        """One arrival after the other, until locust ends the user: wait for its moment, and begin
        it. Who comes late (the process was busy) is due when he was due.
        """
        while True:
            self._due += self._dice.expovariate(self._rate)
            gevent.sleep(max(0.0, self._due - self.house.scribe.clock()))
            self.house.begin(
                self._names[bisect(self._weights, self._dice.random() * self._weights[-1])],
                self._due,
                self._dice,
            )
