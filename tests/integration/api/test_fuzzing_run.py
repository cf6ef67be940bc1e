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
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.fuzzing import rules
from cutover_gates.probes.api.fuzzing.assessments import ALL_OPERATIONS, FuzzAssessments
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile, render_configuration
from cutover_gates.probes.api.fuzzing.fuzz_gaps import RUN
from cutover_gates.probes.api.fuzzing.fuzz_runner import run_schemathesis
from cutover_gates.probes.api.fuzzing.fuzz_summary import summarize_run
from cutover_gates.probes.api.fuzzing.model import FuzzPlan
from tests.calibration import scale_seconds
from tests.findings import list_gaps
from tests.integration.reference.started_hospital import (
    ROOT,
    Hospital,
    launch,
    patient_data,
    read_announcement,
)

SAFE = FuzzProfile("safe", 60, 500, 1, 4.0)
SECONDS_TO_END = 2.0


@pytest.fixture(scope="module")
def hospital() -> Iterator[Hospital]:
    """A started hospital."""
    process = launch("--tied")
    announced = read_announcement(process)
    yield Hospital(
        **{
            name: announced[name]
            for name in ("url", "database", "owner_database", "users", "expired_token")
        },
        log=Path(announced["log"]),
    )
    process.communicate(timeout=scale_seconds(5))


@pytest.fixture
def described(hospital: Hospital) -> ApiDocument:
    return ApiDocument(httpx.get(f"{hospital.url}/openapi.json").json(), hospital.url)


def only_sign_in(described: ApiDocument) -> ApiDocument:
    """The paths of signing in and out: enough where a run is looked at, and not what it finds."""
    paths = {path: item for path, item in described.document["paths"].items() if "/auth/" in path}
    return ApiDocument({**described.document, "paths": paths}, described.root)


def signed_in(hospital: Hospital) -> str:
    return f"Bearer {hospital.sign_in('administrator')['access_token']}"


def made(
    described: ApiDocument, plan: FuzzProfile, token: Callable[[], str], **more: Any
) -> FuzzAssessments:
    """A run, and what it proves."""
    return FuzzAssessments(
        summarize_run(
            described,
            plan,
            run_schemathesis(FuzzPlan(described, plan, "Authorization", token, **more)),
        ),
        (),
        datetime.now(UTC).date(),
    )


def registered(hospital: Hospital) -> str:
    with hospital.client(hospital.sign_in("registrar")["access_token"]) as client:
        return str(client.post("/patients", json=patient_data()).json()["id"])


def logged(hospital: Hospital) -> list[dict[str, Any]]:
    return [
        line
        for line in map(json.loads, hospital.log.read_text(encoding="utf-8").splitlines())
        if "method" in line
    ]


def _is_fuzz_process(child: psutil.Process) -> bool:
    return (
        child.status() != psutil.STATUS_ZOMBIE
        and "cutover_gates.probes.api.fuzzing.fuzz_process" in " ".join(child.cmdline())
    )


def _readable_texts(child: psutil.Process) -> str:
    """Return the command line, the environment and the files of a process in one text."""
    files = [path.read_text() for path in Path(child.cwd()).glob("*.*")]
    return " ".join([*child.cmdline(), *child.environ().values(), *files])


