"""Calls and ends of a run that must not leave an earlier GO as the newest record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from _pytest.mark import ParameterSet  # it has no public name

from tests.gate.holes.catalogue import Change, both, file, mark, swap
from tests.gate.holes.toy_project import Toy


@dataclass(frozen=True)
class WrongCall:
    """A call that judges nothing: its words, a change of the project, and what the record says."""

    name: str
    words: tuple[str, ...]
    says: str
    change: Change | None = None


USUAL = {
    "misspelt gate",
    "unknown option",
    "settings are no TOML",
    "only collected",
    "a file is broken",
}
"""The calls that are tried at every change; the others are further members of their classes."""


def as_parameters(calls: Iterable[WrongCall]) -> list[ParameterSet]:
    """Return the calls as parameters of a test."""
    thorough = pytest.mark.thorough
    return [
        pytest.param(call, id=call.name, marks=() if call.name in USUAL else thorough)
        for call in calls
    ]


def declare(text: str) -> Change:
    """Add lines to the settings."""

    def change(toy: Toy) -> None:
        settings = (toy.folder / "cutover.toml").read_text(encoding="utf-8")
        toy.write("cutover.toml", f"{settings}{text}")

    return change


PHASE3 = ("-m", "phase3")
WRONG_CALLS = (
    WrongCall("misspelt gate", ("-m", "phse3"), "Did you mean 'phase3'?"),
    WrongCall("gate in capitals", ("-m", "Phase3"), "Did you mean 'phase3'?"),
    WrongCall("part of a suite's name", ("-m", "perf"), "Did you mean 'performance'?"),
    WrongCall(
        "a marker that the plan does not know",
        ("-m", "phase3 and not slow and quick", "-W", "ignore"),
        "slow",
    ),
    WrongCall("misspelt beside a gate", ("-m", "phase3 and smok"), "Did you mean 'smoke'?"),
    WrongCall("nothing but a not", ("-m", "not phase33"), "Did you mean 'phase3'?"),
    WrongCall("no marker at all", ("-m", "qqq"), "qqq"),
    WrongCall("no expression", ("-m", "phase3 and"), "phase3 and"),
    WrongCall("unknown target", (*PHASE3, "--target", "tyo"), "Did you mean 'toy'?"),
    WrongCall("no settings file", (*PHASE3, "--cutover-config", "none.toml"), "no such file"),
    WrongCall("unknown option", (*PHASE3, "--targt", "toy"), "--targt"),
    WrongCall("option without a value", (*PHASE3, "--target"), "--target"),
    WrongCall("no such path", (*PHASE3, "smoke/none.py"), "none.py"),
    WrongCall("no such check", (*PHASE3, "smoke/test_sign_in.py::test_x"), "test_x"),
    WrongCall("a sweep", (*PHASE3, "--sweep"), "--sweep runs no gate"),
    WrongCall("only collected", (*PHASE3, "--collect-only"), "nothing was run"),
    WrongCall("only listed", (*PHASE3, "--markers"), "nothing was run"),
    WrongCall("settings are no TOML", PHASE3, "not valid TOML", declare("]")),
    WrongCall("unknown key", PHASE3, "unknown key", declare("[targets.toy.limts]\n")),
    WrongCall("plan is no TOML", PHASE3, "plan.toml", file("plan.toml", "]")),
    WrongCall("plan is missing", (*PHASE3,), "plan", both(declare(""), file("plan.toml", ""))),
    WrongCall("waivers are no TOML", PHASE3, "waivers.toml", file("waivers.toml", "]")),
)
NO_GOS = (
    WrongCall(
        "broken conftest",
        PHASE3,
        "could not be collected",
        file("smoke/conftest.py", "import nothing_"),
    ),
    WrongCall("nothing selected by name", (*PHASE3, "-k", "nothing"), "deselected"),
    WrongCall(
        "a file is broken", PHASE3, "collected", file("smoke/test_more.py", "import nothing_")
    ),
    WrongCall("another item", PHASE3, "no item", swap('"sign-in"', '"sing-in"')),
    WrongCall("a check is skipped", PHASE3, "skip", mark("skip(reason='no time')")),
)
"""Calls that are judged, and end in NO-GO with status 1."""
