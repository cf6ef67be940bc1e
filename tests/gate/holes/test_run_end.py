"""What ends a run beside its checks: no success without a verdict, and no half record."""

from __future__ import annotations

import pytest

from tests.gate.holes.catalogue import Change, body, both, documents_fail, file
from tests.gate.holes.swallowed_holes import honest
from tests.gate.holes.toy_project import Toy, read_latest

INTERRUPTS = """
import os, signal
sync, sent = os.fsync, []

def interrupt(descriptor):
    if len(sent) < {times}:
        sent.append(1)
        os.kill(os.getpid(), signal.SIGINT)
    sync(descriptor)

os.fsync = interrupt
"""
LEAVES = "def pytest_unconfigure():\n    raise SystemExit(0)\n"
BROKEN_TEXT = (
    "class Broken(Exception):",
    "    def __str__(self):",
    "        raise ValueError('no text')",
    "raise Broken",
)


def test_what_is_made_of_a_failed_assertion_fails_no_check(toy: Toy) -> None:
    """Checks that wait, compare and count are a GO, though assertions fail in them."""
    honest(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


@pytest.mark.thorough
def test_runxfail_alone_changes_nothing(toy: Toy) -> None:
    """Only a check that calls `pytest.xfail` fails."""
    ran = toy.gate("--runxfail")
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


@pytest.mark.parametrize(
    "ending",
    [
        "import sys\nsys.exit(0)\n",
        pytest.param("import os\nos._exit(0)\n", marks=pytest.mark.thorough),
        pytest.param("import os\nos.execv('/bin/true', ['true'])\n", marks=pytest.mark.thorough),
    ],
)
def test_a_conftest_that_ends_the_process_is_no_success(toy: Toy, ending: str) -> None:
    """Of a suite that the call names, pytest reads the conftest.py before anything else."""
    toy.write("smoke/conftest.py", ending)
    ran = toy.gate("smoke")
    assert ran.status != 0, ran.output
    assert not ran.verdicts


@pytest.mark.parametrize("words", [("-m", ""), pytest.param(("-m=",), marks=pytest.mark.thorough)])
def test_a_gate_of_no_name_is_not_judged(toy: Toy, words: tuple[str, ...]) -> None:
    """`pytest -m "$GATE"` without that variable runs every check, and judges nothing."""
    ran = toy.run(*words, cwd=None)
    assert (ran.status, read_latest(toy.folder)["verdict"]) == (4, "NOT JUDGED"), ran.output


@pytest.mark.parametrize(
    ("times", "why"),
    [
        (1, "interrupted while its verdict was written"),
        pytest.param(2, "did not come to its end", marks=pytest.mark.thorough),
    ],
)
def test_an_interrupt_while_the_verdict_is_written(toy: Toy, times: int, why: str) -> None:
    """The record is whole and NO-GO, the status is 2, and nobody sees a traceback."""
    toy.write("smoke/conftest.py", INTERRUPTS.format(times=times))
    ran = toy.gate()
    assert (ran.status, ran.verdict) == (2, "NO-GO"), ran.output
    assert why in "\n".join(ran.verdicts["phase3"]["holds"])
    assert "Traceback" not in ran.output


@pytest.mark.parametrize(
    "change",
    [
        both(documents_fail, file("smoke/conftest.py", LEAVES)),
        pytest.param(body("assert False, 'a\\ud800b\\x00'"), marks=pytest.mark.thorough),
        pytest.param(body(*BROKEN_TEXT), marks=pytest.mark.thorough),
    ],
    ids=["a plugin leaves with success", "a text of no encoding", "an exception without a text"],
)
def test_what_breaks_at_the_end_keeps_the_verdict(toy: Toy, change: Change) -> None:
    """NO-GO, a status that is not 0, and no traceback."""
    change(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output
    assert "INTERNALERROR" not in ran.output
    assert "Traceback" not in ran.output
