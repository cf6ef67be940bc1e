"""Facts that are declared absent and are there all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cutover_gates.config.capabilities import CAPABILITIES
from cutover_gates.config.functional_capabilities import FUNCTIONAL_CAPABILITIES
from cutover_gates.config.settings import Settings
from cutover_gates.core.tried_capabilities import TITLE
from cutover_gates.core.verdict import CheckResult, Outcome
from cutover_gates.drivers.fhir.capability_statement import NEEDS
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.hospital import Credentials, Role
from cutover_gates.plugin.refuted_facts import NOT_TOLD, STATED, describe_refuted
from cutover_gates.plugin.verdict_subject import TargetStatus
from cutover_gates.targets.running_target import RunningTarget

FACT = {"value": False, "reason": "r", "by": "Ada Example", "at": "2026-11-20"}
BARE = RunningTarget("x", "remote", "https://x.example", "2.0.0", False, {})


def declared(name: str, **target: Any) -> Settings:
    """Settings of a target that is declared to lack one capability."""
    table = {"url": "https://x.example", "capabilities": {name: FACT}, **target}
    return Settings(target="x", targets={"x": table})  # type: ignore[dict-item]  # pydantic parses it


def test_the_list_of_a_statement_is_the_drivers() -> None:
    """The plugin does not load the driver for it."""
    assert {*NEEDS, "conditional-create", "transaction"} == STATED


@pytest.mark.parametrize(
    ("name", "standing", "status", "target"),
    [
        (
            "account-auditor",
            replace(BARE, users={Role.AUDITOR: Credentials("a", "b")}),
            None,
            {},
        ),
        ("expired-token", replace(BARE, expired_token="t"), None, {}),
        ("reported_release", BARE, TargetStatus(True, release="2.0.0"), {}),
        ("open_visit", BARE, TargetStatus(True), {"driver": "fhir"}),
        ("baseline", None, None, {"performance": {"baseline": {"name": "b"}}}),
    ],
)
def test_what_is_there_is_told(
    name: str, standing: RunningTarget | None, status: TargetStatus | None, target: Any
) -> None:
    """So that the declaration is removed, and it gets proven."""
    (note,) = describe_refuted(declared(name, **target), standing, status)
    assert note.startswith(f"{name} is declared absent, and ")
    assert describe_refuted(declared("sign_out", **target), standing, status) == []


def test_what_a_check_found_working_is_told() -> None:
    seen = {"title": TITLE, "facts": {"capability": "versions", "works": True}}
    results = [CheckResult("smoke/a.py::test_x", frozenset(), Outcome.PASSED, evidence=[seen])]
    (note,) = describe_refuted(declared("versions"), None, None, results)
    assert note.startswith("versions is declared absent, and smoke/a.py::test_x found it working.")
    assert describe_refuted(declared("sign_out"), None, None, results) == []


def test_what_is_not_there_is_not_told() -> None:
    """A statement that does not list it agrees with the declaration."""
    silent = TargetStatus(True, not_offered={"open_visit": "it is not listed"})
    settings = declared("open_visit", driver="fhir")
    assert describe_refuted(settings, BARE, silent) == []


DOCUMENT = {
    "openapi": "3.1.0",
    "info": {"title": "x", "version": "1"},
    "paths": {
        "/access-log": {
            "get": {
                "parameters": [{"name": "patient_id", "in": "query", "schema": {"type": "string"}}],
                "responses": {"200": {"description": ""}},
            }
        },
        "/logout": {"post": {"responses": {"204": {"description": ""}}}},
    },
}


@pytest.mark.parametrize("name", ["audit", "sign_out"])
def test_what_the_document_lists_is_told(name: str) -> None:
    """By its name, as a first mapping is sketched."""
    (note,) = describe_refuted(declared(name), None, None, (), DOCUMENT)
    assert "the target's document lists" in note
    assert describe_refuted(declared("discharge"), None, None, (), DOCUMENT) == []


@pytest.mark.parametrize(
    ("name", "value"), [("immediate-lists", 60), ("charts-after-discharge", "administrator")]
)
def test_a_limit_that_is_none_is_told(name: str, value: object) -> None:
    """A list that is declared late and is not, a chart that is declared closed and is open."""
    fact = {**FACT, "value": value}
    settings = Settings(
        target="x",
        targets={"x": {"url": "https://x.example", "capabilities": {name: fact}}},  # type: ignore[dict-item]  # pydantic parses it
    )
    seen = {"title": TITLE, "facts": {"capability": name, "works": True}}
    results = [CheckResult("smoke/a.py::test_x", frozenset(), Outcome.PASSED, evidence=[seen])]
    (note,) = describe_refuted(settings, None, None, results)
    assert note.startswith(
        f"{name} is declared as {value}, and smoke/a.py::test_x found it working."
    )


TOLD_BY_CHECKS = {
    *(capability.name for capability in FUNCTIONAL_CAPABILITIES),
    *("audit-reads", "audit-refusals", "audit-once", "audit-searches", "audit-sign-ins"),
    *("document-version", "undocumented-requests", "download-names", "download-types"),
    *("visit-reason", "immediate-lists", "charts-after-discharge"),
}
TOLD_OTHERWISE = {
    *(f"account-{role.value}" for role in Role),
    *("baseline", "balancer-failover", "database-outage", "client-address", "database"),
    *("expired-token", "reported_release", "release", "release-before"),
}


def test_each_capability_is_told_where_it_is_there_or_there_is_a_reason_why_not() -> None:
    """Whoever adds a capability says how a target that has it all the same is found out."""
    by_document = OPERATIONS.keys() - NOT_TOLD.keys()
    told = {*TOLD_BY_CHECKS, *TOLD_OTHERWISE, *by_document, *STATED}
    assert not told & NOT_TOLD.keys()
    assert CAPABILITIES.keys() == told | NOT_TOLD.keys()
