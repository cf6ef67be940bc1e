"""One load process: `python -m cutover.load.process` (or `cutover-load`, on another machine). Its work comes as a line on standard input.

What it saw goes out on standard output, block by block. It ends when its standard input does, however the one at the other end came to his end.
"""

from __future__ import annotations

import locust  # first of all: it makes this process gevent's, which must come before anything that opens a socket

# isort: split
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

import gevent
from locust.env import Environment
from locust.runners import MasterRunner

from cutover.hospital import MappingError, Misbehaved, NotOffered, Refused
from cutover.load.brief import Brief
from cutover.load.scribe import Scribe
from cutover.load.visitors import House, Stream

BLOCK_SECONDS = 0.5
WORKERS_SECONDS = 15.0
MESSAGE = "block"
LAST_WORDS_SECONDS = 0.2
"""For a worker's last message to be on its way."""
assert locust  # imported for what it does


def main() -> None:
    """Work until told to stop."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    brief = Brief.from_line(sys.stdin.buffer.readline())
    environment = Environment(user_classes=[Stream], reset_stats=False)
    {"alone": _alone, "master": _master, "worker": _worker}[brief.place.part](brief, environment)


def _alone(brief: Brief, environment: Environment) -> None:
    scribe = Scribe(brief.operations, brief.place.index, _print)
    house = _opened(brief, scribe)
    runner = environment.create_local_runner()
    runner.start(brief.streams, spawn_rate=_spawn_rate(brief))
    _until_told(scribe, lambda: runner.user_count, house.close)


def _worker(brief: Brief, environment: Environment) -> None:
    """Load for a master. Its blocks travel by locust's own messages; the first one says that it is ready."""
    runner = environment.create_worker_runner(brief.place.host, brief.place.port)
    scribe = Scribe(brief.operations, brief.place.index, lambda block: runner.send_message(MESSAGE, {"bytes": block}))
    house = _opened(brief, scribe)
    _until_told(scribe, lambda: runner.user_count, house.close)


def _master(brief: Brief, environment: Environment) -> None:
    """No load of its own: starts the workers when they are ready, hands on what they say, and says when one is lost."""
    scribe = Scribe(brief.operations, brief.place.index, _print)
    runner = environment.create_master_runner("*", brief.place.port)
    heard = set[str]()

    def hand_on(environment: Environment, msg: Any) -> None:  # noqa: ARG001  # locust passes both by name
        heard.add(msg.node_id)
        _print(msg.data["bytes"])

    runner.register_message(MESSAGE, hand_on)
    started = time.monotonic()
    while len(heard) < brief.place.workers:
        if time.monotonic() - started > WORKERS_SECONDS:
            scribe.write(note=f"only {len(heard)} of {brief.place.workers} load processes came within {WORKERS_SECONDS:g} s")
            break
        gevent.sleep(0.1)
    else:
        runner.start(brief.streams, spawn_rate=_spawn_rate(brief))
        gevent.spawn(_watch, runner, scribe, brief.place.workers)
    _until_told(scribe, lambda: 0, lambda: None)


def _watch(runner: MasterRunner, scribe: Scribe, expected: int) -> None:
    """Locust misses a worker after three heartbeats."""
    while runner.worker_count >= expected:
        gevent.sleep(BLOCK_SECONDS)
    scribe.write(note=f"a load process was lost: {runner.worker_count} of {expected} are left")


def _opened(brief: Brief, scribe: Scribe) -> House:
    """The house, signed in. Where that cannot be the process says so and ends."""
    try:
        Stream.house = House(brief, scribe)
        Stream.house.open()
    except (Refused, Misbehaved, NotOffered, MappingError) as error:
        scribe.write(ended=True, note=f"nobody could sign in to make load: {error}")
        gevent.sleep(LAST_WORDS_SECONDS)
        _leave()
    return Stream.house


def _until_told(scribe: Scribe, streams: Callable[[], int], close: Callable[[], None]) -> None:
    """Write a block now and then. When standard input ends, write the last one, and end."""
    told = gevent.get_hub().threadpool.spawn(os.read, 0, 1)  # in a real thread: it waits for as long as the run lasts
    while not told.ready():
        scribe.write(streams=streams())
        told.wait(BLOCK_SECONDS)
    close()
    scribe.write(streams=streams(), ended=True)
    gevent.sleep(LAST_WORDS_SECONDS)
    _leave()


def _spawn_rate(brief: Brief) -> float:
    return brief.streams / brief.ramp_seconds if brief.ramp_seconds else brief.streams * 10


def _print(block: bytes) -> None:
    sys.stdout.buffer.write(block)
    sys.stdout.buffer.flush()


def _leave() -> NoReturn:
    """At once: greenlets that wait for a silent target would wait on."""
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
