"""One load process: `python -m cutover.load.process` (or `cutover-load`, on another machine).

Its work comes as a line on standard input.

What it saw goes out on standard output, block by block. It ends when its standard input does,
however the one at the other end came to his end. Several are a master, who makes no load, and its
workers: by locust's own connection between them they begin together, and nothing else goes that
way.
"""

from __future__ import annotations

import cutover.load.tied  # first of all: to import the rest takes long

# isort: split
import locust  # before anything that opens a socket, for it makes this process gevent's

# isort: split
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import NoReturn

import gevent
from locust.env import Environment
from locust.runners import LocalRunner, WorkerRunner

from cutover.hospital import MappingError, Misbehaved, NotOffered, Refused
from cutover.load.brief import Brief
from cutover.load.scribe import Scribe
from cutover.load.visitors import House, Stream

BLOCK_SECONDS = 0.5
MASTER_SECONDS = 8.0
"""For a worker to reach its master.

Less than `processes.WORKERS_SECONDS`: the worker can say what it waits for.
"""
MASTER_SILENT_SECONDS = 10.0
"""A worker whose master has said nothing for so long is alone: where a network is cut, standard
input does not end.
"""
assert cutover.load.tied  # imported for what they do
assert locust


class NoMaster(Exception):
    """A worker cannot reach its master."""


def main() -> None:
    """Work until told to stop."""
    out = _output()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    brief = _told()
    scribe = Scribe(brief.operations, brief.place.index, out)
    environment = Environment(user_classes=[Stream], reset_stats=False)
    gevent.spawn(_work, brief, environment, scribe)
    _until_told(environment, scribe)


def _work(brief: Brief, environment: Environment, scribe: Scribe) -> None:
    """Begin. Where that cannot be the process says why, and ends."""
    try:
        {"alone": _alone, "master": _master, "worker": _worker}[brief.place.part](
            brief, environment, scribe
        )
    except (Refused, Misbehaved, NotOffered, MappingError) as error:
        _give_up(brief, scribe, f"nobody could sign in to make load: {error}")
    except NoMaster as error:
        _give_up(brief, scribe, str(error))
    except BaseException:
        sys.excepthook(*sys.exc_info())  # what it is, stands on standard error
        os._exit(1)


def _alone(brief: Brief, environment: Environment, scribe: Scribe) -> None:
    _open(brief, scribe)
    environment.create_local_runner().start(brief.streams, spawn_rate=_spawn_rate(brief))


def _worker(brief: Brief, environment: Environment, scribe: Scribe) -> None:
    """Load for a master: once people can come, it is told that this worker is ready."""
    _open(brief, scribe)
    place = brief.place
    with gevent.Timeout(
        MASTER_SECONDS,
        NoMaster(
            f"it cannot reach the master at {place.host}:{place.port}: is performance.master_host"
            " the address of the gate's machine as seen from there, and the port open?"
        ),
    ):
        runner = environment.create_worker_runner(place.host, place.port)
    begun = time.time()
    while time.time() - (runner.last_heartbeat_timestamp or begun) < MASTER_SILENT_SECONDS:
        gevent.sleep(1)
    raise NoMaster(f"the master has said nothing for {MASTER_SILENT_SECONDS:g} s")


def _master(
    brief: Brief,
    environment: Environment,
    scribe: Scribe,  # noqa: ARG001  # its workers report
) -> None:  # what there is to say its workers say themselves
    """No load of its own: deals the streams out when all workers are ready."""
    runner = environment.create_master_runner(brief.place.host, brief.place.port)
    while len(runner.clients.ready) < brief.place.workers:
        gevent.sleep(0.05)
    runner.start(brief.streams, spawn_rate=_spawn_rate(brief))


def _open(brief: Brief, scribe: Scribe) -> None:
    """Open the house for people, signed in. Raises as signing in does."""
    house = House(brief, scribe)
    house.open()
    Stream.house = house


def _until_told(environment: Environment, scribe: Scribe) -> None:
    """Write a block now and then, the first one as a sign of life.

    When standard input ends, write the last one, and end.
    """
    told = gevent.get_hub().threadpool.spawn(
        os.read, 0, 1
    )  # in a real thread: it waits for as long as the run lasts
    while not told.ready():
        scribe.write(streams=_streams(environment))
        told.wait(BLOCK_SECONDS)
    if house := vars(Stream).get("house"):
        house.close()
    scribe.write(
        streams=_streams(environment), ended=True
    )  # and nobody else has a turn in between: no request is left out
    os._exit(0)  # greenlets that wait for a silent target would wait on


def _give_up(brief: Brief, scribe: Scribe, why: str) -> NoReturn:
    scribe.write(ended=True, note=f"{brief.place.name}: {why}")
    os._exit(0)


def _streams(environment: Environment) -> int:
    """People who come here; a master counts its workers' and has none of its own."""
    return (
        environment.runner.user_count
        if isinstance(environment.runner, LocalRunner | WorkerRunner)
        else 0
    )


def _spawn_rate(brief: Brief) -> float:
    return brief.streams / brief.ramp_seconds if brief.ramp_seconds else brief.streams * 5


def _told() -> Brief:
    """The work. Without any the process ends, and says why."""
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(
            "cutover-load makes load for a gate, which starts it and tells it its work on standard"
            " input (docs/scale/README.md)"
        )
    try:
        return Brief.from_line(line)
    except (
        ValueError,
        TypeError,
        KeyError,
    ) as error:  # not its text: it may hold a part of the work, which has secrets
        sys.exit(
            f"the work cannot be read ({type(error).__name__}): is the same release of cutover"
            " installed here as where the gate runs?"
        )


def _output() -> Callable[[bytes], None]:
    """Where blocks go.

    Whatever else is printed in this process goes to standard error from now on, for between blocks
    it would spoil the log.
    """
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def write(block: bytes) -> None:
        stream.write(block)
        stream.flush()

    return write


if __name__ == "__main__":
    main()
