"""The embedded hospital starts quickly, alone or beside others, and ends with its parent."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from reference import postgres, template
from tests.calibration import scale_seconds
from tests.integration.reference.started_hospital import (
    ROOT,
    Json,
    launch,
    problem,
    read_announcement,
)

ENDS = ("SIGKILL", "SIGTERM", "SIGINT", "end of input")
SECONDS_TO_STOP = 2.0

Started = tuple[subprocess.Popen[bytes], Json]

# An application on the database that its argument names, told on standard output where it listens.
APPLICATION = """
import sys
from reference import serve
from reference.app import create_app
from reference.settings import Settings
serve.stop_in_order()
with serve.listen() as listener:
    print(serve.url(listener), flush=True)
    settings = Settings(database=sys.argv[1], signing_key="x" * 32, pool_wait=0.5)
    serve.serve(create_app(settings), listener)
"""


def _wait(gone: Callable[[], bool], seconds: float = SECONDS_TO_STOP) -> float:
    """Return the seconds until the condition was true."""
    started = time.monotonic()
    while not gone():
        assert time.monotonic() - started < seconds, f"still there after {seconds} s"
        time.sleep(0.01)
    return time.monotonic() - started


def _runs(process: psutil.Process) -> bool:
    """Return whether the process runs, and is not a zombie."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache directory without a cluster."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def doomed(cache: Path) -> Iterator[dict[str, Started]]:
    """Start five hospitals at once with an empty cache; each ends in another way."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CACHE_HOME", str(cache))
        processes = {end: launch("--tied") for end in (*ENDS, "with its supervisor")}
        started = {end: (process, read_announcement(process)) for end, process in processes.items()}
    assert {
        httpx.get(f"{announced['url']}/health/ready", timeout=10).status_code
        for _, announced in started.values()
    } == {200}
    yield started
    for process in processes.values():
        process.kill()
        process.wait()


def test_five_starts_at_once_do_not_meet(doomed: dict[str, Started], cache: Path) -> None:
    """Five starts without a cached cluster share one build.

    They use ports and directories of their own.
    """
    announcements = [announced for _, announced in doomed.values()]
    for of_its_own in ("url", "database", "log", "pid"):
        assert len({announced[of_its_own] for announced in announcements}) == len(doomed)
    [cluster] = [path for path in (cache / "cutover-reference").iterdir() if path.is_dir()]
    assert (cluster / "PG_VERSION").exists()


@pytest.mark.parametrize("end", ENDS)
def test_nothing_stays_behind(doomed: dict[str, Started], end: str) -> None:
    """However a hospital ends, its PostgreSQL ends too, and its directory is removed."""
    process, announced = doomed[end]
    helpers = psutil.Process(process.pid).children(recursive=True)
    assert announced["pid"] == process.pid
    assert "postgres" in {helper.name() for helper in helpers}
    if end == "end of input":
        assert process.stdin is not None
        process.stdin.close()
    else:
        process.send_signal(signal.Signals[end])
    process.wait(timeout=SECONDS_TO_STOP)
    _wait(lambda: not any(_runs(helper) for helper in helpers))
    _wait(lambda: not Path(announced["log"]).parent.exists())
    assert process.returncode == (-signal.SIGKILL if end == "SIGKILL" else 0)


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere PostgreSQL itself notices, within a minute"
)
def test_a_killed_supervisor_takes_postgresql_with_it_and_the_next_start_sweeps(
    doomed: dict[str, Started],
) -> None:
    """The kernel kills PostgreSQL; the next start removes the directory."""
    process, announced = doomed["with its supervisor"]
    helpers = psutil.Process(process.pid).children(recursive=True)
    [supervisor] = [helper for helper in helpers if "supervisor.py" in " ".join(helper.cmdline())]
    process.send_signal(
        signal.SIGSTOP
    )  # So that it cannot tidy up when it sees its supervisor die.
    supervisor.kill()
    process.kill()
    process.wait()
    _wait(lambda: not any(_runs(helper) for helper in helpers))
    assert Path(announced["log"]).exists()
    with postgres.run_cluster(template.ensure_cluster()):
        assert not Path(announced["log"]).parent.exists()


@pytest.fixture
def application(server: postgres.Server, migrated: str) -> Iterator[str]:
    """Start an application on a database of its own, "gone", and return its URL."""
    server.copy(migrated, "gone")
    command = [sys.executable, "-c", APPLICATION, server.dsn("gone", postgres.APPLICATION)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    yield process.stdout.readline().decode().strip()
    process.terminate()
    process.communicate(timeout=SECONDS_TO_STOP)
    server.drop("gone")


def test_without_its_database_a_hospital_lives_but_is_not_ready(
    server: postgres.Server, application: str
) -> None:
    """Requests that need the database get a 503 problem soon; liveness stays.

    All of it recovers when the database is back.
    """
    assert httpx.get(f"{application}/health/ready").status_code == 200
    server.allow_connections("gone", False)
    for path in ("/health/ready", "/version"):
        started = time.monotonic()
        assert problem(httpx.get(application + path)) == (503, "unavailable")
        assert time.monotonic() - started < scale_seconds(2)
    assert problem(
        httpx.post(f"{application}/api/v1/auth/sign-in", json={"username": "a", "password": "b"})
    ) == (503, "unavailable")
    assert httpx.get(f"{application}/health/live").status_code == 200
    server.allow_connections("gone", True)
    _wait(lambda: httpx.get(f"{application}/health/ready").status_code == 200, seconds=10)
