"""The checks of a gate run in one order, the cheap ones first, through a real pytest process.

Under a short budget the order decides what is looked at, so no plugin that shuffles may decide it.
"""

from __future__ import annotations

import pytest

from cutover_gates.plugin.check_order import COSTS
from tests.gate.holes.toy_project import CONFTEST, Toy
from tests.selection import further

CHECKS = """
import os
import pytest
pytestmark = pytest.mark.plan("documents")

def run(name):
    with open(os.environ["ORDER_FILE"], "a") as file:
        file.write(name + " ")

@pytest.mark.cost("restore")
def test_restore(recorder):
    run("restore")
    recorder.observe("restore", rows=1)

@pytest.mark.cost("rows")
@pytest.mark.cost("joins")
def test_joins(recorder):
    run("joins")
    recorder.observe("joins", rows=1)

@pytest.mark.cost("rows")
@pytest.mark.parametrize("name", ["b", "a"])
def test_rows(recorder, name):
    run("rows-" + name)
    recorder.observe("rows", rows=1)

def test_free(recorder):
    run("free")
    recorder.observe("free", rows=1)
"""
SHUFFLE = """
import random

def pytest_collection_{hook}({argument}):
    random.shuffle({argument}{of})
"""
ORDER = "free rows-b rows-a joins restore"


def _shuffle(hook: str, argument: str, of: str = "") -> str:
    return SHUFFLE.format(hook=hook, argument=argument, of=of)


@pytest.mark.parametrize(
    ("words", "environment", "conftest"),
    [
        pytest.param(["-p", "randomly"], {}, "", id="randomly"),
        further(["-p", "randomly"], {"PYTEST_ADDOPTS": "-p randomly -p no:cacheprovider"}, ""),
        further(["-p", "randomly", "-p", "xdist", "-n", "1"], {}, ""),
        further([], {}, _shuffle("modifyitems", "items")),
        further([], {}, _shuffle("finish", "session", ".items")),
        further(["--ff"], {}, ""),
    ],
)
def test_the_order_of_a_gate_is_fixed(
    toy: Toy,
    tmp_path_factory: pytest.TempPathFactory,
    words: list[str],
    environment: dict[str, str],
    conftest: str,
) -> None:
    """Whatever shuffles, a check that restores comes last, and one that asks little first."""
    toy.write("smoke/test_documents.py", CHECKS)
    toy.replace("pyproject.toml", ', "-p", "no:randomly"', "")
    if conftest:
        toy.write("smoke/conftest.py", conftest)
    # Beside the project: a file in a suite that changes while the gate runs is a hold.
    order = tmp_path_factory.mktemp("order") / "order.txt"
    ran = toy.gate(*words, ORDER_FILE=str(order), **environment)
    assert ran.verdict == "GO", ran.output
    assert order.read_text(encoding="utf-8").split() == ORDER.split()


ORDERED = """
import os
import pytest
import time
pytestmark = pytest.mark.plan("documents")

@pytest.mark.parametrize("number", [{numbers}])
@pytest.mark.cost("{cost}")
def test_{cost}(recorder, number):
    with open(os.environ["ORDER_FILE"], "a") as file:
        file.write("{cost} ")
    time.sleep(number * 0.2)
    recorder.observe("{cost}", rows=1)
"""
OWN_SCHEDULER = """
from xdist.scheduler import LoadScheduling

class Backwards(LoadScheduling):
    def _send_tests(self, node, number):
        self.pending.reverse()
        super()._send_tests(node, number)
        self.pending.reverse()

def pytest_xdist_make_scheduler(config, log):
    return Backwards(config, log)
"""
OWN_LOOP = """
def pytest_runtestloop(session):
    session.items.reverse()
"""


@pytest.mark.parametrize(
    "words",
    [
        [],
        *(further(["--dist", dist]) for dist in ("worksteal", "loadfile", "loadscope")),
        further(["--maxschedchunk", "9"]),
    ],
)
def test_workers_take_the_checks_from_one_queue(
    toy: Toy, tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    """A check starts when all cheaper ones have started, but one that waits for its worker."""
    costs = ("restore", "rows", "unique", "joins")
    for cost in costs:
        numbers = "2, 0, 0, 1, 0, 0"
        toy.write(f"smoke/test_{cost}.py", ORDERED.format(cost=cost, numbers=numbers))
    order = tmp_path_factory.mktemp("order") / "order.txt"
    ran = toy.gate("-n", "2", *words, ORDER_FILE=str(order))
    assert ran.verdict == "GO", ran.output
    started = [COSTS.index(cost) for cost in order.read_text(encoding="utf-8").split()]
    assert len(started) == 6 * len(costs)
    assert "ran after checks" not in ran.output
    for place, rank in enumerate(started):
        assert sum(later < rank for later in started[place:]) <= 1, started


@pytest.mark.parametrize(
    ("words", "conftest"), [([], OWN_LOOP), further(["-n", "2"], OWN_SCHEDULER)]
)
def test_a_conftest_that_runs_the_checks_in_its_own_order_is_told(
    toy: Toy, tmp_path_factory: pytest.TempPathFactory, words: list[str], conftest: str
) -> None:
    """Nobody can keep a conftest.py from it, so the verdict says that luck may have decided."""
    toy.write("smoke/test_documents.py", CHECKS)
    toy.write("conftest.py", CONFTEST + conftest)
    order = tmp_path_factory.mktemp("order") / "order.txt"
    ran = toy.gate(*words, ORDER_FILE=str(order))
    assert ran.verdict == "GO", ran.output
    assert "ran after checks that cost more" in " ".join(ran.output.split())


def test_a_misspelt_cost_is_a_mistake(toy: Toy) -> None:
    """A check whose place is unknown is not collected, and the known costs are named."""
    toy.write("smoke/test_documents.py", CHECKS.replace('"restore")\ndef', '"restor")\ndef'))
    ran = toy.gate()
    assert ran.verdict == "NO-GO"
    assert "Did you mean 'restore'?" in ran.output.replace("\n", " ")
