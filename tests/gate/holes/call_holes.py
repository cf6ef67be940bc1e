"""Holes in which the function of a check is not called, or not with its own evidence."""

from __future__ import annotations

from tests.gate.holes.catalogue import BODY, SIGN_IN, Hole, body, both, file, swap

ANSWERS = """
def pytest_pyfunc_call(pyfuncitem):
    if "sign_in" in pyfuncitem.name:
        {action}
        return True
"""
EVIDENCE = "pyfuncitem.funcargs['recorder'].observe('from a hook', status=200)"
SWALLOWS = """try:
            pyfuncitem.obj(**{"recorder": pyfuncitem.funcargs["recorder"]})
        except AssertionError:
            pass"""
REPLACES = """
def pytest_runtest_setup(item):
    if "sign_in" in item.name:
        item.obj = lambda recorder: recorder.observe("from a hook", status=200)
"""
LEAVES_EVIDENCE = """
import pytest

@pytest.fixture
def seen(recorder):
    recorder.observe("before", status=200)
    yield 200
    recorder.observe("after", status=200)
"""
OTHER_FUNCTION = """
import pytest

@pytest.mark.plan("sign-in")
def test_people_sign_in(recorder):
    recorder.observe("sign-in", status=200)
    assert 1 == 2

def make():
    def test_people_sign_in(recorder):
        recorder.observe("other", status=200)
    return pytest.mark.plan("sign-in")(test_people_sign_in)

globals()["test_people_sign_in"] = make()
"""
HOOK = "smoke/conftest.py"
NEVER = "never entered"

HOLES = (
    Hole(
        "a hook that answers for the function",
        change=file(HOOK, ANSWERS.format(action="pass")),
        says=NEVER,
    ),
    Hole(
        "a hook that answers, with evidence",
        change=file(HOOK, ANSWERS.format(action=EVIDENCE)),
        says=NEVER,
        thorough=True,
    ),
    Hole(
        "a hook that answers, in workers",
        ("-n", "2"),
        file(HOOK, ANSWERS.format(action=EVIDENCE)),
        says=NEVER,
        thorough=True,
    ),
    Hole(
        "a hook that swallows what the function raises",
        change=both(
            body("recorder.observe('a', b=1)", "assert 1 == 2"),
            file(HOOK, ANSWERS.format(action=SWALLOWS)),
        ),
        says="something turned that into a pass",
    ),
    Hole(
        "a hook that puts another function in",
        change=file(HOOK, REPLACES),
        says=NEVER,
        thorough=True,
    ),
    Hole(
        "evidence of fixtures alone",
        change=both(
            swap("(recorder)", "(seen)"), swap(BODY, "    assert seen"), file(HOOK, LEAVES_EVIDENCE)
        ),
        says="what its fixtures did is no proof",
    ),
    Hole(
        "another function of the name, made at import",
        change=file(SIGN_IN, OTHER_FUNCTION),
        says="another function took its place",
        thorough=True,
    ),
)
