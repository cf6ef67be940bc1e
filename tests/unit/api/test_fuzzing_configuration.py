"""Which mode a run has, and what schemathesis is told then."""

from __future__ import annotations

import itertools
import time
import tomllib
from collections.abc import Callable

import pytest

from cutover_gates.config.contract import Contract
from cutover_gates.probes.api.fuzzing.fuzz_configuration import (
    build_profile,
    choose_mode,
    render_configuration,
)
from cutover_gates.probes.api.fuzzing.fuzz_process_input import (
    MAX_REJECTED_TOKENS,
    TokenProvider,
    drop_connection_headers,
    mask_account_names,
)
from tests.unit.api.api_documents import DEEP, SAFE


@pytest.mark.parametrize(
    ("embedded", "throwaway", "mode", "nightly"),
    list(itertools.product([True, False], [True, False], ["safe", "deep", None], [True, False])),
)
def test_production_never_gets_the_deep_mode(
    embedded: bool, throwaway: bool, mode: str | None, nightly: bool
) -> None:
    """Whatever else is said."""
    contract = Contract.model_validate({"throwaway": throwaway, "mode": mode})
    assert choose_mode(contract, production=True, embedded=embedded, nightly=nightly) == "safe"


@pytest.mark.parametrize(
    ("embedded", "contract", "nightly", "mode"),
    [
        (True, Contract(), False, "safe"),
        (True, Contract(), True, "deep"),
        (True, Contract(mode="deep"), False, "deep"),
        (True, Contract(mode="safe"), True, "safe"),
        (False, Contract(), True, "safe"),
        (False, Contract(throwaway=True), True, "deep"),
        (False, Contract(throwaway=True), False, "safe"),
    ],
)
def test_the_deep_mode_is_for_what_may_be_spoilt(
    embedded: bool, contract: Contract, nightly: bool, mode: str
) -> None:
    """Every night, or when asked for; a target that is kept is only read."""
    assert choose_mode(contract, production=False, embedded=embedded, nightly=nightly) == mode


def test_a_run_has_the_limits_of_its_mode() -> None:
    contract = Contract(seconds=11, deep_seconds=22, rate=33, seed=44)
    assert (
        build_profile(contract, "safe", 4).seconds,
        build_profile(contract, "deep", 4).seconds,
    ) == (11, 22)
    told = tomllib.loads(render_configuration(build_profile(contract, "deep", 4)))
    assert (told["max-time"], told["rate-limit"], told["seed"], told["request-timeout"]) == (
        22,
        "33/s",
        44,
        4,
    )
    assert "max-time" not in tomllib.loads(render_configuration(build_profile(contract, "safe", 4)))
    assert "seed 44" in build_profile(contract, "deep", 4).description


def test_a_safe_run_only_reads_and_knows_no_chance() -> None:
    """No other methods, undocumented ones neither; and nothing from an answer goes into a request,
    for that may be a patient's data.
    """
    told = tomllib.loads(render_configuration(SAFE))
    assert told["operations"] == [{"exclude-method": ["GET", "HEAD"], "enabled": False}]
    assert told["phases"]["coverage"]["unexpected-methods"] == []
    assert not told["phases"]["fuzzing"]["enabled"]
    assert not told["phases"]["stateful"]["enabled"]
    assert told["generation"]["deterministic"]
    assert not any(
        told["phases"][phase]["extra-data-sources"]["responses"]
        for phase in ("examples", "coverage")
    )


@pytest.mark.parametrize("plan", [SAFE, DEEP])
def test_a_useless_token_fails_a_run_in_both_modes(plan: object) -> None:
    """A run of schemathesis alone calls it a pass."""
    assert tomllib.loads(render_configuration(plan))["warnings"]["fail-on"] == ["missing_auth"]  # type: ignore[arg-type]  # a parameter of pytest's


# ── what is shown at the door ──


def badge(
    seconds: float | None = None, clock: Callable[[], float] = time.monotonic
) -> TokenProvider:
    tokens = (f"token {number}" for number in itertools.count())
    return TokenProvider(lambda: (next(tokens), seconds), clock)


def test_another_token_is_asked_for_before_one_ends() -> None:
    """Not one request shows a token whose time is over."""
    now = [0.0]
    shown = badge(10, lambda: now[0])
    at = {}
    for now[0] in (0, 9.9, 10, 19.9, 20):
        at[now[0]] = shown.get_token()
    assert at == {0: "token 0", 9.9: "token 0", 10: "token 1", 19.9: "token 1", 20: "token 2"}


def test_a_token_is_shown_until_it_is_refused() -> None:
    """Then another is asked for; what came of another token, or of none, does not matter."""
    shown = badge()
    assert (shown.get_token(), shown.get_token()) == ("token 0", "token 0")
    for other, status in ((None, 401), ("token 9", 401), ("token 0", 403), ("token 0", 200)):
        shown.record_answer(other, status, "GET /a")
        assert shown.get_token() == "token 0"
    shown.record_answer("token 0", 401, "GET /a")
    assert shown.get_token() == "token 1"


def test_an_account_that_is_not_let_in_is_not_tried_for_ever() -> None:
    shown = badge()
    for _ in range(20):
        shown.record_answer(shown.get_token(), 401, "GET /a")
    assert shown.get_token() == f"token {MAX_REJECTED_TOKENS}"
    shown.record_answer(shown.get_token(), 200, "GET /a")
    shown.record_answer(shown.get_token(), 401, "GET /a")
    assert shown.get_token() == f"token {MAX_REJECTED_TOKENS + 1}"


def test_an_account_that_is_shut_out_is_told() -> None:
    """At the end, or for a while in between: what was refused meanwhile proves nothing.

    One operation alone may have its own reason to refuse.
    """
    for later, told in (
        (("GET /a", 401), "up to the end"),
        (("GET /b", 401), "GET /a and GET /b"),
        (("GET /a", 200), ""),
    ):
        shown = badge()
        for operation, status in [("GET /a", 401)] * (MAX_REJECTED_TOKENS + 1) + [later]:
            shown.record_answer(shown.get_token(), status, operation)
        assert told in shown.lockout_reason
        assert bool(told) == bool(shown.lockout_reason)
    shown.record_answer(shown.get_token(), 401, "GET /a")
    assert shown.lockout_reason == ""


def test_who_was_shut_out_for_a_while_stays_told() -> None:
    shown = badge()
    for operation in ("GET /a", "GET /a", "GET /b", "GET /b"):
        shown.record_answer(shown.get_token(), 401, operation)
    shown.record_answer(shown.get_token(), 200, "GET /c")
    assert "GET /a and GET /b" in shown.lockout_reason


def test_no_password_is_tried_for_an_account_that_somebody_needs() -> None:
    """However deep its name stands in a body, and however it is written."""
    accounts = frozenset({"registrar"})
    assert mask_account_names({"a": ["Registrar ", "x", 1, None], "b": "registrars"}, accounts) == {
        "a": ["Registrar -nobody", "x", 1, None],
        "b": "registrars",
    }


def test_headers_of_the_connection_are_not_generated() -> None:
    """A server's parser refuses `Content-Length: O(` with 400, which no document lists."""
    headers = {"Content-Length": "O(", "transfer-encoding": "x", "Host": "y", "X-Ward": "7"}
    drop_connection_headers(headers)
    assert headers == {"X-Ward": "7"}
