"""All outputs of a gate say the same, whatever breaks: files, a pipeline's summary, the terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeVar
from xml.etree import ElementTree as ET

import pytest
from _pytest.mark import ParameterSet  # it has no public name

from tests.gate.holes.catalogue import body, documents_fail
from tests.gate.holes.toy_project import PASSWORD, Toy, read_latest

WORD = re.compile(r"NOT JUDGED|GO WITH WAIVERS|NO-GO|\bGO\b")
"""The first of these in a file is its word."""
FULL_DISK = """
import errno, os
from cutover_gates.util import file_transaction
left = [int(os.environ["FULL_AFTER"])]
real = os.fsync
def fsync(descriptor):
    left[0] -= 1
    if left[0] < 0:
        raise OSError(errno.ENOSPC, "No space left on device")
    real(descriptor)
file_transaction.os.fsync = fsync
"""
MOMENTS = {str(after): after for after in (0, 3, 5, 7, 9, 11, 13, 16, 19)}
"""Files after which the disk is full. The start writes eight, the end as many and the evidence."""
Case = TypeVar("Case")


def split_thorough(cases: Mapping[str, Case], usual: Collection[str]) -> list[ParameterSet]:
    """Return the cases as parameters; all but the usual ones are too many for every change."""
    thorough = pytest.mark.thorough
    return [
        pytest.param(case, id=name, marks=() if name in usual else thorough)
        for name, case in cases.items()
    ]


STREAMS = {
    "closed": '"$@" >&-',
    "closed before the end": 'set -o pipefail; "$@" | head -1',
    "closed at once": 'set -o pipefail; "$@" | true',
    "full": '"$@" >/dev/full',
    "full and not captured": '"$@" -s >/dev/full',
    "full with two workers": '"$@" -n 2 >/dev/full',
}


def words_of(folder: Path) -> dict[str, str]:
    """Return the word of each output in a run's folder, by the name of the file."""
    paths = [
        path for path in folder.glob("*.*") if path.suffix in (".json", ".html", ".xml", ".md")
    ]
    texts = {path.name: path.read_text(encoding="utf-8") for path in paths}
    found = {name: WORD.search(text) for name, text in texts.items()}
    return {name: match[0] for name, match in found.items() if match}


def junit_cases(path: Path) -> dict[str, str]:
    """Return the outcome of each case of a JUnit document, by its name."""
    cases = ET.parse(path).getroot().iter("testcase")
    return {str(case.get("name")): next((child.tag for child in case), "passed") for case in cases}


@pytest.mark.parametrize("script", split_thorough(STREAMS, ["closed", "closed before the end"]))
def test_a_broken_standard_output_costs_no_verdict(toy: Toy, script: str) -> None:
    """Standard error gets a line with the word; the status is the verdict's; no traceback."""
    ran = toy.run_in_shell(f'{script}; exit "${{PIPESTATUS[0]}}"')
    assert (read_latest(toy.folder)["verdict"], ran.returncode) == ("GO", 0), ran.stderr
    assert "GO  toy" in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_no_go_is_told_where_standard_output_is_closed(toy: Toy) -> None:
    documents_fail(toy)
    ran = toy.run_in_shell('"$@" >&-')
    assert ran.returncode == 1
    assert "NO-GO  toy" in ran.stderr


def test_without_any_stream_the_status_and_the_files_tell(toy: Toy) -> None:
    documents_fail(toy)
    ran = toy.run_in_shell('"$@" >&- 2>&-')
    assert (read_latest(toy.folder)["verdict"], ran.returncode) == ("NO-GO", 1)


def test_a_wrong_call_is_told_where_standard_output_is_closed(toy: Toy) -> None:
    ran = toy.run_in_shell('"$@" --target tyo >&-')
    assert (read_latest(toy.folder)["verdict"], ran.returncode) == (
        "NOT JUDGED",
        4,
    ), ran.stderr
    assert "NOT JUDGED" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("after", split_thorough(MOMENTS, ["11"]))
def test_a_disk_that_is_full_at_some_moment_leaves_no_go_everywhere(toy: Toy, after: int) -> None:
    """The start writes 4 files and more for Allure, the end as many again."""
    toy.write("full.py", FULL_DISK)
    ran = toy.gate(
        "-p",
        "full",
        PYTHONPATH=f"{toy.folder}:{toy.environment()['PYTHONPATH']}",
        FULL_AFTER=str(after),
    )
    folders = list(toy.folder.glob("reports/runs/2*"))
    words = {word for folder in folders for word in words_of(folder).values()}
    assert words <= {"NO-GO", "NOT JUDGED"}, ran.output
    assert ran.status in (1, 4), ran.output
    assert re.search("^(NO-GO|NOT JUDGED)", ran.output, re.MULTILINE)
    assert "Traceback" not in ran.output
    assert not list(toy.folder.glob("reports/runs/2*/.unfinished"))


@pytest.mark.thorough
def test_a_disk_with_space_enough_is_no_fault(toy: Toy) -> None:
    """Otherwise the test above would prove nothing."""
    toy.write("full.py", FULL_DISK)
    path = f"{toy.folder}:{toy.environment()['PYTHONPATH']}"
    ran = toy.gate("-p", "full", PYTHONPATH=path, FULL_AFTER="500")
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


OUTSIDE: dict[str, tuple[tuple[str, ...], dict[str, str], int]] = {
    "step summary": ((), {"GITHUB_STEP_SUMMARY": "/dev/full"}, 1),
    "step summary that is a folder": ((), {"GITHUB_STEP_SUMMARY": "/"}, 4),
    "JUnit": (("--junitxml=/dev/full",), {}, 4),
    "JUnit without a folder": (("--junitxml=/proc/none/junit.xml",), {}, 4),
    "Allure": (("--alluredir=/proc/none",), {}, 4),
}


