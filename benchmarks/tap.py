"""A pytest plugin (`-p benchmarks.tap`): writes down what the checks send and get, to be sent again
without the suite.

It stands outside of `GuardedTransport`, so that its own small cost is the suite's, never the bare
client's.
"""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TAPE = "BENCHMARK_TAPE"
"""The environment variable that says where to write."""


@dataclass(frozen=True)
class Taken:
    """One exchange.

    `began` and `ended` are seconds of one clock: requests that overlap were sent at once.
    """

    began: float
    ended: float
    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    content: bytes
    status: int
    answer_headers: tuple[tuple[str, str], ...]
    answer: bytes


@pytest.hookimpl
def pytest_configure(config: pytest.Config) -> None:
    if path := os.environ.get(TAPE):
        config.pluginmanager.register(_Tap(Path(path)), "benchmark-tap")


class _Tap:
    def __init__(self, path: Path) -> None:
        self.path, self.tape, self.listening = path, list[Taken](), False

    def pytest_sessionstart(self) -> None:
        from cutover_gates.drivers.transport import GuardedTransport

        send = GuardedTransport.handle_request

        def tapped(transport: Any, request: Any) -> Any:
            began = time.perf_counter()
            response = send(transport, request)
            if self.listening:
                self.tape.append(
                    Taken(
                        began,
                        time.perf_counter(),
                        request.method,
                        str(request.url),
                        tuple(request.headers.items()),
                        request.read(),
                        response.status_code,
                        tuple(response.headers.items()),
                        response.content,
                    )
                )
            return response

        GuardedTransport.handle_request = tapped  # type: ignore[assignment, method-assign]  # a tap; the suite has no switch for it

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Only what belongs to a check: its arrangement, its act, its clean-up."""
        self.listening = True
        try:
            return (yield)
        finally:
            self.listening = False

    def pytest_sessionfinish(self) -> None:
        self.path.write_bytes(pickle.dumps(self.tape))
