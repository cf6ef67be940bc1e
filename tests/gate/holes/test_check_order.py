"""The checks of a gate run in one order, the cheap ones first, through a real pytest process.

Under a short budget the order decides what is looked at, so no plugin that shuffles may decide it.
"""

from __future__ import annotations

import pytest

from tests.gate.holes.toy_project import Toy
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


def test_a_misspelt_cost_is_a_mistake(toy: Toy) -> None:
    """A check whose place is unknown is not collected, and the known costs are named."""
    toy.write("smoke/test_documents.py", CHECKS.replace('"restore")\ndef', '"restor")\ndef'))
    ran = toy.gate()
    assert ran.verdict == "NO-GO"
    assert "Did you mean 'restore'?" in ran.output.replace("\n", " ")
