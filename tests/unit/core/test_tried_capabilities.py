"""What checks saw of capabilities that are declared absent."""

from __future__ import annotations

from typing import Any

import pytest

from cutover_gates.core.tried_capabilities import TITLE, find_missing, find_working
from cutover_gates.core.verdict import CheckResult, Outcome


def trial(name: str, *, works: object) -> dict[str, Any]:
    return {"kind": "observation", "title": TITLE, "facts": {"capability": name, "works": works}}


def result(check: str, *evidence: dict[str, Any], outcome: Outcome = Outcome.PASSED) -> CheckResult:
    return CheckResult(check, frozenset({"item"}), outcome, evidence=evidence)


def test_what_every_check_found_working_works() -> None:
    results = [result("one", trial("versions", works=True)), result("two"), result("three")]
    assert find_working(results) == {"versions": "one"}


@pytest.mark.parametrize(
    "other",
    [
        result("two", trial("versions", works=False)),
        result("two", trial("versions", works=False), outcome=Outcome.NOT_APPLICABLE),
        result("two", trial("versions", works=True), outcome=Outcome.FAILED),
        result("two", trial("versions", works="yes")),
    ],
)
def test_what_one_check_missed_does_not(other: CheckResult) -> None:
    assert find_working([result("one", trial("versions", works=True)), other]) == {}


def test_what_a_check_did_without_is_missing() -> None:
    evidence = [trial("versions", works=False), trial("size-limit", works=True), {"kind": "x"}]
    assert find_missing(result("one", *evidence)) == {"versions"}
