"""The settings for the release before: those of the target, with its differences laid over them."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.loader import load_settings
from cutover_gates.config.previous import PreviousRelease
from cutover_gates.config.settings import Settings
from cutover_gates.core.plan_file import load_plan
from cutover_gates.plugin.previous_settings import build_environment, compose_target
from cutover_gates.targets.running_target import RunningTarget, describe_remote
from tests.shipped_plan import PLAN_FILE

SETTINGS = """
target = "staging"
[targets.staging]
url = "https://staging.example.org"
release = "2.0.0"
previous_release = "1.9.0"
limits = { release_header = "X-Release", request_seconds = 4 }
[targets.staging.users]
registrar = { username = "gate-registrar", password_file = "secret" }
clinician = { username = "gate-clinician", password_file = "secret" }
auditor = { username = "gate-auditor", password_file = "secret" }
administrator = { username = "gate-administrator", password_file = "secret" }
outsider = { username = "gate-outsider", password_file = "secret" }
[targets.staging.rest]
extends = "default"
[targets.staging.rest.operations.register]
method = "PUT"
path = "/new"
"""
PLAN = load_plan(PLAN_FILE)
URL = "http://127.0.0.1:9000"


@pytest.fixture
def settings(tmp_path: Any) -> Settings:
    """The settings of a remote target, from its file."""
    (tmp_path / "secret").write_text("only-for-the-tests", encoding="utf-8")
    (tmp_path / "cutover.toml").write_text(SETTINGS, encoding="utf-8")
    return load_settings(None, tmp_path)


def compose(settings: Settings, **previous: Any) -> dict[str, Any]:
    made, standing = PreviousRelease.model_validate(previous), describe_remote(settings)
    return compose_target(settings, made, standing, PLAN, URL)


def standing_of(settings: Settings) -> RunningTarget:
    return describe_remote(settings)


def test_an_operation_is_replaced_whole_and_limits_are_merged(settings: Settings) -> None:
    """A key that the old release does not know must not stay in its request."""
    differs = {
        "limits": {"release_header": "X-Version"},
        "rest": {"operations": {"register": {"method": "POST", "path": "/old"}}},
    }
    table = compose(settings, differs=differs)
    assert table["limits"] == {"release_header": "X-Version", "request_seconds": 4}
    assert table["rest"]["operations"]["register"] == {"method": "POST", "path": "/old"}
    assert table["rest"]["extends"] == "default"
    assert (table["url"], table["release"]) == (URL, "1.9.0")


def test_only_what_stands_around_a_target_is_left_out(settings: Settings) -> None:
    """No functional item is declared away by the project itself."""
    left_out = compose(settings)["not_applicable"]
    assert set(left_out) == {"metrics-reporting", "logs-flowing", "alerts-configured"}


def test_secrets_go_by_the_environment(settings: Settings) -> None:
    """The file is kept as evidence."""
    assert "only-for-the-tests" not in str(compose(settings))
    made = build_environment(settings, PreviousRelease(), standing_of(settings), "dbname=copy")
    assert made["CUTOVER_TARGETS__BEFORE__USERS__AUDITOR__PASSWORD"] == "only-for-the-tests"
    assert made["CUTOVER_TARGETS__BEFORE__DATABASE__DSN"] == "dbname=copy"


def test_a_difference_that_no_target_can_have_is_explained(settings: Settings) -> None:
    differs = {"limits": {"release_heder": "X"}}
    with pytest.raises(SettingsError, match=r"targets\.staging\.previous\.differs.*release_heder"):
        compose(settings, differs=differs)
