"""The embedded hospital for its tests: started by its command, and used over its socket."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg.rows import dict_row

from tests.calibration import scale_seconds

ROOT = Path(__file__).parents[3]
Json = dict[str, Any]


@dataclass(frozen=True)
class Hospital:
    """The announcement of `python -m reference --json`."""

    url: str
    database: str
    owner_database: str
    users: dict[str, dict[str, str]]
    expired_token: str
    log: Path

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a client of the API, without a token or with one."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=10)

    def sign_in(self, name: str) -> Json:
        """Return the tokens of a new session."""
        with self.client() as client:
            answer = client.post("/auth/sign-in", json=self.users[name])
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def query(self, statement: str, *values: object) -> list[Json]:
        """Return rows, read as the superuser."""
        with psycopg.connect(self.owner_database, row_factory=dict_row) as connection:
            cursor = connection.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []


def wait_for_lines(log: Path, *request_ids: str) -> list[Json]:
    """Return the log's lines of these requests; what is there after ten seconds where some lack.

    The hospital answers before it has written its line.
    """
    ends = time.monotonic() + scale_seconds(10)
    while True:
        # The last line may be half written.
        whole = log.read_text().rpartition("\n")[0].splitlines()
        found = [line for line in map(json.loads, whole) if line.get("request_id") in request_ids]
        if len(found) >= len(request_ids) or time.monotonic() > ends:
            return found
        time.sleep(0.02)


def launch(*options: str) -> subprocess.Popen[bytes]:
    """Start `python -m reference --json` without waiting for it."""
    return subprocess.Popen(
        [sys.executable, "-m", "reference", "--json", *options],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def read_announcement(process: subprocess.Popen[bytes]) -> Json:
    """Wait for the announcement, and return it."""
    assert process.stdout is not None
    return dict(json.loads(process.stdout.readline()))


Staff = Callable[[str], httpx.Client]


def patient_data(**changes: Any) -> Json:
    """Return the body of a new patient."""
    return {
        "mrn": f"T-{uuid4().hex[:20]}",
        "family_name": "Probe",
        "given_name": "Zoë",
        "birth_date": "1971-12-31",
        "sex": "female",
        "tag": "probe",
        **changes,
    }


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Return status and slug of an answer that must be a complete problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    body = answer.json()
    assert {"type", "title", "status", "detail", "request_id"} <= body.keys()
    assert body["status"] == answer.status_code
    assert body["request_id"] == answer.headers["x-request-id"]
    return answer.status_code, body["type"].removeprefix("/problems/")
