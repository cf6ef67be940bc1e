"""Holes in which nothing bounds the time of a check, or a check outlives its bound."""

from __future__ import annotations

from tests.gate.holes.catalogue import Hole, body, both, file, mark, swap

NO_BOUND = "without a bound in time a check that hangs is never judged"
UNBOUNDED = "had no bound of at most"
BY_A_HOOK = """
def pytest_collection_finish(session):
    session.config._env_timeout = 0
"""
PRETENDS = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_timeout_set_timer(item, settings):
    return True
"""
SLEEP = ("import time", "time.sleep(1.5)")
SWALLOWED = ("import time", "try:", "    time.sleep(1.5)", "except BaseException:", "    pass")


HOLES = (
    Hole("--timeout=0", ("--timeout=0",), outcome="passed", holds=f"--timeout is 0: {NO_BOUND}"),
    Hole(
        "--timeout that is endless",
        ("--timeout=999999",),
        outcome="passed",
        holds="no check may take longer than",
        thorough=True,
    ),
    Hole("a bound of 0 by a mark", change=mark("timeout(0)"), outcome="passed", holds=UNBOUNDED),
    Hole(
        "a bound of 0 by a mark, in workers",
        ("-n", "2"),
        mark("timeout(0)"),
        outcome="passed",
        holds=UNBOUNDED,
        thorough=True,
    ),
    Hole(
        "an endless bound by a mark",
        change=mark("timeout(10**9)"),
        outcome="passed",
        holds=UNBOUNDED,
        thorough=True,
    ),
    Hole(
        "a bound of the function alone, by a mark",
        change=mark("timeout(20, func_only=True)"),
        outcome="passed",
        holds=UNBOUNDED,
        thorough=True,
    ),
    Hole(
        "a bound of the function alone, by the settings",
        change=lambda toy: toy.replace(
            "pyproject.toml", "timeout = 20", "timeout_func_only = true"
        ),
        outcome="passed",
        holds=UNBOUNDED,
    ),
    Hole(
        "a bound of 0 by a conftest",
        change=file("smoke/conftest.py", BY_A_HOOK),
        outcome="passed",
        holds=UNBOUNDED,
        thorough=True,
    ),
    Hole(
        "a time-out that the check swallows",
        ("--timeout", "1"),
        body(*SWALLOWED),
        says="longer than its bound of 1 s",
    ),
    Hole(
        "a timer that a hook only pretends to set",
        ("--timeout", "1"),
        both(body(*SLEEP), file("smoke/conftest.py", PRETENDS)),
        says="Nothing stopped it",
        thorough=True,
    ),
    Hole(
        "a time-out in a fixture",
        ("--timeout", "1"),
        both(
            swap("(recorder)", "(recorder, slow)"),
            file(
                "smoke/conftest.py",
                "import pytest, time\n@pytest.fixture\ndef slow():\n    time.sleep(9)\n",
            ),
        ),
        says="Timeout",
        thorough=True,
    ),
)
