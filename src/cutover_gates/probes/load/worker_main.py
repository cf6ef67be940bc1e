"""One load process: `python -m cutover_gates.probes.load.worker_main` (or `cutover-load`, on another machine).

Its work comes as a line on standard input.

What it saw goes out on standard output, block by block. It ends when its standard input does,
however the one at the other end came to his end. Several are a master, who makes no load, and its
workers: by locust's own connection between them they begin together, and nothing else goes that
way.
"""

from __future__ import annotations

import cutover_gates.probes.load.parent_watchdog  # first of all: to import the rest takes long

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

from cutover_gates.hospital import MappingError, ProtocolViolation, Rejected, Unsupported
from cutover_gates.probes.load.arrival_stream import ArrivalStream
from cutover_gates.probes.load.load_worker import LoadWorker
from cutover_gates.probes.load.sample_writer import SampleWriter
from cutover_gates.probes.load.worker_config import WorkerConfig

BLOCK_SECONDS = 0.5
MASTER_SECONDS = 8.0
"""For a worker to reach its master.

Less than `processes.WORKERS_SECONDS`: the worker can say what it waits for.
"""
MASTER_SILENT_SECONDS = 10.0
"""A worker whose master has said nothing for so long is alone: where a network is cut, standard
input does not end.
"""
assert cutover_gates.probes.load.parent_watchdog  # imported for what they do
assert locust


class MasterUnreachable(Exception):
    """A worker cannot reach its master."""


def main() -> None:
    """Work until told to stop."""
    out = _open_output()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    brief = _read_config()
    scribe = SampleWriter(brief.operations, brief.place.index, out)
    environment = Environment(user_classes=[ArrivalStream], reset_stats=False)
    gevent.spawn(_start_role, brief, environment, scribe)
    _write_until_stop(environment, scribe)


def _start_role(brief: WorkerConfig, environment: Environment, scribe: SampleWriter) -> None:
    """Begin. Where that cannot be the process says why, and ends."""
    try:
        {"alone": _run_alone, "master": _run_master, "worker": _run_worker}[brief.place.part](
            brief, environment, scribe
        )
    except (Rejected, ProtocolViolation, Unsupported, MappingError) as error:
        _abort(brief, scribe, f"nobody could sign in to make load: {error}")
    except MasterUnreachable as error:
        _abort(brief, scribe, str(error))
    except BaseException:
        sys.excepthook(*sys.exc_info())  # what it is, stands on standard error
        os._exit(1)


def _run_alone(brief: WorkerConfig, environment: Environment, scribe: SampleWriter) -> None:
    _sign_in(brief, scribe)
    environment.create_local_runner().start(brief.streams, spawn_rate=_spawn_rate(brief))


def _run_worker(brief: WorkerConfig, environment: Environment, scribe: SampleWriter) -> None:
    """Load for a master: once people can come, it is told that this worker is ready."""
    _sign_in(brief, scribe)
    place = brief.place
    with gevent.Timeout(
        MASTER_SECONDS,
        MasterUnreachable(
            f"it cannot reach the master at {place.host}:{place.port}: is performance.master_host"
            " the address of the gate's machine as seen from there, and the port open?"
        ),
    ):
        runner = environment.create_worker_runner(place.host, place.port)
    begun = time.time()
    while time.time() - (runner.last_heartbeat_timestamp or begun) < MASTER_SILENT_SECONDS:
        gevent.sleep(1)
    raise MasterUnreachable(f"the master has said nothing for {MASTER_SILENT_SECONDS:g} s")


def _run_master(
    brief: WorkerConfig,
    environment: Environment,
    scribe: SampleWriter,  # noqa: ARG001  # its workers report
) -> None:  # what there is to say its workers say themselves
    """No load of its own: deals the streams out when all workers are ready."""
    runner = environment.create_master_runner(brief.place.host, brief.place.port)
    while len(runner.clients.ready) < brief.place.workers:
        gevent.sleep(0.05)
    runner.start(brief.streams, spawn_rate=_spawn_rate(brief))


def _sign_in(brief: WorkerConfig, scribe: SampleWriter) -> None:
    """Open the house for people, signed in. Raises as signing in does."""
    house = LoadWorker(brief, scribe)
    house.sign_in()
    ArrivalStream.worker = house


def _write_until_stop(environment: Environment, scribe: SampleWriter) -> None:
    """Write a block now and then, the first one as a sign of life.

    When standard input ends, write the last one, and end.
    """
    told = gevent.get_hub().threadpool.spawn(
        os.read, 0, 1
    )  # in a real thread: it waits for as long as the run lasts
    while not told.ready():
        scribe.write_block(streams=_count_streams(environment))
        told.wait(BLOCK_SECONDS)
    if house := vars(ArrivalStream).get("worker"):
        house.close()
    scribe.write_block(
        streams=_count_streams(environment), ended=True
    )  # and nobody else has a turn in between: no request is left out
    os._exit(0)  # greenlets that wait for a silent target would wait on


def _abort(brief: WorkerConfig, scribe: SampleWriter, why: str) -> NoReturn:
    scribe.write_block(ended=True, note=f"{brief.place.name}: {why}")
    os._exit(0)


def _count_streams(environment: Environment) -> int:
    """People who come here; a master counts its workers' and has none of its own."""
    return (
        environment.runner.user_count
        if isinstance(environment.runner, LocalRunner | WorkerRunner)
        else 0
    )


def _spawn_rate(brief: WorkerConfig) -> float:
    return brief.streams / brief.ramp_seconds if brief.ramp_seconds else brief.streams * 5


def _read_config() -> WorkerConfig:
    """The work. Without any the process ends, and says why."""
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(
            "cutover-load makes load for a gate, which starts it and tells it its work on standard"
            " input (docs/scale/README.md)"
        )
    try:
        return WorkerConfig.from_line(line)
    except (
        ValueError,
        TypeError,
        KeyError,
    ) as error:  # not its text: it may hold a part of the work, which has secrets
        sys.exit(
            f"the work cannot be read ({type(error).__name__}): is the same release of cutover"
            " installed here as where the gate runs?"
        )


def _open_output() -> Callable[[bytes], None]:
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
