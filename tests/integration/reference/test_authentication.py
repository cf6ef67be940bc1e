"""Authentication: passwords, tokens and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import jwt
import pytest

from tests.integration.reference.started_hospital import Hospital, Staff, problem

ROLES = ("registrar", "clinician", "auditor", "administrator")


def test_each_member_of_staff_is_who_they_say(staff: Staff) -> None:
    """The answer to a signed-in caller holds their name, role and facility."""
    for role in ROLES:
        assert staff(role).get("/auth/me").json() == {
            "username": role,
            "role": role,
            "facility": "north",
        }
    assert staff("outsider").get("/auth/me").json() == {
        "username": "outsider",
        "role": "clinician",
        "facility": "south",
    }


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(hospital: Hospital) -> None:
    """An answer does not reveal which names exist: only the request id differs."""
    with hospital.client() as nobody:
        answers = [
            nobody.post("/auth/sign-in", json={"username": name, "password": "wrong"})
            for name in ("administrator", f"unknown-{uuid4()}", "north-ward-01")
        ]
    assert {problem(answer) for answer in answers} == {(401, "unauthenticated")}
    assert len({answer.json()["detail"] for answer in answers}) == 1


def test_an_expired_token_of_a_live_session_is_refused(hospital: Hospital) -> None:
    """The signature is right and the session is open, so only the time can be the reason."""
    session = jwt.decode(hospital.expired_token, options={"verify_signature": False})["sid"]
    assert hospital.query("SELECT ended_at FROM sessions WHERE id = %s", session) == [
        {"ended_at": None}
    ]
    with hospital.client(hospital.expired_token) as late:
        assert problem(late.get("/auth/me")) == (401, "unauthenticated")


@pytest.mark.parametrize("forgery", ["alg-none", "other-key", "damaged", "empty", "basic"])
def test_a_forged_token_is_refused(hospital: Hospital, forgery: str) -> None:
    """A token that this hospital did not sign is rejected, whatever it claims."""
    real = hospital.sign_in("clinician")["access_token"]
    claims = jwt.decode(real, options={"verify_signature": False})
    header = {
        "alg-none": "Bearer " + jwt.encode(claims, "", "none"),
        "other-key": "Bearer " + jwt.encode(claims, "x" * 32, "HS256"),
        "damaged": "Bearer " + real[:-6] + "AAAAAA",
        "empty": "Bearer",
        "basic": "Basic " + real,
    }[forgery]
    with hospital.client() as forger:
        answer = forger.get("/auth/me", headers={"Authorization": header})
    assert problem(answer) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_signing_out_ends_both_tokens(hospital: Hospital) -> None:
    """After sign-out the access token and the refresh token of that session are rejected."""
    tokens = hospital.sign_in("clinician")
    with hospital.client(tokens["access_token"]) as client:
        assert client.post("/auth/sign-out").status_code == 204
        assert problem(client.get("/auth/me")) == (401, "unauthenticated")
        assert problem(
            client.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        ) == (401, "unauthenticated")


def test_a_refresh_token_used_twice_ends_its_session(hospital: Hospital) -> None:
    """A second use means that the token was stolen, so the whole session is rejected afterwards."""
    first = hospital.sign_in("clinician")
    with hospital.client() as client:
        second = client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]}).json()
        headers = {"Authorization": f"Bearer {second['access_token']}"}
        assert client.get("/auth/me", headers=headers).status_code == 200
        assert problem(
            client.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
        ) == (401, "unauthenticated")
        assert problem(client.get("/auth/me", headers=headers)) == (401, "unauthenticated")
        assert problem(
            client.post("/auth/refresh", json={"refresh_token": second["refresh_token"]})
        ) == (401, "unauthenticated")


def test_tokens_are_kept_only_as_hashes(hospital: Hospital) -> None:
    """The content of the database is not enough to sign in."""
    token = hospital.sign_in("clinician")["refresh_token"]
    assert (
        hospital.query(
            "SELECT 1 FROM refresh_tokens WHERE position(%s::bytea in token_hash) > 0",
            token.encode(),
        )
        == []
    )


@pytest.fixture
def outsider(hospital: Hospital) -> Iterator[dict[str, str]]:
    """Return an account, and forget its failures afterwards: other tests sign in with it."""
    account = hospital.users["outsider"]
    yield account
    hospital.query("DELETE FROM sign_in_failures WHERE username = %s", account["username"])


def test_five_failures_throttle_that_name_only(
    hospital: Hospital, outsider: dict[str, str]
) -> None:
    """After five failures the sixth attempt is 429, also with the right password.

    Other names are not affected.
    """
    right = outsider
    with hospital.client() as client:
        for _ in range(5):
            answer = client.post("/auth/sign-in", json={**right, "password": "wrong"})
            assert problem(answer) == (401, "unauthenticated")
        answer = client.post("/auth/sign-in", json=right)
    assert problem(answer) == (429, "throttled")
    assert 55 <= int(answer.headers["retry-after"]) <= 60
    assert hospital.sign_in("registrar")


def test_parallel_guesses_do_not_slip_past_the_throttle(hospital: Hospital) -> None:
    """Twelve parallel guesses get exactly five answers "wrong"; the others are throttled."""
    guess = {"username": f"guessed-{uuid4()}", "password": "wrong"}
    with hospital.client() as client, ThreadPoolExecutor(12) as threads:
        answers = list(
            threads.map(lambda _: client.post("/auth/sign-in", json=guess).status_code, range(12))
        )
    assert sorted(answers) == [401] * 5 + [429] * 7


@pytest.mark.parametrize(
    ("ages", "expected"),
    [
        ((50, 49, 48, 47, 1), 429),
        ((50, 49, 48, 47), 401),
        ((100, 99, 98, 97, 41), 429),
        ((121, 120, 119, 118, 61), 401),
        ((70, 9, 8, 7, 6), 401),
    ],
)
def test_the_throttle_slides(hospital: Hospital, ages: tuple[int, ...], expected: int) -> None:
    """Five failures within 60 s close a name for 60 s after the fifth; older ones do not count."""
    name = f"sliding-{uuid4()}"
    for age in ages:
        hospital.query(
            "INSERT INTO sign_in_failures VALUES (%s, clock_timestamp() - make_interval(secs =>"
            " %s))",
            name,
            age,
        )
    with hospital.client() as client:
        assert (
            client.post("/auth/sign-in", json={"username": name, "password": "wrong"}).status_code
            == expected
        )
