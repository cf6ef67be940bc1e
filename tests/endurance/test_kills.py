"""A gate of which one process is killed, at any moment, is never a GO and leaves no process.

A hundred rounds, of which each takes about as long as a gate: two hours at most.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.calibration import scale_seconds
from tests.endurance.embedded_gate import VICTIMS, EmbeddedGate, kill

ROUNDS = range(25)
SECONDS_TO_END = 10.0
SECONDS_TO_BEGIN = 120.0
LATEST = {"controller": 60.0, "worker": 20.0, "load": 10.0, "reference": 40.0}
"""Seconds after its victim is there in which a kill may fall, on an idle machine."""


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[EmbeddedGate]:
    """A gate that has just begun."""
    started = EmbeddedGate(tmp_path)
    yield started
    started.remove()


def test_without_a_kill_it_is_a_go(gate: EmbeddedGate) -> None:
    """Otherwise the rounds below would prove nothing."""
    assert (gate.end(), gate.verdict()) == (0, "GO"), gate.output()
    assert gate.find_orphans(SECONDS_TO_END) == []


@pytest.mark.parametrize("number", ROUNDS)
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_never_leaves_a_go(gate: EmbeddedGate, victim: str, number: int) -> None:
    """The status is not 0, the verdict is none or NO-GO, and after ten seconds nothing runs."""
    # The moment is the same at each start, so a failure can be tried again.
    chance = random.Random(f"{victim} {number}")
    killed = chance.choice(_wait_for(gate, victim))
    # Not scaled: on a slow machine a kill falls earlier in the gate, and never after its end.
    time.sleep(chance.uniform(0.0, LATEST[victim]))
    # A round counts where the kill fell before the end of the gate: it may be over by now.
    was_judged = gate.verdict() == "GO" or gate.process.poll() is not None
    if was_judged or not killed.is_running():
        pytest.fail(f"the {victim} was gone before it was killed: lower LATEST")
    kill(killed)
    assert gate.end() != 0, gate.output()
    assert gate.verdict() in ("", "NO-GO"), gate.output()
    assert gate.find_orphans(SECONDS_TO_END) == []


def _wait_for(gate: EmbeddedGate, victim: str) -> list[psutil.Process]:
    """Return the processes of a kind, as soon as there are some."""
    ends = time.monotonic() + scale_seconds(SECONDS_TO_BEGIN)
    while not (found := VICTIMS[victim](gate)):
        assert time.monotonic() < ends, f"no {victim} came up: {gate.output()}"
        assert gate.process.poll() is None, f"it ended without a {victim}: {gate.output()}"
        time.sleep(0.05)
    return found
