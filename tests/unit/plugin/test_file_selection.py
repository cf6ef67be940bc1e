"""A gate leaves out the files of which it asks for no check, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.plan_file import load_plan
from cutover_gates.plugin.check_inventory import build_inventory
from cutover_gates.plugin.expected_checks import bind_to_plan
from cutover_gates.plugin.file_selection import find_unrequested_files
from cutover_gates.plugin.suite_folders import SuiteFolders

PLAN = """
[[item]]
id = "toy-asked"
section = "Toy"
title = "Asked"
gates = ["phase3"]
proof = "check"
suite = "smoke"

[[item]]
id = "toy-other"
section = "Toy"
title = "Other"
gates = ["t1"]
proof = "check"
suite = "smoke"
"""
CHECK = """
import pytest

@pytest.mark.plan({})
def test_it(): ...
"""


@pytest.mark.parametrize(
    ("file", "text", "left_out"),
    [
        ("smoke/test_a.py", CHECK.format('"toy-asked"'), False),
        ("smoke/test_a.py", CHECK.format('"toy-other"'), True),
        ("smoke/test_a.py", CHECK.format('"toy-other", "toy-asked"'), False),
        ("smoke/test_a.py", CHECK.format('"dns-records"'), False),
        ("smoke/test_a.py", CHECK.format('"toy-othr"'), False),
        ("smoke/test_a.py", CHECK.format("NAME"), False),
        ("smoke/test_a.py", CHECK.format('"toy-other").with_args("toy-asked"'), False),
        ("smoke/test_a.py", CHECK.format('"toy-other"') + "\nfrom x import test_y", False),
        ("smoke/test_a.py", "def test_it(:", False),
        ("migrations/test_a.py", CHECK.format('"toy-other"'), False),
    ],
    ids=[
        "requested",
        "of-another-gate",
        "of-both",
        "an-own-check-without-item",
        "unknown-group",
        "mark-not-written-out",
        "mark-made-elsewhere",
        "imports-a-check",
        "no-python",
        "wrong-suite",
    ],
)
def test_a_file_is_left_out(tmp_path: Path, file: str, text: str, left_out: bool) -> None:
    """Whatever needs a look is collected: then pytest or the plugin says what is wrong with it."""
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    path = tmp_path / file
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    plan, folders = load_plan(tmp_path / "plan.toml"), SuiteFolders(tmp_path)
    expected = bind_to_plan(build_inventory(folders), plan)
    unrequested = find_unrequested_files(expected, plan, folders, frozenset({"toy-asked"}))
    assert (path in unrequested) == left_out
