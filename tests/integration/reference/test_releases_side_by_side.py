"""1.9.0 and 2.0.0 on one migrated database: what one writes the other reads and may change."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
import uvicorn
from psycopg.rows import dict_row

from reference import announcement, cutover, migrate, postgres, releases, serve, template
from reference.seed import Account
from reference.settings import RELEASE, RELEASE_BEFORE, Settings
from tests.integration.reference.started_hospital import Json, patient_data

BOTH = [(RELEASE_BEFORE, RELEASE), (RELEASE, RELEASE_BEFORE)]
"""Who writes, and who reads."""
SEXES = ("female", "male", "other", "unknown")


@dataclass(frozen=True)
class Side:
    """One release, as an administrator uses it."""

    client: httpx.Client
    account: Account

    def __call__(self, method: str, path: str, status: int = 200, **sent: Any) -> Json:
        """Return the body of an answer with this status."""
        answer: httpx.Response = self.client.request(method, f"/api/v1{path}", **sent)
        assert answer.status_code == status, answer.text
        return dict(answer.json()) if answer.content else {}

    def sign_in(self) -> Json:
        """Return the tokens of a new session; the client goes on with it."""
        given = {"username": self.account.username, "password": self.account.password}
        tokens = self("POST", "/auth/sign-in", json=given)
        self.client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        return tokens


Sides = dict[str, Side]


@pytest.fixture(scope="module")
def staff() -> dict[str, Account]:
    """Return the accounts by their names."""
    return {account.username: account for account in announcement.accounts()}


@pytest.fixture(scope="module")
def shared(server: postgres.Server, staff: dict[str, Account]) -> str:
    """Return the name of a migrated database that both releases use."""
    server.copy(template.DATABASE, "side_by_side")
    cutover.perform(server, "side_by_side", staff.values())
    return "side_by_side"


@pytest.fixture(scope="module")
def sides(server: postgres.Server, shared: str, staff: dict[str, Account]) -> Iterator[Sides]:
    """Run both releases, with one signing key as in a rollout."""
    key, dsn = secrets.token_hex(32), server.dsn(shared, postgres.APPLICATION)
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(_run(Settings(dsn, key, release=name), staff))
            for name in (RELEASE_BEFORE, RELEASE)
        }


@contextmanager
def _run(settings: Settings, staff: dict[str, Account]) -> Iterator[Side]:
    """Serve a release in a thread; its administrator is signed in."""
    with serve.listen() as listener, httpx.Client(base_url=serve.url(listener)) as client:
        config = uvicorn.Config(releases.create_app(settings), log_level="error")
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run, args=[[listener]])
        thread.start()
        try:
            side = Side(client, staff["administrator"])
            side.sign_in()
            yield side
        finally:
            running.should_exit = True
            thread.join()


@pytest.fixture
def query(server: postgres.Server, shared: str) -> Callable[..., list[Json]]:
    """Return the rows of a statement that the superuser sends to the shared database."""

    def fetch(statement: str, *values: object) -> list[Json]:
        with psycopg.connect(server.dsn(shared), row_factory=dict_row) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    return fetch


def _without(body: Json, *fields: str) -> Json:
    """Return the body without the fields that only one release has."""
    return {name: value for name, value in body.items() if name not in ("tag", *fields)}


@pytest.mark.parametrize("sex", SEXES)
@pytest.mark.parametrize(("writer", "reader"), BOTH)
def test_a_patient_of_one_release_is_read_and_corrected_at_the_other(
    sides: Sides, writer: str, reader: str, sex: str
) -> None:
    body = {**_without(patient_data()), "sex": sex, "phone": None}
    written = sides[writer]("POST", "/patients", 201, json=body)
    place = f"/patients/{written['id']}"
    assert _without(sides[reader]("GET", place)) == _without(written)
    assert [_without(each) for each in _find(sides[reader], written)] == [_without(written)]

    changed = {**body, "sex": SEXES[SEXES.index(sex) - 1], "phone": "+00 555 1"}
    corrected = sides[reader]("PUT", place, json=changed, headers={"If-Match": '"1"'})
    assert (corrected["sex"], corrected["phone"]) == (changed["sex"], changed["phone"])
    assert _without(sides[writer]("GET", place)) == _without(corrected)
    sides[writer]("PUT", place, 412, json=body, headers={"If-Match": '"1"'})


def _find(side: Side, patient: Json) -> list[Json]:
    found = side("GET", "/patients", params={"name": patient["family_name"], "mrn": patient["mrn"]})
    return list(found["items"])


@pytest.mark.parametrize(("first", "second"), BOTH)
@pytest.mark.parametrize("moves", [("admit", "discharge"), ("cancel",)])
def test_a_visit_moves_on_at_the_other_release(
    sides: Sides, first: str, second: str, moves: tuple[str, ...]
) -> None:
    place = _open_visit(sides[first])
    for number, move in enumerate(moves):
        here, there = (second, first) if number % 2 == 0 else (first, second)
        moved = sides[here]("POST", f"{place}/{move}")
        assert _without(sides[there]("GET", place)) == _without(moved)
    assert moved["status"] == {"discharge": "discharged", "cancel": "cancelled"}[moves[-1]]
    for side in sides.values():
        side("POST", f"{place}/admit", 409)


def _open_visit(side: Side) -> str:
    patient = side("POST", "/patients", 201, json=_without(patient_data()))
    place = f"/patients/{patient['id']}/visits"
    visit = side("POST", place, 201, json={"reason": " Chest pain "})
    return f"{place}/{visit['id']}"


@pytest.mark.parametrize(("writer", "reader"), BOTH)
@pytest.mark.parametrize("name", ["letter.txt", "C:\\scans\\letter.txt", "../scans/letter.txt"])
def test_a_document_of_one_release_is_read_at_the_other(
    sides: Sides, writer: str, reader: str, name: str
) -> None:
    patient = sides[writer]("POST", "/patients", 201, json=_without(patient_data()))
    place = f"/patients/{patient['id']}/documents"
    content = secrets.token_bytes(100)
    file = {"file": (name, content, "text/plain")}
    written = sides[writer]("POST", place, 201, files=file)
    read = sides[reader]("GET", f"{place}/{written['id']}")
    assert _without(read) == _without(written)
    assert (read["file_name"], read["size"]) == ("letter.txt", len(content))
    answer = sides[reader].client.get(f"/api/v1{place}/{written['id']}/content")
    assert answer.content == content


@pytest.mark.parametrize(("opener", "other"), BOTH)
def test_a_session_holds_at_both_releases(sides: Sides, opener: str, other: str) -> None:
    """Its access token is taken, and its refresh token gives a new one; then it ends at both."""
    tokens = sides[opener].sign_in()
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    sides[other]("GET", "/auth/me", headers=bearer)
    renewed = sides[other]("POST", "/auth/refresh", json=_refreshing(tokens))
    again = sides[opener]("POST", "/auth/refresh", json=_refreshing(renewed))
    sides[other]("GET", "/auth/me", headers={"Authorization": f"Bearer {again['access_token']}"})

    sides[other]("POST", "/auth/sign-out", 204, headers=bearer)
    for side in sides.values():
        side("GET", "/auth/me", 401, headers=bearer)
        side("POST", "/auth/refresh", 401, json=_refreshing(again))
    sides[opener].sign_in()


def _refreshing(tokens: Json) -> Json:
    return {"refresh_token": tokens["refresh_token"]}


def test_a_token_that_the_new_release_used_up_is_no_token_at_either(sides: Sides) -> None:
    """The release before knows no rotation: it must not take the token that was replaced."""
    tokens = sides[RELEASE_BEFORE].sign_in()
    newest = sides[RELEASE]("POST", "/auth/refresh", json=_refreshing(tokens))
    sides[RELEASE_BEFORE]("POST", "/auth/refresh", 401, json=_refreshing(tokens))
    sides[RELEASE_BEFORE]("POST", "/auth/refresh", json=_refreshing(newest))
    sides[RELEASE]("POST", "/auth/refresh", 401, json=_refreshing(tokens))
    sides[RELEASE_BEFORE].sign_in()


@pytest.mark.parametrize(("writer", "reader"), BOTH)
def test_an_audit_line_of_one_release_is_read_at_the_other(
    sides: Sides, writer: str, reader: str
) -> None:
    place = f"/patients/{uuid4()}"
    sides[writer]("GET", place, 404)
    patient = sides[writer]("POST", "/patients", 201, json=_without(patient_data()))
    lines = sides[reader]("GET", "/audit", params={"page_size": 2})["items"]
    assert [(line["action"], line["outcome"]) for line in lines] == [
        ("patient.create", "allowed"),
        ("patient.read", "refused"),
    ]
    assert lines[0]["patient_id"] == patient["id"]


def test_what_the_release_before_leaves_out_is_added(
    sides: Sides, query: Callable[..., list[Json]]
) -> None:
    """Its oldest clients discharge without admission, give no reason, and send only a folder."""
    patient = sides[RELEASE_BEFORE]("POST", "/patients", 201, json=_without(patient_data()))["id"]
    [visit] = query(
        "INSERT INTO visits (patient_id, reason, state, discharged_at)"
        " VALUES (%s, NULL, 2, now()) RETURNING *",
        patient,
    )
    assert (visit["status"], visit["reason"]) == ("discharged", "Not recorded")
    assert visit["admitted_at"] == visit["opened_at"]
    [document] = query(
        "INSERT INTO documents (patient_id, file_name, media_type, content, uploaded_by)"
        " VALUES (%s, 'scans/', 'text/plain', 'abc', 'clinician') RETURNING *",
        patient,
    )
    assert (document["file_name"], document["size"]) == ("unnamed", 3)


def test_the_role_of_the_release_before_needs_no_new_rights(
    server: postgres.Server, shared: str
) -> None:
    """Between the scripts and the grants people sign in: the token is copied with the owner's rights."""
    with psycopg.connect(server.dsn(shared)) as owner:
        owner.execute("REVOKE ALL ON refresh_tokens FROM hospital_app")
        owner.execute("SET ROLE hospital_app")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
            owner.execute("SELECT FROM refresh_tokens")
        owner.execute(
            "INSERT INTO sessions (username, refresh_token_hash, expires_at)"
            " VALUES ('clinician', 'token', now())"
        )
        owner.execute("RESET ROLE")
        copied = owner.execute("SELECT FROM refresh_tokens WHERE token_hash = 'token'").fetchall()
        assert len(copied) == 1
        owner.rollback()


def test_after_the_contraction_only_the_new_release_works(
    server: postgres.Server, staff: dict[str, Account]
) -> None:
    """It reads no column that the last script drops; the release before cannot even sign in."""
    server.copy(template.DATABASE, "contracted")
    cutover.perform(server, "contracted", staff.values())
    migrate.migrate(server.dsn("contracted"), to=None)
    new = Settings(server.dsn("contracted", postgres.APPLICATION), secrets.token_hex(32))
    with _run(new, staff) as side:
        place = _open_visit(side)
        assert side("POST", f"{place}/admit")["status"] == "admitted"
        assert side("POST", "/auth/refresh", json=_refreshing(side.sign_in()))
    before = _run(replace(new, release=RELEASE_BEFORE), staff)
    with pytest.raises(AssertionError, match="internal"), before:
        pass
