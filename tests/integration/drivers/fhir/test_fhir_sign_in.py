"""How one signs in to a FHIR server, and where secrets go."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cutover_gates.drivers.fhir.client_assertions import is_key, thumbprint
from cutover_gates.drivers.fhir.fhir_driver import FhirDriver
from cutover_gates.hospital import (
    Credentials,
    MappingError,
    ProtocolViolation,
    Reason,
    Rejected,
    Session,
    Unsupported,
)
from tests.standins.fhir_answers import bundle, fhir_reply, find_request, operation_outcome
from tests.standins.http_server import HttpServerStandin, ReceivedRequest, json_reply

CLIENT = Credentials("the client", "s3cret:of+it/and more")
TOKEN = "t0ken-that-is-long-enough-to-hide"


@pytest.fixture
def door(target: HttpServerStandin) -> HttpServerStandin:
    """A server that names its token endpoint, and gives a token."""
    target.answers |= {
        "GET /.well-known/smart-configuration": json_reply(
            {"token_endpoint": f"{target.url}/token"}
        ),
        "POST /token": json_reply(
            {"access_token": TOKEN, "token_type": "bearer", "expires_in": 300}
        ),
    }
    return target


def form(request: ReceivedRequest) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


# ── client credentials ──


def test_a_client_shows_itself_in_the_header(
    door: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    """Id and secret form-encoded first, as OAuth 2.0 has it; then what it wants in the form."""
    session = driver(scope="system/Patient.rs").sign_in(CLIENT)
    assert (session.access, session.refresh, session.expires_in) == (TOKEN, None, 300)
    sent = find_request(door, "POST /token")
    assert (
        base64.b64decode(sent.headers["authorization"].removeprefix("Basic ")).decode()
        == "the+client:s3cret%3Aof%2Bit%2Fand+more"
    )
    assert form(sent) == {"grant_type": "client_credentials", "scope": "system/Patient.rs"}


def test_or_in_the_body(door: HttpServerStandin, driver: Callable[..., FhirDriver]) -> None:
    driver(secret_in="body").sign_in(CLIENT)
    sent = find_request(door, "POST /token")
    assert "authorization" not in sent.headers
    assert form(sent) == {
        "grant_type": "client_credentials",
        "client_id": CLIENT.username,
        "client_secret": CLIENT.password,
    }


def test_the_endpoint_may_be_given(
    target: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    """Also on another origin: the settings' author put it there."""
    elsewhere = target.url.replace("127.0.0.1", "localhost")
    target.answers["POST /elsewhere"] = json_reply({"access_token": TOKEN})
    assert driver(token_url=f"{elsewhere}/elsewhere").sign_in(CLIENT).expires_in is None


@pytest.mark.parametrize("named", ["http://elsewhere.example/token", 7, None])
def test_a_secret_goes_to_no_other_origin(
    target: HttpServerStandin, fhir: FhirDriver, named: Any
) -> None:
    """What a server names elsewhere is not taken: the settings must say it."""
    target.answers["GET /.well-known/smart-configuration"] = json_reply({"token_endpoint": named})
    with pytest.raises(MappingError, match=r"fhir\.token_url is missing"):
        fhir.sign_in(CLIENT)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (401, "invalid_client", Reason.UNAUTHENTICATED),
        (400, "invalid_client", Reason.UNAUTHENTICATED),
        (400, "invalid_grant", Reason.UNAUTHENTICATED),
        (400, "invalid_scope", Reason.INVALID),
        (429, "slow_down", Reason.THROTTLED),
        (401, "something", Reason.UNAUTHENTICATED),
    ],
)
def test_why_no_token_is_given(
    door: HttpServerStandin, fhir: FhirDriver, status: int, error: str, reason: Reason
) -> None:
    door.answers["POST /token"] = json_reply({"error": error, "error_description": "no"}, status)
    with pytest.raises(Rejected, match=f"{error}: no") as told:
        fhir.sign_in(CLIENT)
    assert told.value.reason is reason


