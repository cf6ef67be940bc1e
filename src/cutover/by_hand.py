"""Load by hand, for `performance/locustfile.py`: the work, the target and the care of a gate's
load, at the pace of whoever sits at locust's page.

One of locust's users is a stream of people; ten of them are the rate of the settings. A response
time counts from when its request was due. What is made stands in a ledger of its own and is retired
at the end. Nothing is judged here, and locust rounds its percentiles: a verdict is a gate's.
"""

from __future__ import annotations

import sys

if "pytest" in sys.modules:
    raise ImportError(
        "performance/locustfile.py is for locust (`locust -f …`), which would make pytest's sockets"
        " its own; no gate needs it"
    )

# first of all: it makes this process gevent's, which must come before anything that opens a socket
import locust

# isort: split
import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import gevent
from locust.env import Environment
from locust.runners import LocalRunner

from cutover.evidence import Ledger, Redactor
from cutover.hospital import MappingError, Misbehaved, NotOffered, Refused
from cutover.load import ground
from cutover.load.brief import Stock
from cutover.load.briefing import STREAMS, brief_of, document_type, refuse, settle
from cutover.load.conductor import usual_seconds
from cutover.load.page import Page
from cutover.load.scribe import Scribe
from cutover.load.visitors import House, Stream
from cutover.settings import Performance, Settings, SettingsError, load_settings
from cutover.targets import Standing, containers, embedded, remote
from cutover.targets.connecting import declared_unsupported, mapping_of
from cutover.targets.entered import entered

BLOCK_SECONDS = 0.5
CLOSE_SECONDS = 3.0
"""For those who are still here when the person has had enough."""
FOR_EVER = 10**9
MISTAKES = (SettingsError, MappingError, Refused, Misbehaved, NotOffered, embedded.DidNotStart)
log = logging.getLogger("cutover")


class People(Stream):
    """One of locust's users: a stream of people.

    There are never more of them than the cap allows, and on production they come one by one.
    """

    most: int | None = None
    _there = 0

    def on_start(self) -> None:
        self._counts = self.most is None or People._there < self.most
        if not self._counts:
            log.warning(
                "no more than %d users are let in: performance.max_rate is the cap", self.most
            )
            gevent.sleep(FOR_EVER)  # to end the user would be an error on locust's page
        People._there += 1
        if self.house.brief.production:
            gevent.sleep(People._there * self.house.brief.ramp_seconds / self.house.brief.streams)
        super().on_start()

    def on_stop(self) -> None:
        People._there -= self._counts


def prepare(suite: Path) -> None:
    """Have locust open the house before anybody comes, and close it at the end.

    `suite` is the folder of the journeys, beside the settings.
    """
    events = cast(Any, locust.events)  # it has no types for them
    events.init.add_listener(lambda environment, **_: _begun(environment, suite))


def _begun(environment: Environment, suite: Path) -> None:
    if not isinstance(environment.runner, LocalRunner):
        sys.exit(
            "by hand one process makes the load; more of them, and more machines, are for a gate:"
            " performance.processes, performance.workers"
        )
    logging.getLogger("httpx").setLevel(
        logging.WARNING
    )  # it would tell of each request that is made before and after the load
    stack, events = ExitStack(), cast(Any, environment.events)
    events.quitting.add_listener(lambda **_: stack.close())
    try:
        stack.enter_context(_open(environment, suite))
    except MISTAKES as mistake:
        sys.exit(str(mistake))


@contextmanager
def _open(environment: Environment, suite: Path) -> Iterator[None]:
    """A hospital that is ready for people."""
    settings = load_settings(None, suite.parent)
    performance, tag = (
        settings.chosen.performance,
        f"hand{datetime.now(UTC):%y%m%d%H%M}{secrets.token_hex(2)}",
    )
    work = ground.work_of(performance, suite / "journeys.py", declared_unsupported(settings))
    redactor = Redactor()
    with _standing(settings, suite.parent, redactor) as standing, _ledger(settings, tag) as ledger:
        refuse(performance, standing)
        with entered(settings, standing, ledger, redactor) as (hospital, sessions):
            known = ground.prepare(
                hospital,
                sessions,
                ground.people_for(performance, work),
                tag,
                document_type(settings.chosen.limits),
            )
            brief = brief_of(
                settings.chosen, standing, mapping_of(settings), tag, work, known, Stock()
            )
            page = Page(
                environment,
                ledger,
                redactor,
                known,
                usual_seconds(performance) if standing.production else None,
            )
            scribe = Scribe(work.operations, 0, page.take, page.show)
            house = House(replace(brief, streams=STREAMS), scribe, page.more)
            house.open()
            _welcome(house, standing, performance, ledger)
            writing = gevent.spawn(_write, scribe)
            try:
                yield
            finally:
                writing.kill()
                _close(environment, house, scribe)
                settle(ledger, page.stock, page.book.asked)


def _welcome(house: House, standing: Standing, performance: Performance, ledger: Ledger) -> None:
    rate, cap = performance.intended_rate, performance.max_rate
    People.house, People.host, People.most = (
        house,
        standing.url,
        int(STREAMS * cap / rate) if cap else None,
    )
    log.info(
        "%s at %s: one user is a stream of people who make %g requests a second; %d users are the"
        " rate of the settings, %g a second",
        standing.name,
        standing.url,
        rate / STREAMS,
        STREAMS,
        rate,
    )
    log.info(
        "what is made stands in %s and is retired at the end; nothing is judged here", ledger.path
    )


def _write(scribe: Scribe) -> None:
    while True:
        gevent.sleep(BLOCK_SECONDS)
        scribe.write()


def _close(environment: Environment, house: House, scribe: Scribe) -> None:
    """Nobody comes any more, those who are here go, and what became of their work is written down."""
    assert environment.runner
    environment.runner.stop()
    house.close()
    ends = time.monotonic() + CLOSE_SECONDS
    while house.busy and time.monotonic() < ends:
        gevent.sleep(0.05)
    scribe.write(ended=True)


@contextmanager
def _standing(settings: Settings, root: Path, redactor: Redactor) -> Iterator[Standing]:
    """The target: an embedded hospital is started, and stopped at the end."""
    with ExitStack() as stack:
        if settings.chosen.kind == "embedded":
            hospital = embedded.start(settings, root)
            stack.callback(hospital.stop)
            standing = hospital.standing
        elif settings.chosen.kind == "containers":
            standing = stack.enter_context(containers.started(settings))
        else:
            standing = remote.given(settings)
        for name, value in standing.secrets().items():
            redactor.learn(name, value)
        yield standing


@contextmanager
def _ledger(settings: Settings, tag: str) -> Iterator[Ledger]:
    """A ledger among those of the target: the next gate sweeps what a load that was killed has
    left.
    """
    ledger = Ledger(
        settings.path(settings.reports).parent / "ledgers" / settings.target / f"{tag}.jsonl",
        tag,
        settings.target,
    )
    try:
        yield ledger
    finally:
        left = ledger.left() if settings.chosen.kind == "remote" else []
        if left:
            log.warning(
                "%d things are still on %s: the next gate, or `pytest --sweep`, retires them",
                len(left),
                settings.target,
            )
        ledger.close()
