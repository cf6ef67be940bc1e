"""Streams of a stand-in that a real watcher holds: short interruptions pass, of either kind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import pytest

from cutover_gates.config.watch import Watch
from cutover_gates.config.watch_stream import StreamKind
from tests.calibration import scale_seconds
from tests.integration.reference.started_hospital import ROOT
from tests.stream_server import StreamSwitch, serve_events, serve_messages
from tests.watched_hospital import WatchedHospital

Serve = Callable[[StreamSwitch], AbstractContextManager[StreamSwitch]]
SERVERS: dict[StreamKind, Serve] = {
    StreamKind.SSE: serve_events,
    StreamKind.WEBSOCKET: serve_messages,
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", StreamKind)
def test_a_stream_that_comes_back_in_time_is_no_fault(
    watched: WatchedHospital, kind: StreamKind
) -> None:
    """It is cut twice. The new connections are told, and judged by nobody."""
    with SERVERS[kind](StreamSwitch()) as switch:
        path = f"http://127.0.0.1:{switch.port}/events"
        table = f"stream = {{ path = '{path}', kind = '{kind.value}', connections = 3 }}"
        watched.write_settings(f"[targets.site.watch]\n{table}")
        with watched.watch() as watcher:
            watched.wait_for(lambda: switch.opened == 3, watcher)
            begins = time.time()
            for opened in (6, 9):
                switch.cut()
                watched.wait_for(partial(_has_opened, switch, opened), watcher)
            ends = time.time() + 0.5
            time.sleep(3)  # the questions end two seconds before now
            watcher.send_signal(signal.SIGTERM)
            assert watcher.wait(scale_seconds(20)) == 0
    stream = {"path": path, "kind": kind, "connections": 3}
    told = watched.ask(begins, ends, stream=stream).assess_streams()
    assert not told.findings
    assert not told.not_proven
    assert told.figures["opened_again"] == 6
    assert 1 <= told.figures["most_new_connections_within_a_second"] <= 6
    assert 0 < told.figures["longest_interruption_seconds"] < 5


def _has_opened(switch: StreamSwitch, count: int) -> bool:
    return switch.opened == count


def test_a_target_without_streams_declares_none() -> None:
    assert Watch().stream.path is None


def test_without_the_library_the_command_says_what_to_install(watched: WatchedHospital) -> None:
    """In one sentence, and with status 4: nothing was watched."""
    watched.write_settings("[targets.site.watch]\nstream = { path = '/e', kind = 'websocket' }")
    hidden = watched.folder / "hidden/websockets"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('hidden')")
    paths = [str(hidden.parent), str(ROOT / "src"), str(ROOT)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    environment["SSL_CERT_FILE"] = watched.balancer["ca_file"]
    told = subprocess.run(
        [sys.executable, "-m", "cutover_gates.cli.main", "watch", "--seconds", "1"],
        cwd=watched.folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=scale_seconds(30),
    )
    assert told.returncode == 4
    assert 'pip install "cutover-gates[streams]"' in told.stderr
    assert "Traceback" not in told.stderr
