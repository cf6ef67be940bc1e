"""The statement follows from the verdict: its result, its tests, its subjects."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from cutover_gates.core.attestation.statement import (
    build_statement,
    find_differences,
    read_sums_digest,
)
from cutover_gates.core.attestation.sums import AttestationError
from tests.unit.core.attestation.run_folder import verdict_document

SUMS, IMAGE, DOCUMENT = "a" * 64, "1" * 64, "2" * 64


def statement(**changes: Any) -> dict[str, Any]:
    return build_statement(verdict_document(**changes), SUMS)


def with_subject(**changes: Any) -> dict[str, Any]:
    return statement(subject={**verdict_document()["subject"], **changes})


@pytest.mark.parametrize(
    ("word", "result"), [("GO", "PASSED"), ("GO WITH WAIVERS", "WARNED"), ("NO-GO", "FAILED")]
)
def test_the_word_is_the_result(word: str, result: str) -> None:
    assert statement(verdict=word)["predicate"]["result"] == result


@pytest.mark.parametrize(
    ("outcome", "tests"),
    [
        ("passed", "passedTests"),
        ("attested", "passedTests"),
        ("waived", "warnedTests"),
        ("not applicable", "warnedTests"),
        ("failed", "failedTests"),
        ("error", "failedTests"),
        ("not proven", "failedTests"),
        ("an outcome of tomorrow", "failedTests"),
    ],
)
def test_every_item_is_in_one_list(outcome: str, tests: str) -> None:
    predicate = statement(items=[{"id": "x", "outcome": outcome}])["predicate"]
    lists = {name: predicate[name] for name in ("passedTests", "warnedTests", "failedTests")}
    filled = {name: found for name, found in lists.items() if found}
    assert (filled, len(lists)) == ({tests: ["x"]}, 3)


def test_an_image_is_a_subject_and_stands_for_the_release() -> None:
    image, release, sums = with_subject(images=[f"registry/hospital@sha256:{IMAGE}"])["subject"]
    assert (image["name"], image["digest"]["sha256"]) == ("registry/hospital", IMAGE)
    assert (release["name"], release["digest"]["sha256"]) == ("release:2.0.0", IMAGE)
    assert sums["digest"]["sha256"] == SUMS


def test_without_an_image_the_served_document_stands_for_the_release() -> None:
    release, _ = with_subject(document=DOCUMENT)["subject"]
    assert release["digest"]["sha256"] == DOCUMENT
    assert release["annotations"] == {"digestOf": "served document"}


def test_without_both_the_name_stands_for_the_release() -> None:
    release, _ = statement()["subject"]
    assert release["digest"]["sha256"] == hashlib.sha256(b"2.0.0").hexdigest()
    assert release["annotations"] == {"digestOf": "name of the release"}


def test_the_files_that_decide_are_the_configuration() -> None:
    files = [
        {"role": "plan", "path": "plan.toml", "sha256": IMAGE, "entries": None},
        {"role": "mapping", "path": "gone.toml", "sha256": "", "entries": None},
    ]
    settings, plan = statement(judged_by={"files": files})["predicate"]["configuration"]
    assert settings["name"] == "settings"
    assert (plan["name"], plan["annotations"]) == ("plan.toml", {"role": "plan"})
    assert plan["digest"]["sha256"] == IMAGE


def test_the_address_of_the_run_is_kept_and_not_compared() -> None:
    """It is not in `verdict.json`."""
    with_address = build_statement(verdict_document(), SUMS, "https://ci.example.org/1")
    assert with_address["predicate"]["url"] == "https://ci.example.org/1"
    assert find_differences(statement(), with_address) == []
    assert find_differences(statement(), statement(gate="t24")) == ["predicate.verdict.gate"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        verdict_document(verdict="MAYBE"),
        verdict_document(verdict=["GO"]),
        verdict_document(items=None),
        verdict_document(items=[1]),
        verdict_document(subject=[]),
        verdict_document(subject={**verdict_document()["subject"], "settings": "../x"}),
        verdict_document(subject={**verdict_document()["subject"], "images": ["no digest"]}),
        verdict_document(subject={**verdict_document()["subject"], "document": "x"}),
        verdict_document(judged_by={"files": [1]}),
        verdict_document(judged_by=[1]),
    ],
)
def test_what_is_no_verdict_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(AttestationError, match=r"verdict\.json is not a verdict"):
        build_statement(document, SUMS)


@pytest.mark.parametrize("subject", [None, [], [1], [{"name": "SHA256SUMS"}], "SHA256SUMS"])
def test_a_statement_without_sums_is_refused(subject: object) -> None:
    with pytest.raises(AttestationError):
        read_sums_digest({"subject": subject})
