"""A run as it is made: schemathesis in a process of its own, against a hospital that answers over
its socket.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cutover.contract.configuration import Plan, configuration
from cutover.contract.document import Described
from cutover.contract.fuzzing import EVERY, Fuzzing
from cutover.contract.report import facts
from cutover.contract.running import Order, run
from cutover.evidence import NotProven
from cutover.matchers import sound
from tests.reference.started import ROOT, Hospital, announced_by, launch, somebody

SAFE = Plan("safe", 60, 500, 1, 4.0)
SECONDS_TO_END = 2.0


@pytest.fixture(scope="module")
def hospital() -> Iterator[Hospital]:
    """A started hospital."""
    process = launch("--tied")
    announced = announced_by(process)
    yield Hospital(
        **{
            name: announced[name]
            for name in ("url", "database", "owner_database", "users", "expired_token")
        },
        log=Path(announced["log"]),
    )
    process.communicate(timeout=5)


@pytest.fixture
def described(hospital: Hospital) -> Described:
    return Described(httpx.get(f"{hospital.url}/openapi.json").json(), hospital.url)


def signed_in(hospital: Hospital) -> str:
    return f"Bearer {hospital.sign_in('administrator')['access_token']}"


def made(described: Described, plan: Plan, token: Callable[[], str], **more: Any) -> Fuzzing:
    """A run, and what it proves."""
    return Fuzzing(
        facts(described, plan, run(Order(described, plan, "Authorization", token, **more))),
        (),
        datetime.now(UTC).date(),
    )


def registered(hospital: Hospital) -> str:
    with hospital.client(hospital.sign_in("registrar")["access_token"]) as client:
        return str(client.post("/patients", json=somebody()).json()["id"])


def logged(hospital: Hospital) -> list[dict[str, Any]]:
    return [
        line
        for line in map(json.loads, hospital.log.read_text(encoding="utf-8").splitlines())
        if "method" in line
    ]


def test_a_safe_run_over_a_clean_hospital(hospital: Hospital, described: Described) -> None:
    """Everything that reads is proven, nothing is found, what is there is read; and nothing but GET
    and HEAD came in.
    """
    token, patient_id, before = signed_in(hospital), registered(hospital), len(logged(hospital))
    found = made(described, SAFE, lambda: token, examples={"patient_id": patient_id})
    sound(found.run())
    sound(found.operation(EVERY))
    assert {line["method"] for line in logged(hospital)[before:]} == {"GET"}
    assert {"200", "401", "404", "422"} <= set(
        found.facts["operations"]["GET /api/v1/patients/{patient_id}"]["statuses"]
    )
    assert sum(told["requests"] for told in found.facts["operations"].values()) > 200


def test_a_safe_run_cannot_write(
    hospital: Hospital, described: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where it is configured to: the last look is in its process, before the wire.

    And nothing is proven then.
    """
    deep = Plan("deep", 8, 500, 1, 4.0)
    monkeypatch.setattr("cutover.contract.running.configuration", lambda _plan: configuration(deep))
    monkeypatch.setattr("cutover.contract.running.GRACE_SECONDS", 5)
    token, before = signed_in(hospital), len(logged(hospital))
    found = made(described, replace(SAFE, seconds=8), lambda: token)
    assert {line["method"] for line in logged(hospital)[before:]} == {"GET"}
    with pytest.raises(NotProven):
        sound(found.run())


def test_a_useless_token_is_noticed(hospital: Hospital, described: Described) -> None:
    """An expired one is refused as documented, and schemathesis finds nothing wrong with that.

    Not one operation behind the door is proven.
    """
    found = made(described, SAFE, lambda: f"Bearer {hospital.expired_token}")
    assert not found.facts["findings"]
    for entry in described.operations:
        if entry.protected and entry.method == "GET":
            with pytest.raises(NotProven, match="never let the run's account in"):
                sound(found.operation(str(entry)))


def test_a_run_is_stopped_by_its_time(hospital: Hospital, described: Described) -> None:
    """It still tells what it did, and what it did not is not proven."""
    token = signed_in(hospital)
    found = made(described, replace(SAFE, seconds=4, rate=20), lambda: token)
    assert found.facts["seconds"] < 4 + SECONDS_TO_END + 2
    assert any(told["requests"] for told in found.facts["operations"].values())
    with pytest.raises(NotProven, match=r"its time was over \(seconds = 4\)"):
        sound(found.run())
    with pytest.raises(NotProven, match="was not tested to the end"):
        sound(found.operation(EVERY))


