"""`locust -f performance/locustfile.py`: the gate's load at the pace of a person, on locust's own
page, and nothing of it stays on the target.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from cutover_gates.config.performance import Performance
from cutover_gates.probes.load.workload import build_workload, count_required_patients
from tests.faults.hospitals import ROOT, Hospital
from tests.integration.load.load_observation import is_running, requests_served, wait

FILE = "performance/locustfile.py"
SECONDS = 40.0
SETTINGS = {"RATE": "60", "MAX_RATE": "60", "RAMP_SECONDS": "1", "PATIENTS": "5"}
PAGE = ("--web-host", "127.0.0.1", "--web-port")


def prepared() -> int:
    """Requests with which patients, and a document for each, are made before the load."""
    load = Performance.model_validate({name.lower(): value for name, value in SETTINGS.items()})
    return 2 * count_required_patients(
        load, build_workload(load, ROOT / "performance/journeys.py", {})
    )


def environment(hospital: Hospital | None, folder: Path) -> dict[str, str]:
    """Ours, with a target that comes from the environment alone; without a hospital it is the
    default one.
    """
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CUTOVER_", "PYTEST_", "LOCUST_"))
    }
    ours |= {"PYTHONPATH": str(ROOT / "src"), "CUTOVER_REPORTS": str(folder / "reports/runs")}
    if hospital is None:
        return ours
    told: Mapping[str, str] = {
        "URL": hospital.url,
        "RELEASE": "2",
        **{f"PERFORMANCE__{name}": value for name, value in SETTINGS.items()},
    }
    users = {f"USERS__{role.upper()}__USERNAME": role for role in hospital.staff}
    passwords = {
        f"USERS__{role.upper()}__PASSWORD": password for role, password in hospital.staff.items()
    }
    return {
        **ours,
        "CUTOVER_TARGET": "tried",
        **{
            f"CUTOVER_TARGETS__TRIED__{name}": value
            for name, value in {**told, **users, **passwords}.items()
        },
    }


@contextmanager
def locust(told: Mapping[str, str], *options: str) -> Iterator[subprocess.Popen[str]]:
    """Until the block ends, and no longer."""
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", FILE, *options],
        cwd=ROOT,
        env=dict(told),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(told: Mapping[str, str], *options: str) -> tuple[int, str]:
    """Its status and what it printed, when it has ended by itself."""
    with locust(told, *options) as process:
        output, _ = process.communicate(timeout=SECONDS)
        return process.returncode, output


def figures(path: Path) -> dict[str, dict[str, Any]]:
    """What stands on locust's page at the end, by operation."""
    return {
        row["name"]: row
        for row in json.loads(path.with_name(f"{path.name}.json").read_text(encoding="utf-8"))
    }


def left(hospital: Hospital) -> int:
    """Patients of loads by hand that are still there."""
    with psycopg.connect(hospital.owner_database) as connection:
        row = connection.execute("SELECT count(*) FROM patients WHERE tag LIKE 'hand%'").fetchone()
    return int(row[0]) if row else 0


def test_what_locust_shows_is_what_the_hospital_was_asked(
    hospital: Hospital, tmp_path: Path
) -> None:
    """Every request stands there under its operation's name; at the end all that was made is
    retired, and the ledger closed.
    """
    status, output = said(
        environment(hospital, tmp_path),
        "--headless",
        "-u",
        "12",
        "-r",
        "12",
        "-t",
        "4s",
        "--json-file",
        str(tmp_path / "stats"),
    )
    assert status == 0, output
    shown = figures(tmp_path / "stats")
    (ledger,) = (tmp_path / "reports/ledgers/tried").glob("hand*.jsonl")
    lines = [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()]
    cut_off = 15
    assert {"search", "register", "patient", "open_visit", "admit", "upload"} <= shown.keys()
    assert (
        0
        <= requests_served(tmp_path)
        - prepared()
        - sum(row["num_requests"] for row in shown.values())
        <= cut_off
    )
    assert not sum(row["num_failures"] for row in shown.values()), output
    assert lines[-1]["do"] == "closed"
    assert left(hospital) == 0
    assert "10 users are the rate of the settings, 60 a second" in output
    assert "no more than 10 users are let in" in output
    assert all(password not in output for password in hospital.staff.values())


