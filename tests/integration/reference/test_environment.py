"""The programs around the embedded hospital are real.

The proxy fails over, Prometheus scrapes both instances, and an alert arrives.
"""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg
import pytest
from psycopg import sql

from reference.environment import launcher, monitoring
from reference.settings import Settings
from tests.integration.reference.started_hospital import (
    Json,
    launch,
    read_announcement,
    wait_for_lines,
)

PATIENCE = 15.0
RULES = monitoring.FILES / "rules.yml"
TRIED = Path(__file__).with_name("rules_test.yml")
SELECTOR = re.compile(r"\w[\w:]*\{[^}]*\}")
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None,
    reason="there is no prometheus on this machine: apt-get install prometheus",
)
needs_alertmanager = pytest.mark.skipif(
    shutil.which("prometheus-alertmanager") is None and shutil.which("alertmanager") is None,
    reason="there is no Alertmanager on this machine: apt-get install prometheus-alertmanager",
)


def wait(for_what: str, there: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until the condition is true."""
    ends = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < ends, f"waited {seconds:g} s for {for_what}"
        time.sleep(0.05)


Started = tuple[subprocess.Popen[bytes], Json]


@pytest.fixture(scope="module")
def hospitals() -> Iterator[tuple[Started, Started]]:
    """Start two hospitals with their environments at once, one to query and one to kill.

    Yields each with its announcement.
    """
    one, other = launch("--tied", "--surroundings"), launch("--tied", "--surroundings")
    yield (
        (one, read_announcement(one)["surroundings"]),
        (other, read_announcement(other)["surroundings"]),
    )
    one.communicate(timeout=5)
    other.kill()
    other.communicate()


@pytest.fixture(scope="module")
def told(hospitals: tuple[Started, Started]) -> Json:
    """Return the announcement of the environment."""
    return dict(hospitals[0][1])


@pytest.fixture(scope="module")
def balancer(told: Json) -> Json:
    return dict(told["infrastructure"]["balancer"])


@pytest.fixture
def front(balancer: Json) -> Iterator[httpx.Client]:
    """Return a client of the proxy that trusts only its authority."""
    with httpx.Client(
        base_url=balancer["url"],
        verify=ssl.create_default_context(cafile=balancer["ca_file"]),
        timeout=10,
    ) as client:
        yield client


@pytest.fixture
def prometheus(told: Json) -> Callable[..., Any]:
    """Query the API of Prometheus."""

    def asked(path: str, **query: str) -> Any:
        return (
            httpx.get(f"{told['monitoring']['prometheus']}/api/v1/{path}", params=query, timeout=5)
            .raise_for_status()
            .json()["data"]
        )

    return asked


# ── the proxy ──


def test_the_front_is_trusted_by_its_own_authority_and_by_no_other(
    front: httpx.Client, balancer: Json
) -> None:
    answer = front.get("/version")
    assert answer.json()["name"] == "hospital-backend"
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(balancer["url"] + "/version")


def test_both_instances_answer_by_turns(front: httpx.Client, balancer: Json) -> None:
    """Both give the same answers: they are one release on one database."""
    answers = [front.get("/version") for _ in range(6)]
    assert {f"http://{answer.headers[balancer['instance_header']]}" for answer in answers} == set(
        balancer["backends"]
    )
    assert len({answer.text for answer in answers}) == 1


def test_a_session_of_one_instance_is_good_on_the_other(
    front: httpx.Client, balancer: Json
) -> None:
    """Both share the key, so a request to the other instance stays signed in."""
    answers = [
        front.get("/api/v1/auth/me", headers={"Authorization": "Bearer x"}) for _ in range(4)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.headers[balancer["instance_header"]] for answer in answers}) == 2


def test_plain_http_leads_to_the_front(told: Json, balancer: Json) -> None:
    [plain] = told["infrastructure"]["tls"]["redirects"]
    answer = httpx.get(f"{plain}/version?a=b")
    assert (answer.status_code, answer.headers["location"]) == (
        301,
        f"{balancer['url']}/version?a=b",
    )


def test_both_write_into_one_log_whom_the_proxy_names(told: Json, balancer: Json) -> None:
    """The log holds the client's address from the proxy, and the instance that answered."""
    trusted = ssl.create_default_context(cafile=balancer["ca_file"])
    marks = [f"mark-{uuid4()}" for _ in range(4)]
    with httpx.Client(
        transport=httpx.HTTPTransport(verify=trusted, local_address="127.0.0.2")
    ) as client:
        for mark in marks:
            client.get(
                balancer["url"] + "/version", headers={"X-Request-Id": mark}
            ).raise_for_status()
    found = wait_for_lines(Path(told["monitoring"]["logs"]["path"]), *marks)
    assert len(found) == len(marks)
    assert {line[balancer["client_field"]] for line in found} == {"127.0.0.2"}
    assert {f"http://{line['instance']}" for line in found} == set(balancer["backends"])


def test_a_killed_instance_loses_no_request_and_comes_back(
    front: httpx.Client, balancer: Json
) -> None:
    """Four clients send requests throughout, and each request is answered.

    Only an answer whose head had already gone out may break off, one per client: the proxy cannot
    take it back. The killed instance answers again within seconds.
    """
    second = balancer["backends"][1].removeprefix("http://")
    answers: list[tuple[int, str]] = []
    cut: list[httpx.RemoteProtocolError] = []
    enough = threading.Event()

    def ask() -> None:
        while not enough.is_set():
            try:
                answer = front.get("/version")
            except httpx.RemoteProtocolError as error:
                cut.append(error)
                continue
            answers.append(
                (answer.status_code, answer.headers.get(balancer["instance_header"], ""))
            )

    with ThreadPoolExecutor(4) as people:
        asking = [people.submit(ask) for _ in range(4)]
        try:
            wait("the second instance to answer", lambda: (200, second) in answers[-20:])
            subprocess.run(balancer["kill"], check=True)
            wait(
                "the second instance to be left out",
                lambda: len(answers) > 20 and (200, second) not in answers[-20:],
            )
            wait("the second instance to come back", lambda: (200, second) in answers[-20:])
        finally:
            enough.set()
        for each in asking:
            each.result()
    assert {status for status, _ in answers} == {200}
    assert len(cut) <= len(asking)
    assert all("without sending complete message body" in str(error) for error in cut)


# ── Prometheus and Alertmanager ──


@needs_prometheus
def test_prometheus_sees_both_instances(told: Json, prometheus: Callable[..., Any]) -> None:
    def up() -> set[str]:
        return {
            target["labels"]["instance"]
            for target in prometheus("targets")["activeTargets"]
            if target["health"] == "up"
        }

    wait("both to be up", lambda: up() == set(told["monitoring"]["targets"]))


@needs_prometheus
def test_the_triggers_are_loaded_and_stand_on_series_that_are_there(
    told: Json, prometheus: Callable[..., Any]
) -> None:
    """No alert fires on a healthy hospital, although its series exist."""

    def alerts() -> dict[str, Json]:
        return {
            rule["name"]: rule
            for group in prometheus("rules")["groups"]
            for rule in group["rules"]
            if rule["type"] == "alerting"
        }

    wait(
        "the rules to be evaluated",
        lambda: {rule["health"] for rule in alerts().values()} == {"ok"},
    )
    triggers = told["monitoring"]["alerts"]["rules"]
    assert set(triggers) == {"health", "error-rate", "response-time", "database"}
    assert set(alerts()) == {*triggers.values(), told["monitoring"]["alerts"]["canary"]}
    selectors: set[str] = {
        selector for rule in alerts().values() for selector in SELECTOR.findall(rule["query"])
    }
    selectors |= set(told["monitoring"]["metrics"]["present"]) | set(
        told["monitoring"]["metrics"]["moving"]
    )
    wait(
        "each of their series",
        lambda: not [one for one in selectors if not prometheus("query", query=one)["result"]],
    )


@needs_prometheus
@needs_alertmanager
def test_the_canary_fires_and_arrives_where_the_run_listens(told: Json) -> None:
    alerts = told["monitoring"]["alerts"]
    came: list[tuple[str, Json]] = []

    class Hears(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(
                (self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing: pytest's output is for failures."""

    host, _, port = alerts["receiver_listen"].rpartition(":")
    with HTTPServer((host, int(port)), Hears) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        wait(
            "the canary",
            lambda: any(body["receiver"] == alerts["canary_receiver"] for _, body in list(came)),
        )
        listening.shutdown()
    path, body = next(
        (path, body) for path, body in came if body["receiver"] == alerts["canary_receiver"]
    )
    assert path == "/cutover"
    assert {alert["labels"]["alertname"] for alert in body["alerts"]} == {alerts["canary"]}
    assert alerts["canary_labels"].items() <= body["commonLabels"].items()


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="there is no promtool on this machine: apt-get install prometheus",
)
@pytest.mark.parametrize(
    "command",
    [("check", "rules", "--lint-fatal", str(RULES)), ("test", "rules", str(TRIED))],
    ids=["check", "test"],
)
def test_the_rules_say_what_the_plan_says(command: tuple[str, ...]) -> None:
    """Each trigger fires at the plan's limit, and not below it (rules_test.yml)."""
    done = subprocess.run(
        ["promtool", *command], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.thorough
@needs_prometheus
def test_a_lost_database_raises_the_alert_of_each_instance() -> None:
    """The trigger uses the metrics that the application has when its database goes away.

    It needs a hospital of its own: the alert stays for a minute.
    """
    process = launch("--tied", "--surroundings")
    announced = read_announcement(process)
    monitoring = announced["surroundings"]["monitoring"]

    def raised() -> set[str]:
        alerts = httpx.get(f"{monitoring['prometheus']}/api/v1/alerts", timeout=5).json()["data"][
            "alerts"
        ]
        name = monitoring["alerts"]["rules"]["database"]
        return {
            alert["labels"]["instance"]
            for alert in alerts
            if alert["labels"]["alertname"] == name and alert["state"] == "firing"
        }

    assert not raised()
    address, _, database = announced["owner_database"].rpartition("/")
    with psycopg.connect(f"{address}/postgres", autocommit=True) as owner:
        owner.execute(
            sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(database))
        )
        owner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s",
            [database],
        )
    wait(
        "both to miss it", lambda: raised() == set(monitoring["targets"])
    )  # the proxy's health checks ask for it all the while
    process.communicate(timeout=5)


# ── coming and going ──


def _runs(process: psutil.Process) -> bool:
    """Return whether the process runs, and is not a zombie."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_a_hospital_that_is_killed_leaves_neither_a_process_nor_a_folder(
    hospitals: tuple[Started, Started],
) -> None:
    """The instance that was restarted meanwhile ends, too."""
    process, told = hospitals[1]
    balancer = told["infrastructure"]["balancer"]
    folder = Path(balancer["ca_file"]).parent
    written = folder / "instance.pid"
    before = written.read_text()
    subprocess.run(balancer["kill"], check=True)
    wait("it to be dead", lambda: not written.exists() or written.read_text() != before)
    wait("another instance", written.exists)
    helpers = psutil.Process(process.pid).children(recursive=True)
    assert {
        "caddy",
        "postgres",
        *({"prometheus"} if "prometheus" in told["monitoring"] else ()),
    } <= {helper.name() for helper in helpers}
    process.kill()
    process.communicate()
    wait("every process to end", lambda: not any(_runs(helper) for helper in helpers), 3)
    wait("the folder to be removed", lambda: not folder.exists(), 3)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return the settings of a hospital that does not run."""
    return Settings(
        "postgresql://nobody@127.0.0.1:1/nothing", "x" * 32, log=tmp_path / "hospital.jsonl"
    )


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere nobody ends what a killed watchdog kept"
)
def test_a_killed_watchdog_takes_everything_with_it(settings: Settings) -> None:
    """The kernel kills the parts of a killed watchdog: no process of a hospital remains."""
    with launcher.start_environment("http://127.0.0.1:1", settings):
        [watchdog] = [
            child
            for child in psutil.Process().children()
            if _runs(child) and "parent_watchdog.py" in " ".join(child.cmdline())
        ]
        wait("it to start something", lambda: bool(watchdog.children()))
        kept = watchdog.children()
        watchdog.kill()
        wait("every process to end", lambda: not any(_runs(process) for process in kept), 3)


def test_what_is_not_installed_is_said(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing program is named in one sentence with a way to install it, and is not announced."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(launcher, "READY_SECONDS", 0.1)
    with launcher.start_environment("http://127.0.0.1:1", settings) as environment:
        told = environment.describe_when_ready()
    assert (
        told["absent"]["prometheus"]
        == "prometheus is not on the PATH: on Debian, `apt-get install prometheus`"
    )
    assert told["absent"]["alertmanager"].endswith("`apt-get install prometheus-alertmanager`")
    assert told["monitoring"] == {"logs": {"kind": "file", "path": str(settings.log)}}


def test_what_does_not_come_up_is_said_with_its_last_words(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "prometheus"
    broken.write_text("#!/bin/sh\necho the disk is full\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(
        launcher, "READY_SECONDS", 1.0
    )  # for the whole of it, and the machine may be busy
    with launcher.start_environment("http://127.0.0.1:1", settings) as environment:
        told = environment.describe_when_ready()
    assert (
        told["absent"]["prometheus"]
        == "prometheus did not get ready within 1 s; its log ends: the disk is full"
    )
    assert "balancer" not in told["infrastructure"], (
        "the proxy is told of only where both instances answer through it"
    )
