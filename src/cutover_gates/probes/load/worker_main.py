"""One load process, also installed as the script `cutover-load`.

    python -m cutover_gates.probes.load.worker_main

Its config comes as a line on standard input, its samples go out on standard output, block by block.
It ends when standard input does, however the process at the other end ended. Several processes are
a master, which makes no load, and its workers: locust's own connection lets them start together,
and carries nothing else.
"""

from __future__ import annotations

import cutover_gates.probes.load.parent_watchdog  # first: importing the rest takes long

# isort: split
import locust  # before anything opens a socket: it makes this process gevent's

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
"""Seconds in which a worker must reach its master.

Less than `worker_pool.WORKER_START_SECONDS`, so that the worker can say what it waits for.
"""
MASTER_SILENT_SECONDS = 10.0
"""Seconds of silence after which a worker gives its master up.

Where the network is cut, standard input does not end.
"""
# Both are imported for what they do at import.
assert cutover_gates.probes.load.parent_watchdog
assert locust


class MasterUnreachable(Exception):
    """A worker cannot reach its master."""


def main() -> None:
    """Make load until told to stop."""
    out = _open_output()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    config = _read_config()
    writer = SampleWriter(config.operations, config.place.index, out)
    environment = Environment(user_classes=[ArrivalStream], reset_stats=False)
    gevent.spawn(_start_role, config, environment, writer)
    _write_until_stop(environment, writer)


def _start_role(config: WorkerConfig, environment: Environment, writer: SampleWriter) -> None:
    """Start the role; where that fails, report the reason and exit."""
    try:
        {"alone": _run_alone, "master": _run_master, "worker": _run_worker}[config.place.part](
            config, environment, writer
        )
    except (Rejected, ProtocolViolation, Unsupported, MappingError) as error:
        _abort(config, writer, f"nobody could sign in to make load: {error}")
    except MasterUnreachable as error:
        _abort(config, writer, str(error))
    except BaseException:
        sys.excepthook(*sys.exc_info())  # standard error shows what it is
        os._exit(1)


def _run_alone(config: WorkerConfig, environment: Environment, writer: SampleWriter) -> None:
    _sign_in(config, writer)
    environment.create_local_runner().start(config.streams, spawn_rate=_spawn_rate(config))


def _run_worker(config: WorkerConfig, environment: Environment, writer: SampleWriter) -> None:
    """Make load for a master, which is told once this worker is ready."""
    _sign_in(config, writer)
    place = config.place
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
    config: WorkerConfig,
    environment: Environment,
    writer: SampleWriter,  # noqa: ARG001  # its workers report
) -> None:
    """Deal the streams out when all workers are ready; a master makes no load."""
    runner = environment.create_master_runner(config.place.host, config.place.port)
    while len(runner.clients.ready) < config.place.workers:
        gevent.sleep(0.05)
    runner.start(config.streams, spawn_rate=_spawn_rate(config))


def _sign_in(config: WorkerConfig, writer: SampleWriter) -> None:
    """Prepare the worker that all streams share, signed in. Raises as signing in does."""
    worker = LoadWorker(config, writer)
    worker.sign_in()
    ArrivalStream.worker = worker


def _write_until_stop(environment: Environment, writer: SampleWriter) -> None:
    """Write a block twice a second; when standard input ends, write the last one and exit.

    The first block is a sign of life.
    """
    # In a real thread, because it waits for as long as the run lasts.
    stop = gevent.get_hub().threadpool.spawn(os.read, 0, 1)
    while not stop.ready():
        writer.write_block(streams=_count_streams(environment))
        stop.wait(BLOCK_SECONDS)
    if worker := vars(ArrivalStream).get("worker"):
        worker.close()
    # No other greenlet has a turn in between, so no request is left out.
    writer.write_block(streams=_count_streams(environment), ended=True)
    # Greenlets that wait for a silent target would keep the process alive.
    os._exit(0)


def _abort(config: WorkerConfig, writer: SampleWriter, why: str) -> NoReturn:
    writer.write_block(ended=True, note=f"{config.place.name}: {why}")
    os._exit(0)


def _count_streams(environment: Environment) -> int:
    """Return the number of streams in this process; a master has none of its own."""
    runner = environment.runner
    return runner.user_count if isinstance(runner, LocalRunner | WorkerRunner) else 0


def _spawn_rate(config: WorkerConfig) -> float:
    return config.streams / config.ramp_seconds if config.ramp_seconds else config.streams * 5


def _read_config() -> WorkerConfig:
    """Return the config; without one the process exits with the reason."""
    line = sys.stdin.buffer.readline()
    if not line:
        sys.exit(
            "cutover-load makes load for a gate, which starts it and gives it its work on standard"
            " input (docs/scale/README.md)"
        )
    try:
        return WorkerConfig.from_line(line)
    except (
        ValueError,
        TypeError,
        KeyError,
    ) as error:  # without its text, which may hold a part of the config, and so secrets
        sys.exit(
            f"the work cannot be read ({type(error).__name__}): is the same release of cutover"
            " installed here as where the gate runs?"
        )


def _open_output() -> Callable[[bytes], None]:
    """Return a function that writes blocks to standard output.

    Whatever else is printed in this process goes to standard error from now on: between blocks it
    would spoil the log.
    """
    stream = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def write(block: bytes) -> None:
        stream.write(block)
        stream.flush()

    return write


if __name__ == "__main__":
    main()
