"""A test can run a hospital with a fault in a process of its own; other hospitals stay correct."""

from __future__ import annotations

import multiprocessing
import secrets
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import httpx

from reference import announcement, postgres, seed, serve
from reference.app import create_app
from reference.auth import passwords
from reference.settings import Settings
from tests.integration.reference.started_hospital import Hospital

DATABASE = "faulty"


def accept_any_password(
    password: str, password_hash: str | None, hashing: passwords.Hashing
) -> bool:
    """Accept any password: the fault."""
    del password, password_hash, hashing  # Nobody looks at them: that is the fault.
    return True


def open_faulty_hospital(
    server: postgres.Server, staff: Sequence[seed.Account], told: Connection
) -> None:
    """Run the faulty hospital in its own process."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    serve.stop_in_order()
    serve.stop_with_parent(parent.sentinel)
    passwords.matches = accept_any_password
    settings = Settings(
        database=server.dsn(DATABASE, postgres.APPLICATION),
        signing_key=secrets.token_hex(32),
        log=Path(server.directory) / "faulty.jsonl",
    )
    with serve.listen() as listener:
        told.send(announcement.announcement(serve.url(listener), server, DATABASE, staff, settings))
        serve.serve(create_app(settings), listener)


def test_a_fault_is_in_its_own_process_only(
    hospital: Hospital, server: postgres.Server, migrated: str
) -> None:
    """The replaced function is used in that process only.

    Here and in the other hospital the password still counts.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["reference.app", "uvicorn"])
    server.copy(migrated, DATABASE)
    ours, theirs = context.Pipe()
    process = context.Process(
        target=open_faulty_hospital, args=(server, announcement.accounts(), theirs), daemon=True
    )
    process.start()
    where = ours.recv()
    wrong = {"username": "clinician", "password": "wrong"}
    assert httpx.post(f"{where['url']}/api/v1/auth/sign-in", json=wrong).status_code == 200
    with hospital.client() as client:
        assert client.post("/auth/sign-in", json=wrong).status_code == 401
    process.terminate()
    process.join(2)
    assert process.exitcode == 0
    server.drop(DATABASE)
