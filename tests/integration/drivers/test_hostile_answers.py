"""Hostile answers over real sockets: a violation with its figure, in bounded time and memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import pytest

from cutover_gates.core.evidence.record import Recorder
from cutover_gates.drivers.factory import connect
from cutover_gates.hospital import MappingError, ProtocolViolation, Rejected
from cutover_gates.util.concurrency import wait_until
from cutover_gates.util.http import SourceUnavailable
from cutover_gates.util.http_client import BoundedHttpClient
from cutover_gates.util.http_services import JsonService
from tests.standins.hostile_answers import HOSTILE, MAZES, TOO_MUCH, send
from tests.standins.http_server import running_socket_server

SECONDS = 1.0
SLACK = 1.5  # seconds for a busy machine
NOT_A_VALUE = (ProtocolViolation, Rejected, MappingError)
HARMLESS = frozenset({"NUL"})
"""Answers that are odd and hold a release."""


def speak(name: str) -> Callable[..., None]:
    """Return the function that answers as `HOSTILE[name]` says."""
    return partial(send, answer=HOSTILE[name])


@pytest.mark.parametrize("name", sorted(HOSTILE.keys() - HARMLESS))
@pytest.mark.parametrize("driver", ["rest", "fhir"])
def test_a_driver_calls_it_a_violation(name: str, driver: str, recorder: Recorder) -> None:
    """And nothing else: no value, no other error, no second more than a request may take."""
    with running_socket_server(speak(name)) as url:
        hospital = connect(url, recorder=recorder, run_tag="t", driver=driver, deadline=SECONDS)
        started = time.monotonic()
        with pytest.raises(NOT_A_VALUE):
            hospital.release()
        assert time.monotonic() - started < SECONDS + SLACK


@pytest.mark.parametrize("name", [*TOO_MUCH, *MAZES])
def test_a_service_of_a_probe_is_not_usable(name: str) -> None:
    """Prometheus, Grafana and others: the source gave no usable answer, which is not proven."""
    with running_socket_server(speak(name)) as url:
        started = time.monotonic()
        with pytest.raises(SourceUnavailable) as raised:
            JsonService(url, seconds=SECONDS).get("/api")
        assert time.monotonic() - started < SECONDS + SLACK
        assert len(str(raised.value)) < 400
        # Interim answers without an end once kept the thread of the request busy for ever.
        assert wait_until(_find_no_request_thread, SLACK), name


def _find_no_request_thread() -> bool | None:
    """Return True where no request is being sent any more, and None otherwise."""
    return all(thread.name != "http-request" for thread in threading.enumerate()) or None


@pytest.mark.parametrize("name", TOO_MUCH)
def test_a_page_is_not_read_beyond_the_bound(name: str) -> None:
    """As the metrics page of a target."""
    with running_socket_server(speak(name)) as url, pytest.raises(SourceUnavailable):
        BoundedHttpClient(SECONDS).get(url)
