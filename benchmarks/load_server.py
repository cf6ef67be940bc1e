"""A stand-in server for a hospital with one patient, as fast as asyncio allows.

    python -m benchmarks.load_server --log FILE [--errors 0.003] [--freeze 2] …

It answers as the default dialect expects: a sign-in gets a token, a request for a patient gets one
chart. It prints its port as the first line on standard output. It ends with its standard input, and
then writes its own log: for each chart, when the request arrived and when the answer was written.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import ROOT

TOKEN = "a-token-that-opens-the-stand-in-only"  # opens nothing else
CHART = (
    b'{"id":"1","mrn":"MRN-1","family_name":"Synthetic","given_name":"Ada",'
    b'"birth_date":"1980-02-29","sex":"female","phone":"+1-555-0100",'
    b'"address":"1 Example Street","version":1}'
)


def _answer(status: str, body: bytes, headers: str = "") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length:"
        f" {len(body)}\r\n{headers}\r\n".encode()
        + body
    )


FOUND = _answer("200 OK", CHART, 'ETag: "1"\r\nX-Request-Id: 1\r\n')
FAILED = _answer("500 Internal Server Error", b'{"title":"seeded error"}')
SIGNED_IN = _answer(
    "200 OK", f'{{"access_token":"{TOKEN}","refresh_token":null,"expires_in":3600}}'.encode()
)


@dataclass
class Behaviour:
    """Behaviour of the server: a share `errors` of the charts fails.

    An answer takes `delay` seconds on the average (exponential). In the last `freeze` of each
    `every` seconds nothing is answered. After that all waiting requests are.
    """

    errors: float
    delay: float
    freeze: float
    every: float
    dice: random.Random
    log: array[float] = field(
        default_factory=lambda: array("d")
    )  # arrival and end in turns, seconds since the epoch
    began: float = field(default_factory=time.time)

    def seconds(self, now: float) -> float:
        """Return the wait of a request that arrives now."""
        left = self.every - (now - self.began) % self.every
        frozen = left if self.freeze and left <= self.freeze else 0.0
        return frozen + (self.dice.expovariate(1 / self.delay) if self.delay else 0.0)


class Connection(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour, self._waiting = behaviour, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport of the new connection."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request whose headers are complete."""
        arrived = time.time()
        self._waiting += data
        while (end := self._waiting.find(b"\r\n\r\n")) >= 0:
            if self._waiting.startswith(b"GET /api/v1/patients/"):
                self._waiting = self._waiting[end + 4 :]
                self._chart(arrived)
            elif len(self._waiting) >= (whole := end + 4 + _length(self._waiting[:end])):
                self._waiting = self._waiting[whole:]
                self._transport.write(SIGNED_IN)
            else:
                return

    def _chart(self, arrived: float) -> None:
        seconds = self._behaviour.seconds(arrived)
        if seconds:
            asyncio.get_running_loop().call_later(seconds, self._write, arrived)
        else:
            self._write(arrived)

    def _write(self, arrived: float) -> None:
        errors = self._behaviour.errors
        self._transport.write(
            FAILED if errors and self._behaviour.dice.random() < errors else FOUND
        )
        self._behaviour.log.extend((arrived, time.time()))


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0]) if found else 0


@dataclass(frozen=True)
class StandIn:
    """A running stand-in server: its address, its process, and the file of its log."""

    url: str
    pid: int
    _log: Path

    def served(self) -> NDArray[np.float64]:
        """Return its own log, once it has ended.

        It has a row (arrival, end) for each chart, in seconds since the epoch.
        """
        return np.fromfile(self._log, np.float64).reshape(-1, 2)


@contextmanager
def run_stand_in(folder: Path, *words: str) -> Iterator[StandIn]:
    """Run a stand-in server in a process of its own during the block.

    `words` are the arguments of its command line.
    """
    log = folder / "server.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load_server", "--log", str(log), *words],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        yield StandIn(f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid, log)
    finally:
        process.stdin.close()
        process.wait(10)


async def _serve(behaviour: Behaviour) -> None:
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(behaviour), "127.0.0.1", 0, backlog=4096
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def main() -> None:
    """Serve until standard input ends, then write the log."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load_server")
    for name, usual in (
        ("--errors", 0.0),
        ("--delay", 0.0),
        ("--freeze", 0.0),
        ("--every", 10.0),
        ("--seed", 1.0),
    ):
        parser.add_argument(name, type=float, default=usual)
    parser.add_argument("--log", type=Path, required=True)
    words = parser.parse_args()
    behaviour = Behaviour(
        words.errors, words.delay, words.freeze, words.every, random.Random(words.seed)
    )
    asyncio.run(_serve(behaviour))
    with words.log.open("wb") as file:
        behaviour.log.tofile(file)


if __name__ == "__main__":
    main()
