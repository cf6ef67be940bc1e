"""The night: 1.9.0 serves, and after the word to begin 2.0.0 does; rows are equal in every run."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from reference import accounts, template
from reference.auth.passwords import LIGHT
from reference.postgres import Server
from tests.integration.reference.started_hospital import launch, read_announcement

QUESTIONS = 8
ROWS = "SELECT username, password_hash, role, facility, created_at FROM staff ORDER BY username"


@pytest.fixture
def night() -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    """Start a night, and what it announces first."""
    process = launch("--tied", "--stage", "night")
    yield process, read_announcement(process)["night"]
    process.kill()
    process.communicate()


def _ask_releases(night: dict[str, Any]) -> set[str]:
    """Return the releases that answer at the proxy, each question over a new connection."""
    url, authority = f"{night['url']}/version", ssl.create_default_context(cafile=night["ca_file"])
    answers = [httpx.get(url, verify=authority) for _ in range(QUESTIONS)]
    return {answer.headers["X-Release"] for answer in answers}


def test_the_proxy_turns_from_the_release_before_to_the_new_one(
    night: tuple[subprocess.Popen[bytes], dict[str, Any]],
) -> None:
    """A session of before works after it, and nobody but the owner reaches the proxy's socket."""
    process, first = night
    assert _ask_releases(first) == {"1.9.0"}
    body = {"username": "clinician", "password": first["users"]["clinician"]}
    authority = ssl.create_default_context(cafile=first["ca_file"])
    with httpx.Client(base_url=f"{first['url']}/api/v1", verify=authority, timeout=30) as client:
        session = client.post("/auth/sign-in", json=body).json()
        Path(first["begin"]).touch()
        announced = read_announcement(process)
        token = {"Authorization": f"Bearer {session['access_token']}"}
        assert client.get("/auth/me", headers=token).json()["username"] == "clinician"
    assert _ask_releases(first) == {"2.0.0"}
    assert announced["backup"] is not None
    socket = Path(first["begin"]).with_name("caddy.sock")
    assert socket.stat().st_mode & 0o077 == 0


def test_the_accounts_are_equal_in_every_run(server: Server) -> None:
    """A snapshot of one run holds the rows of the next one."""
    found = [_read_accounts(server) for _ in range(2)]
    assert found[0] == found[1]
    assert {row[0] for row in found[0]} >= {"registrar", "outsider"}


def _read_accounts(server: Server) -> list[tuple[Any, ...]]:
    with psycopg.connect(server.dsn(template.DATABASE)) as connection:
        accounts.insert_accounts(connection, accounts.stable_accounts(), LIGHT)
        rows = connection.execute(ROWS).fetchall()
        connection.rollback()
    return rows
