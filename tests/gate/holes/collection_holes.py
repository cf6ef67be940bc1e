"""Holes in which a check, or one parameter of it, is made and then taken away."""

from __future__ import annotations

from tests.gate.holes.catalogue import Hole, file

HOOKS = "smoke/conftest.py"
LONG = "smoke/test_patients.py::test_a_patient_is_registered[long]"
FIRST = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "[long]" not in item.name]
"""
ANNOUNCED = """
def pytest_collection_modifyitems(config, items):
    lost = [item for item in items if "[long]" in item.name]
    config.hook.pytest_deselected(items=lost)
    items[:] = [item for item in items if item not in lost]
"""
IN_THE_REPORT = """
import pytest

@pytest.hookimpl(wrapper=True{order})
def pytest_make_collect_report(collector):
    report = yield
    report.result = [node for node in report.result if "[long]" not in node.name]
    return report
"""
WHERE_IT_IS_MADE = """
import pytest

@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_pycollect_makeitem(collector, name, obj):
    made = yield
    return [n for n in made if "[long]" not in n.name] if isinstance(made, list) else made
"""
BEFORE_THE_RUN = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session):
    session.items[:] = [item for item in session.items if "[long]" not in item.name]
"""
NOT_RUN = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item):
    return True if "[long]" in item.name else None
"""
ONE_NAME = """
import pytest

pytest.Function.nodeid = property(
    lambda self: pytest.Item.nodeid.fget(self).replace("[long]", "[plain]")
)
"""
DROPS_ALL = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "sign_in" not in item.name]
"""
PARAMETRIZES = """
def pytest_generate_tests(metafunc):
    metafunc.definition.own_markers[:] = [
        mark for mark in metafunc.definition.own_markers if mark.name != "parametrize"
    ]
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", ["plain"])
"""


def lost(name: str, hooks: str, says: str, *words: str, thorough: bool = True) -> Hole:
    """Return the hole in which one parameter of a check is lost."""
    change = file(HOOKS, hooks)
    return Hole(name, words, change, item="patients", says=says, thorough=thorough)


HOLES = (
    lost(
        "a parameter dropped by the first hook",
        FIRST,
        f"{LONG} was collected and then left out",
        thorough=False,
    ),
    lost(
        "a parameter dropped by the first hook, in workers",
        FIRST,
        "Hooks that",
        "-n",
        "2",
    ),
    lost("a parameter deselected by a hook", ANNOUNCED, "deselected"),
    lost("a parameter dropped from a report", IN_THE_REPORT.format(order=""), "left out"),
    lost(
        "a parameter dropped from a report, innermost",
        IN_THE_REPORT.format(order=", trylast=True"),
        "1 of its 2",
    ),
    lost("a parameter dropped where it is made", WHERE_IT_IS_MADE, "1 of its 2"),
    lost("a parameter that a conftest takes out of the mark", PARAMETRIZES, "1 of its 2"),
    lost("a parameter dropped before the run", BEFORE_THE_RUN, "never started"),
    lost("a parameter that is not run", NOT_RUN, "never started"),
    Hole(
        "two parameters with one node id",
        change=file(HOOKS, ONE_NAME),
        item="patients",
        outcome="error",
        thorough=True,
    ),
    Hole(
        "a check dropped by the first hook",
        change=file(HOOKS, DROPS_ALL),
        says=HOOKS,
        thorough=True,
    ),
)