@pytest.mark.thorough
def test_a_response_time_counts_from_when_its_request_was_due(
    hospital: Hospital, tmp_path: Path
) -> None:
    """The hospital stands still for two seconds.

    People come all the same, and each of them waited: more than there are users.
    """
    options = (
        "--headless",
        "-u",
        "10",
        "-r",
        "10",
        "-t",
        "6s",
        "--json-file",
        str(tmp_path / "stats"),
    )
    with locust(environment(hospital, tmp_path), *options) as process:
        wait("the load", lambda: requests_served(tmp_path) > prepared() + 50, SECONDS)
        os.kill(hospital.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(hospital.pid, signal.SIGCONT)
        output, _ = process.communicate(timeout=SECONDS)
    slow = sum(
        count
        for row in figures(tmp_path / "stats").values()
        for took, count in row["response_times"].items()
        if float(took) > 500
    )
    assert slow > 15, output


@pytest.mark.thorough
def test_its_page_starts_the_load_and_shows_it(hospital: Hospital, tmp_path: Path) -> None:
    """And Ctrl-C ends it in order, in the midst of the load."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = str(one.getsockname()[1])
    with (
        locust(environment(hospital, tmp_path), *PAGE, port) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser,
    ):
        wait("the page", lambda: answers(browser), SECONDS)
        assert "locust" in browser.get("/").text.lower()
        assert browser.post("/swarm", data={"user_count": "10", "spawn_rate": "10"}).json()[
            "success"
        ]
        wait("requests on the page", lambda: {"search", "patient"} <= shown_by(browser), SECONDS)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, output
    assert left(hospital) == 0


def answers(browser: httpx.Client) -> bool:
    try:
        return browser.get("/").status_code == 200
    except httpx.TransportError:
        return False


def shown_by(browser: httpx.Client) -> set[str]:
    """The names on the page."""
    return {row["name"] for row in browser.get("/stats/requests").json()["stats"]}


@pytest.mark.thorough
def test_the_default_is_the_embedded_hospital(tmp_path: Path) -> None:
    """It is started, and neither it nor its database is there any more when locust is killed."""
    with locust(
        environment(None, tmp_path), "--headless", "-u", "2", "-r", "2", "-t", "60s"
    ) as process:
        wait("the load", lambda: list(tmp_path.rglob("hand*.jsonl")), SECONDS)
        started = [
            one for one in psutil.Process(process.pid).children(recursive=True) if is_running(one)
        ]
        assert "postgres" in {one.name() for one in started}
        process.kill()
        wait(f"the end of {started}", lambda: not any(map(is_running, started)), 5)


@pytest.mark.parametrize(
    ("others", "options", "says"),
    [
        (
            {"PRODUCTION": "true", "PERFORMANCE__MAX_RATE": ""},
            ("--headless",),
            "no load is put on it without a cap: set max_rate",
        ),
        ({"PERFORMANCE__RATE": "fast"}, ("--headless",), "performance"),
        ({"USERS__REGISTRAR__PASSWORD": "wrong"}, ("--headless",), "Username or password is wrong"),
        ({}, ("--master", "--master-bind-host", "127.0.0.1"), "by hand one process makes the load"),
    ],
    ids=[
        "production without a cap",
        "a setting that is wrong",
        "nobody can sign in",
        "several processes",
    ],
)
def test_what_cannot_be_is_one_sentence(
    hospital: Hospital, tmp_path: Path, others: dict[str, str], options: tuple[str, ...], says: str
) -> None:
    wrong = {f"CUTOVER_TARGETS__TRIED__{name}": value for name, value in others.items()}
    status, output = said({**environment(hospital, tmp_path), **wrong}, *options)
    assert status == 1, output
    assert says in output
    assert "Traceback" not in output


# ── and never in pytest ──


def test_pytest_does_not_take_it_for_checks() -> None:
    """Whoever collects the suite gets neither the journeys nor locust into his process."""
    program = (
        "import sys, pytest; status = int(pytest.main(['--collect-only', '-q', '-p',"
        " 'no:cacheprovider', 'performance']))\nsys.exit(' '.join([str(status), *sorted({'locust',"
        " 'gevent', 'locustfile', 'journeys'} & set(sys.modules))]))"
    )
    collected = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert collected.stderr.strip() == "0"
    assert "test_response_times.py" in collected.stdout


def test_pytest_that_is_made_to_import_it_stops() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", FILE]
    made = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS
    )
    assert made.returncode != 0
    assert "is for locust" in made.stdout