@pytest.mark.parametrize(
    "reply",
    [json_reply({"token": "x"}), (200, {"Content-Type": "text/html"}, b"<html>"), (500, {}, b"")],
)
def test_an_answer_without_a_token_is_a_misbehaviour(
    door: HttpServerStandin, fhir: FhirDriver, reply: Any
) -> None:
    door.answers["POST /token"] = reply
    with pytest.raises(ProtocolViolation):
        fhir.sign_in(CLIENT)


@pytest.mark.parametrize("reply", [(404, {}, b""), (302, {"Location": "/login"}, b"")])
def test_an_endpoint_that_is_none_is_the_settings_mistake(
    door: HttpServerStandin, fhir: FhirDriver, reply: Any
) -> None:
    door.answers["POST /token"] = reply
    with pytest.raises(MappingError, match="is the endpoint right"):
        fhir.sign_in(CLIENT)


# ── refreshed and ended ──


def test_without_a_refresh_token_there_is_nothing_to_ask_with(
    door: HttpServerStandin, fhir: FhirDriver
) -> None:
    with pytest.raises(Unsupported, match="no refresh token"):
        fhir.refresh(fhir.sign_in(CLIENT))
    assert door.paths().count("POST /token") == 1


def test_with_one_it_is_asked(door: HttpServerStandin, fhir: FhirDriver) -> None:
    door.answers["POST /token"] = json_reply({"access_token": TOKEN, "refresh_token": "r3fresh"})
    assert fhir.refresh(fhir.sign_in(CLIENT)).access == TOKEN
    assert form(door.asked[-1]) == {"grant_type": "refresh_token", "refresh_token": "r3fresh"}


