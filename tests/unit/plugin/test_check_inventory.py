"""The inventory has every check that is written, however a run is narrowed.

It says what it cannot know.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.plugin.check_inventory import CheckInventory, build_inventory
from cutover_gates.plugin.suite_folders import SuiteFolders

HEAD = "import pytest\n"


def inventory_of(root: Path, text: str, name: str = "smoke/test_a.py") -> CheckInventory:
    """Return the inventory of a project with this one file."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return build_inventory(SuiteFolders(root))


def found(root: Path, text: str) -> dict[str, set[str]]:
    """Return the checks of `smoke/test_a.py` by their names within it, each with its groups."""
    taken = inventory_of(root, HEAD + text)
    assert taken.unreadable == ()
    return {
        check.check.removeprefix("smoke/test_a.py::"): set(check.groups) for check in taken.checks
    }


# ── which files ──


@pytest.mark.parametrize(
    "name",
    [
        "smoke/test_a.py",
        "smoke/a_test.py",
        "migrations/test_a.py",
        "performance/test_a.py",
        "contract/test_a.py",
        "smoke/infrastructure/deep/test_a.py",
    ],
)
def test_every_test_file_of_a_suite_is_read(tmp_path: Path, name: str) -> None:
    """At any depth, under either of pytest's names."""
    (check,) = inventory_of(tmp_path, "def test_it(): ...", name).checks
    assert check.check == f"{name}::test_it"


@pytest.mark.parametrize(
    "name",
    [
        "tests/test_a.py",
        "smoke/helpers.py",
        "smoke/conftest.py",
        "test_a.py",
        "elsewhere/smoke/test_a.py",
    ],
)
def test_other_files_hold_no_checks_of_the_plan(tmp_path: Path, name: str) -> None:
    assert inventory_of(tmp_path, "def test_it(): ...", name) == CheckInventory((), ())


def test_a_project_without_suites_has_no_checks(tmp_path: Path) -> None:
    assert build_inventory(SuiteFolders(tmp_path)) == CheckInventory((), ())


def test_nothing_is_imported(tmp_path: Path) -> None:
    """A file that would fail, or do harm, is read all the same."""
    assert found(tmp_path, "raise SystemExit\ndef test_it(): ...") == {"test_it": set()}


@pytest.mark.parametrize(
    "content", [b"def test_it(:\n", b"\xff\xfe", b"def test_it():\n\tx\n        y\n"]
)
def test_a_file_that_is_no_python_is_named(tmp_path: Path, content: bytes) -> None:
    """It may hold any check: the judge takes it so."""
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke/test_a.py").write_bytes(content)
    assert build_inventory(SuiteFolders(tmp_path)) == CheckInventory((), ("smoke/test_a.py",))


# ── which functions ──


def test_functions_and_methods_are_checks(tmp_path: Path) -> None:
    """The inventory has what pytest collects by its default names, and nothing else."""
    text = (
        "def test_a(): ...\nasync def test_b(): ...\nclass TestC:\n  def test_d(self): ...\n  class"
        " TestE:\n    def test_f(self): ...\n"
    )
    other = "def helper():\n  def test_inner(): ...\nclass Helper:\n  def test_g(self): ...\n"
    assert set(found(tmp_path, text + other)) == {
        "test_a",
        "test_b",
        "TestC::test_d",
        "TestC::TestE::test_f",
    }


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nif sys.platform == 'win32':\n  def test_it(): ...",
        "if False: ...\nelse:\n  def test_it(): ...",
        "try: ...\nexcept Exception:\n  def test_it(): ...",
        "try: ...\nfinally:\n  def test_it(): ...",
        "with open('x'):\n  def test_it(): ...",
        "for _ in ():\n  def test_it(): ...",
        "class Outer: ...\nif True:\n  if True:\n    def test_it(): ...",
    ],
)
def test_a_check_under_a_condition_is_written_all_the_same(tmp_path: Path, text: str) -> None:
    """A condition that hides it does not prove its item."""
    assert set(found(tmp_path, text)) == {"test_it"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from helpers import test_it", "test_it"),
        ("from helpers import check as test_it", "test_it"),
        ("from helpers import TestIt", "TestIt"),
        ("from helpers import *", "*"),
        ("test_it = make()", "test_it"),
        ("if True:\n  test_it = lambda: None", "test_it"),
        ("class TestIt(Base): ...", "TestIt"),
        ("class It(unittest.TestCase):\n  def test_it(self): ...", "It"),
    ],
)
def test_a_check_that_is_made_and_not_written_is_named(
    tmp_path: Path, text: str, name: str
) -> None:
    """Without running the file nobody knows whether pytest would collect it, and how often."""
    assert inventory_of(tmp_path, text).unreadable == (f"smoke/test_a.py::{name}",)


@pytest.mark.parametrize(
    "text",
    [
        "from dataclasses import replace",
        "LIMIT = 5",
        "class Reader(Base):\n  def read(self): ...",
        "class TestIt:\n  def test_it(self): ...",
    ],
)
def test_plain_files_leave_nothing_open(tmp_path: Path, text: str) -> None:
    assert inventory_of(tmp_path, text).unreadable == ()


