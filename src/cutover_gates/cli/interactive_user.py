"""The users of a load by hand, as locust's page counts them.

`interactive_load` imports this module after locust, which must be first.
"""

from __future__ import annotations

import logging

import gevent

from cutover_gates.config.performance import Performance
from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.probes.load.arrival_stream import ArrivalStream
from cutover_gates.probes.load.config_builder import STREAMS_PER_PROCESS
from cutover_gates.probes.load.load_worker import LoadWorker
from cutover_gates.targets.running_target import RunningTarget

IDLE_SECONDS = 10**9
log = logging.getLogger("cutover")


class InteractiveUser(ArrivalStream):
    """One of locust's users: a stream of people.

    There are never more of them than the cap allows. On production they come one by one.
    """

    max_users: int | None = None
    _user_count = 0

    def on_start(self) -> None:
        """Begin, or stay idle where the cap is reached."""
        self._is_counted = self.max_users is None or InteractiveUser._user_count < self.max_users
        if not self._is_counted:
            log.warning(
                "no more than %d users are let in: performance.max_rate is the cap", self.max_users
            )
            gevent.sleep(IDLE_SECONDS)  # to end the user would be an error on locust's page
        InteractiveUser._user_count += 1
        config = self.worker.config
        if config.production:
            gevent.sleep(InteractiveUser._user_count * config.ramp_seconds / config.streams)
        super().on_start()

    def on_stop(self) -> None:
        """Make room for another user."""
        InteractiveUser._user_count -= self._is_counted


def configure_users(
    worker: LoadWorker, target: RunningTarget, performance: Performance, ledger: Ledger
) -> None:
    """Give every user the worker, the address and the cap, and say what one user means."""
    rate, cap = performance.intended_rate, performance.max_rate
    InteractiveUser.worker, InteractiveUser.host = worker, target.url
    InteractiveUser.max_users = int(STREAMS_PER_PROCESS * cap / rate) if cap else None
    log.info(
        "%s at %s: one user is a stream of people who make %g requests a second; %d users are the"
        " rate of the settings, %g a second",
        target.name,
        target.url,
        rate / STREAMS_PER_PROCESS,
        STREAMS_PER_PROCESS,
        rate,
    )
    log.info(
        "what is made stands in %s and is retired at the end; nothing is judged here", ledger.path
    )
