"""A toy project around the real plugin, with three items and a target that only knows its release.

It is small enough to run a whole `pytest` process for every hole.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.gate.environment import environment_without_settings
from tests.gate.holes.release_instances import ToldRelease, answer_release
from tests.pytest_processes.forked_pytest import start_pytest, start_python
from tests.standins.hostile_answers import HOSTILE, send

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct-horse-battery"

CONFTEST = """
def pytest_addoption(pluginmanager):
    pluginmanager.import_plugin("cutover_gates.plugin.hooks")
"""

PLAN = """
[[item]]
id = "sign-in"
section = "Toy"
title = "People can sign in"
gates = ["phase3", "nightly"]
proof = "check"
suite = "smoke"
waivable = false

[[item]]
id = "patients"
section = "Toy"
title = "Patients can be registered"
gates = ["phase3"]
proof = "check"
suite = "smoke"

[[item]]
id = "documents"
section = "Toy"
title = "Documents can be filed"
gates = ["phase3"]
proof = "check"
suite = "smoke"
"""

CHECKS = {
    "test_sign_in.py": (
        """
import pytest
pytestmark = pytest.mark.plan("sign-in")

def test_people_sign_in(recorder):
    recorder.observe("sign-in", status=200)
"""
    ),
    "test_patients.py": (
        """
import pytest

@pytest.mark.plan("patients")
@pytest.mark.parametrize("name", ["plain", "long"])
def test_a_patient_is_registered(recorder, name):
    recorder.observe("registered", name=name)

@pytest.mark.plan("patients")
def test_a_patient_is_found(recorder):
    recorder.observe("found", count=1)
"""
    ),
    "test_documents.py": (
        """
import pytest

@pytest.mark.plan("documents")
def test_a_document_is_filed(recorder):
    recorder.observe("filed", size=1)
"""
    ),
}


class _Target(BaseHTTPRequestHandler):
    """Answers every request with the release; below `/hostile/NAME` as `hostile_answers`
    says, below `/release/NAME/KEY` as `release_instances` says. Below `/clock/SECONDS` its clock differs by so many seconds, and
    below `/refuses-sign-in` nobody can sign in.
    """

    def do_POST(self) -> None:
        if not self.path.startswith("/refuses-sign-in/"):
            self.send_error(501)
            return
        body = b'{"type": "about:blank", "title": "Unauthorized", "status": 401}'
        self.send_response(401)
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("WWW-Authenticate", "Bearer")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        if self.path.startswith("/clock/"):
            timestamp = time.time() + float(self.path.split("/")[2])
        return super().date_time_string(timestamp)

    def do_GET(self) -> None:
        if self.path.startswith("/hostile/"):
            name = self.path.split("/")[2].replace("-", " ")
            self.close_connection = True
            send(self.connection, HOSTILE[name], is_read=True)
            return
        told = ToldRelease()
        if self.path.startswith("/release/"):
            told = answer_release(self.path)
        body = told.body()
        self.send_response(told.status)
        for name, value in told.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@contextmanager
def target() -> Iterator[str]:
    """A running toy target's URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Target)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class GateResult:
    """One ended run: exit status, output, and the verdicts that it left, by gate."""

    status: int
    output: str
    verdicts: dict[str, dict[str, Any]]

    @property
    def verdict(self) -> str:
        """The one verdict's word."""
        (only,) = self.verdicts.values()
        return str(only["verdict"])

    def outcome(self, item: str, gate: str = "phase3") -> str:
        """Return the outcome of an item."""
        return next(
            str(found["outcome"]) for found in self.verdicts[gate]["items"] if found["id"] == item
        )

    def why(self, item: str, gate: str = "phase3") -> str:
        """Return the reason that the verdict gives for an item."""
        return next(
            str(found["why"]) for found in self.verdicts[gate]["items"] if found["id"] == item
        )


class Toy:
    """The project on disk. Change its files, then `run`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.write("conftest.py", CONFTEST)
        self.write(
            "pyproject.toml",
            '[tool.pytest.ini_options]\naddopts = ["--import-mode=importlib", "--strict-markers",'
            ' "--strict-config", "-p", "no:anyio", "-p", "no:schemathesis", "-p",'
            ' "no:hypothesispytest", "-p", "no:locust", "-p", "no:randomly"]\ntimeout = 20\n',
        )
        self.write_project("smoke")

    def write_project(self, checks: str) -> None:
        """Write plan and settings, and the checks into the folder `checks`."""
        self.write("plan.toml", PLAN)
        self.write(
            "cutover.toml",
            f'target = "toy"\n[targets.toy]\nurl = "{self.url}"\nrelease ='
            ' "1.0"\n[targets.toy.users.clinician]\nusername = "c"\n',
        )
        for name, text in CHECKS.items():
            self.write(f"{checks}/{name}", text)

    @property
    def source(self) -> Path:
        """The folder with the code of the plugin."""
        return ROOT / "src"

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a text in a file of the project."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text, f"{name} has no {old!r} to replace"
        self.write(name, text.replace(old, new))

    def start(
        self, *words: str, cwd: Path | None = None, **environment: str
    ) -> subprocess.Popen[str]:
        """Start `pytest words…`."""
        return start_python(words, cwd or self.folder, {**self.environment(), **environment})

    def environment(self) -> dict[str, str]:
        """Return the environment of a gate, with nothing of the test's own."""
        inherited = environment_without_settings()
        return inherited | {
            "PYTHONPATH": str(self.source),
            "CUTOVER_TARGETS__TOY__USERS__CLINICIAN__PASSWORD": PASSWORD,
            "COLUMNS": "100",
        }

    def run_in_shell(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a script of bash in which `"$@"` is `pytest -m phase3` (a minute at most)."""
        command = [sys.executable, "-m", "pytest", "-m", "phase3"]
        return subprocess.run(
            ["bash", "-c", script, "gate", *command],
            cwd=self.folder,
            env={**self.environment(), **environment},
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=60,
        )

    def run(self, *words: str, cwd: Path | None = None, **environment: str) -> GateResult:
        """Run `pytest words…` to its end (a minute at most)."""
        process = start_pytest(words, cwd or self.folder, {**self.environment(), **environment})
        output, _ = process.communicate(timeout=60)
        return GateResult(process.returncode, output, self.verdicts())

    def gate(self, *words: str, **environment: str) -> GateResult:
        """Run `pytest -m phase3 words…`."""
        return self.run("-m", "phase3", *words, cwd=None, **environment)

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """The newest verdict of each gate."""
        return read_verdicts(self.folder)


def read_verdicts(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the newest verdict of each gate below `reports/runs` of a folder."""
    found = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in folder.glob("reports/runs/2*/verdict.json")
    ]
    judged = [verdict for verdict in found if verdict["verdict"] != "NOT JUDGED"]
    return {
        verdict["gate"]: verdict for verdict in sorted(judged, key=lambda each: each["started"])
    }


def read_latest(folder: Path) -> dict[str, Any]:
    """Return the newest record, which `reports/runs/latest` names."""
    path = folder / "reports/runs/latest/verdict.json"
    record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return record