def test_a_hospital_that_is_gone_proves_nothing(described: Described) -> None:
    """And is told so, not passed over."""
    found = made(Described(described.document, "http://127.0.0.1:9"), SAFE, lambda: "Bearer x")
    with pytest.raises(NotProven):
        sound(found.run())
    with pytest.raises(NotProven):
        sound(found.operation(EVERY))


def test_a_run_that_ends_its_own_session_goes_on(hospital: Hospital, described: Described) -> None:
    """A deep run signs out, among all else.

    It is let in again with another token, and keeps its time.
    """
    tokens: list[str] = []

    def token() -> str:
        tokens.append(signed_in(hospital))
        return tokens[-1]

    only = {path: item for path, item in described.document["paths"].items() if "/auth/" in path}
    plan = Plan("deep", 10, 500, 1, 4.0)
    found = made(
        Described({**described.document, "paths": only}, described.root),
        plan,
        token,
        accounts=tuple(hospital.users),
    )
    assert not found.facts["findings"]
    sound(found.run())
    assert found.facts["operations"]["POST /api/v1/auth/sign-out"]["statuses"]["204"] >= 1
    assert len(tokens) > 1
    assert found.facts["operations"]["GET /api/v1/auth/me"]["statuses"]["200"] > 1


_KILLED = """
import json, sys
from cutover.contract.configuration import Plan
from cutover.contract.document import Described
from cutover.contract.running import Order, run
told = json.loads(sys.stdin.readline())
run(Order(Described(told["document"], told["url"]), Plan("safe", 60, 5, 1, 4.0), "Authorization", lambda: told["token"],
          say=lambda line: print(line, flush=True)))
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT])
def test_no_run_outlives_the_one_who_started_it(
    hospital: Hospital, described: Described, sign: signal.Signals
) -> None:
    """Killed or interrupted: in two seconds its process is gone."""
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(
        json.dumps(
            {"document": described.document, "url": hospital.url, "token": signed_in(hospital)}
        ).encode()
        + b"\n"
    )
    process.stdin.flush()
    assert b"contract:" in process.stdout.readline()
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    started = time.monotonic()
    process.send_signal(sign)
    _, alive = psutil.wait_procs(children, SECONDS_TO_END)
    process.communicate(timeout=5)
    assert not alive
    assert time.monotonic() - started < SECONDS_TO_END + 1


def test_no_secret_stands_where_others_can_read_it(
    hospital: Hospital, described: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither on the command line nor in the environment of the run's process, nor in its files."""
    monkeypatch.setenv("CUTOVER_TARGETS__X__USERS__REGISTRAR__PASSWORD", "correct-horse-battery")
    secret = signed_in(hospital)
    seen: list[str] = []

    def look(_line: str) -> None:
        for child in psutil.Process().children(recursive=True):
            if child.status() != psutil.STATUS_ZOMBIE and "cutover.contract.process" in " ".join(
                child.cmdline()
            ):
                seen.append(
                    " ".join(
                        [
                            *child.cmdline(),
                            *child.environ().values(),
                            *(path.read_text() for path in Path(child.cwd()).glob("*.*")),
                        ]
                    )
                )

    made(described, SAFE, lambda: secret, say=look)
    assert seen
    assert not [
        text for text in seen if secret.split()[1] in text or "correct-horse-battery" in text
    ]


def test_schemathesis_is_never_loaded_by_whoever_asks_for_a_run() -> None:
    """It takes a second to load, and brings plugins: pytest's process stays without it."""
    rooms = [
        f"cutover.{room}"
        for room in (
            "contract.running",
            "contract.fuzzing",
            "contract.report",
            "contract.shape",
            "pytest_plugin.contract",
        )
    ]
    code = (
        f"import sys, {', '.join(rooms)}; sys.exit(any(name in sys.modules for name in"
        " ('schemathesis', 'hypothesis')))"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        check=True,
        timeout=30,
    )
