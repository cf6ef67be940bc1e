"""Clean rollouts of the embedded hospital, one after the other: none raises an alarm.

    tox run -e endurance -- tests/endurance/test_rollouts.py -s

Twenty of about four minutes, and nothing else may run on the machine. `TESTS_ROLLOUTS` makes them
fewer, for a trial of this file. On a starved machine a rollout may be not proven: it is counted,
and at least nine tenths must be GO.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.endurance.journal import WORD, open_journal
from tests.gate.rollout.rollout_trial import DECLARED_FACTOR, begin_gate

ROLLOUTS = int(os.environ.get("TESTS_ROLLOUTS", "20"))
NOT_GO = ROLLOUTS // 10
"""Rollouts of these that may be not proven: two of twenty."""
ORDER = "ROLL BACK NOW"
TAKEN_BACK = "was taken back"
WORDS: dict[str, str] = {}
"""The verdicts of this session. With local changes the journal keeps none."""


@pytest.mark.parametrize("number", range(ROLLOUTS))
def test_a_clean_rollout_raises_no_alarm(
    request: pytest.FixtureRequest, record_property: Any, tmp_path: Path, number: int
) -> None:
    """An alarm takes a good release back: it fails here at once, whatever came before."""
    begins = time.monotonic()
    with begin_gate("phase2", tmp_path, factor=DECLARED_FACTOR) as trial:
        pass
    seconds = time.monotonic() - begins
    verdict, output = trial.read_verdict(), trial.read_output()
    alarms = [*list_alarms(verdict), *_list_orders(tmp_path, output)]
    word = str(verdict["verdict"])
    unproven = sorted(one["id"] for one in verdict["items"] if one["outcome"] == "not proven")
    steps = len(verdict.get("steps", []))
    print(
        f"rollout {number}: {word}, {seconds:.0f} s, {steps} steps, not proven {unproven},"
        f" holds {verdict['holds']}, alarms {alarms}",
        flush=True,
    )
    assert alarms == [], output
    assert (trial.process.returncode == 0) is (word == "GO"), output
    assert word == "GO" or unproven or verdict["holds"], output
    WORDS[request.node.nodeid] = word
    record_property(WORD, word)


def test_nine_tenths_of_the_rollouts_are_go(request: pytest.FixtureRequest) -> None:
    """A tool that proves nothing on a good day is not used on the bad one."""
    check = test_a_clean_rollout_raises_no_alarm.__name__
    beginning = f"{request.node.nodeid.rpartition('::')[0]}::{check}["
    known = {**open_journal().read_words(), **WORDS}
    words = [known.get(f"{beginning}{number}]", "no verdict") for number in range(ROLLOUTS)]
    print(f"{words.count('GO')} of {ROLLOUTS} clean rollouts are GO: {words}", flush=True)
    assert "no verdict" not in words
    assert words.count("GO") >= ROLLOUTS - NOT_GO


def list_alarms(verdict: Mapping[str, Any]) -> list[str]:
    """Return what a clean rollout is blamed for: failed items, with their rules, and orders.

    A fired trigger is a failed item, and so is each finding about the rollout.
    """
    failed = [one for one in verdict["items"] if one["outcome"] in ("failed", "error")]
    told = [f"{item['id']}: {', '.join(_list_rules(item))}" for item in failed]
    told += [hold for hold in verdict["holds"] if TAKEN_BACK in hold or ORDER in hold]
    return told + ([ORDER] if verdict.get("rollback_order") else [])


def _list_rules(item: Mapping[str, Any]) -> Iterator[str]:
    for check in item["checks"]:
        if check["outcome"] in ("failed", "error"):
            yield from sorted({one["rule"] for one in check["findings"]} or {check["check"]})


def _list_orders(folder: Path, output: str) -> list[str]:
    """Return each order to roll back outside of the verdict: of the watcher, or on the terminal."""
    orders = [path.name for path in folder.rglob("ROLL-BACK-NOW.txt")]
    fired = [
        name
        for path in folder.glob("runs/2*/watch/*/status.json")
        for name in json.loads(path.read_text(encoding="utf-8"))
        .get("triggers", {})
        .get("fired", [])
    ]
    return [*orders, *fired, *([ORDER] if ORDER in output else [])]