def test_signing_out_ends_the_token(
    door: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    door.answers["POST /revoke"] = (200, {}, b"")
    fhir = driver(revocation_url=f"{door.url}/revoke")
    fhir.sign_out(fhir.sign_in(CLIENT))
    assert form(find_request(door, "POST /revoke")) == {"token": TOKEN}


def test_signing_out_without_an_endpoint_is_not_offered(
    door: HttpServerStandin, fhir: FhirDriver
) -> None:
    session = fhir.sign_in(CLIENT)
    with pytest.raises(Unsupported, match="revocation"):
        fhir.sign_out(session)
    assert door.paths().count("POST /token") == 1


# ── SMART backend services ──


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_an_assertion_is_signed_with_the_clients_key(
    door: HttpServerStandin, driver: Callable[..., FhirDriver], algorithm: str
) -> None:
    """For the token endpoint, for minutes, with a name of its own, by the algorithm of the key."""
    key: Any = (
        rsa.generate_private_key(65537, 2048)
        if algorithm == "RS384"
        else ec.generate_private_key(ec.SECP384R1())
    )
    driver(auth="smart-backend").sign_in(Credentials("app", pem(key)))
    sent = form(find_request(door, "POST /token"))
    assert (sent["client_assertion_type"], sent["scope"]) == (
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "system/*.*",
    )
    claims = jwt.decode(
        sent["client_assertion"],
        key.public_key(),
        [algorithm],
        audience=f"{door.url}/token",
        issuer="app",
        subject="app",
        options={"require": ["exp", "jti"]},
    )
    head = jwt.get_unverified_header(sent["client_assertion"])
    assert (head["alg"], head["kid"], len(claims["jti"]) > 20) == (
        algorithm,
        thumbprint(key.public_key()),
        True,
    )


def test_a_jwk_brings_its_own_name(
    door: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    key = ec.generate_private_key(ec.SECP384R1())
    table = {**jwt.algorithms.ECAlgorithm.to_jwk(key, as_dict=True), "kid": "mine"}
    driver(auth="smart-backend").sign_in(Credentials("app", json.dumps(table)))
    sent = form(find_request(door, "POST /token"))["client_assertion"]
    assert jwt.get_unverified_header(sent)["kid"] == "mine"
    assert (
        jwt.decode(sent, key.public_key(), ["ES384"], audience=f"{door.url}/token")["iss"] == "app"
    )


def test_an_assertion_holds_once(
    door: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    key = pem(ec.generate_private_key(ec.SECP384R1()))
    fhir = driver(auth="smart-backend", key_id="k1")
    for _ in range(2):
        fhir.sign_in(Credentials("app", key))
    one, other = (form(sent)["client_assertion"] for sent in door.asked if sent.path == "/token")
    assert one != other
    assert jwt.get_unverified_header(one)["kid"] == "k1"


KEY = pem(ec.generate_private_key(ec.SECP384R1())).strip()


@pytest.mark.parametrize(
    "secret",
    [
        f"{KEY}x",
        KEY[:-1],
        KEY.swapcase(),
        "a password",
        "{}",
        '{"kty": "EC"}',
        "{",
        pem(ec.generate_private_key(ec.SECP256R1())),
    ],
    ids=lambda text: text[-12:],
)
def test_what_is_no_key_is_a_strangers(
    door: HttpServerStandin, driver: Callable[..., FhirDriver], secret: str
) -> None:
    """A wrong password is for the server to refuse: it gets an assertion that nobody it knows has
    signed.
    """
    assert is_key(KEY)
    assert not is_key(secret)
    driver(auth="smart-backend").sign_in(Credentials("app", secret))
    sent = form(find_request(door, "POST /token"))["client_assertion"]
    known = jwt.PyJWK(
        jwt.algorithms.ECAlgorithm.to_jwk(
            ec.generate_private_key(ec.SECP384R1()).public_key(), as_dict=True
        ),
        "ES384",
    )
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(sent, known.key, ["ES384"], audience=f"{door.url}/token")


# ── HTTP Basic, and none ──


def test_basic_shows_itself_at_once(
    target: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    target.answers["GET /Patient"] = fhir_reply(bundle())
    session = driver(auth="basic").sign_in(Credentials("ann", "pass word"))
    assert (
        find_request(target, "GET /Patient").headers["authorization"]
        == f"Basic {base64.b64encode(b'ann:pass word').decode()}"
    )
    assert session.username == "ann"


@pytest.mark.parametrize(("status", "let_in"), [(403, True), (401, False)])
def test_basic_is_refused_by_the_server(
    target: HttpServerStandin, driver: Callable[..., FhirDriver], status: int, let_in: bool
) -> None:
    """Who may not search is known all the same."""
    target.answers["GET /Patient"] = operation_outcome(
        status, "login" if status == 401 else "forbidden"
    )
    fhir = driver(auth="basic")
    if let_in:
        assert fhir.sign_in(CLIENT).access
        return
    with pytest.raises(Rejected) as told:
        fhir.sign_in(CLIENT)
    assert told.value.reason is Reason.UNAUTHENTICATED


def test_where_nobody_is_asked_no_header_is_sent(
    target: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    target.answers["GET /Patient/p1"] = operation_outcome(404, "not-found")
    fhir = driver(auth="none")
    with pytest.raises(Rejected):
        fhir.patient(fhir.sign_in(CLIENT), "p1")
    assert "authorization" not in find_request(target, "GET /Patient/p1").headers


@pytest.mark.parametrize("auth", ["basic", "none"])
def test_without_tokens_nothing_is_refreshed_or_ended(
    driver: Callable[..., FhirDriver], auth: str
) -> None:
    fhir = driver(auth=auth)
    for ask in (fhir.refresh, fhir.sign_out):
        with pytest.raises(Unsupported):
            ask(Session("ann", "x", "y"))


def test_no_secret_stays_in_what_is_kept(
    door: HttpServerStandin, driver: Callable[..., FhirDriver]
) -> None:
    """Secrets, assertions and tokens, in either form of sign-in."""
    door.answers["POST /token"] = json_reply(
        {"access_token": TOKEN, "refresh_token": "r3fresh-that-is-long-enough-to-hide"}
    )
    for table in ({}, {"secret_in": "body"}, {"auth": "smart-backend"}):
        fhir = driver(**table)
        secret = KEY if "auth" in table else CLIENT.password
        fhir.server.recorder.begin("check")
        fhir.refresh(fhir.sign_in(Credentials("app", secret)))
        kept = json.dumps(fhir.server.recorder.end())
        assert "/token" in kept
        for hidden in (TOKEN, "r3fresh-that", "s3cret", "client_assertion=eyJ"):
            assert hidden not in kept