@pytest.mark.parametrize("case", split_thorough(OUTSIDE, ["step summary", "JUnit"]))
def test_an_output_elsewhere_that_cannot_be_written_is_no_go(
    toy: Toy, case: tuple[tuple[str, ...], dict[str, str], int]
) -> None:
    """In all files and on the terminal; where it shows at the start, nothing is asked first."""
    words, environment, status = case
    ran = toy.gate(*words, GITHUB_ACTIONS="true", **environment)
    folder = toy.folder / "reports/runs/latest"
    assert set(words_of(folder).values()) <= {"NO-GO", "NOT JUDGED"}, ran.output
    assert ran.status == status, ran.output
    assert "could not be written" in ran.output or "cannot be made" in ran.output
    assert "Traceback" not in ran.output


def test_a_folder_of_evidence_is_complete_and_agrees(toy: Toy) -> None:
    ran = toy.gate()
    folder = toy.folder / "reports/runs/latest"
    words = words_of(folder)
    assert words.keys() >= {"verdict.json", "verdict.html", "status.md", "junit.xml"}
    assert {words[name] for name in ("verdict.json", "verdict.html", "status.md")} == {"GO"}
    assert not list(folder.glob(".*")), ran.output


JUNIT_WORDS = {"plain": (), "two workers": ("-n", "2"), "named": ("--junitxml=mine/junit.xml",)}


@pytest.mark.parametrize("words", split_thorough(JUNIT_WORDS, ["named"]))
def test_junit_has_a_case_for_each_item(toy: Toy, words: tuple[str, ...]) -> None:
    """An item that is not proven fails, though pytest has no case that failed."""
    ran = toy.gate("-k", "not document", *words)
    paths = [
        toy.folder / "reports/runs/latest/junit.xml",
        *toy.folder.glob("mine/junit.xml"),
    ]
    assert len(paths) == 1 + any("mine" in word for word in words)
    for path in paths:
        cases = junit_cases(path)
        assert cases["verdict"] == "failure", ran.output
        assert cases["documents: Documents can be filed"] == "failure"
        assert cases["sign-in: People can sign in"] == "passed"
        assert cases["test_people_sign_in"] == "passed"


ENDS = {name: name for name in ("dead target", "killed", "wrong call")}


@pytest.mark.parametrize("how", split_thorough(ENDS, ["killed"]))
def test_junit_fails_where_no_check_has_run(toy: Toy, how: str) -> None:
    """Also the file of `--junitxml`, which would else hold the cases of an earlier run."""
    toy.write(
        "mine.xml",
        '<testsuites><testsuite><testcase name="old"/></testsuite></testsuites>',
    )
    words = ["--junitxml=mine.xml"]
    if how == "dead target":
        toy.replace("cutover.toml", toy.url, "http://127.0.0.1:9")
    if how == "killed":
        body("import os, signal", "os.kill(os.getpid(), signal.SIGKILL)")(toy)
    if how == "wrong call":
        words.append("--target=tyo")
    ran = toy.gate(*words)
    for path in (toy.folder / "mine.xml", toy.folder / "reports/runs/latest/junit.xml"):
        cases = junit_cases(path)
        assert cases["verdict"] == "failure", ran.output
        assert "old" not in cases
        assert "passed" not in cases.values()


def test_allure_has_a_case_for_each_item_and_the_evidence_of_each_check(
    toy: Toy,
) -> None:
    """With titles, steps and attachments, and without a secret."""
    body("'''People sign in.'''", f"recorder.observe('GET {PASSWORD}')")(toy)
    toy.replace(
        "smoke/test_documents.py",
        "recorder.observe",
        "assert False, 'no disk'\n    recorder.observe",
    )
    toy.gate()
    folder = toy.folder / "reports/runs/latest/allure-results"
    results = [
        json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")
    ]
    by_name = {result["name"]: result for result in results}
    assert by_name["Documents can be filed"]["status"] == "failed"
    assert by_name["People can sign in"]["status"] == "passed"
    assert [step["name"] for step in by_name["People can sign in"]["steps"]] == ["People sign in"]
    check = by_name["People sign in"]
    assert [step["name"] for step in check["steps"]] == [
        "GET ‹password of clinician›",
        "sign-in",
    ]
    (attachment,) = check["attachments"]
    assert "‹password of clinician›" in (folder / attachment["source"]).read_text(encoding="utf-8")
    assert not [path for path in folder.iterdir() if PASSWORD.encode() in path.read_bytes()]


def test_allure_fails_each_item_of_a_dead_target(toy: Toy) -> None:
    toy.replace("cutover.toml", toy.url, "http://127.0.0.1:9")
    toy.gate()
    folder = toy.folder / "reports/runs/latest/allure-results"
    results = [
        json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*-result.json")
    ]
    assert [result["status"] for result in results] == ["failed"] * 4


UNGATED: dict[str, tuple[tuple[str, ...], int]] = {
    "all checks": ((), 4),
    "one check": (("smoke/test_sign_in.py",), 0),
    "by name": (("-k", "people"), 4),
}


@pytest.mark.parametrize("case", split_thorough(UNGATED, ["all checks"]))
def test_a_target_without_a_gate_is_told_loudly(
    toy: Toy, case: tuple[tuple[str, ...], int]
) -> None:
    """A pipeline that forgot `-m` is not green. Whoever repeats one check gets pytest's status."""
    words, status = case
    ran = toy.run("--target", "toy", *words)
    assert ran.status == status, ran.output
    assert ran.output.rstrip().splitlines()[-1].startswith("NOT JUDGED"), ran.output