# ── which items ──


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ('@pytest.mark.plan("a")\ndef test_it(): ...', {"a"}),
        ('@pytest.mark.plan("a", "b")\ndef test_it(): ...', {"a", "b"}),
        ('@pytest.mark.plan("a")\n@pytest.mark.plan("b")\ndef test_it(): ...', {"a", "b"}),
        ('pytestmark = pytest.mark.plan("a")\ndef test_it(): ...', {"a"}),
        ('pytestmark = [pytest.mark.plan("a"), pytest.mark.slow]\ndef test_it(): ...', {"a"}),
        ('pytestmark: object = pytest.mark.plan("a")\ndef test_it(): ...', {"a"}),
        ('pytestmark = []\npytestmark += [pytest.mark.plan("a")]\ndef test_it(): ...', {"a"}),
        (
            'pytestmark = pytest.mark.plan("a")\n@pytest.mark.plan("b")\ndef test_it(): ...',
            {"a", "b"},
        ),
        ('from pytest import mark\n@mark.plan("a")\ndef test_it(): ...', {"a"}),
        (
            (
                '@pytest.mark.slow\n@pytest.mark.parametrize("x", [1, pytest.param(2,'
                ' marks=pytest.mark.plan("b"))])\ndef test_it(x): ...'
            ),
            {"b"},
        ),
        ("def test_it(): ...", set()),
    ],
)
def test_the_items_are_those_of_its_marks(tmp_path: Path, text: str, items: set[str]) -> None:
    """The function's and the module's, together."""
    assert found(tmp_path, text) == {"test_it": items}


def test_marks_of_a_class_count_for_its_methods(tmp_path: Path) -> None:
    """From the module, the class, its `pytestmark` and the method."""
    text = (
        'pytestmark = pytest.mark.plan("a")\n@pytest.mark.plan("b")\nclass TestIt:\n  pytestmark ='
        ' pytest.mark.plan("c")\n  @pytest.mark.plan("d")\n  def test_in(self): ...\ndef'
        " test_out(): ..."
    )
    assert found(tmp_path, text) == {"TestIt::test_in": {"a", "b", "c", "d"}, "test_out": {"a"}}


@pytest.mark.parametrize(
    "text",
    [
        "@pytest.mark.plan(ITEM)\ndef test_it(): ...",
        '@pytest.mark.plan("a", ITEM)\ndef test_it(): ...',
        "@pytest.mark.plan(*ITEMS)\ndef test_it(): ...",
        '@pytest.mark.plan(f"{x}")\ndef test_it(): ...',
        '@pytest.mark.plan("a")\n@night\ndef test_it(): ...',
        '@pytest.mark.plan("a")\n@marks.night\ndef test_it(): ...',
        '@pytest.mark.plan("a").with_args("b")\ndef test_it(): ...',
        'm = pytest.mark\n@pytest.mark.plan("a")\n@m.plan("b")\ndef test_it(): ...',
        'proves = pytest.mark.plan\n@pytest.mark.plan("a")\n@proves("b")\ndef test_it(): ...',
        'pytestmark = [pytest.mark.plan("a")]\npytestmark.append(pytest.mark.plan("b"))\n'
        "def test_it(): ...",
        'CASES = [pytest.param(1, marks=pytest.mark.plan("b"))]\n@pytest.mark.plan("a")\n'
        '@pytest.mark.parametrize("x", CASES)\ndef test_it(x): ...',
        '@pytest.mark.plan("a")\n@pytest.mark.parametrize("x", [pytest.param(1, marks=NIGHT)])\n'
        "def test_it(x): ...",
        "pytestmark = MARKS\ndef test_it(): ...",
        '@pytest.mark.plan("a")\nclass Nothing: ...\npytestmark = [MARK]\ndef test_it(): ...',
    ],
)
def test_items_that_are_not_written_out_are_unknown(tmp_path: Path, text: str) -> None:
    """Such a check belongs to no known item, and losing it is a fault of the run."""
    assert found(tmp_path, text) == {"test_it": set()}


# ── titles ──


@pytest.mark.parametrize(
    ("docstring", "title", "why"),
    [
        ("Discharge is final.", "Discharge is final", ""),
        (
            "Discharge is final. Billing relies on it.",
            "Discharge is final",
            "Billing relies on it.",
        ),
        (
            "Discharge is final\n\n    Billing\n    relies on it.",
            "Discharge is final",
            "Billing relies on it.",
        ),
        ("Two\n    lines of a title. Then `why`.", "Two lines of a title", "Then `why`."),
        ("Within 1.5 seconds, e.g. at night. So.", "Within 1.5 seconds, e.g. at night", "So."),
    ],
)
def test_the_first_sentence_of_the_docstring_is_the_title(
    tmp_path: Path, docstring: str, title: str, why: str
) -> None:
    """The rest says why the rule matters."""
    (check,) = inventory_of(tmp_path, f'def test_it():\n    """{docstring}"""\n').checks
    assert (check.title, check.why) == (title, why)
