"""A pytest plugin that records the requests of the checks, to send them again without the suite.

Load it with `-p benchmarks.traffic_recorder`. It is outside of `GuardedTransport`, so that its own
small cost counts as the suite's, never as the bare client's.
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
class RecordedExchange:
    """One request with its answer.

    `began` and `ended` are seconds of one clock: requests that overlap were sent at the same time.
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
    """Register the recorder where the environment names a file for it."""
    if path := os.environ.get(TAPE):
        config.pluginmanager.register(_Recorder(Path(path)), "benchmark-recorder")


class _Recorder:
    def __init__(self, path: Path) -> None:
        self.path, self.tape, self.listening = path, list[RecordedExchange](), False

    def pytest_sessionstart(self) -> None:
        from cutover_gates.drivers.transport import GuardedTransport

        send = GuardedTransport.handle_request

        def record_exchange(transport: Any, request: Any) -> Any:
            began = time.perf_counter()
            response = send(transport, request)
            if self.listening:
                self.tape.append(
                    RecordedExchange(
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

        GuardedTransport.handle_request = record_exchange  # type: ignore[assignment, method-assign]  # the suite has no switch for it

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """Record only while a check runs: its setup, its action, its clean-up."""
        self.listening = True
        try:
            return (yield)
        finally:
            self.listening = False

    def pytest_sessionfinish(self) -> None:
        self.path.write_bytes(pickle.dumps(self.tape))
