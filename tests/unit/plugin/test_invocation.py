"""The command line and the environment of a run, as the verdict may show them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.core.evidence.redact import Redactor
from cutover_gates.plugin.invocation import (
    describe_invocation,
    describe_sources,
    make_redactor,
    redact_words,
)

SECRET = "correct-horse-battery"


def config(*words: str, addopts: tuple[str, ...] = (), **options: Any) -> Any:
    """Return what is asked of pytest's configuration."""
    return SimpleNamespace(
        invocation_params=SimpleNamespace(args=words),
        getini=lambda _name: list(addopts),
        inipath=None,
        option=SimpleNamespace(**options),
    )


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--token", SECRET], ("--token", "‹secret›")),
        (["--api-key", SECRET, "-x"], ("--api-key", "‹secret›", "-x")),
        (["--my-password=" + SECRET], ("--my-password=‹secret›",)),
        (["-o", "secret=" + SECRET], ("-o", "secret=‹secret›")),
        (["https://u:pass-word@h.example"], ("https://u:‹password›@h.example",)),
        (["--token", "-x"], ("--token", "-x")),
        (["-m", "phase3"], ("-m", "phase3")),
    ],
)
def test_no_secret_of_a_command_line_is_shown(words: list[str], shown: tuple[str, ...]) -> None:
    assert redact_words(words, Redactor()) == shown


def test_the_secrets_of_the_environment_are_known_before_the_target_is_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUTOVER_TARGETS__STAGING__USERS__REGISTRAR__PASSWORD", SECRET)
    monkeypatch.setenv("CUTOVER_TARGETS__STAGING__SECRETS__API_KEY", "another-long-one")
    redactor = make_redactor(Redactor())
    assert redact_words([f"x{SECRET}y", "another-long-one"], redactor) == (
        "x‹secret›y",
        "‹secret›",
    )


def test_overrides_are_found_wherever_they_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-q -o a=1 --override-ini=b=2")
    called = config("-oc=3", "--override-ini", "d=4", addopts=("-o", "e=5"))
    found = describe_invocation(called, Redactor())
    assert sorted(found.overrides) == ["a=1", "b=2", "c=3", "d=4", "e=5"]
    assert found.environment["PYTEST_ADDOPTS"] == "-q -o a=1 --override-ini=b=2"


def test_variables_that_decide_who_answers_are_named_without_their_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTPS_PROXY", "PGHOST", "LD_PRELOAD", "SSL_CERT_FILE", "HYPOTHESIS_SEED"):
        monkeypatch.setenv(name, SECRET)
    found = describe_invocation(config(), Redactor())
    assert set(found.other_variables) >= {"HTTPS_PROXY", "PGHOST", "LD_PRELOAD", "SSL_CERT_FILE"}
    assert SECRET not in repr(found)


def test_settings_from_outside_are_named_by_their_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets stand apart, and an empty variable counts as none."""
    for name, text in {
        "CUTOVER_TARGETS__STAGING__PERFORMANCE__ERROR_RATE": "0.01",
        "CUTOVER_TARGETS__STAGING__EXPIRED_TOKEN": SECRET,
        "CUTOVER_TARGETS__STAGING__SECRETS__NAME": SECRET,
        "CUTOVER_RELEASE": "",
    }.items():
        monkeypatch.setenv(name, text)
    found = describe_sources(config(target="staging", release=None, production=True))
    assert "targets.staging.performance.error_rate" in found.environment
    assert "release" not in found.environment
    assert found.secrets == ("targets.staging.expired_token", "targets.staging.secrets.name")
    assert found.command_line == ("target", "production")
