"""How the release that answers at a gate is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.settings import Settings
from cutover_gates.config.target import Target
from cutover_gates.core.plan import Plan
from cutover_gates.core.plan_file import load_plan
from cutover_gates.plugin.gate_settings import adapt_to_gates
from tests.shipped_plan import PLAN_FILE

EMBEDDED = Settings(targets={"embedded": Target(kind="embedded")})
DIFFERS = {
    "capabilities": {
        "visit": {"value": False, "reason": "2.0 brings them", "by": "A", "at": "2026-11-30"}
    },
    "rest": {"operations": {"health": {"method": "GET", "path": "/old/health"}}},
    "users": {"registrar": {"username": "old-clerk"}},
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return load_plan(PLAN_FILE)


def remote(**table: object) -> Settings:
    own = {
        "url": "https://site.example",
        "users": {"registrar": {"username": "clerk", "password": "p"}},
        **table,
    }
    return Settings(target="site", targets={"site": Target.model_validate(own)})


@pytest.mark.parametrize("gate", ["t24", "t12", "t1", "rollback", "rollback and smoke"])
def test_the_release_before_is_not_asked_for_what_only_the_new_one_has(
    plan: Plan, gate: str
) -> None:
    """The tag is left out, and what 1.9.0 has not is declared absent."""
    target = adapt_to_gates(EMBEDDED, plan, [gate]).chosen_target
    assert target.rest is not None
    assert "tag" not in target.rest["operations"]["register"]["json"]
    assert {"idempotency-keys", "retire_patient"} <= target.absent_capabilities.keys()


@pytest.mark.parametrize("gates", [["phase3"], ["post-hour"], ["smoke"], ["t1", "phase3"], []])
def test_the_new_release_is_asked_for_all(plan: Plan, gates: list[str]) -> None:
    """A gate at which the new release answers declares nothing away."""
    site = remote(previous={"differs": DIFFERS})
    assert adapt_to_gates(EMBEDDED, plan, gates) is EMBEDDED
    assert adapt_to_gates(site, plan, gates) is site


@pytest.mark.parametrize("gate", ["t24", "t12", "t1", "phase1", "rollback"])
def test_a_release_before_is_asked_as_it_is_declared(plan: Plan, gate: str) -> None:
    target = adapt_to_gates(remote(previous={"differs": DIFFERS}), plan, [gate]).chosen_target
    assert "visit" in target.absent_capabilities
    assert target.rest == DIFFERS["rest"]
    registrar = target.users["registrar"]
    assert registrar.username == "old-clerk"
    assert registrar.password is not None
    assert registrar.password.get_secret_value() == "p"


def test_a_difference_is_laid_over_the_mapping_in_a_file(plan: Plan, tmp_path: Path) -> None:
    """What does not differ is asked as the file says."""
    file = tmp_path / "mapping.toml"
    file.write_text('extends = "default"\n[operations.register]\npath = "/new"\n', encoding="utf-8")
    site = remote(previous={"differs": DIFFERS}, mapping=str(file))
    target = adapt_to_gates(site, plan, ["rollback"]).chosen_target
    assert target.mapping is None
    assert target.rest is not None
    assert set(target.rest["operations"]) == {"register", "health"}


def test_what_does_not_differ_is_kept_as_it_is(plan: Plan) -> None:
    """Also keys with a name of their own in the file, such as `from`."""
    moved = {"refresh_tokens": {"from": "SELECT 1 AS id", "key": ["id"]}}
    site = remote(previous={"differs": DIFFERS}, migrations={"tables": moved})
    changed = adapt_to_gates(site, plan, ["phase1"]).chosen_target
    assert changed.migrations is site.chosen_target.migrations
    assert changed.url == site.chosen_target.url


def test_a_target_without_differences_is_left_as_it_is(plan: Plan) -> None:
    site = remote()
    assert adapt_to_gates(site, plan, ["rollback"]) is site


def test_a_difference_that_no_target_can_have_is_named(plan: Plan) -> None:
    site = remote(previous={"differs": {"limits": {"error_rate": "many"}}})
    with pytest.raises(SettingsError, match=r"\[targets.site.previous.differs\], key 'limits"):
        adapt_to_gates(site, plan, ["t1"])


STEPS = ["phase2-10", "phase2-50", "phase2-100", "phase2"]


@pytest.mark.parametrize("gate", STEPS)
def test_nothing_is_taken_away_from_a_live_step(plan: Plan, gate: str) -> None:
    """The trial of readiness would be an outage of the service that people use."""
    for settings in (EMBEDDED, remote()):
        target = adapt_to_gates(settings, plan, [gate]).chosen_target
        assert "a step of a rollout is live" in target.absent_capabilities["database-outage"]


def test_what_a_hospital_says_of_its_outage_stays(plan: Plan) -> None:
    fact = {"value": False, "reason": "one server", "by": "A", "at": "2026-11-01"}
    site = remote(capabilities={"database-outage": fact})
    target = adapt_to_gates(site, plan, ["phase2-10"]).chosen_target
    assert target.absent_capabilities["database-outage"] == "one server"


@pytest.mark.parametrize("gate", STEPS)
def test_one_factor_shortens_every_duration_of_the_demonstration(plan: Plan, gate: str) -> None:
    own = Target.model_validate({"kind": "embedded", "rollout": {"time_factor": 20}})
    target = adapt_to_gates(Settings(targets={"embedded": own}), plan, [gate]).chosen_target
    dwell, triggers = target.rollout.dwell_seconds, target.triggers
    assert [dwell.of_step(percent) for percent in (10, 50, 100)] == [30, 45, 90]
    assert target.rollout.longest_seconds == 180
    assert (triggers.error_seconds, triggers.response_seconds) == (15, 30)
    assert (triggers.rate_seconds, triggers.error_requests) == (3, 5)
    assert (triggers.evaluate_seconds, triggers.health_seconds) == (1, 2)
    assert (triggers.error_percent, triggers.health_failures) == (1.0, 3)


def test_no_other_gate_and_no_other_target_is_shorter(plan: Plan) -> None:
    own = Target.model_validate({"kind": "embedded", "rollout": {"time_factor": 20}})
    embedded = Settings(targets={"embedded": own})
    assert adapt_to_gates(embedded, plan, ["phase3"]) is embedded
    with pytest.raises(SettingsError, match="time_factor is for the demonstration"):
        adapt_to_gates(remote(rollout={"time_factor": 2}), plan, ["phase2-10"])
