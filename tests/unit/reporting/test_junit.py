"""The verdict as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from cutover_gates.core.verdict import OPEN_OUTCOMES, Outcome, Verdict
from cutover_gates.reporting.junit import to_junit
from tests.unit.reporting.sample_verdicts import sample_verdict

PYTEST = b'<testsuites><testsuite name="pytest"><testcase name="test_x"/></testsuite></testsuites>'


def cases_of(suite: ET.Element) -> dict[str, str]:
    """Return the outcome of each case by its name."""
    cases = suite.iter("testcase")
    return {str(case.get("name")): next((child.tag for child in case), "passed") for case in cases}


def test_every_word_and_outcome_has_its_case(every_word: list[Verdict]) -> None:
    """The case of the word fails for all but a GO, and each open item fails."""
    for verdict in every_word:
        (suite,) = ET.fromstring(to_junit([verdict]))
        cases = cases_of(suite)
        assert (cases.pop("verdict") == "passed") is verdict.is_go
        assert len(cases) == len(verdict.items)
        for result in verdict.items:
            found = cases[f"{result.item.id}: {result.item.title}"]
            assert (found in ("failure", "error")) is (result.outcome in OPEN_OUTCOMES)


def test_the_sums_are_those_of_the_cases() -> None:
    verdict = sample_verdict({"patients": Outcome.FAILED, "doors": Outcome.ERROR})
    (suite,) = ET.fromstring(to_junit([verdict]))
    found = list(cases_of(suite).values())
    assert suite.get("tests") == str(len(found))
    assert suite.get("failures") == str(found.count("failure"))
    assert suite.get("errors") == str(found.count("error"))
    assert suite.get("skipped") == str(found.count("skipped"))


def test_a_fault_of_the_run_fails_though_each_item_passed() -> None:
    verdict = sample_verdict(run_errors=("a secret stands in the outputs",))
    (suite,) = ET.fromstring(to_junit([verdict]))
    assert cases_of(suite)["verdict"] == "failure"


def test_the_cases_of_pytest_follow(every_word: list[Verdict]) -> None:
    root = ET.fromstring(to_junit(every_word, PYTEST))
    assert len(root) == len(every_word) + 1
    assert cases_of(root[-1]) == {"test_x": "passed"}


@pytest.mark.parametrize("broken", [b"", b"<testsuites>", b"\x00", b"<testsuites/>"])
def test_a_document_of_pytest_that_is_cut_off_costs_nothing(broken: bytes) -> None:
    assert len(ET.fromstring(to_junit([sample_verdict()], broken))) == 1


def test_characters_that_xml_has_not_are_replaced() -> None:
    """A target's own words may hold them, and a reader would refuse the whole document."""
    why = "got \x00\x1b[31m \udcff \uffff ]]> <&"
    document = to_junit([sample_verdict({"patients": Outcome.FAILED}, why=why)])
    (suite,) = ET.fromstring(document)
    assert cases_of(suite)["verdict"] == "failure"