def test_a_safe_run_over_a_clean_hospital(
    hospital: Hospital, described: ApiDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything that reads is proven, nothing is found, what is there is read; and nothing but GET
    and HEAD came in.

    No secret stands where others can read it: on the command line of the run's process, in its
    environment or in its files.
    """
    monkeypatch.setenv("CUTOVER_TARGETS__X__USERS__REGISTRAR__PASSWORD", "correct-horse-battery")
    seen: list[str] = []

    def look(_line: str) -> None:
        children = psutil.Process().children(recursive=True)
        seen.extend(_readable_texts(child) for child in children if _is_fuzz_process(child))

    before = len(logged(hospital))
    token, patient_id = signed_in(hospital), registered(hospital)
    found = made(
        described,
        SAFE,
        lambda: token,
        example_ids={"patient_id": patient_id},
        report_progress=look,
    )
    assert seen
    assert not [
        text for text in seen if token.split()[1] in text or "correct-horse-battery" in text
    ]
    assert_passed(found.assess_run())
    assert_passed(found.assess_operation(ALL_OPERATIONS))
    methods = Counter(line["method"] for line in logged(hospital)[before:])
    # Two sign-ins and a patient of the test's own: the log may have a line only after the answer.
    assert methods.pop("POST") == 3
    assert set(methods) == {"GET"}
    assert {"200", "401", "404", "422"} <= set(
        found.summary.operations["GET /api/v1/patients/{patient_id}"].statuses
    )
    assert sum(told.requests for told in found.summary.operations.values()) > 200


def test_a_safe_run_cannot_write(
    hospital: Hospital, described: ApiDocument, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where it is configured to: the last look is in its process, before the wire.

    And nothing is proven then.
    """
    deep = FuzzProfile("deep", 8, 500, 1, 4.0)
    monkeypatch.setattr(
        "cutover_gates.probes.api.fuzzing.fuzz_runner.render_configuration",
        lambda _plan: render_configuration(deep),
    )
    monkeypatch.setattr("cutover_gates.probes.api.fuzzing.fuzz_runner.GRACE_SECONDS", 5)
    before = len(logged(hospital))
    token = signed_in(hospital)
    found = made(described, replace(SAFE, seconds=8), lambda: token)
    methods = Counter(line["method"] for line in logged(hospital)[before:])
    # The test's own sign-in: the log may have its line only after the answer.
    assert methods.pop("POST") == 1
    assert set(methods) == {"GET"}
    with pytest.raises(NotProven):
        assert_passed(found.assess_run())


def test_a_useless_token_is_noticed(hospital: Hospital, described: ApiDocument) -> None:
    """An expired one is refused as documented, and schemathesis finds nothing wrong with that.

    Not one operation behind the door is proven.
    """
    part = only_sign_in(described)
    found = made(part, SAFE, lambda: f"Bearer {hospital.expired_token}")
    assert [finding.shape for finding in found.summary.findings] == []
    assert any(entry.protected and entry.method == "GET" for entry in part.operations)
    for entry in part.operations:
        if entry.protected and entry.method == "GET":
            gaps = list_gaps(found.assess_operation(str(entry)))
            assert (rules.ACCOUNT_ADMITTED, str(entry)) in gaps


def test_a_run_is_stopped_by_its_time(hospital: Hospital, described: ApiDocument) -> None:
    """It still tells what it did, and what it did not is not proven.

    A busy machine needs as many seconds more until the first request.
    """
    token, seconds = signed_in(hospital), round(scale_seconds(4))
    found = made(described, replace(SAFE, seconds=seconds, rate=5), lambda: token)
    assert found.summary.seconds < seconds + SECONDS_TO_END + 2
    assert any(told.requests for told in found.summary.operations.values())
    run = found.assess_run()
    assert (rules.RUN_COMPLETE, RUN) in list_gaps(run)
    assert f"(seconds = {seconds})" in run.not_proven[0].actual
    gaps = list_gaps(found.assess_operation(ALL_OPERATIONS))
    assert rules.OPERATION_TESTED in [rule for rule, _ in gaps]


def test_a_hospital_that_is_gone_proves_nothing(described: ApiDocument) -> None:
    """And is told so, not passed over."""
    document = only_sign_in(described).document
    found = made(ApiDocument(document, "http://127.0.0.1:9"), SAFE, lambda: "Bearer x")
    with pytest.raises(NotProven):
        assert_passed(found.assess_run())
    with pytest.raises(NotProven):
        assert_passed(found.assess_operation(ALL_OPERATIONS))


def test_a_run_that_ends_its_own_session_goes_on(
    hospital: Hospital, described: ApiDocument
) -> None:
    """A deep run signs out, among all else.

    It is let in again with another token, and keeps its time.
    """
    tokens: list[str] = []

    def token() -> str:
        tokens.append(signed_in(hospital))
        return tokens[-1]

    plan = FuzzProfile("deep", 10, 500, 1, 4.0)
    found = made(
        only_sign_in(described),
        plan,
        token,
        accounts=tuple(hospital.users),
    )
    assert [finding.shape for finding in found.summary.findings] == []
    assert_passed(found.assess_run())
    assert found.summary.operations["POST /api/v1/auth/sign-out"].statuses["204"] >= 1
    assert len(tokens) > 1
    assert found.summary.operations["GET /api/v1/auth/me"].statuses["200"] > 1


_KILLED = """
import json, sys
from cutover_gates.probes.api.fuzzing.fuzz_configuration import FuzzProfile
from cutover_gates.probes.api.document.openapi_document import ApiDocument
from cutover_gates.probes.api.fuzzing.fuzz_runner import run_schemathesis
from cutover_gates.probes.api.fuzzing.model import FuzzPlan
told = json.loads(sys.stdin.readline())
run_schemathesis(FuzzPlan(ApiDocument(told["document"], told["url"]), FuzzProfile("safe", 60, 5, 1, 4.0), "Authorization",
                          lambda: told["token"], report_progress=lambda line: print(line, flush=True)))
"""


@pytest.mark.parametrize(
    "sign", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.thorough)]
)
def test_no_run_outlives_the_one_who_started_it(
    hospital: Hospital, described: ApiDocument, sign: signal.Signals
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


def test_schemathesis_is_never_loaded_by_whoever_asks_for_a_run() -> None:
    """It takes a second to load, and brings plugins: pytest's process stays without it."""
    rooms = [
        f"cutover_gates.{room}"
        for room in (
            "probes.api.fuzzing.fuzz_runner",
            "probes.api.fuzzing.assessments",
            "probes.api.fuzzing.fuzz_summary",
            "probes.api.document.assessments",
            "plugin.api_run",
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
